"""The page's server: who is admitted, for how long, and how often.

Threads: one accepts, one for each connection, all of them daemons. Every request, every event of
a stream and every idle wait must end within DEADLINE_SEC or the connection is cut, so one that
hangs holds a thread for no longer than that. Connections and requests are limited in number and
rate.

*Safety*: see `access.py`; nothing that the server was asked is logged.
"""

from __future__ import annotations

import errno
from http.server import ThreadingHTTPServer
import secrets
import socket
import threading
import time
from typing import Any, Protocol

from robochat.settings import ViewSettings
from robochat.view.access import Bucket, Rating
from robochat.view.board import Board
from robochat.view.connection import Connection
from robochat.view.pictures import Pictures

DEADLINE_SEC = 10.0
MAX_CONNECTIONS = 40
PORTS = 10
CONNECTIONS_HZ, REQUESTS_HZ, WORDS_HZ = 50.0, 200.0, 1.0
MAX_WORDS = 5


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
        self,
        settings: ViewSettings,
        board: Board,
        pictures: Pictures,
        mailbox: Mailbox,
        robot: str = 'robochat',
    ) -> None:
        self.settings = settings
        self.robot = robot
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
        self._listen()

    def _listen(self) -> None:
        """Take the port of the settings, or one of the next few where others have it."""
        host, first = self.settings.host, self.settings.port
        ports = range(first, min(first + PORTS, 65536)) if first else range(1)
        for port in ports:
            try:
                super().__init__((host, port), Connection)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port != ports[-1]:
                    continue
                raise ViewError(
                    f'{host} port {port} cannot be had ({error.strerror or error}): '
                    'set view.host, and view.port (--port), where 0 takes any free port'
                ) from error
            return

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


def _cut(connection: socket.socket) -> None:
    """Wake whoever waits in a connection by ending it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
