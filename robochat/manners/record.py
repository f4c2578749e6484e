"""What came of a play: openings, ticks with what would have been right, and served windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from robochat.manners.timeline import ANYONE, Says, Timeline, UNSEEN, Window
from robochat.values import Decision, Trigger, WorldView

ANSWER_SEC = 6.0
WAIT, SPEAK, LISTEN, FREE = 'wait', 'speak', 'listen', 'free'


@dataclass
class Opening:
    """Words of the robot: decided, begun and ended; `to` are the actors behind the addressee.

    `begun_sec` is None when they were cut short before the first word.
    """

    decision: Decision
    decided_sec: float
    to: tuple[str, ...]
    due_sec: float
    begun_sec: float | None = None
    end_sec: float = 0.0
    window: Window | None = None


@dataclass(frozen=True)
class Tick:
    """One decision, and what would have been right: LISTEN, SPEAK, WAIT, or FREE for either.

    `actors` tells for whom each person's id stands.
    """

    at_sec: float
    view: WorldView
    decision: Decision
    label: str
    window: Window | None
    listens: bool
    actors: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Played:
    """What came of a timeline; `windows` and `said` are those that really took place."""

    timeline: Timeline
    ticks: tuple[Tick, ...]
    openings: tuple[Opening, ...]
    windows: tuple[Window, ...]
    said: tuple[Says, ...]
    decide_sec: tuple[float, ...]


def serves(opening: Opening, window: Window) -> bool:
    """Tell whether words begin in a window, to the right person, for a right reason.

    Words to nobody in particular reach everybody. A policy that names no reason needs none,
    except where there is danger: a greeting is no warning.
    """
    begun_sec, trigger = opening.begun_sec, opening.decision.trigger
    if begun_sec is None or not window.start_sec <= begun_sec < window.end_sec:
        return False
    unnamed = trigger is Trigger.NONE and 'hazard' not in window.why
    if trigger.value not in window.why and not unnamed:
        return False
    everybody = ANYONE in window.to or not opening.decision.addressee
    return everybody or trigger is Trigger.HAZARD or bool(set(opening.to) & set(window.to))


def answer_window(says: Says) -> Window:
    """The window in which words to the robot want an answer."""
    to = (ANYONE,) if says.who == UNSEEN else (says.who,)
    why = ('reply', 'task')
    return Window(says.end_sec, says.end_sec + ANSWER_SEC, to, why, f'answers “{says.text}”')
