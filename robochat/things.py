"""What is believed about each thing: where it is, what it rests on, whether it fell.

A thing has fallen when it stood on something and is seen again, clearly lower, soon after; a
detector at one or two pictures a second does not see the flight, only before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from robochat.values import Box, ObjectObservation, Thing

SURFACES = ('dining table', 'table', 'desk', 'couch', 'chair', 'bed', 'bench', 'refrigerator')
# Who walks by could step into what is broken, or sharp.
DANGEROUS_FALLEN = ('cup', 'wine glass', 'bottle', 'vase', 'bowl', 'knife', 'scissors')
# Stands where it stands: what seems to fall of it is the robot's own motion.
FURNITURE = (
    *('bed', 'bench', 'chair', 'couch', 'dining table', 'microwave', 'oven', 'refrigerator'),
    *('sink', 'toilet', 'tv'),
)
HAZARDS = ('fire', 'smoke', 'spill', 'broken glass', 'water on the floor', 'knife on the floor')
FALL_MEMORY_SEC = 4.0
FALL_SEC = 1.5
FALL_HEIGHTS = 0.9
# What comes nearer sinks in the picture too: lower by its own height, it has grown by more.
GROWN = 1.6
SETTLED_SIGHTINGS = 2


@dataclass
class ThingMemory:
    """The running state behind one `Thing`."""

    thing: Thing
    sightings: int = 1
    settled: Box | None = None
    settled_sec: float = 0.0
    steady: bool = True
    announced: bool = False
    fallen: bool = False
    gone: bool = False

    def see(self, seen: ObjectObservation, stamp_sec: float) -> bool:
        """Fold one sighting in and tell whether the thing fell since it last stood still."""
        fell = self._fell(seen.box, stamp_sec)
        self.steady = fell or self.settled is None or self._still(seen.box)
        if self.steady:
            self.settled, self.settled_sec = seen.box, stamp_sec
        old = self.thing
        self.sightings += 1
        self.gone = False
        self.thing = Thing(
            old.id,
            seen.label,
            seen.score,
            seen.box,
            old.first_seen_sec,
            stamp_sec,
            True,
            old.relations,
        )
        return fell

    def _still(self, box: Box) -> bool:
        return self.settled is not None and self.settled.iou(box) > 0.5

    def _fell(self, box: Box, stamp_sec: float) -> bool:
        """Compare with where it stood: lower by about its own height, not merely nearer.

        What is seen on its way for longer than a fall takes is carried.
        """
        if self.settled is None or self.sightings < SETTLED_SIGHTINGS:
            return False
        if self.thing.label in FURNITURE:
            return False
        longest_sec = FALL_MEMORY_SEC if self.steady else FALL_SEC
        return stamp_sec - self.settled_sec <= longest_sec and dropped(self.settled, box)


def dropped(before: Box, after: Box) -> bool:
    """Tell whether a box moved down by its height without growing as if carried nearer."""
    drop = after.center[1] - before.center[1]
    sideways = abs(after.center[0] - before.center[0])
    grown = after.area / before.area if before.area > 0 else 1.0
    return drop > FALL_HEIGHTS * before.height and drop > 0.8 * sideways and grown < GROWN


def remember_thing(seen: ObjectObservation, stamp_sec: float) -> ThingMemory:
    """Start the memory of a thing seen for the first time."""
    thing = Thing(seen.id, seen.label, seen.score, seen.box, stamp_sec, stamp_sec)
    return ThingMemory(thing, settled=seen.box, settled_sec=stamp_sec)


def fallen_twin(
    new: ObjectObservation, known: Iterable[ThingMemory], now_sec: float
) -> ThingMemory | None:
    """Find the thing of its kind that just vanished above a new one: it fell."""
    if new.label in FURNITURE:
        return None
    for memory in known:
        unseen_sec = now_sec - memory.thing.last_seen_sec
        same = memory.thing.label == new.label and memory.thing.id != new.id
        settled = memory.sightings >= SETTLED_SIGHTINGS and 0 < unseen_sec <= FALL_MEMORY_SEC
        if same and settled and dropped(memory.thing.box, new.box):
            return memory
    return None


def relations_of(thing: Thing, others: Sequence[Thing]) -> tuple[str, ...]:
    """Say on which surface a thing stands, judged by where its foot lies in the picture."""
    if thing.label in SURFACES:
        return ()
    foot_x, foot_y = thing.box.center[0], thing.box.bottom
    for other in others:
        box = other.box
        over = box.x <= foot_x <= box.x + box.width
        if other.label in SURFACES and over and box.y <= foot_y <= box.bottom:
            return (f'on {other.id}',)
    return ()
