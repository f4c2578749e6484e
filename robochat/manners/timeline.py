"""A timeline: who does what when, and when a considerate person would speak.

A timeline is what happens, whatever the robot does: people who walk, look, feel and talk, things,
what the robot reports about itself; and the judgement on it: *windows* in which speaking is right,
*free* spans in which it is neither right nor wrong, and everything else, where it is wrong.

Units and frames: seconds from the start of the timeline; metres in the robot's frame (REP-103): x
ahead, y to the left, the robot at the origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import math

from robochat.values import Box

TICK_SEC = 0.1
PLACES = ('robot', 'ahead', 'away', 'back', 'down')
MIXED = 'mixed'
UNSEEN = 'voice'
ANYONE = 'anyone'
TALK_SEC_PER_WORD = 0.4


@dataclass(frozen=True)
class Noise:
    """How bad the senses are.

    `jitter` scales the errors of box, head pose and distance (1: 2 px, 3 degrees, 3 %), `drop` is
    the share of faces that are missed, `flicker_sec` the mean time after which a face gets a new
    id (0: never), `mood` the spread of a single expression's score.
    """

    jitter: float = 1.0
    drop: float = 0.03
    flicker_sec: float = 0.0
    mood: float = 0.15


@dataclass(frozen=True)
class Move:
    """What someone does from `at_sec` on; what is empty stays as it was.

    `start` is where they appear, `goal` where they walk to. `looks` is one of PLACES, an actor's
    name, or a point `x,y`. `track` is the id that the face tracker gives them from now on.
    """

    at_sec: float
    start: tuple[float, float] | None = None
    goal: tuple[float, float] | None = None
    speed_mps: float = 1.0
    looks: str = ''
    mood: str = ''
    eyes: str = ''
    phone: str = ''
    track: str = ''
    mouth: str = ''
    gone: bool = False


@dataclass(frozen=True)
class Actor:
    """A person of a timeline, or a face on a screen; `moves` are in the order of their times."""

    name: str
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Says:
    """Words of an actor, or of an unseen voice, `to` the robot, an actor or nobody in particular.

    The words are heard when they have been said. With `on_robot`, `at_sec` counts from the first
    word that the robot says at or after `since_sec`; if it says none, neither does the actor.
    """

    at_sec: float
    who: str
    text: str
    to: str = 'robot'
    for_sec: float = 1.0
    answer: bool = True
    on_robot: bool = False
    since_sec: float = 0.0

    @property
    def end_sec(self) -> float:
        """When the last word has been said."""
        return self.at_sec + self.for_sec


@dataclass(frozen=True)
class Sight:
    """A thing from `at_sec` on; no box takes it away. `node` marks news of another node."""

    at_sec: float
    id: str
    label: str
    box: Box | None
    node: bool = False


@dataclass(frozen=True)
class Report:
    """What the robot reports about itself from `at_sec` on; `ended` is the id of a plan."""

    at_sec: float
    place: str = ''
    holding: str = ''
    battery: float | None = None
    speaking: bool = False
    ended: str = ''


@dataclass(frozen=True)
class Felt:
    """Another node's estimate of an actor's expression, ten times a second in a span."""

    start_sec: float
    end_sec: float
    who: str
    mood: str


@dataclass(frozen=True)
class Jump:
    """The clock moves by `by_sec` at `at_sec`; forward it is also time that passes unseen."""

    at_sec: float
    by_sec: float


@dataclass(frozen=True)
class Window:
    """A time in which speaking is right: `to` one of those (or anyone), for one of the reasons."""

    start_sec: float
    end_sec: float
    to: tuple[str, ...]
    why: tuple[str, ...]
    note: str = ''


@dataclass(frozen=True)
class Span:
    """A time with a note; what it means depends on where it stands."""

    start_sec: float
    end_sec: float
    note: str = ''


@dataclass(frozen=True)
class Timeline:
    """What happens, and the judgement on it."""

    name: str
    about: str
    duration_sec: float
    family: str = ''
    hour: float = 14.0
    actors: tuple[Actor, ...] = ()
    says: tuple[Says, ...] = ()
    sights: tuple[Sight, ...] = ()
    reports: tuple[Report, ...] = ()
    felt: tuple[Felt, ...] = ()
    jumps: tuple[Jump, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    noise: Noise = field(default_factory=Noise)
    muted: tuple[Span, ...] = ()
    windows: tuple[Window, ...] = ()
    free: tuple[Span, ...] = ()
    wrong: tuple[Span, ...] = ()
    film: str = ''

    @property
    def silent(self) -> bool:
        """Tell whether the robot must not say a word."""
        return not self.windows and not any(answered(s) for s in self.says)

    def stamp_sec(self, at_sec: float, origin_sec: float = 1000.0) -> float:
        """Return the time on the robot's clock at a time of the timeline."""
        return origin_sec + at_sec + sum(j.by_sec for j in self.jumps if j.at_sec <= at_sec)

    def passed_sec(self, start_sec: float, end_sec: float) -> float:
        """Return how long it is from one time to another, with the time of jumps forward."""
        jumps = (j.by_sec for j in self.jumps if start_sec < j.at_sec <= end_sec and j.by_sec > 0)
        return end_sec - start_sec + sum(jumps)

    def hour_at(self, at_sec: float) -> float:
        """Return the local time of day; only jumps forward are time that passes."""
        passed = sum(j.by_sec for j in self.jumps if j.at_sec <= at_sec and j.by_sec > 0)
        return (self.hour + (at_sec + passed) / 3600.0) % 24.0


def answered(says: Says) -> bool:
    """Tell whether words want an answer of the robot."""
    return says.to == 'robot' and says.answer


# --------------------------------------------------------------------------- where people are
@dataclass(frozen=True)
class Leg:
    """A walk, or a stand where both ends are alike."""

    start_sec: float
    end_sec: float
    start: tuple[float, float]
    end: tuple[float, float]
    gone: bool = False

    def at(self, now_sec: float) -> tuple[float, float]:
        """Return the position."""
        whole = self.end_sec - self.start_sec
        share = min(1.0, max(0.0, (now_sec - self.start_sec) / whole)) if whole > 0 else 1.0
        (ax, ay), (bx, by) = self.start, self.end
        return ax + share * (bx - ax), ay + share * (by - ay)

    def walking(self, now_sec: float) -> bool:
        """Tell whether the walk is under way."""
        return self.start_sec <= now_sec < self.end_sec and self.start != self.end


def legs_of(moves: Iterable[Move]) -> tuple[Leg, ...]:
    """Lay the walks out in time: each begins where the one before has come to."""
    legs: list[Leg] = []
    for move in moves:
        here = move.start or (legs[-1].at(move.at_sec) if legs else None)
        if move.gone and here is not None:
            legs.append(Leg(move.at_sec, move.at_sec, here, here, gone=True))
        elif here is not None and (move.start or move.goal):
            goal = move.goal or here
            took_sec = math.dist(here, goal) / move.speed_mps
            legs.append(Leg(move.at_sec, move.at_sec + took_sec, here, goal))
    return tuple(legs)
