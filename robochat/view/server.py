"""The page's server: files of the page, news, pictures, and what a person types.

    GET  /  /page.css  /page.js  ...    the page
    GET  /news                          server-sent events, one JSON item each (`board.py`)
    GET  /picture?after=N               the next JPEG after number N; 204 when none comes
    POST /say    {"text": ...}          words as if a speech recogniser had heard them
    POST /rate   {"id", "rating", "correction"}

Threads: one accepts, one for each connection, all of them daemons. Every request, every event of
a stream and every idle wait must end within DEADLINE_SEC or the connection is cut, so one that
hangs holds a thread for no longer than that. Connections and requests are limited in number and
rate.

*Safety*: see `access.py`; nothing that the server was asked is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
import secrets
import socket
import threading
import time
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from robochat.settings import ViewSettings
from robochat.view import access
from robochat.view.access import AccessError, Bucket, Rating
from robochat.view.board import Board, CrowdError, OverrunError
from robochat.view.pictures import Pictures

HERE = Path(__file__).resolve().parent
FILES = {
    '/': ('page.html', 'text/html; charset=utf-8'),
    '/page.css': ('page.css', 'text/css; charset=utf-8'),
    '/icon.svg': ('icon.svg', 'image/svg+xml'),
    **{
        f'/{name}.js': (f'{name}.js', 'text/javascript; charset=utf-8')
        for name in ('page', 'panels', 'picture')
    },
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': POLICY,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}
DEADLINE_SEC = 10.0
NEWS_SEC, PICTURE_SEC = 3.0, 4.0
MAX_CONNECTIONS = 40
CONNECTIONS_HZ, REQUESTS_HZ, WORDS_HZ = 50.0, 200.0, 1.0
MAX_WORDS = 5
SEND_BUFFER_BYTES = 1 << 17


class ViewError(RuntimeError):
    """The page can't be served; the message says why and what to do."""


class Mailbox(Protocol):
    """Who takes what a person types, on any thread; both return how many listen."""

    def say(self, text: str) -> int:
        """Pass words on."""

    def rate(self, rating: Rating) -> int:
        """Pass a rating on."""


class ViewServer(ThreadingHTTPServer):
    """Serves one board; raises ViewError when the address can't be had."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self, settings: ViewSettings, board: Board, pictures: Pictures, mailbox: Mailbox
    ) -> None:
        self.settings = settings
        self.board = board
        self.pictures = pictures
        self.mailbox = mailbox
        self.token = secrets.token_urlsafe(24)
        self.run_id = secrets.token_hex(4)
        self.names = tuple(name.strip() for name in settings.names.split(',') if name.strip())
        self.requests = Bucket(REQUESTS_HZ, round(REQUESTS_HZ))
        self.words = Bucket(WORDS_HZ, MAX_WORDS)
        self._arrivals = Bucket(CONNECTIONS_HZ, round(CONNECTIONS_HZ))
        self._guard = threading.Lock()
        self._deadlines: dict[socket.socket, float] = {}
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.2,), name='view', daemon=True
        )
        if ':' in settings.host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((settings.host, settings.port), _Connection)
        except OSError as error:
            raise ViewError(
                f'{settings.host} port {settings.port} cannot be had ({error.strerror or error}): '
                'set view.host and view.port (--port), where 0 takes any free port'
            ) from error

    @property
    def url(self) -> str:
        """Address of the page."""
        host = '127.0.0.1' if self.settings.host in ('', '0.0.0.0') else self.settings.host
        return f'http://{f"[{host}]" if ":" in host else host}:{self.server_address[1]}/'

    def start(self) -> None:
        """Serve in a thread of its own until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and cut every connection."""
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        with self._guard:
            late = list(self._deadlines)
        for connection in late:
            _cut(connection)

    def keep(self, connection: socket.socket) -> None:
        """Let a connection live for another while."""
        with self._guard:
            self._deadlines[connection] = time.monotonic() + DEADLINE_SEC

    def allowed(self, bucket: Bucket) -> bool:
        """Take one from a bucket that connections share."""
        with self._guard:
            return bucket.take(time.monotonic())

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Admit a connection, unless there are too many or they come too fast."""
        if len(self._deadlines) < MAX_CONNECTIONS and self.allowed(self._arrivals):
            self.keep(request)
            return True
        time.sleep(1 / CONNECTIONS_HZ)  # whoever floods waits, and costs nothing meanwhile
        return False

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        with self._guard:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut the connections that are late."""
        now_sec = time.monotonic()
        with self._guard:
            late = [c for c, deadline_sec in self._deadlines.items() if deadline_sec < now_sec]
        for connection in late:
            _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a connection that broke end in silence: its thread ends with it."""


