"""JSON lines in a file that only grows, turned over by size: bounded, and whole after any end.

A line is written by one call and handed to the disk before the next. A process that is killed, or
a disk that is full, leaves at most a torn last line: the writer cuts it off where it can, the next
writer ends it, and the reader skips and counts it. `NAME.jsonl` is the newest file, `NAME.1.jsonl`
the one before.

Threads: one `LineFile` belongs to one thread; several processes may write the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
import fcntl
import json
import os
from pathlib import Path
import queue
import tempfile
import threading
from typing import Any, Generic, TypeVar

FILES = 4
MAX_LINE = 64_000
WAITING = 256
Item = TypeVar('Item')
Line = dict[str, Any]


@dataclass
class Reading:
    """How reading went: lines that were torn by an end in mid-word, and lines that were no use."""

    torn: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class LineFile:
    """Appends lines to `path`; all its files together stay below about `most_bytes`."""

    path: Path
    most_bytes: int

    def append(self, line: Line) -> None:
        """Write one line whole or not at all; raises OSError."""
        data = json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b'\n'
        if len(data) > MAX_LINE:
            raise OSError(f'a line of {len(data)} bytes; at most {MAX_LINE} are written')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            self._turn_over(len(data))
            _append(self.path, data)

    def _turn_over(self, more: int) -> None:
        """Make room: the newest file becomes the one before, and the oldest goes."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size and size + more > self.most_bytes // FILES:
            for number in range(FILES - 2, -1, -1):
                if (older := numbered(self.path, number)).exists():
                    os.replace(older, numbered(self.path, number + 1))

    def lines(self, reading: Reading) -> Iterator[Line]:
        """Yield every whole line that is a JSON object, the oldest first; raises OSError."""
        for path in self.files():
            yield from _lines_of(path, reading)

    def files(self) -> list[Path]:
        """The files that are there, the oldest first."""
        numbers = range(FILES - 1, -1, -1)
        return [path for n in numbers if (path := numbered(self.path, n)).is_file()]

    def keep(self, wanted: Callable[[Line], bool]) -> int:
        """Take lines out for good; returns how many. Raises OSError."""
        taken = 0
        if not self.path.parent.is_dir():
            return taken
        with locked(self.path):
            for path in self.files():
                lines = list(_lines_of(path, Reading()))
                kept = [line for line in lines if wanted(line)]
                taken += len(lines) - len(kept)
                write_whole(path, ''.join(json.dumps(k, ensure_ascii=False) + '\n' for k in kept))
        return taken


def numbered(path: Path, number: int) -> Path:
    """`NAME.2.jsonl` for 2, the path itself for 0."""
    return path.with_name(f'{path.stem}.{number}{path.suffix}') if number else path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from the file meanwhile."""
    with path.with_name(f'.{path.name}.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_whole(path: Path, text: str) -> None:
    """Replace a file at once: whoever reads it sees the old or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(number, 'w', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _append(path: Path, data: bytes) -> None:
    """Write after ending what an earlier writer left torn; take back what doesn't fit."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b'\n':
            data = b'\n' + data
        try:
            written = os.write(file, data)
            if written < len(data):
                raise OSError(f'{path}: only {written} of {len(data)} bytes could be written')
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise
    finally:
        os.close(file)


def _lines_of(path: Path, reading: Reading) -> Iterator[Line]:
    """Yield the lines of one file; a line without an end is torn."""
    with path.open('rb') as file:
        while data := file.readline(MAX_LINE + 1):
            whole = data.endswith(b'\n')
            try:
                line = json.loads(data)
            except (ValueError, RecursionError):
                line = None
            if isinstance(line, dict):
                yield line
            elif whole or len(data) > MAX_LINE:
                reading.skipped += 1
            else:
                reading.torn += 1


class Writer(Generic[Item]):
    """Does `write` for one item after the other in a thread of its own; nobody waits for it.

    Items that come too fast are dropped and counted, and so are those that could not be written.
    """

    def __init__(self, name: str, write: Callable[[Item], None], waiting: int = WAITING) -> None:
        self._write = write
        self._queue: queue.Queue[Item | None] = queue.Queue(waiting)
        self.written = self.dropped = self.failed = 0
        self.complaint = ''
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> bool:
        """Leave an item; false when it was dropped, because too many wait."""
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def close(self, timeout_sec: float = 2.0) -> bool:
        """Write what waits, then end; true when all was done in time."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=timeout_sec)
        self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._write(item)
                self.written += 1
            except Exception as error:  # the edge: a bad disk must not end the robot's day
                self.failed += 1
                self.complaint = f'{type(error).__name__}: {error}'
