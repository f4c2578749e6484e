"""Gazebo 11's transport: topics over TCP, found through a master, packets with a length in hex.

Flow: the master tells who publishes a topic, and a subscriber connects there; a publisher tells
the master its address, and subscribers connect to it. Written after what Gazebo 11.1 sends and
accepts.
Threads: one for the master, one for each subscriber (calls `on_message`) and for each publisher
(accepts subscribers); `close` ends them.
Safety: what arrives is checked and bounded; a peer that breaks the rules is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import socket
import threading
import time

from .wire import block, block_of, blocks_of, Fields, fields, text_of, whole, whole_of, WireError

HEADER_BYTES = 8
MOST_BYTES = 64 << 20
CONNECT_SEC = 5.0
RETRY_SEC = 0.2
Address = tuple[str, int]


class GazeboError(RuntimeError):
    """Gazebo can't be reached, or broke the rules; the message says what to do."""


def address_of(text: str) -> Address:
    """Read `HOST:PORT`, with or without `http://`.

    Raises GazeboError for anything else.
    """
    host, _, port = text.removeprefix('http://').rstrip('/').rpartition(':')
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise GazeboError(f'address {text!r}: must be HOST:PORT, such as 127.0.0.1:11345')
    return host, int(port)


class Link:
    """One TCP connection that carries packets."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._writing = threading.Lock()

    @classmethod
    def to(cls, address: Address) -> Link:
        """Connect; raises OSError."""
        connection = socket.create_connection(address, CONNECT_SEC)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connection)

    @property
    def port(self) -> int:
        """Our own port."""
        return int(self._socket.getsockname()[1])

    def read(self) -> bytearray:
        """Wait for a message; raises EOFError at the end and WireError for a wrong length."""
        header = bytes(self._exactly(HEADER_BYTES))
        try:
            length = int(header, 16)
        except ValueError:
            raise WireError(f'length {header!r}: must be {HEADER_BYTES} hex digits') from None
        if not 0 <= length <= MOST_BYTES:
            raise WireError(f'a message of {length} bytes: at most {MOST_BYTES} are taken')
        return self._exactly(length)

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            got = self._socket.recv_into(view)
            if not got:
                raise EOFError('the connection was closed')
            view = view[got:]
        return data

    def packet(self) -> tuple[str, memoryview]:
        """Wait for a packet and return its kind and message."""
        packet = fields(self.read())
        return text_of(packet, 2), block_of(packet, 3)

    def send(self, message: bytes) -> None:
        """Send a message; raises OSError."""
        with self._writing:
            self._socket.sendall(b'%08X' % len(message) + message)

    def send_packet(self, kind: str, message: bytes) -> None:
        """Send a packet with the time of day; raises OSError."""
        now_sec = time.time()
        stamp = whole(1, int(now_sec)) + whole(2, int(now_sec % 1 * 1e9))
        self.send(block(1, stamp) + block(2, kind) + block(3, message))

    def close(self) -> None:
        """End the connection, and whatever waits for it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Master:
    """The connection to Gazebo's master, which knows who publishes what.

    One serves all topics: the master of 11.1, when a connection ends, may end another one too.
    """

    def __init__(self, address: Address, wait_sec: float) -> None:
        """Connect, and try again until time is up; raises GazeboError."""
        self._address = address
        self._link = _connected(address, wait_sec)
        self._publishers: dict[str, tuple[str, Address]] = {}
        self._news = threading.Condition()
        self._gone = ''
        self._thread = threading.Thread(target=self._listen, name='gazebo master', daemon=True)
        self._thread.start()

    def publisher(self, topic: str, wait_sec: float) -> tuple[str, Address]:
        """Return kind and address of a topic's publisher; raises GazeboError without one."""
        with self._news:
            self._news.wait_for(lambda: topic in self._publishers or self._gone, wait_sec)
            if topic not in self._publishers:
                raise self._missing(f'no topic {topic} after {wait_sec:.0f} s')
            return self._publishers[topic]

    def advertise(self, topic: str, kind: str, port: int) -> None:
        """Tell everyone that we publish a topic; raises GazeboError."""
        words = block(1, topic), block(2, kind), block(3, '127.0.0.1'), whole(4, port)
        try:
            self._link.send_packet('advertise', b''.join(words))
        except OSError as error:
            raise self._missing(str(error)) from error

    def _listen(self) -> None:
        """Note who publishes what, until the connection ends."""
        try:
            while True:
                kind, message = self._link.packet()
                listed: tuple[memoryview, ...] = ()
                if kind == 'publishers_init':
                    listed = blocks_of(fields(message), 1)
                elif kind == 'publisher_add':
                    listed = (message,)
                with self._news:
                    for entry in map(fields, listed):
                        address = text_of(entry, 3), whole_of(entry, 4)
                        self._publishers[text_of(entry, 1)] = text_of(entry, 2), address
                    self._news.notify_all()
        except (OSError, EOFError, WireError) as error:
            with self._news:
                self._gone = str(error)
                self._news.notify_all()

    def _missing(self, problem: str) -> GazeboError:
        return _unreachable(self._address, self._gone or problem)

    def close(self) -> None:
        """End the connection and its thread."""
        self._link.close()
        self._thread.join(CONNECT_SEC)


