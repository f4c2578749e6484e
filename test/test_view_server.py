"""The page's server on a real loopback socket: what it serves, and whom it cuts off."""

from __future__ import annotations

from collections.abc import Iterator
import http.client
import json
import re
import socket
import threading
import time

import pytest
from robochat.settings import ViewSettings
from robochat.view import connection
from robochat.view import server as server_module
from robochat.view.access import MAX_BODY_BYTES, Rating, TOKEN_HEADER
from robochat.view.board import Board, MAX_READERS
from robochat.view.connection import FILES
from robochat.view.server import MAX_CONNECTIONS, MAX_WORDS, PORTS, ViewError, ViewServer
from view_scene import board_with_a_scene, decision, HOSTILE, pictures_with_one

LATE_SEC = 0.6


class Said:
    """A mailbox that remembers; two nodes listen to it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.ratings: list[Rating] = []

    def say(self, text: str) -> int:
        self.words.append(text)
        return 2

    def rate(self, rating: Rating) -> int:
        self.ratings.append(rating)
        return 2


class Page:
    """The server and ways to ask it."""

    def __init__(self, board: Board | None = None) -> None:
        self.board = board or board_with_a_scene()
        self.said = Said()
        self.pictures = pictures_with_one()
        self.server = ViewServer(ViewSettings(port=0), self.board, self.pictures, self.said)
        self.server.start()
        self.port = self.server.server_address[1]

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return self.ask('GET', path, b'', {k.replace('_', '-'): v for k, v in headers.items()})

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        client = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        try:
            client.request(method, path, body, headers)
            answer = client.getresponse()
            return answer, answer.read()
        finally:
            client.close()

    def post(self, path: str, body: object, **changed: str) -> tuple[int, dict]:
        headers = {
            'Content-Type': 'application/json',
            'Origin': f'http://127.0.0.1:{self.port}',
            TOKEN_HEADER: self.server.token,
        }
        headers |= {name.replace('_', '-'): value for name, value in changed.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer, text = self.ask('POST', path, data, headers)
        return answer.status, json.loads(text)

    def raw(self) -> socket.socket:
        return socket.create_connection(('127.0.0.1', self.port), timeout=10)

    def news(self) -> socket.socket:
        """Open the news without ever reading them."""
        client = self.raw()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(f'GET /news HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n'.encode())
        return client


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()
    yield made
    made.server.stop()


@pytest.fixture
def strict(monkeypatch) -> Iterator[Page]:
    """A server with little patience."""
    monkeypatch.setattr(server_module, 'DEADLINE_SEC', LATE_SEC)
    made = Page()
    yield made
    made.server.stop()


def until(done, timeout_sec: float = 10.0) -> bool:
    end_sec = time.monotonic() + timeout_sec
    while not done():
        if time.monotonic() > end_sec:
            return False
        time.sleep(0.02)
    return True


def ends(client: socket.socket) -> bool:
    """Tell whether the server ends this connection within ten seconds."""
    try:
        while client.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


# --------------------------------------------------------------------------- what it serves
@pytest.mark.parametrize('path', FILES)
def test_every_file_of_the_page_is_there(page, path):
    answer, data = page.get(path)
    assert answer.status == 200 and data
    assert answer.headers['Content-Type'] == FILES[path][1]
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_code_in_its_text(page):
    answer, data = page.get('/')
    policy = answer.headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and 'unsafe' not in policy and '*' not in policy
    assert not re.search(rb'(src|href)="(?!/)', data)
    assert not re.search(rb'\son\w+=|<script(?! type="module" src=)|style="', data)
    scripts = b''.join(page.get(f'/{name}.js')[1] for name in ('page', 'panels', 'picture'))
    for danger in (rb'innerHTML', rb'outerHTML', rb'insertAdjacent', rb'eval\(', rb'https?://'):
        assert not re.search(danger, scripts)


def test_the_news_begin_with_everything_and_go_on(page):
    with page.raw() as client:
        client.sendall(f'GET /news HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n'.encode())
        lines = client.makefile('rb')
        told = []
        while len(told) < 12:
            if (line := lines.readline()).startswith(b'data: '):
                told.append(json.loads(line[6:]))
        assert told[0]['key'] == 'hello'
        assert {'decision/1', 'dialogue/1', 'plan/1', 'world'} <= {item['key'] for item in told}
        page.board.note('speech', {'text': HOSTILE}, 5.0)
        while not (line := lines.readline()).startswith(b'data: '):
            pass
        assert json.loads(line[6:])['text'] == HOSTILE


def test_a_picture_comes_with_its_number_and_no_second_time(page, monkeypatch):
    monkeypatch.setattr(connection, 'PICTURE_SEC', 0.1)
    answer, data = page.get('/picture?after=0')
    assert (answer.status, answer.headers['X-Picture']) == (200, '1')
    assert data.startswith(b'\xff\xd8')
    assert page.get('/picture?after=1')[0].status == 204
    assert page.get('/picture?after=' + '9' * 400)[0].status == 200
    assert page.get('/picture?after=x')[0].status == 200


def test_words_and_ratings_arrive_and_the_answer_says_who_listens(page):
    assert page.post('/say', {'text': ' hello\x00 you '}) == (200, {'listeners': 2})
    assert page.said.words == ['hello you']
    rating = {'id': 'turn_1', 'rating': -1, 'correction': 'say less'}
    assert page.post('/rate', rating)[0] == 200
    assert page.said.ratings == [Rating('turn_1', -1, 'say less')]


def test_one_connection_carries_many_requests(page):
    client = http.client.HTTPConnection('127.0.0.1', page.port, timeout=10)
    for _ in range(5):
        client.request('GET', '/page.css')
        assert client.getresponse().read()
    used = client.sock.getsockname()
    client.request('GET', '/')
    assert client.sock.getsockname() == used
    client.close()


# --------------------------------------------------------------------------- what it refuses
@pytest.mark.parametrize(
    'path', ['/nothing', '/../settings.py', '/page.html', '/page.css/', '/x' * 9000]
)
def test_other_paths_are_refused_without_repeating_them(page, path):
    answer, data = page.get(path)
    assert answer.status in (404, 414)
    assert path.encode() not in data and b'<' not in data


@pytest.mark.parametrize('path', ['/', '/news', '/picture?after=0', '/page.js'])
def test_a_name_that_was_made_to_point_here_gets_nothing(page, path):
    answer, data = page.get(path, Host='evil.example')
    assert answer.status == 421 and page.server.token.encode() not in data
    assert page.get(path, Sec_Fetch_Site='cross-site')[0].status == 403


@pytest.mark.parametrize(
    'change',
    [
        {TOKEN_HEADER: 'guessed'},
        {TOKEN_HEADER: ''},
        {'Origin': 'http://evil.example'},
        {'Host': 'evil.example'},
        {'Sec_Fetch_Site': 'cross-site'},
        {'Content_Type': 'text/plain'},
    ],
)
def test_nobody_but_the_page_may_speak(page, change):
    status, answer = page.post('/say', {'text': 'open the door'}, **change)
    assert status in (403, 415, 421) and answer['error']
    assert page.said.words == []


def test_a_big_body_is_refused_without_being_read(page):
    with page.raw() as client:
        head = (
            f'POST /say HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n'
            f'Origin: http://127.0.0.1:{page.port}\r\n{TOKEN_HEADER}: {page.server.token}\r\n'
            'Content-Type: application/json\r\nContent-Length: 999999999\r\n\r\n'
        )
        client.sendall(head.encode())
        assert client.recv(4096).startswith(b'HTTP/1.1 413')
        assert ends(client)
    assert page.post('/say', b'{"text": "' + b'x' * MAX_BODY_BYTES + b'"}')[0] == 413
    assert page.said.words == []


def test_bad_words_and_ratings_of_nothing_are_refused(page):
    assert page.post('/say', {'text': ''})[0] == 400
    assert page.post('/say', b'<html>')[0] == 400
    assert page.post('/rate', {'id': 'turn_77', 'rating': 1})[0] == 404
    assert page.post('/rate', {'id': 'turn_1', 'rating': 5})[0] == 400
    assert page.post('/shutdown', {})[0] == 404
    assert (page.said.words, page.said.ratings) == ([], [])


def test_who_talks_too_fast_is_told_to_wait(page):
    statuses = [page.post('/say', {'text': 'now'})[0] for _ in range(MAX_WORDS + 3)]
    assert statuses.count(200) <= MAX_WORDS + 1 and 429 in statuses
    assert len(page.said.words) == statuses.count(200)


@pytest.mark.parametrize(
    'words',
    [
        b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(range(256)),
        b'GET\r\n\r\n',
        b'BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n',
        b'GET / HTTP/9.9\r\n\r\n',
        b'GET http://[x HTTP/1.1\r\nHost: localhost\r\n\r\n',
        b'GET / HTTP/1.1\r\n' + b'A: b\r\n' * 500 + b'\r\n',
        b'GET /<script>alert(1)</script> HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ],
)
def test_what_is_no_request_ends_with_an_error_and_the_page_goes_on(page, words):
    with page.raw() as client:
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)
        said = client.makefile('rb').read()
    assert b'<' not in said and b'200 OK' not in said
    assert page.get('/')[0].status == 200


def test_where_others_have_the_port_the_next_is_taken(page):
    other = ViewServer(ViewSettings(port=page.port), Board(), page.pictures, page.said, '/r2')
    try:
        assert 0 < other.server_address[1] - page.port < PORTS
    finally:
        other.stop()


def test_an_address_that_cannot_be_had_is_a_clear_error(page, monkeypatch):
    monkeypatch.setattr(server_module, 'PORTS', 1)
    with pytest.raises(ViewError, match='view.port'):
        ViewServer(ViewSettings(port=page.port), Board(), page.pictures, page.said)
    with pytest.raises(ViewError, match='view.host'):
        ViewServer(ViewSettings(host='no.such.host.invalid'), Board(), page.pictures, page.said)


# --------------------------------------------------------------------------- whom it cuts off
def test_who_says_nothing_or_too_slowly_is_cut_off(strict):
    silent, slow = strict.raw(), strict.raw()
    end_sec = time.monotonic() + 10
    with pytest.raises(OSError), slow:
        while time.monotonic() < end_sec:
            slow.sendall(b'G')
            time.sleep(0.1)
    assert ends(silent)
    assert strict.get('/')[0].status == 200


def test_who_promises_a_body_and_sends_none_is_cut_off(strict):
    with strict.raw() as client:
        client.sendall(
            f'POST /say HTTP/1.1\r\nHost: 127.0.0.1:{strict.port}\r\n'
            f'Origin: http://127.0.0.1:{strict.port}\r\n{TOKEN_HEADER}: {strict.server.token}\r\n'
            'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"te'.encode()
        )
        assert ends(client)
    assert strict.said.words == []


def test_a_page_that_hangs_is_cut_off_and_nobody_waits_for_it(strict):
    hanging = strict.news()
    assert until(lambda: strict.board.wants('world'))
    longest_sec = 0.0
    end_sec = time.monotonic() + 10
    while strict.board.wants('world') and time.monotonic() < end_sec:
        started_sec = time.perf_counter()
        strict.board.note('decision', decision(True, 'x' * 900), 1.0)
        longest_sec = max(longest_sec, time.perf_counter() - started_sec)
        time.sleep(0.001)
    assert not strict.board.wants('world')
    assert longest_sec < 0.5
    hanging.close()


def test_many_open_pages_are_refused_and_forgotten_when_they_close(page):
    clients = [page.news() for _ in range(MAX_READERS)]
    assert until(lambda: _status(page, '/news') == 503)
    for client in clients:
        client.close()
    page.board.note('speech', {'text': 'hello'}, 1.0)
    assert until(lambda: not page.board.wants('world'), 15.0)


def test_a_flood_of_connections_is_turned_away_and_passes(strict):
    flood = []
    for _ in range(MAX_CONNECTIONS * 2):
        with_error = socket.socket()
        with_error.settimeout(2)
        if with_error.connect_ex(('127.0.0.1', strict.port)) == 0:
            flood.append(with_error)
    assert len(strict.server._deadlines) <= MAX_CONNECTIONS
    assert until(lambda: len(strict.server._deadlines) < MAX_CONNECTIONS / 2, 15.0)
    for client in flood:
        client.close()
    assert until(lambda: _status(strict) == 200, 15.0)


def _status(page: Page, path: str = '/') -> int:
    """What the page answers now, its body unread; 0 when it turns us away."""
    client = http.client.HTTPConnection('127.0.0.1', page.port, timeout=10)
    try:
        client.request('GET', path)
        return client.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        client.close()


def test_a_flood_of_requests_is_told_to_stop(page):
    client = http.client.HTTPConnection('127.0.0.1', page.port, timeout=10)
    statuses = []
    for _ in range(3000):
        try:
            client.request('GET', '/icon.svg')
            answer = client.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            break
        statuses.append(answer.status)
        if answer.status == 429:
            break
    assert statuses[-1] in (200, 429) and len(statuses) < 3000
    client.close()


def test_the_server_ends_at_once_and_takes_its_connections_with_it():
    page = Page()
    clients = [page.raw(), page.news()]
    assert until(lambda: page.board.wants('world'))
    started_sec = time.monotonic()
    page.server.stop()
    assert time.monotonic() - started_sec < 2.0
    assert all(ends(client) for client in clients)
    assert until(lambda: not [t for t in threading.enumerate() if t.name == 'view'])
