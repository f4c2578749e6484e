"""What is believed about each person, folded from face observations over time.

Flow: `PersonMemory.see` takes one face; `person` gives the value that others may keep.
A mood is a certain expression that has lasted; one frame never makes one. A head counts as turned
toward another person when it points to that person's side of the picture, and two people count as
busy with each other when both do so for a good share of the last seconds (an F-formation seen from
outside, Kendon 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import itertools
import math

from robochat.settings import WorldSettings
from robochat.values import Emotion, EMOTIONS, FaceObservation, finite, Person

TURNED_RAD = math.radians(18.0)
GROUP_TIME_CONSTANT_SEC = 2.0
APPROACH_TIME_CONSTANT_SEC = 0.6
FACING_GRACE_SEC = 0.4
MOOD_GRACE_SEC = 1.0
MOOD_STALE_SEC = 5.0
NEAR_M = 2.0
WALKING_MPS = 0.1


@dataclass
class PersonMemory:
    """The running state behind one `Person`; `own_sec` is when our own eyes saw them last."""

    person: Person
    settings: WorldSettings
    announced: bool = False
    left: bool = False
    own_sec: float = -math.inf
    spoken_mood: str = ''
    last_facing_sec: float = -math.inf
    facing_since_sec: float | None = None
    candidate: str = ''
    candidate_since_sec: float = 0.0
    candidate_seen_sec: float = -math.inf

    def see(self, face: FaceObservation, stamp_sec: float) -> None:
        """Fold one face in; faces older than the newest are ignored."""
        elapsed_sec = stamp_sec - self.person.last_seen_sec
        if elapsed_sec < 0:
            return
        approach_mps = self._approach(face, elapsed_sec)
        self._fold_facing(face.facing, stamp_sec)
        self._fold_mood(face.emotion, stamp_sec)
        self.left = False
        facing_since_sec = stamp_sec if self.facing_since_sec is None else self.facing_since_sec
        self.person = replace(
            self.person,
            last_seen_sec=stamp_sec,
            box=face.box,
            bearing_rad=face.bearing_rad,
            visible=True,
            distance_m=face.distance_m if finite(face.distance_m) else self.person.distance_m,
            approach_mps=approach_mps,
            pose=face.pose,
            facing=self.facing_since_sec is not None,
            facing_sec=stamp_sec - facing_since_sec,
            mouth_active=face.mouth_active,
            emotion=face.emotion,
        )

    def _approach(self, face: FaceObservation, elapsed_sec: float) -> float:
        """Smooth the speed at which the person comes nearer, in m/s."""
        before = self.person.distance_m
        if before is None or face.distance_m is None or not 0 < elapsed_sec < 1:
            return 0.0
        share = elapsed_sec / (elapsed_sec + APPROACH_TIME_CONSTANT_SEC)
        speed = max(-3.0, min(3.0, (before - face.distance_m) / elapsed_sec))
        return (1 - share) * self.person.approach_mps + share * speed

    def _fold_facing(self, facing: bool, stamp_sec: float) -> None:
        """Keep since when the head faces the robot, over gaps shorter than the grace time."""
        if facing:
            if (
                stamp_sec - self.last_facing_sec > FACING_GRACE_SEC
                or self.facing_since_sec is None
            ):
                self.facing_since_sec = stamp_sec
            self.last_facing_sec = stamp_sec
        elif stamp_sec - self.last_facing_sec > FACING_GRACE_SEC:
            self.facing_since_sec = None

    def _fold_mood(self, emotion: Emotion | None, stamp_sec: float) -> None:
        """Let a certain label that lasts become the mood; uncertainty alone only ages it."""
        if emotion is None or not emotion.certain:
            if stamp_sec - self.candidate_seen_sec > MOOD_GRACE_SEC:
                self.candidate = ''
            return
        if emotion.label != self.candidate:
            self.candidate, self.candidate_since_sec = emotion.label, stamp_sec
        self.candidate_seen_sec = stamp_sec
        lasted_sec = stamp_sec - self.candidate_since_sec
        if self.candidate != self.person.mood and lasted_sec >= self.settings.mood_dwell_sec:
            since = self.candidate_since_sec
            self.person = replace(self.person, mood=self.candidate, mood_since_sec=since)

    def age(self, unseen_sec: float) -> None:
        """Take back what is no longer seen: facing at once, the mood once it is stale."""
        if unseen_sec > FACING_GRACE_SEC:
            self.facing_since_sec = None
            self.person = replace(self.person, visible=False, facing=False, facing_sec=0.0)
        unread_sec = self.person.last_seen_sec + unseen_sec - self.candidate_seen_sec
        if unread_sec > MOOD_STALE_SEC and self.person.mood:
            self.candidate = self.spoken_mood = ''
            self.person = replace(self.person, mood='')

    def fold_company(self, turned_to_other: bool, elapsed_sec: float) -> None:
        """Low-pass how much of the time this head points at someone who points back."""
        share = min(1.0, elapsed_sec / GROUP_TIME_CONSTANT_SEC)
        level = self.person.with_others + share * (
            float(turned_to_other) - self.person.with_others
        )
        self.person = replace(self.person, with_others=level)


def remember(face: FaceObservation, stamp_sec: float, settings: WorldSettings) -> PersonMemory:
    """Start the memory of a person seen for the first time."""
    person = Person(face.person, stamp_sec, stamp_sec, face.box, face.bearing_rad)
    memory = PersonMemory(person, settings)
    memory.see(face, stamp_sec)
    return memory


def turned_toward(person: Person, other: Person) -> bool:
    """Tell whether the head of `person` points to the side of the picture where `other` is."""
    if person.pose is None or person.facing:
        return False
    side = other.box.center[0] - person.box.center[0]
    return abs(person.pose.yaw_rad) > TURNED_RAD and side * person.pose.yaw_rad > 0


def busy_together(person: Person, other: Person) -> bool:
    """Tell whether two people are turned to each other; one head may be too far round."""
    toward, back = turned_toward(person, other), turned_toward(other, person)
    if toward and back:
        return True
    return (toward and _unreadable(other)) or (back and _unreadable(person))


def in_company(people: Sequence[Person]) -> set[str]:
    """Return the ids of those who are turned to someone who is turned to them."""
    pairs = itertools.combinations(people, 2)
    return {person.id for pair in pairs if busy_together(*pair) for person in pair}


def came_near(before: Person, after: Person) -> bool:
    """Tell whether someone just crossed into talking distance by walking up."""
    if before.distance_m is None or after.distance_m is None:
        return False
    return before.distance_m > NEAR_M >= after.distance_m and after.approach_mps > WALKING_MPS


def _unreadable(person: Person) -> bool:
    """A visible face whose pose can't be measured is turned away."""
    return person.visible and person.pose is None and not person.facing


def fuse(own: Emotion | None, other: Emotion | None) -> Emotion | None:
    """Join two estimates of one face: the certain one, or the mean; unsure if they differ."""
    if own is None or other is None:
        return own or other
    if own.certain != other.certain:
        return own if own.certain else other
    scores = tuple((a + b) / 2 for a, b in zip(own.scores, other.scores, strict=True))
    best = max(range(len(scores)), key=scores.__getitem__)
    return Emotion(
        label=EMOTIONS[best],
        score=scores[best],
        scores=scores,
        valence=(own.valence + other.valence) / 2,
        arousal=(own.arousal + other.arousal) / 2,
        certain=own.certain and own.label == other.label,
    )