class Subscriber:
    """Calls `on_message` with each message of a topic, in a thread of its own."""

    def __init__(
        self, master: Master, topic: str, on_message: Callable[[Fields], None], wait_sec: float
    ) -> None:
        """Wait until someone publishes the topic; raises GazeboError when nobody does."""
        self.failure = ''
        self._on_message = on_message
        kind, address = master.publisher(topic, wait_sec)
        try:
            self._link = Link.to(address)
            words = block(1, topic), block(2, '127.0.0.1'), whole(3, self._link.port)
            self._link.send_packet('sub', b''.join((*words, block(4, kind), whole(5, 0))))
        except OSError as error:
            raise _unreachable(address, error) from error
        self._thread = threading.Thread(target=self._listen, name=f'gazebo {topic}', daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        """Read until the connection ends; the reason is kept in `failure`."""
        try:
            while True:
                self._on_message(fields(self._link.read()))
        except (OSError, EOFError, WireError) as error:
            self.failure = str(error)

    def close(self) -> None:
        """End the connection and its thread."""
        self._link.close()
        self._thread.join(CONNECT_SEC)


class Publisher:
    """Sends messages to all who subscribed to a topic."""

    def __init__(self, master: Master, topic: str, kind: str) -> None:
        """Tell the master; raises GazeboError when it can't be reached."""
        self._readers: list[Link] = []
        self._topic = topic
        self._server = socket.create_server(('127.0.0.1', 0))
        self._thread = threading.Thread(target=self._accept, name=f'gazebo {topic}', daemon=True)
        self._thread.start()
        try:
            master.advertise(topic, kind, int(self._server.getsockname()[1]))
        except GazeboError:
            self.close()
            raise

    def wait(self, wait_sec: float) -> None:
        """Wait until someone subscribed; raises GazeboError when nobody does."""
        end_sec = time.monotonic() + wait_sec
        while not self._readers:
            if time.monotonic() > end_sec:
                raise GazeboError(f'nobody reads {self._topic} after {wait_sec:.0f} s')
            time.sleep(RETRY_SEC / 4)

    def send(self, message: bytes) -> None:
        """Send a message to every subscriber; raises GazeboError when none is left."""
        for reader in tuple(self._readers):
            try:
                reader.send(message)
            except OSError:
                self._readers.remove(reader)
        if not self._readers:
            raise GazeboError(f'Gazebo no longer reads {self._topic}; did it end?')

    def _accept(self) -> None:
        """Take on subscribers until the server is closed."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            link = Link(connection)
            try:
                connection.settimeout(CONNECT_SEC)
                kind, _ = link.packet()
                connection.settimeout(None)
            except (OSError, EOFError, WireError):
                kind = ''
            if kind == 'sub':
                self._readers.append(link)
            else:
                link.close()

    def close(self) -> None:
        """End all connections and the thread."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for link in self._readers:
            link.close()
        self._thread.join(CONNECT_SEC)


def _connected(address: Address, wait_sec: float) -> Link:
    """Connect, and try again until time is up."""
    end_sec = time.monotonic() + wait_sec
    while True:
        try:
            return Link.to(address)
        except OSError as error:
            if time.monotonic() + RETRY_SEC > end_sec:
                raise _unreachable(address, error) from error
            time.sleep(RETRY_SEC)


def _unreachable(address: Address, problem: object) -> GazeboError:
    host, port = address
    return GazeboError(
        f'Gazebo at {host}:{port}: {problem}; start it with: '
        f'GAZEBO_MASTER_URI=http://{host}:{port} gzserver sim/worlds/home.sdf'
    )
