"""Eyes on a recording: perception runs again on the recorded pictures.

Flow: `picture_stamps` indexes when pictures were taken; for each observation on the tape the
picture of that moment, or the newest one shortly before it, is read from the file, decoded and
seen. Pictures are walked through once, in order, so that memory holds only a few.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
import struct
from typing import Any, Protocol

from robochat.perception.image import decode_compressed, decode_raw, ImageError
from robochat.recording.reading import Message, Reading
from robochat.values import Frame, Observation, RgbImage, SceneObservation

IMAGE_KINDS = ('sensor_msgs/msg/CompressedImage', 'sensor_msgs/msg/Image')
# Pictures may be recorded as seldom as three times a second.
NEAR_SEC = 0.5
KEPT = 8
EXACT_SEC = 1e-6
# What the decoder raises for bytes that are no message of their type.
UNREADABLE = (ValueError, struct.error, LookupError, EOFError)


class Perceives(Protocol):
    """What perception offers."""

    def see(self, frame: Frame) -> Observation:
        """Find faces."""

    def look(self, frame: Frame) -> SceneObservation:
        """Find things."""


class RecordedEyes:
    """Sees the recorded pictures; raises what the perceiver raises."""

    def __init__(self, path: Path, perceiver: Perceives) -> None:
        self._perceiver = perceiver
        self._reading = Reading(path)
        self._coming = frames_of(self._reading)
        self._next: Frame | None = next(self._coming, None)
        self._kept: deque[Frame] = deque(maxlen=KEPT)
        self.exact = self.near = 0

    @property
    def has_pictures(self) -> bool:
        """Whether there is any picture in the file."""
        return self._next is not None or bool(self._kept)

    def see(self, recorded: Observation) -> Observation | None:
        """Find faces in the picture behind an observation."""
        frame = self._frame(recorded.stamp_sec)
        return self._perceiver.see(frame) if frame is not None else None

    def look(self, recorded: SceneObservation) -> SceneObservation | None:
        """Find things in the picture behind an observation."""
        frame = self._frame(recorded.stamp_sec)
        return self._perceiver.look(frame) if frame is not None else None

    def _frame(self, stamp_sec: float) -> Frame | None:
        """Find the picture of a moment, stamped with that moment."""
        while self._next is not None and self._next.stamp_sec <= stamp_sec + EXACT_SEC:
            self._kept.append(self._next)
            self._next = next(self._coming, None)
        before = [f for f in self._kept if f.stamp_sec <= stamp_sec + EXACT_SEC]
        if not before or stamp_sec - before[-1].stamp_sec > NEAR_SEC:
            return None
        frame = before[-1]
        exact = abs(frame.stamp_sec - stamp_sec) <= EXACT_SEC
        self.exact, self.near = self.exact + exact, self.near + (not exact)
        return Frame(frame.image, stamp_sec, frame.number)


def frames_of(reading: Reading) -> Iterator[Frame]:
    """Decode the pictures of the first camera in a file; what can't be decoded is left out."""
    from mcap_ros2.decoder import DecoderFactory

    factory, topic = DecoderFactory(), ''
    for number, message in enumerate(m for m in reading.messages() if m.kind in IMAGE_KINDS):
        topic = topic or message.topic
        decode = factory.decoder_for('cdr', message.schema)
        if message.topic != topic or decode is None:
            continue
        try:
            read = decode(message.data)
        except UNREADABLE:
            continue
        image = _decoded(message, read)
        if image is not None:
            stamp = read.header.stamp
            yield Frame(image, float(stamp.sec) + float(stamp.nanosec) / 1e9, number)


def _decoded(message: Message, read: Any) -> RgbImage | None:
    """Decode a picture; None where it can't be used."""
    try:
        if message.kind.endswith('CompressedImage'):
            return decode_compressed(read.data)
        return decode_raw(
            read.data, read.height, read.width, read.encoding, read.step, bool(read.is_bigendian)
        )
    except ImageError:
        return None
