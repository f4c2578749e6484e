"""Which decisions differ between two versions, when and why.

Flow: decisions are paired by their time; pairs that differ in the same way one after another make
one `Difference`. Two decisions are the same when they say the same to the same person for the
same reason; numbers in reasons and evidence are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
import re

from robochat.values import Decision

NUMBER = re.compile(r'-?\d+(\.\d+)?')
SAME_MOMENT_SEC = 0.051
FEATURE_STEP = 0.02
MOST_FEATURES = 3
Timed = tuple[float, Decision]


@dataclass(frozen=True)
class Pair:
    """What was decided at one moment before and now; None where one has no decision then."""

    at_sec: float
    before: Decision | None
    now: Decision | None

    @property
    def is_exact(self) -> bool:
        """Whether the two are equal to the last digit, but for where their clocks begin."""
        return _timeless(self.before) == _timeless(self.now)

    @property
    def is_same(self) -> bool:
        """Whether the two mean the same."""
        return meaning(self.before) == meaning(self.now)


@dataclass(frozen=True)
class Difference:
    """A span of time in which two versions differ in one way; `count` is of decisions."""

    start_sec: float
    end_sec: float
    count: int
    before: Decision | None
    now: Decision | None

    @property
    def text(self) -> str:
        """When, what and why, on one line."""
        span = f'{self.start_sec:.1f} s'
        if self.count > 1:
            span = f'{self.start_sec:.1f} to {self.end_sec:.1f} s'
        text = f'{span}: before {told(self.before)}; now {told(self.now)}'
        why = why_differs(self.before, self.now)
        return f'{text}; {why}' if why else text


@dataclass(frozen=True)
class Comparison:
    """How two runs differ: `exact` and `close` (in numbers only) are counts of decisions."""

    exact: int
    close: int
    differences: tuple[Difference, ...]

    @property
    def differing(self) -> int:
        """How many decisions differ in what they mean."""
        return sum(d.count for d in self.differences)

    @property
    def total(self) -> int:
        """How many decisions were compared."""
        return self.exact + self.close + self.differing

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        if not self.total:
            return 'there is no decision to compare'
        if self.exact == self.total:
            return f'all {self.total} decisions are the same, to the last digit'
        if not self.differing:
            return f'all {self.total} decisions are the same, {self.close} with other numbers'
        return f'{self.differing} of {self.total} decisions differ'


def compare(pairs: Iterable[Pair]) -> Comparison:
    """Judge all pairs; they must be in the order of time."""
    exact = close = 0
    found: list[Difference] = []
    running = False
    for pair in pairs:
        if pair.is_exact or pair.is_same:
            exact, close = exact + pair.is_exact, close + (not pair.is_exact)
            running = False
            continue
        last = found[-1] if running else None
        if last and (meaning(last.before), meaning(last.now)) == (
            meaning(pair.before),
            meaning(pair.now),
        ):
            found[-1] = replace(last, end_sec=pair.at_sec, count=last.count + 1)
        else:
            found.append(Difference(pair.at_sec, pair.at_sec, 1, pair.before, pair.now))
        running = True
    return Comparison(exact, close, tuple(found))


def paired(before: Sequence[Timed], now: Sequence[Timed]) -> Iterator[Pair]:
    """Pair decisions of two runs by the time since the first; each finds at most one partner."""
    before, now = _from_zero(before), _from_zero(now)
    at = 0
    for now_sec, decision in now:
        while at < len(before) and before[at][0] < now_sec - SAME_MOMENT_SEC:
            yield Pair(before[at][0], before[at][1], None)
            at += 1
        if at < len(before) and abs(before[at][0] - now_sec) <= SAME_MOMENT_SEC:
            yield Pair(now_sec, before[at][1], decision)
            at += 1
        else:
            yield Pair(now_sec, None, decision)
    for then_sec, decision in before[at:]:
        yield Pair(then_sec, decision, None)


def _from_zero(timed: Sequence[Timed]) -> list[Timed]:
    """Count the time from the first decision."""
    return [(at_sec - timed[0][0], decision) for at_sec, decision in timed]


def meaning(decision: Decision | None) -> tuple[object, ...]:
    """What a decision comes down to."""
    if decision is None:
        return ()
    reason = NUMBER.sub('#', decision.reason)
    return decision.speak, decision.trigger, decision.addressee, reason


def told(decision: Decision | None) -> str:
    """Tell a decision in a few words."""
    if decision is None:
        return 'no decision'
    if decision.speak:
        return f'speaks to {decision.addressee or "anyone"}: {decision.reason}'
    return f'silent: {decision.reason}'


def why_differs(before: Decision | None, now: Decision | None) -> str:
    """Name what the two saw differently: evidence, score, features with the most weight."""
    if before is None or now is None:
        return ''
    parts = []
    if before.score != now.score and bool(before.features) == bool(now.features):
        parts.append(f'score {before.score:.2f} -> {now.score:.2f}')
    parts += _features(before, now)
    gone = [e for e in before.evidence if e not in now.evidence]
    new = [e for e in now.evidence if e not in before.evidence]
    if gone or new:
        parts.append(f'evidence [{"; ".join(gone)}] -> [{"; ".join(new)}]')
    return ', '.join(parts)


def _features(before: Decision, now: Decision) -> list[str]:
    """Say which features moved the score, the most telling first."""
    old, weights = dict(before.features), dict(now.weights)
    moved = [
        (abs(value - old[name]) * abs(weights.get(name, 1.0)), name, old[name], value)
        for name, value in now.features
        if name in old and abs(value - old[name]) > FEATURE_STEP
    ]
    largest = sorted(moved, reverse=True)[:MOST_FEATURES]
    return [f'{name} {was:.2f} -> {value:.2f}' for _, name, was, value in largest]


def _timeless(decision: Decision | None) -> Decision | None:
    """A decision without the times that tell which clock it was taken on."""
    if decision is None:
        return None
    topic = 'reply' if decision.topic.startswith('reply:') else decision.topic
    return replace(decision, stamp_sec=0.0, onset_sec=None, topic=topic)
