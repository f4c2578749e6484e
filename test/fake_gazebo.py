"""A stand-in for Gazebo 11: a master, one publisher, and a reader of what is published."""

from __future__ import annotations

import contextlib
import socket
import threading

from robochat_sim.gazebo.transport import Link
from robochat_sim.gazebo.wire import block, fields, text_of, whole, whole_of


class FakeGazebo:
    """Serves topics from memory; `heard` has every message that a client published.

    `feeds` maps a topic to a function that is called with a link once someone subscribed to it;
    `deaf` topics are advertised by clients, and nobody reads them.
    """

    def __init__(self, feeds=None, deaf=()):
        self.heard = []
        self._feeds = dict(feeds or {})
        self._deaf = deaf
        self._links = []
        self._master, self._server = (socket.create_server(('127.0.0.1', 0)) for _ in range(2))
        self.address = self._master.getsockname()
        self._threads = []
        self._start(self._serve, self._master, self._greet)
        self._start(self._serve, self._server, self._feed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in (self._master, self._server):
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        for link in self._links:
            link.close()
        for thread in self._threads:
            thread.join(5.0)

    def drop(self):
        """End every connection, as a server that dies."""
        for link in self._links:
            link.close()

    def messages(self, topic):
        """What clients published on a topic."""
        return [message for name, message in list(self.heard) if name == topic]

    def _start(self, target, *words):
        thread = threading.Thread(target=target, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, server, act):
        with contextlib.suppress(OSError):
            while True:
                link = Link(server.accept()[0])
                self._links.append(link)
                self._start(self._guarded, act, link)

    def _guarded(self, act, *words):
        with contextlib.suppress(OSError, EOFError, ValueError):
            act(*words)

    def _greet(self, link):
        """Be the master: list the topics, then connect to whoever advertises."""
        link.send_packet('version_init', block(1, 'gazebo 11.1'))
        link.send_packet('topic_namepaces_init', block(1, '/gazebo'))
        port = self._server.getsockname()[1]
        entries = [
            block(1, block(1, t) + block(2, 'x') + block(3, '127.0.0.1') + whole(4, port))
            for t in self._feeds
        ]
        link.send_packet('publishers_init', b''.join(entries))
        while True:
            kind, message = link.packet()
            entry = fields(message)
            topic = text_of(entry, 1)
            if kind == 'advertise' and topic not in self._deaf:
                self._start(self._guarded, self._read, topic, whole_of(entry, 4))

    def _read(self, topic, port):
        """Subscribe to a client's topic."""
        link = Link.to(('127.0.0.1', port))
        self._links.append(link)
        link.send_packet('sub', block(1, topic))
        while True:
            self.heard.append((topic, bytes(link.read())))

    def _feed(self, link):
        """Publish to a client."""
        kind, message = link.packet()
        assert kind == 'sub'
        self._feeds[text_of(fields(message), 1)](link)


def picture(wide=4, high=2, pixel_format=3, data=None):
    """A `gazebo.msgs.ImageStamped`."""
    pixels = bytes(range(wide * high * 3)) if data is None else data
    image = whole(1, wide) + whole(2, high) + whole(3, pixel_format) + whole(4, 3 * wide)
    return block(1, whole(1, 7)) + block(2, image, block(5, pixels))