class _Connection(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: ViewServer
    protocol_version = 'HTTP/1.1'
    server_version, sys_version = 'robochat', ''
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Keep the kernel from storing many old news for a page that doesn't read."""
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def handle_one_request(self) -> None:
        """Answer one request within the deadline."""
        self.server.keep(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:  # noqa: N802  the name that http.server calls
        """Serve a file, the news or a picture."""
        self._answer(self._get)

    def do_POST(self) -> None:  # noqa: N802
        """Take what a person typed."""
        self._answer(self._post)

    def _answer(self, answer: Callable[[], None]) -> None:
        """Check who asks, then answer; a refusal ends the connection, its body unread."""
        try:
            if not self.server.allowed(self.server.requests):
                raise AccessError(429, 'too many requests: ask less often')
            settings = self.server.settings
            access.check_host(self.headers.get('Host'), settings.host, self.server.names)
            access.check_same_site(self.headers)
            answer()
        except AccessError as error:
            self._refuse(error.status, str(error))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _get(self) -> None:
        try:
            url = urlsplit(self.path)
        except ValueError:
            raise AccessError(400, 'this is no address of a page') from None
        if url.path in FILES:
            self._send_file(*FILES[url.path])
        elif url.path == '/news':
            self._stream_news()
        elif url.path == '/picture':
            self._send_picture(parse_qs(url.query).get('after', ['0'])[0])
        else:
            raise AccessError(404, 'there is no such page')

    def _post(self) -> None:
        access.check_change(self.headers, self.server.token)
        body = self.rfile.read(access.body_length(self.headers))
        if self.path == '/say':
            self._say(body)
        elif self.path == '/rate':
            self._rate(body)
        else:
            raise AccessError(404, 'there is no such page')

    # ------------------------------------------------------------------ what a person types
    def _say(self, body: bytes) -> None:
        words = access.words_of(body)
        if not self.server.allowed(self.server.words):
            raise AccessError(429, 'too fast: wait a moment before you say more')
        self._send_json(200, {'listeners': self.server.mailbox.say(words)})

    def _rate(self, body: bytes) -> None:
        rating = access.rating_of(body)
        if not self.server.board.knows(rating.id):
            raise AccessError(404, 'no utterance or plan on this page has that id')
        if not self.server.allowed(self.server.words):
            raise AccessError(429, 'too fast: wait a moment before you rate more')
        self._send_json(200, {'listeners': self.server.mailbox.rate(rating)})

    # ------------------------------------------------------------------ what is shown
    def _send_file(self, name: str, kind: str) -> None:
        data = (HERE / name).read_bytes()
        if name == 'page.html':
            data = data.replace(b'{{token}}', self.server.token.encode())
        self._send(200, kind, data)

    def _send_picture(self, after: str) -> None:
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        found = self.server.pictures.after(number, PICTURE_SEC)
        if found is None:
            self._send(204, '', b'')
        else:
            self._send(200, 'image/jpeg', found[1], {'X-Picture': str(found[0])})

    def _stream_news(self) -> None:
        """Send news until the page goes away, doesn't take them, or the server ends."""
        try:
            reader = self.server.board.open()
        except CrowdError as error:
            raise AccessError(503, str(error)) from error
        try:
            self.close_connection = True
            self._head(200, 'text/event-stream')
            self._write(_event(json.dumps({'key': 'hello', 'run': self.server.run_id})))
            while True:
                news = reader.take(NEWS_SEC)
                self._write(b''.join(map(_event, news)) or b': still here\n\n')
        except OverrunError:
            return
        finally:
            reader.close()

    # ------------------------------------------------------------------ bytes
    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        self._send_json(status, {'error': message})

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that http.server itself refuses, without repeating it."""
        self._refuse(code, 'the request is not understood')

    def _send_json(self, status: int, answer: dict[str, Any]) -> None:
        self._send(status, 'application/json', json.dumps(answer).encode())

    def _send(
        self, status: int, kind: str, data: bytes, extra: dict[str, str] | None = None
    ) -> None:
        length = {'Content-Length': str(len(data))} if status != 204 else {}
        self._head(status, kind, {**length, **(extra or {})})
        self._write(data)

    def _head(self, status: int, kind: str, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        wanted = {**HEADERS, **(extra or {}), **({'Content-Type': kind} if kind else {})}
        for name, value in wanted.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()

    def _write(self, data: bytes) -> None:
        """Send within the deadline."""
        self.server.keep(self.connection)
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Write nothing down."""


def _event(text: str) -> bytes:
    """Write one server-sent event; JSON has no line breaks."""
    return f'data: {text}\n\n'.encode()


def _cut(connection: socket.socket) -> None:
    """Wake whoever waits in a connection by ending it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
