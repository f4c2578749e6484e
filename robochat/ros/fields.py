"""Single fields of messages: numbers, texts, boxes and stamps, read with suspicion.

What comes over the network may be anything that fits the type: NaN, a megabyte of text, a stamp of
another clock. Every reader either returns a value that the stages can live with, or raises
ConvertError with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
import math
from typing import TypeVar
import unicodedata

from builtin_interfaces.msg import Duration, Time
from robochat.values import Box
from std_msgs.msg import Header

MAX_ID = 128
MAX_TEXT = 4096
MAX_ITEMS = 256
MAX_PIXELS = 1e6
NANOSECONDS = 1_000_000_000
LAST_SECOND = 2**31 - 1
Items = TypeVar('Items', bound=Sized)


class ConvertError(ValueError):
    """A message can't be turned into a value, or a value into a message; says which field."""


# --------------------------------------------------------------------------- numbers
def number(value: float, name: str, low: float, high: float) -> float:
    """Clip a number into a range; raises ConvertError when it isn't finite."""
    if not math.isfinite(value):
        raise ConvertError(f'{name} = {value}: must be a number from {low:g} to {high:g}')
    return min(high, max(low, float(value)))


def share(value: float, name: str) -> float:
    """Read a score or confidence, 0 to 1."""
    return number(value, name, 0.0, 1.0)


def optional(value: float, low: float, high: float) -> float | None:
    """Read a number that NaN leaves unknown, clipped into a range."""
    return min(high, max(low, float(value))) if math.isfinite(value) else None


def or_nan(value: float | None) -> float:
    """Write an unknown number as NaN."""
    return math.nan if value is None else float(value)


def byte(value: int) -> int:
    """Clip a priority or count into uint8."""
    return min(255, max(0, int(value)))


def count(value: int) -> int:
    """Clip a count into uint32."""
    return min(2**32 - 1, max(0, int(value)))


# --------------------------------------------------------------------------- texts
def text(value: str, limit: int = MAX_TEXT) -> str:
    """Cut a text, and drop what neither the transport nor a prompt can carry.

    Control characters would break lines of a prompt apart, a NUL ends the string inside rosidl,
    and a lone surrogate can't be encoded.
    """
    kept = ''.join(' ' if c in '\t\n\r' else c for c in value[:limit] if _printable(c))
    return kept.strip()


def label(value: str) -> str:
    """Read an id or a class name."""
    return text(value, MAX_ID)


def texts(values: Sequence[str], name: str, limit: int = MAX_TEXT) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple(text(value, limit) for value in few(values, name))


def written(values: Iterable[str]) -> list[str]:
    """Write a list of texts."""
    return [text(value) for value in values]


def _printable(character: str) -> bool:
    """Tell whether a character may stay: line breaks, and all that is neither control nor lone."""
    return character in '\t\n\r' or unicodedata.category(character) not in ('Cc', 'Cs')


# --------------------------------------------------------------------------- sequences, boxes
def few(values: Items, name: str) -> Items:
    """Pass on a sequence of bearable length; raises ConvertError for longer ones."""
    if len(values) > MAX_ITEMS:
        raise ConvertError(f'{name} has {len(values)} items: at most {MAX_ITEMS} are read')
    return values


def box_from_msg(values: Sequence[float], name: str) -> Box:
    """Read x, y, w, h in pixels; raises ConvertError when they can't be a box."""
    x, y, width, height = (float(value) for value in values)
    if not all(math.isfinite(v) and abs(v) <= MAX_PIXELS for v in (x, y, width, height)):
        raise ConvertError(f'{name} = {[x, y, width, height]}: must be four numbers in pixels')
    if width < 0 or height < 0:
        raise ConvertError(f'{name} is {width:g} x {height:g} px: must not be negative')
    return Box(x, y, width, height)


def box_to_msg(box: Box) -> list[float]:
    """Write x, y, w, h in pixels."""
    return [float(box.x), float(box.y), float(box.width), float(box.height)]


# --------------------------------------------------------------------------- time
def stamp_to_msg(seconds: float | None) -> Time:
    """Write a stamp; what no stamp can hold (None, NaN, negative, after 2038) becomes zero."""
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds < LAST_SECOND:
        return Time()
    whole, nanoseconds = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Time(sec=whole, nanosec=nanoseconds)


def stamp_from_msg(stamp: Time) -> float | None:
    """Read a stamp in seconds; zero, negative and malformed ones are unknown."""
    if stamp.sec < 0 or stamp.nanosec >= NANOSECONDS or not (stamp.sec or stamp.nanosec):
        return None
    return float(stamp.sec) + float(stamp.nanosec) / NANOSECONDS


def duration_to_msg(seconds: float) -> Duration:
    """Write a duration; NaN and negative ones become zero, endless ones the longest."""
    if math.isnan(seconds) or seconds <= 0:
        return Duration()
    if seconds >= LAST_SECOND:
        return Duration(sec=LAST_SECOND)
    whole, nanoseconds = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Duration(sec=whole, nanosec=nanoseconds)


def duration_from_msg(duration: Duration) -> float:
    """Read a duration in seconds, never negative."""
    return max(0.0, float(duration.sec) + float(duration.nanosec) / NANOSECONDS)


def header(stamp_sec: float | None, frame_id: str = '') -> Header:
    """Make a header."""
    return Header(stamp=stamp_to_msg(stamp_sec), frame_id=label(frame_id))


@dataclass
class StampReader:
    """Reads stamps of a sender whose clock may be off, and counts those it had to replace.

    A stamp further than `tolerance_sec` from the time of arrival belongs to another clock (or to
    none), so the time of arrival is used.
    """

    tolerance_sec: float = 10.0
    replaced: int = 0

    def read(self, stamp: Time, now_sec: float) -> float:
        """Return the stamp in seconds, or `now_sec` when it can't be believed."""
        seconds = stamp_from_msg(stamp)
        if seconds is None or abs(seconds - now_sec) > self.tolerance_sec:
            self.replaced += 1
            return now_sec
        return min(seconds, now_sec)
