"""One connection to the page's server: files of the page, news, pictures, what a person types.

    GET  /  /page.css  /page.js  ...    the page
    GET  /news                          server-sent events, one JSON item each (`board.py`)
    GET  /picture?after=N               the next JPEG after number N; 204 when none comes
    POST /say    {"text": ...}          words as if a speech recogniser had heard them
    POST /rate   {"id", "rating", "correction"}

Threads: each connection has its own, and the server cuts those that are late (`server.py`).

*Safety*: every request is judged by `access.py` before it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
import json
from pathlib import Path
import socket
from typing import Any, TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from robochat.view import access
from robochat.view.access import AccessError
from robochat.view.board import CrowdError, OverrunError

if TYPE_CHECKING:
    from robochat.view.server import ViewServer

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
NEWS_SEC, PICTURE_SEC = 3.0, 4.0
SEND_BUFFER_BYTES = 1 << 17


class Connection(BaseHTTPRequestHandler):
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
            self._asked = {name.title(): value for name, value in self.headers.items()}
            host = self._asked.get('Host')
            access.check_host(host, self.server.settings.host, self.server.names)
            access.check_same_site(self._asked)
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
        access.check_change(self._asked, self.server.token)
        body = self.rfile.read(access.body_length(self._asked))
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
            hello = {'key': 'hello', 'run': self.server.run_id, 'robot': self.server.robot}
            self._write(_event(json.dumps(hello)))
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

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
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
