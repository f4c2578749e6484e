"""Which still figure shows a person: bodies are bent, and faces made, in steps.

Gazebo can't bend a mesh, so a person is shown as two of a set of still ones, a head and a body,
that are swapped. A head has a mood, a mouth, a direction; what is left of the direction turns the
whole person. Pure: the same scenario always needs the same looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
import math

from ..people import Pose
from ..script import Act, Scenario
from ..simulation import Simulation
from ..state import PersonState

YAW_STEP_RAD = 0.3
PITCH_STEP_RAD = 0.12
STRIDES = 8
SEATS = 2
OPEN_MOUTH = 0.22
FRAME_SEC = 1 / 15


@dataclass(frozen=True, order=True)
class HeadLook:
    """A mood's face, speaking or not, turned by whole steps to the left and down."""

    mood: str = 'neutral'
    talks: bool = False
    yaw: int = 0
    pitch: int = 0

    @property
    def name(self) -> str:
        """Name of its mesh."""
        return f'head_{self.mood}{"_talks" if self.talks else ""}_{self.yaw}_{self.pitch}'

    @property
    def pose(self) -> Pose:
        """How the head is turned."""
        return Pose(self.yaw * YAW_STEP_RAD, self.pitch * PITCH_STEP_RAD)


@dataclass(frozen=True, order=True)
class BodyLook:
    """A body that sits (0 to `SEATS`), takes the nth part of a step (-1 stands), reaches out."""

    seat: int = 0
    stride: int = -1
    reaches: bool = False

    @property
    def name(self) -> str:
        """Name of its mesh."""
        step = f'_step{self.stride}' if self.stride >= 0 else ''
        return f'body_{self.seat}{step}{"_reaches" if self.reaches else ""}'

    @property
    def pose(self) -> Pose:
        """How the body is bent."""
        return Pose(
            seated=self.seat / SEATS,
            stride=float(self.stride >= 0),
            stride_rad=max(0, self.stride) * math.tau / STRIDES,
            reach=float(self.reaches),
        )


@dataclass(frozen=True)
class Wardrobe:
    """All looks of one person, sorted."""

    body: str
    heads: tuple[HeadLook, ...]
    bodies: tuple[BodyLook, ...]

    def head(self, wanted: HeadLook) -> HeadLook:
        """Return the look that comes nearest: the mood counts most, then the direction."""
        return min(
            self.heads,
            key=lambda h: (
                h.mood != wanted.mood,
                abs(h.yaw - wanted.yaw) + abs(h.pitch - wanted.pitch),
                h.talks != wanted.talks,
            ),
        )

    def posture(self, wanted: BodyLook) -> BodyLook:
        """Return the look that comes nearest."""
        return min(
            self.bodies,
            key=lambda b: (
                abs(b.seat - wanted.seat),
                b.reaches != wanted.reaches,
                (b.stride < 0) != (wanted.stride < 0),
                abs(b.stride - wanted.stride),
            ),
        )


def head_of(person: PersonState) -> HeadLook:
    """Return the look that shows a person's head best."""
    mouth = [weight for name, weight in person.units if name == 'jawOpen']
    return HeadLook(
        mood=person.mood,
        talks=person.speaking and bool(mouth) and mouth[-1] > OPEN_MOUTH,
        yaw=round(person.pose.head_yaw_rad / YAW_STEP_RAD),
        pitch=round(person.pose.head_pitch_rad / PITCH_STEP_RAD),
    )


def body_of(person: PersonState) -> BodyLook:
    """Return the look that shows a person's body best."""
    pose = person.pose
    seat = round(pose.seated * SEATS)
    phase = round(pose.stride_rad / (math.tau / STRIDES)) % STRIDES
    walks = pose.stride > 0.5 and not seat
    return BodyLook(seat, phase if walks else -1, pose.reach > 0.5)


def wardrobes(scenario: Scenario) -> dict[str, Wardrobe]:
    """Play a scenario and return, by people's ids, all that its people may look like.

    The robot's words and deeds aren't known in advance, so moods, mouths and directions that occur
    are combined, and whoever might walk, sit or take something has the looks for it.
    """
    acts = (*scenario.script, *(reply.act for reply in scenario.replies))
    seen: dict[str, list[PersonState]] = {p.id: [] for p in scenario.people}
    simulation = Simulation(scenario)
    for number in range(round(scenario.duration_sec / FRAME_SEC)):
        for person in simulation.step(number * FRAME_SEC).people:
            seen[person.id].append(person)
    return {
        p.id: _wardrobe(p.body, seen[p.id], [a for a in acts if a.person == p.id], p.mood)
        for p in scenario.people
    }


def _wardrobe(body: str, seen: list[PersonState], acts: list[Act], mood: str) -> Wardrobe:
    """Combine what was seen with what else may come."""
    moods = {'neutral', mood, *(act.mood for act in acts if act.mood)}
    mouths = {False, any(act.say for act in acts)}
    turns = {(0, 0), *((h.yaw, h.pitch) for h in map(head_of, seen))}
    heads = [
        HeadLook(m, talks, yaw, pitch) for m in moods for talks in mouths for yaw, pitch in turns
    ]
    bodies = {BodyLook(), *map(body_of, seen)}
    if any(act.walk_to for act in acts):
        bodies |= {BodyLook(stride=step) for step in range(STRIDES)}
    if any(act.sit is not None for act in acts):
        bodies |= {BodyLook(seat) for seat in range(SEATS + 1)}
    bodies |= {replace(b, reaches=True) for b in bodies if b.stride < 0 and b.seat in (0, SEATS)}
    return Wardrobe(body, tuple(sorted(heads)), tuple(sorted(bodies)))


def joined(several: Iterable[Wardrobe]) -> dict[str, Wardrobe]:
    """Return, by the names of bodies, the looks of several wardrobes together."""
    found: dict[str, Wardrobe] = {}
    for wardrobe in several:
        old = found.get(wardrobe.body, Wardrobe(wardrobe.body, (), ()))
        heads = tuple(sorted({*old.heads, *wardrobe.heads}))
        bodies = tuple(sorted({*old.bodies, *wardrobe.bodies}))
        found[wardrobe.body] = Wardrobe(wardrobe.body, heads, bodies)
    return found
