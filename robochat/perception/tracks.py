"""Give what is detected ids that stay through short occlusions.

Flow: predict where tracks are now -> cost of every pair that may match -> the cheapest pairs first
-> new ids for what is left. No appearance and no face embedding is used, so nobody is
recognised when they come back later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import math

import numpy as np
from robochat.values import Box

# Distances are counted in box sides. People side by side are three face widths apart, so a face
# that vanished is not mistaken for its neighbour, however long ago.
REACH = 1.5
REACH_PER_SEC = 1.0
MOST_GROWTH = 2.2
# Nobody keeps walking straight on unseen: after this long, a lost track is expected to stay.
COAST_SEC = 0.6
VELOCITY_GAIN = 0.5
# A detection that lies this much inside another of its kind is the same thing found twice.
DOUBLE = 0.6
IMPOSSIBLE = 1e6


@dataclass(frozen=True)
class Found:
    """Something that a detector found: its label (which ids start with) and its box in pixels."""

    label: str
    box: Box


@dataclass
class _Track:
    """What is known of one id; velocity is in pixels a second."""

    name: str
    label: str
    box: Box
    seen_sec: float
    velocity: tuple[float, float] = (0.0, 0.0)

    def expected(self, now_sec: float) -> Box:
        """Say where the box is now if it kept moving for a while."""
        ahead = min(now_sec - self.seen_sec, COAST_SEC)
        x, y = self.box.x + self.velocity[0] * ahead, self.box.y + self.velocity[1] * ahead
        return Box(x, y, self.box.width, self.box.height)

    def take(self, box: Box, now_sec: float) -> None:
        """Follow to where it was found."""
        elapsed = now_sec - self.seen_sec
        if elapsed > 0:
            moved = np.subtract(box.center, self.box.center) / elapsed
            mixed = np.array(self.velocity) * (1 - VELOCITY_GAIN) + moved * VELOCITY_GAIN
            self.velocity = (float(mixed[0]), float(mixed[1]))
        self.box, self.seen_sec = box, now_sec


class Tracker:
    """Names detections from frame to frame (`person_1`, `cup_2`); ids are never used twice."""

    def __init__(self, lost_sec: float) -> None:
        self._lost_sec = lost_sec
        self._tracks: list[_Track] = []
        self._counts: Counter[str] = Counter()
        self._now_sec = -math.inf

    @property
    def ids(self) -> frozenset[str]:
        """Ids that may still return: seen now or lost for less than `lost_sec`."""
        return frozenset(track.name for track in self._tracks)

    def update(self, found: Sequence[Found], now_sec: float) -> tuple[str | None, ...]:
        """Return an id for each of `found`, None for what is another one found twice.

        A clock that jumps back keeps the ids of what is still where it was.
        """
        self._advance(now_sec)
        ids: list[str | None] = [None] * len(found)
        for track, column in tuple(self._match(found)):
            track.take(found[column].box, now_sec)
            ids[column] = track.name
        self._add_new(found, ids)
        return tuple(ids)

    def follow(self, boxes: Mapping[str, Box], now_sec: float) -> None:
        """Move known ids to where their owners were followed without a detection."""
        self._advance(now_sec)
        for track in self._tracks:
            if track.name in boxes:
                track.take(boxes[track.name], now_sec)

    def _advance(self, now_sec: float) -> None:
        """Let time pass: forget what has been lost too long."""
        if now_sec < self._now_sec:
            self._restart(now_sec)
        self._now_sec = now_sec
        self._tracks = [t for t in self._tracks if now_sec - t.seen_sec <= self._lost_sec]

    def _restart(self, now_sec: float) -> None:
        """Forget motion and ages, which mean nothing on the new clock."""
        for track in self._tracks:
            track.seen_sec, track.velocity = now_sec, (0.0, 0.0)

    def _match(self, found: Sequence[Found]) -> Iterator[tuple[_Track, int]]:
        """Pair tracks with detections, the cheapest pairs first."""
        pairs = [
            (cost, row, column)
            for row, track in enumerate(self._tracks)
            for column, item in enumerate(found)
            if (cost := self._cost(track, item)) < IMPOSSIBLE
        ]
        rows: set[int] = set()
        columns: set[int] = set()
        for _, row, column in sorted(pairs):
            if row not in rows and column not in columns:
                rows.add(row)
                columns.add(column)
                yield self._tracks[row], column

    def _cost(self, track: _Track, item: Found) -> float:
        """Add up distance, growth and lack of overlap, or say that the pair is impossible."""
        if track.label != item.label or item.box.area <= 0:
            return IMPOSSIBLE
        box = track.expected(self._now_sec)
        side, other = math.sqrt(box.area), math.sqrt(item.box.area)
        apart = math.dist(box.center, item.box.center) / max((side + other) / 2, 1e-6)
        growth = abs(math.log(other / max(side, 1e-6)))
        unseen_sec = min(self._now_sec - track.seen_sec, 1.0)
        if apart > REACH + REACH_PER_SEC * unseen_sec or growth > math.log(MOST_GROWTH):
            return IMPOSSIBLE
        return apart + growth + (1.0 - box.iou(item.box))

    def _add_new(self, found: Sequence[Found], ids: list[str | None]) -> None:
        """Start tracks for what no track explains, best detections first."""
        for column, item in enumerate(found):
            if (
                ids[column] is None
                and item.box.area > 0
                and not self._is_double(column, found, ids)
            ):
                ids[column] = self._start(item)

    def _is_double(self, column: int, found: Sequence[Found], ids: Sequence[str | None]) -> bool:
        """Tell whether the detection lies inside another one that has an id."""
        item = found[column]
        return any(
            ids[k] is not None
            and other.label == item.label
            and inside(item.box, other.box) > DOUBLE
            for k, other in enumerate(found)
            if k != column
        )

    def _start(self, item: Found) -> str:
        """Name a new track."""
        stem = item.label.replace(' ', '_')
        self._counts[stem] += 1
        track = _Track(f'{stem}_{self._counts[stem]}', item.label, item.box, self._now_sec)
        self._tracks.append(track)
        return track.name


def inside(box: Box, other: Box) -> float:
    """Return the shared area as a part of the smaller of the two boxes."""
    wide = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    high = min(box.bottom, other.bottom) - max(box.y, other.y)
    return max(0.0, wide) * max(0.0, high) / max(min(box.area, other.area), 1e-9)
