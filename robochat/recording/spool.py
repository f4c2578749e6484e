"""A bounded queue between who hears messages and the disk: nobody waits, memory stays bounded.

Threads: `put` is called from any one thread and never waits; `write` and `flush` run on the
spool's own thread. What doesn't fit is dropped and counted by topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
import queue
import threading
import time

from robochat.recording.reading import RecordingError

MOST_BYTES = 64_000_000
FLUSH_SEC = 2.0
OVERHEAD_BYTES = 200


@dataclass(frozen=True)
class Heard:
    """One message as it came over the wire; times in nanoseconds."""

    topic: str
    data: bytes
    log_ns: int
    publish_ns: int = 0

    @property
    def size(self) -> int:
        """What it takes of the memory."""
        return len(self.data) + OVERHEAD_BYTES


class Spool:
    """Writes messages in a thread of its own until `close`, or until writing fails."""

    def __init__(
        self,
        write: Callable[[Heard], None],
        flush: Callable[[], None],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._write = write
        self._flush = flush
        self._most_bytes = most_bytes
        self._waiting: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0
        self.written: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name='spool', daemon=True)
        self._thread.start()

    def put(self, heard: Heard) -> bool:
        """Leave a message to be written; false when it was dropped."""
        with self._lock:
            fits = self._bytes + heard.size <= self._most_bytes and self.failure is None
            if fits:
                self._bytes += heard.size
            else:
                self.dropped[heard.topic] += 1
        if fits:
            self._waiting.put(heard)
        return fits

    def close(self, timeout_sec: float = 10.0) -> bool:
        """Write what waits, then end; true when all was done in time."""
        self._waiting.put(None)
        self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    def _run(self) -> None:
        flushed_sec = time.monotonic()
        while self.failure is None:
            try:
                heard = self._waiting.get(timeout=FLUSH_SEC)
            except queue.Empty:
                heard = OVERDUE
            if heard is None:
                return
            try:
                if heard is not OVERDUE:
                    self._take(heard)
                if heard is OVERDUE or time.monotonic() - flushed_sec > FLUSH_SEC:
                    self._flush()
                    flushed_sec = time.monotonic()
            except (RecordingError, OSError) as error:
                self.failure = error

    def _take(self, heard: Heard) -> None:
        """Write one message and give its memory back."""
        self._write(heard)
        self.written[heard.topic] += 1
        with self._lock:
            self._bytes -= heard.size


# Stands in the queue's place when nothing came for a while.
OVERDUE = Heard('', b'', 0)
