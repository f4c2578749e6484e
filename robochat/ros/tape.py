"""Publishes the tape of the pipeline, for recorders; nothing is written while nobody listens.

Flow: `flush` runs after each decision. A new listener is first told what decides
(`robochat.recording.about`), then gets what waits on the tape: up to the last minute or so. So a
recorder that is started with the node misses nothing.

Threads: the executor's.
"""

from __future__ import annotations

from collections.abc import Callable

from robochat.recording.about import About
from robochat.recording.calls import line_of
from robochat.recording.tape import Tape
from robochat.ros import topics
from robochat.ros.outlets import Outlets
from std_msgs.msg import String

LINES_IN_MESSAGE = 100


class TapeOutlet:
    """Sends calls as lines of JSON, some in a message."""

    def __init__(self, outlets: Outlets, tape: Tape, about: Callable[[], About]) -> None:
        self._outlets = outlets
        self._tape = tape
        self._about = about
        self._listeners = 0

    def flush(self) -> None:
        """Publish what waits, if anybody listens."""
        before, self._listeners = self._listeners, self._outlets.listeners(topics.TAPE)
        if not self._listeners:
            return
        if self._listeners > before:
            self._send(self._about().line())
        lines = [line_of(call) for call in self._tape.drain()]
        for first in range(0, len(lines), LINES_IN_MESSAGE):
            self._send('\n'.join(lines[first : first + LINES_IN_MESSAGE]))

    def _send(self, text: str) -> None:
        self._outlets.publish(topics.TAPE, String(data=text))
