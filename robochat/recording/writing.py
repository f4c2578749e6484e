"""Writes an MCAP file that any ROS 2 tool opens, and that stays readable whatever happens.

Flow: `channel` names a topic with its type's definition, `write` takes messages as they went over
the wire, `flush` brings them to the disk, `close` writes the index.

A file that is cut off, by a kill or a power failure, can be read up to the last flush. When the
disk is full, what was written half is taken back and the file is ended; DiskFullError says so.
"""

from __future__ import annotations

from collections.abc import Mapping
import errno
import os
from pathlib import Path
from typing import Any

from robochat.recording.reading import RecordingError

CHUNK_BYTES = 512 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFullError(RecordingError):
    """Nothing more can be written; what is in the file is whole."""


class RecordingFile:
    """An MCAP file being written; it shows people, so that only its owner may read it.

    Raises RecordingError when the file exists or can't be made.
    """

    def __init__(self, path: Path, library: str = 'robochat') -> None:
        from mcap.writer import CompressionType, Writer

        self.path = path
        self._sink = _Sink(path)
        self._writer = Writer(
            self._sink,  # type: ignore[arg-type]
            chunk_size=CHUNK_BYTES,
            compression=CompressionType.ZSTD,
        )
        self._schemas: dict[str, int] = {}
        self._sequences: dict[int, int] = {}
        self._writer.start(profile='ros2', library=library)

    @property
    def size(self) -> int:
        """Bytes on the disk so far."""
        return self._sink.tell()

    def channel(self, topic: str, kind: str, definition: str, qos: str = '') -> int:
        """Return the number of a new channel; `definition` is the type's with all it uses."""
        if kind not in self._schemas:
            data = definition.encode('utf-8')
            self._schemas[kind] = self._writer.register_schema(kind, 'ros2msg', data)
        number = self._writer.register_channel(
            topic, 'cdr', self._schemas[kind], {'offered_qos_profiles': qos}
        )
        self._sequences[number] = 0
        return number

    def write(self, channel: int, data: bytes, log_ns: int, publish_ns: int = 0) -> None:
        """Add a message; raises DiskFullError."""
        self._sequences[channel] += 1
        self._writer.add_message(
            channel, log_ns, data, publish_ns or log_ns, self._sequences[channel]
        )

    def describe(self, name: str, entries: Mapping[str, str]) -> None:
        """Add metadata; raises DiskFullError."""
        self._writer.add_metadata(name, dict(entries))

    def flush(self) -> None:
        """Bring everything so far to the disk; raises DiskFullError."""
        self._writer.flush()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Write the index and close; does nothing the second time. Raises DiskFullError."""
        try:
            if self._sink.is_open:
                self._writer.finish()  # type: ignore[no-untyped-call]
        finally:
            self._sink.close()


class _Sink:
    """A file of which every write is done whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise RecordingError(
                f'{path}: exists already; delete it or name another file with --out'
            ) from error
        except OSError as error:
            raise RecordingError(f"{path}: can't be made: {error.strerror}") from error
        self._at = 0
        self.is_open = True

    def tell(self) -> int:
        """Return how many bytes are written."""
        return self._at

    def flush(self) -> None:
        """Nothing waits here."""

    def write(self, data: Any) -> int:
        """Write everything; raises DiskFullError, and then the file is ended and closed."""
        if not self.is_open:
            raise DiskFullError(f'{self._path}: is closed')
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self._end_early()
            raise self._problem(error) from error
        self._at += len(data)
        return len(data)

    def _problem(self, error: OSError) -> RecordingError:
        """Say what happened to the file and what is left of it."""
        what = 'the disk is full' if error.errno in FULL else f'writing failed: {error.strerror}'
        return DiskFullError(
            f'{self._path}: {what}; the recording ends here and can be replayed up to now '
            f'({self._at / 1e6:.1f} MB). Free some space, or record fewer --topics or no --images'
        )

    def _end_early(self) -> None:
        """Take back what is half written, and end the file where it was whole."""
        from mcap.data_stream import RecordBuilder
        from mcap.records import DataEnd, Footer
        from mcap.writer import MCAP0_MAGIC

        end = RecordBuilder()
        DataEnd(0).write(end)
        Footer(0, 0, 0).write(end)
        try:
            os.ftruncate(self._file, self._at)
            os.lseek(self._file, self._at, os.SEEK_SET)
            os.write(self._file, end.end() + MCAP0_MAGIC)  # type: ignore[no-untyped-call]
        except OSError:  # not even for that; it can be read all the same
            os.ftruncate(self._file, self._at)
        self.close()

    def close(self) -> None:
        """Close the file; does nothing the second time."""
        if self.is_open:
            self.is_open = False
            os.close(self._file)
