"""Reads MCAP files, whole or cut in the middle, recorded by anybody.

Flow: `Reading.messages` walks through the file once, chunk by chunk, so that memory stays bounded;
`cut` then says where and why it ended early, `metadata` has what was met on the way.

*Safety*: a file is untrusted. Sizes that it claims are limited, and whatever is wrong with it ends
the walk with a note, never with another exception than RecordingError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import struct
from typing import Any, IO

MAX_RECORD = 512 * 1024 * 1024
STRING_TYPES = ('std_msgs/msg/String', 'std_msgs/String')


class RecordingError(RuntimeError):
    """A recording can't be read or written; the message says what to do."""


@dataclass(frozen=True)
class Message:
    """One message as it went over the wire: CDR `data`, and times in nanoseconds."""

    topic: str
    kind: str
    data: bytes
    log_ns: int
    publish_ns: int
    schema: Any = None

    @property
    def text(self) -> str:
        """The words of a std_msgs/String; raises RecordingError when it is none."""
        if self.kind not in STRING_TYPES or len(self.data) < 8:
            raise RecordingError(f'{self.topic}: {self.kind} of {len(self.data)} bytes: no String')
        (length,) = struct.unpack_from('<I' if self.data[1] & 1 else '>I', self.data, 4)
        words = self.data[8 : 8 + length]
        if len(words) != length:
            raise RecordingError(f'{self.topic}: a String that claims {length} bytes')
        return words.rstrip(b'\0').decode('utf-8', 'replace')


class Reading:
    """A file to be read from its beginning; raises RecordingError when it isn't one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: dict[str, dict[str, str]] = {}
        self.cut = ''
        with self._open() as file:
            if not file.read(8).startswith(b'\x89MCAP0'):
                raise RecordingError(
                    f'{path}: no MCAP file; `robochat record` writes one, and so does '
                    '`ros2 bag record -s mcap` (name the .mcap file inside its folder)'
                )

    def _open(self) -> IO[bytes]:
        try:
            return self.path.open('rb')
        except OSError as error:
            raise RecordingError(f"{self.path}: can't be read: {error.strerror}") from error

    def messages(self) -> Iterator[Message]:
        """Yield the messages in the order of the file, as far as it goes."""
        from mcap.exceptions import McapError
        import zstandard

        self.cut = ''
        last_ns = first_ns = 0
        with self._open() as file:
            try:
                for message in self._walk(file):
                    first_ns, last_ns = first_ns or message.log_ns, message.log_ns
                    yield message
            except (
                *(McapError, struct.error, zstandard.ZstdError),
                *(OSError, RuntimeError, ValueError, KeyError, MemoryError, OverflowError),
            ) as error:
                seconds = (last_ns - first_ns) * 1e-9
                why = str(error) or type(error).__name__
                self.cut = f'{self.path}: cut after {seconds:.1f} s, read up to there ({why})'

    def _walk(self, file: IO[bytes]) -> Iterator[Message]:
        """Yield the messages; raises what the library raises where the file is torn."""
        from mcap.records import Channel, Chunk, Metadata, Schema
        from mcap.records import Message as Record
        from mcap.stream_reader import breakup_chunk, StreamReader

        schemas: dict[int, Any] = {}
        channels: dict[int, Any] = {}

        def taken(record: Any) -> Iterator[Message]:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Metadata):
                self.metadata[record.name] = dict(record.metadata)
            elif isinstance(record, Record):
                channel = channels[record.channel_id]
                schema = schemas.get(channel.schema_id)
                yield Message(
                    topic=channel.topic,
                    kind=schema.name if schema else '',
                    data=record.data,
                    log_ns=record.log_time,
                    publish_ns=record.publish_time,
                    schema=schema,
                )

        reader = StreamReader(file, emit_chunks=True, record_size_limit=MAX_RECORD)
        for record in reader.records:
            if not isinstance(record, Chunk):
                yield from taken(record)
                continue
            if record.uncompressed_size > MAX_RECORD:
                raise ValueError(f'a chunk of {record.uncompressed_size} bytes')
            for one in breakup_chunk(record, validate_crc=True):
                yield from taken(one)
