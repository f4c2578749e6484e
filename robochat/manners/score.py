"""What is counted in one play: words when they were right, and silence when they were not.

An *opening* is an utterance whose first word was heard. It is *right* when its first word falls
into a window of the timeline, to one of its people, for one of its reasons; each window takes one.
In a free span nothing is counted. Everything else is a *false opening*.

The figures, summed over timelines before they are divided (`robochat.manners.figures`):

- precision: right openings / openings; recall: windows that got a right opening / windows.
- macro-F1: each timeline is cut into segments with a true label: SPEAK for each window, LISTEN for
  each time in which someone talks to the robot, WAIT for the rest in pieces of at most
  `PIECE_SEC`. The predicted label is SPEAK when an opening is right in that window (or begins in
  that piece), else LISTEN when the policy listened for at least half of the segment, else WAIT. An
  opening that no segment accounts for is one more WAIT that was answered by SPEAK. F1 is computed
  for each label from the confusion matrix over all segments, and the three are averaged, as in
  segment-based evaluation of sound events (Mesaros 2016).
- false openings per hour of timeline.
- delay: from the window's beginning to the first word, over right openings; at least 0.
- wait: the delay over all windows, infinite where no right word came; its median compares policies
  that serve different windows.
- repeats: openings, other than answers and warnings, to a person within the cooldown of the last
  one (`cooldown_person_sec`), or for the same reason within the topic's (`cooldown_topic_sec`, for
  greetings `greeted_sec`), unless they are right.
- words over a speaking person: utterances that begin while someone in view has been talking for
  `NOTICE_SEC`, or go on for more than `YIELD_SEC` after someone began to talk to the robot;
  warnings of danger are meant to.

Intervals are 95 % percentile bootstraps over timelines (Efron 1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import math

from robochat.manners.play import settings_of
from robochat.manners.record import LISTEN, Opening, Played, SPEAK, WAIT
from robochat.manners.timeline import Says, Span, Timeline, UNSEEN
from robochat.settings import EngagementSettings
from robochat.values import Trigger

LABELS = (WAIT, SPEAK, LISTEN)
PIECE_SEC = 5.0
SHORTEST_SEC = 0.5
NOTICE_SEC = 0.3
YIELD_SEC = 0.7


@dataclass(frozen=True)
class Score:
    """What is counted in one play; `confusion` is true by predicted label, in LABELS."""

    name: str
    family: str
    silent: bool
    hours: float
    openings: int
    right: int
    false: int
    windows: int
    delays_sec: tuple[float, ...]
    hazard_sec: tuple[float, ...]
    hazards: int
    repeats: int
    over: int
    confusion: tuple[tuple[int, int, int], ...]
    decide_sec: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Tell whether nothing was wrong."""
        return self.right == self.windows and not (self.false or self.repeats or self.over)


def score(played: Played) -> Score:
    """Count one play."""
    timeline = played.timeline
    counted = [o for o in played.openings if o.window or not _free(o, timeline.free)]
    right = [o for o in counted if o.window is not None]
    delays = [_delay(o) for o in right]
    hazards = [o for o in right if o.decision.trigger is Trigger.HAZARD]
    return Score(
        name=timeline.name,
        family=timeline.family,
        silent=timeline.silent,
        hours=timeline.duration_sec / 3600.0,
        openings=len(counted),
        right=len(right),
        false=len(counted) - len(right),
        windows=len(played.windows),
        delays_sec=tuple(delays),
        hazard_sec=tuple(_delay(o) for o in hazards),
        hazards=sum('hazard' in w.why for w in played.windows),
        repeats=repeats(played.openings, timeline),
        over=sum(_over(o, played) for o in played.openings),
        confusion=confusion(played, [o for o in counted if o.window is None]),
        decide_sec=played.decide_sec,
    )


def begun(opening: Opening) -> float:
    """When the first word was heard; infinity when there was none."""
    return math.inf if opening.begun_sec is None else opening.begun_sec


def _free(opening: Opening, spans: Sequence[Span]) -> bool:
    return any(s.start_sec <= begun(opening) < s.end_sec for s in spans)


def _delay(opening: Opening) -> float:
    """From the window's beginning to the first word."""
    assert opening.window is not None
    return max(0.0, begun(opening) - opening.window.start_sec)


