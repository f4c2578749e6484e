"""What is believed about each person, folded from face observations over time.

Flow: `PersonMemory.see` takes one face; `person` gives the value that others may keep.
A mood is a certain expression that has lasted; one frame never makes one. Nor does one frame close
the eyes or end a word: both have to last. A face that jumps across the picture is not the face
that was looked at before, so what has to last starts again. So does a look at the robot when the
eyes open: nobody looks with closed ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
import math

from robochat.intention import Intention, Talk
from robochat.mood import MoodMemory
from robochat.settings import WorldSettings
from robochat.values import Box, FaceObservation, finite, Person, Speech

GROUP_TIME_CONSTANT_SEC = 2.0
DISTANCE_TIME_CONSTANT_SEC = 0.3
APPROACH_TIME_CONSTANT_SEC = 0.6
FACING_GRACE_SEC = 0.4
MOOD_STALE_SEC = 5.0
MOUTH_GRACE_SEC = 0.5
EYES_CLOSED_SEC = 1.2
# A blink takes a tenth to four tenths of a second (Stern 1984).
BLINK_SEC = 0.4
GAZE_TIME_CONSTANT_SEC = 1.0
ATTENTION_TIME_CONSTANT_SEC = 30.0
# So much nearer than before is more than noise of the distance.
CAME_M = 0.4
# The mesh of a face is right up to there, and so are its lips (`robochat.perception`).
LIPS_READ_M = 3.0
# Words are told some time after the lips came to rest: a recogniser waits for the end of them.
LIPS_SEC = 2.0
PHONE_SEC = 1.0
PHONE_GRACE_SEC = 2.0
NEAR_M = 2.0
WALKING_MPS = 0.1
UNKNOWN_DISTANCE_M = 1.5
JUMP_WIDTHS = 1.5
JUMP_SEC = 0.4


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
    mouth_sec: float = -math.inf
    lips_sec: float = -math.inf
    eyes_open_sec: float = -math.inf
    awake_since_sec: float = -math.inf
    gaze: float = 0.0
    measured_m: float | None = None
    farthest_m: float = 0.0
    turned_to_other: bool = False
    phone_since_sec: float | None = None
    phone_sec: float = -math.inf
    seen_outside: bool = False
    mood: MoodMemory = field(default_factory=MoodMemory)
    intention: Intention = field(default_factory=Intention)

    def see(self, face: FaceObservation, stamp_sec: float, read_sec: float | None = None) -> None:
        """Fold one face in, whose expression was read at `read_sec`; older faces are ignored."""
        elapsed_sec = stamp_sec - self.person.last_seen_sec
        if elapsed_sec < 0:
            return
        if elapsed_sec <= JUMP_SEC and _jumped(self.person.box, face.box):
            self._start_again(face.facing, stamp_sec)
        approach_mps = self._approach(face, elapsed_sec)
        if face.mouth_active:
            self.mouth_sec = stamp_sec
        if face.mouth_open is not None:
            self.lips_sec = stamp_sec
        self._fold_facing(face.facing, stamp_sec)
        self._fold_eyes(face.eyes_closed, stamp_sec)
        at_robot = face.facing and not self.turned_to_other
        self.gaze = _folded(self.gaze, at_robot, elapsed_sec, GAZE_TIME_CONSTANT_SEC)
        read_sec = stamp_sec if read_sec is None else read_sec
        self.person = self.mood.fold(
            self.person, face.emotion, read_sec, self.settings.mood_dwell_sec
        )
        looked_for_sec = self._looked_for(stamp_sec)
        looking = looked_for_sec > 0.0 and not self.turned_to_other
        self.left = False
        distance_m = self._distance(face.distance_m, elapsed_sec)
        self.person = replace(
            self.person,
            last_seen_sec=stamp_sec,
            box=face.box,
            bearing_rad=face.bearing_rad,
            visible=True,
            distance_m=distance_m,
            approach_mps=approach_mps,
            came_sec=self._came(distance_m, stamp_sec),
            lateral_mps=self._lateral(face, elapsed_sec),
            pose=face.pose,
            facing=self.facing_since_sec is not None,
            facing_sec=looked_for_sec,
            attention=_folded(
                self.person.attention, looking, elapsed_sec, ATTENTION_TIME_CONSTANT_SEC
            ),
            mouth_active=stamp_sec - self.mouth_sec <= MOUTH_GRACE_SEC,
            eyes_closed=stamp_sec - self.eyes_open_sec >= EYES_CLOSED_SEC,
            emotion=face.emotion,
        )

    def _start_again(self, facing: bool, stamp_sec: float) -> None:
        """Let nothing of another face count for this one: two faces share the id.

        Only where both face the robot, somebody has faced it all the time.
        """
        if not facing:
            self.facing_since_sec = None
            self.last_facing_sec = -math.inf
        self.mood.label = ''
        self.intention = Intention()
        self.eyes_open_sec = stamp_sec
        self.gaze = float(facing)
        self.person = replace(self.person, mood='', approach_mps=0.0, lateral_mps=0.0)

    def _approach(self, face: FaceObservation, elapsed_sec: float) -> float:
        """Smooth the speed at which the person comes nearer, in m/s."""
        before = self.measured_m
        if before is None or face.distance_m is None or not 0 < elapsed_sec < 1:
            return 0.0
        share = elapsed_sec / (elapsed_sec + APPROACH_TIME_CONSTANT_SEC)
        speed = max(-3.0, min(3.0, (before - face.distance_m) / elapsed_sec))
        return (1 - share) * self.person.approach_mps + share * speed

    def _distance(self, measured_m: float | None, elapsed_sec: float) -> float | None:
        """Smooth the distance, so that noise alone brings nobody near."""
        if measured_m is None or not math.isfinite(measured_m):
            return self.person.distance_m
        self.measured_m, before = measured_m, self.person.distance_m
        if before is None or not 0 < elapsed_sec < 1:
            return measured_m
        share = elapsed_sec / (elapsed_sec + DISTANCE_TIME_CONSTANT_SEC)
        return before + share * (measured_m - before)

    def _came(self, distance_m: float | None, stamp_sec: float) -> float:
        """Return when they last came nearer."""
        if distance_m is None or distance_m > self.farthest_m - CAME_M:
            self.farthest_m = max(self.farthest_m, distance_m or 0.0)
            return self.person.came_sec
        self.farthest_m = distance_m
        return stamp_sec

    def _lateral(self, face: FaceObservation, elapsed_sec: float) -> float:
        """Smooth the speed across the view, in m/s."""
        if not 0 < elapsed_sec < 1 or not finite(face.bearing_rad):
            return 0.0
        distance_m = face.distance_m if finite(face.distance_m) else None
        arc_m = (distance_m or UNKNOWN_DISTANCE_M) * abs(
            face.bearing_rad - self.person.bearing_rad
        )
        share = elapsed_sec / (elapsed_sec + APPROACH_TIME_CONSTANT_SEC)
        return (1 - share) * self.person.lateral_mps + share * min(3.0, arc_m / elapsed_sec)

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

    def _fold_eyes(self, closed: bool, stamp_sec: float) -> None:
        """Keep since when the eyes are open, over blinks."""
        if closed:
            return
        if stamp_sec - self.eyes_open_sec > BLINK_SEC:
            self.awake_since_sec = stamp_sec
        self.eyes_open_sec = stamp_sec

    def _looked_for(self, stamp_sec: float) -> float:
        """For how long the head has pointed at the robot, with open eyes."""
        if self.facing_since_sec is None or stamp_sec - self.eyes_open_sec > BLINK_SEC:
            return 0.0
        return stamp_sec - max(self.facing_since_sec, self.awake_since_sec)

    def age(self, unseen_sec: float) -> None:
        """Take back what is no longer seen: facing at once, the mood once it is stale."""
        if unseen_sec > FACING_GRACE_SEC:
            self.facing_since_sec = None
            self.person = replace(self.person, visible=False, facing=False, facing_sec=0.0)
        unread_sec = self.person.last_seen_sec + unseen_sec - self.mood.seen_sec
        if unread_sec > MOOD_STALE_SEC and self.person.mood:
            self.mood.label = self.spoken_mood = ''
            self.person = replace(self.person, mood='')

    def fold_phone(self, at_head: bool, stamp_sec: float) -> None:
        """Believe in a phone that stays at the head, over pictures in which it isn't found."""
        if at_head:
            if stamp_sec - self.phone_sec > PHONE_GRACE_SEC or self.phone_since_sec is None:
                self.phone_since_sec = stamp_sec
            self.phone_sec = stamp_sec
        held = self.phone_since_sec is not None and stamp_sec - self.phone_sec < PHONE_GRACE_SEC
        since_sec = self.phone_since_sec if self.phone_since_sec is not None else stamp_sec
        on_phone = held and self.phone_sec - since_sec >= PHONE_SEC
        self.person = replace(self.person, on_phone=on_phone, phone_seen_sec=self.phone_sec)

    def fold_screen(self, inside: bool) -> None:
        """Take a face for a picture as long as it was never seen outside of a screen."""
        self.seen_outside = self.seen_outside or not inside
        self.person = replace(self.person, on_screen=not self.seen_outside)

    def fold_intention(self, talk: Talk, now_sec: float) -> None:
        """Estimate anew how much they want to interact."""
        self.intention.fold(self.person, talk, now_sec)
        self.person = replace(
            self.person,
            engagement=self.intention.probability,
            engagement_state=self.intention.state,
        )

    def moved_lips(self, now_sec: float) -> bool | None:
        """Tell whether the lips moved as in speech just now; None where they can't be read."""
        if self.person.visible and now_sec - self.mouth_sec <= LIPS_SEC:
            return True
        legible = (self.person.distance_m or 0.0) <= LIPS_READ_M
        return False if legible and now_sec - self.lips_sec <= MOUTH_GRACE_SEC else None

    def spoke(self, speech: Speech) -> Speech:
        """Add to their words what was seen of them, once and for all."""
        gaze = self.gaze if self.person.visible else None
        seen = self.moved_lips(speech.stamp_sec)
        return replace(speech, seen=seen, gaze=gaze, by=self.person)

    def fold_company(self, turned_to_other: bool, elapsed_sec: float) -> None:
        """Low-pass how much of the time this head points at someone who points back."""
        self.turned_to_other = turned_to_other
        share = min(1.0, elapsed_sec / GROUP_TIME_CONSTANT_SEC)
        level = self.person.with_others + share * (
            float(turned_to_other) - self.person.with_others
        )
        self.person = replace(self.person, with_others=level)


def remember(face: FaceObservation, stamp_sec: float, settings: WorldSettings) -> PersonMemory:
    """Start the memory of a person seen for the first time."""
    person = Person(
        face.person, stamp_sec, stamp_sec, face.box, face.bearing_rad, came_sec=stamp_sec
    )
    memory = PersonMemory(person, settings, eyes_open_sec=stamp_sec, gaze=float(face.facing))
    memory.see(face, stamp_sec)
    return memory


def _folded(before: float, holds: bool, elapsed_sec: float, constant_sec: float) -> float:
    """Low-pass how much of the time something holds."""
    share = elapsed_sec / (elapsed_sec + constant_sec)
    return before + share * (float(holds) - before)


def _jumped(before: Box, now: Box) -> bool:
    """Tell whether a face moved further than a head moves between two pictures."""
    across = math.dist(before.center, now.center)
    return across > JUMP_WIDTHS * max(before.width, now.width, 1.0)


def came_near(before: Person, after: Person) -> bool:
    """Tell whether someone just crossed into talking distance by walking up."""
    if before.distance_m is None or after.distance_m is None:
        return False
    return before.distance_m > NEAR_M >= after.distance_m and after.approach_mps > WALKING_MPS