# --------------------------------------------------------------------------- bad manners
def repeats(openings: Sequence[Opening], timeline: Timeline) -> int:
    """Count openings within the cooldown of an earlier one to the same person."""
    count = 0
    settings = settings_of(timeline).engagement
    asked_for = (Trigger.REPLY, Trigger.HAZARD, Trigger.TASK)
    own = [o for o in openings if o.decision.trigger not in asked_for]
    for number, opening in enumerate(own):
        earlier = [o for o in own[:number] if set(o.to) & set(opening.to)]
        count += opening.window is None and any(
            timeline.passed_sec(begun(o), begun(opening)) < _cooldown_sec(o, opening, settings)
            for o in earlier
        )
    return count


def _cooldown_sec(one: Opening, other: Opening, settings: EngagementSettings) -> float:
    """How long the second must wait after the first."""
    if one.decision.trigger is not other.decision.trigger:
        return settings.cooldown_person_sec
    greeting = one.decision.trigger is Trigger.GREETING
    return settings.greeted_sec if greeting else settings.cooldown_topic_sec


def _over(opening: Opening, played: Played) -> bool:
    """Tell whether words were said over someone who speaks."""
    if opening.decision.trigger is Trigger.HAZARD:
        return False
    seen = [s for s in played.said if s.who != UNSEEN]
    return any(_begins_over(opening, s) or _goes_on_over(opening, s) for s in seen)


def _begins_over(opening: Opening, says: Says) -> bool:
    return says.at_sec + NOTICE_SEC <= begun(opening) < says.end_sec - 1e-6


def _goes_on_over(opening: Opening, says: Says) -> bool:
    during = begun(opening) <= says.at_sec < opening.end_sec
    shared_sec = min(opening.end_sec, says.end_sec) - says.at_sec
    return says.to == 'robot' and during and shared_sec > YIELD_SEC


# --------------------------------------------------------------------------- wait, speak, listen
def confusion(played: Played, false: Sequence[Opening]) -> tuple[tuple[int, int, int], ...]:
    """Count segments by their true and their predicted label."""
    table = [[0, 0, 0] for _ in LABELS]
    left = list(false)
    for label, start_sec, end_sec, served in _segments(played):
        spoken = served
        if label != SPEAK:
            inside = [o for o in left if start_sec <= begun(o) < end_sec]
            left = [o for o in left if o not in inside[:1]]
            spoken = bool(inside)
        table[LABELS.index(label)][LABELS.index(_guess(played, start_sec, end_sec, spoken))] += 1
    table[LABELS.index(WAIT)][LABELS.index(SPEAK)] += len(left)
    return tuple((a, b, c) for a, b, c in table)


def _segments(played: Played) -> Iterator[tuple[str, float, float, bool]]:
    """Yield label, start, end, and whether a window got its opening."""
    served = [id(o.window) for o in played.openings]
    taken = [(s.start_sec, s.end_sec) for s in played.timeline.free]
    for window in played.windows:
        taken.append((window.start_sec, window.end_sec))
        yield SPEAK, window.start_sec, window.end_sec, id(window) in served
    for says in played.said:
        if says.to == 'robot':
            taken.append((says.at_sec, says.end_sec))
            yield LISTEN, says.at_sec, says.end_sec, False
    for start_sec, end_sec in gaps(taken, played.timeline.duration_sec):
        pieces = max(1, math.ceil((end_sec - start_sec) / PIECE_SEC))
        long_sec = (end_sec - start_sec) / pieces
        for number in range(pieces):
            at_sec = start_sec + number * long_sec
            yield WAIT, at_sec, at_sec + long_sec, False


def gaps(taken: Sequence[tuple[float, float]], end_sec: float) -> Iterator[tuple[float, float]]:
    """Yield what no span covers, where it is long enough to tell."""
    at_sec = 0.0
    for start, end in (*sorted(taken), (end_sec, end_sec)):
        if start - at_sec >= SHORTEST_SEC:
            yield at_sec, start
        at_sec = max(at_sec, end)


def _guess(played: Played, start_sec: float, end_sec: float, spoken: bool) -> str:
    """The label that the policy gave a segment."""
    if spoken:
        return SPEAK
    ticks = [t.listens for t in played.ticks if start_sec <= t.at_sec < end_sec]
    return LISTEN if ticks and 2 * sum(ticks) >= len(ticks) else WAIT
