"""Makes the shipped weights: when to speak, and who wants to be spoken to, from made timelines.

Flow: sampled timelines are played by a policy that speaks by chance; every candidate that no veto
takes away becomes a row, right or wrong by the timeline's own windows, and every person in view
one, who wants the robot's attention or does not. A logistic regression with an L2 penalty is
fitted to each by Newton's method.

What this doesn't do: look at the timelines of the bench. `python -m robochat.manners.fitting`
prints the weights and writes `robochat/models/decision.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
import math
import random
import sys

import numpy as np
from numpy.typing import NDArray
from robochat.cues import Candidate, candidates
from robochat.decision_model import DecisionModel, FEATURES, features_of, FILE
from robochat.engagement import PRIORITY
from robochat.intention import BIAS, CUES, cues_of, Talk, WEIGHTS
from robochat.manners.play import Played, played, RESPONSE_SEC
from robochat.manners.sampler import sampled
from robochat.manners.timeline import Actor, ANYONE, Timeline, Window
from robochat.resources import PACKAGE
from robochat.restraint import Restraint
from robochat.settings import EngagementSettings
from robochat.values import Decision, Trigger, WorldView

Floats = NDArray[np.float64]

SEED, TIMELINES = 11, 150
HELD_OUT_SEED, HELD_OUT = 12, 30
SPEAKS = 0.12
EVERY_TICKS = 3
PENALTY, COUNTS, CUE_COUNTS, TINY = 1.0, 0.02, 0.001, 1e-3
# What is known before any data, as log-odds at a full feature.
PRIOR = {'value': 3.0, 'meant': 2.0, 'lasted': 0.5, 'engagement': 2.0, 'facing': 1.0, 'near': 1.0}
PRIOR |= {'approach': 0.5, 'company': -3.0, 'talking': -2.0, 'lately': -1.0}
PRIOR_BIAS = -3.5
GLANCE_SEC = 1.0
MADE = f'robochat.manners.fitting, {TIMELINES} sampled timelines, seed {SEED}'


@dataclass(frozen=True)
class Rows:
    """Numbers of many moments (n, features) and whether each was right, 0 or 1."""

    x: Floats
    y: Floats


class Explorer:
    """A policy that speaks, by chance, of what no veto forbids, and keeps what it might say."""

    def __init__(self, dice: random.Random) -> None:
        self._settings = EngagementSettings()
        self._restraint = Restraint(self._settings)
        self._dice = dice
        self._view: WorldView | None = None
        self.found: list[tuple[float, Candidate, tuple[float, ...]]] = []
        self.took_back, self.heard = self._restraint.took_back, self._restraint.heard
        self.shift = self._restraint.shift

    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Take note of what it said."""
        self._restraint.spoke(decision, now_sec, self._view)

    def decide(self, view: WorldView) -> Decision:
        """Collect candidates and, seldom, speak of one."""
        self._view = view
        opened = self._restraint.opened
        found = candidates(view, self._settings, opened)
        free = [c for c in found if not self._restraint.veto(c, view)]
        for one in free:
            at_sec = view.now_sec if one.seen is None else one.onset_sec
            since_sec = at_sec - opened.get(one.addressee, -math.inf)
            self.found.append((view.now_sec, one, features_of(one, view, since_sec)))
        if not free or self._dice.random() > SPEAKS:
            return Decision(False, 'looks on', view.now_sec)
        one = max(free, key=lambda c: (PRIORITY[c.trigger], c.score))
        return Decision(True, one.reason, view.now_sec, one.trigger, one.addressee, one.topic)

    def listens(self, view: WorldView) -> bool:
        """Never asked."""
        return False

    def yields(self, view: WorldView, saying: Decision) -> bool:
        """Never asked."""
        return False


# --------------------------------------------------------------------------- rows
def timelines(seed: int, count: int) -> Iterator[Timeline]:
    """Draw timelines in which every face keeps its id, so that it is known whose it is."""
    for timeline in sampled(seed, count):
        yield replace(timeline, noise=replace(timeline.noise, flicker_sec=0.0))


def rows_of(drawn: Iterable[Timeline], seed: int = SEED) -> tuple[Rows, Rows]:
    """Collect candidates and people, each with whether it would be right to speak to them."""
    words: list[tuple[tuple[float, ...], float]] = []
    people: list[tuple[tuple[float, ...], float]] = []
    for number, timeline in enumerate(drawn):
        explorer = Explorer(random.Random(seed + number))
        result = played(timeline, explorer, seed)
        words += _judged_words(result, explorer)
        people += _judged_people(result)
    return _rows(words), _rows(people)


def _rows(found: Sequence[tuple[tuple[float, ...], float]]) -> Rows:
    return Rows(np.array([x for x, _ in found]), np.array([y for _, y in found]))


def _judged_words(result: Played, explorer: Explorer) -> Iterator[tuple[tuple[float, ...], float]]:
    """Yield each candidate with whether its words would have begun in a window for them."""
    origin_sec = result.timeline.stamp_sec(0.0)
    for now_sec, one, values in explorer.found:
        at_sec = now_sec - origin_sec + RESPONSE_SEC
        if any(s.start_sec <= at_sec < s.end_sec for s in result.timeline.free):
            continue
        if one.trigger is not Trigger.HAZARD:
            who = _actor(result.timeline, one.addressee)
            right = any(_serves(w, at_sec, who, one.trigger) for w in result.windows)
            # Who still waits after their window was missed is neither right nor wrong.
            if right or who is None or not attends(who, at_sec):
                yield values, float(right)


def _serves(window: Window, at_sec: float, who: Actor | None, trigger: Trigger) -> bool:
    """Tell whether words at a time, to someone and for a reason, are right by a window."""
    to = who is None or ANYONE in window.to or who.name in window.to
    return window.start_sec <= at_sec < window.end_sec and to and trigger.value in window.why


def _judged_people(result: Played) -> Iterator[tuple[tuple[float, ...], float]]:
    """Yield the cues of everybody in view with whether they want the robot's attention."""
    for tick in result.ticks[::EVERY_TICKS]:
        talk = Talk.of(tick.view.speech)
        for person in tick.view.people:
            actor = _actor(result.timeline, person.id)
            if actor is not None and person.visible:
                cues = cues_of(person, talk, tick.view.now_sec)
                yield cues, float(attends(actor, tick.at_sec))


def attends(actor: Actor, at_sec: float) -> bool:
    """Tell whether someone looks at the robot for longer than a glance, awake, without a phone."""
    past = [m for m in actor.moves if m.at_sec <= at_sec]
    if not past or past[-1].gone:
        return False
    looks, phone, eyes, since_sec = '', '', '', 0.0
    for move in past:
        if move.looks and move.looks != looks:
            looks, since_sec = move.looks, move.at_sec
        phone, eyes = move.phone or phone, move.eyes or eyes
    turns = (m.at_sec for m in actor.moves if m.at_sec > at_sec and m.looks not in ('', 'robot'))
    until_sec = min(turns, default=math.inf)
    looks_long = looks == 'robot' and until_sec - since_sec >= GLANCE_SEC
    return looks_long and phone != 'ear' and eyes != 'closed'


def _actor(timeline: Timeline, person_id: str) -> Actor | None:
    """Return the actor whose face has this id."""
    number = person_id.removeprefix('person_')
    known = number.isdecimal() and 0 < int(number) <= len(timeline.actors)
    return timeline.actors[int(number) - 1] if known else None


# --------------------------------------------------------------------------- fitting
def fitted(rows: Rows, prior: Sequence[float], counts: float = COUNTS) -> Floats:
    """Fit weights, the bias last, by Newton's method.

    An L2 penalty holds them near `prior`. Rows are a fraction of a second apart and say much the
    same, so each counts only as a share, `counts`, of a case.
    """
    x = np.column_stack([rows.x, np.ones(len(rows.y))])
    start = np.array(prior, dtype=np.float64)
    ridge = np.full(x.shape[1], PENALTY)
    ridge[-1] = TINY

    def loss(beta: Floats) -> float:
        each = np.logaddexp(0.0, x @ beta) - rows.y * (x @ beta)
        return float(counts * each.sum() + 0.5 * (ridge * (beta - start) ** 2).sum())

    beta, before = start, loss(start)
    for _ in range(50):
        chance = _sigmoid(x @ beta)
        slope = counts * x.T @ (rows.y - chance) - ridge * (beta - start)
        bend = counts * (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        while loss(beta + step) > before and float(np.abs(step).max()) > TINY:
            step = step / 2
        beta, gained = beta + step, before - loss(beta + step)
        before -= gained
        if abs(gained) < TINY:
            break
    return np.asarray(beta)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))


def calibration_error(chance: Floats, y: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean gap of promised and found shares (Naeini, AAAI 2015)."""
    which = np.minimum((chance * bins).astype(int), bins - 1)
    gaps = (
        abs(float((chance[which == b] - y[which == b]).sum()))
        for b in range(bins)
        if (which == b).any()
    )
    return sum(gaps) / len(y)


def folded_people(drawn: Iterable[Timeline]) -> tuple[Floats, Floats]:
    """Play timelines and return the probability held of everybody, and whether they wanted to."""
    chance, truth = [], []
    for timeline in drawn:
        result = played(timeline, Explorer(random.Random(0)))
        for tick in result.ticks[::EVERY_TICKS]:
            for person in tick.view.people:
                actor = _actor(timeline, person.id)
                if actor is not None and person.visible:
                    chance.append(person.engagement)
                    truth.append(float(attends(actor, tick.at_sec)))
    return np.array(chance), np.array(truth)


# --------------------------------------------------------------------------- what is shipped
def fitted_model(rows: Rows) -> DecisionModel:
    """Fit the decision to speak."""
    beta = fitted(rows, (*(PRIOR.get(name, 0.0) for name in FEATURES), PRIOR_BIAS))
    weights = tuple(round(float(b), 3) for b in beta)
    return DecisionModel(FEATURES, weights[:-1], weights[-1], 0.5, MADE)


def fitted_cues(rows: Rows) -> tuple[float, ...]:
    """Fit the cues of intention, the bias last; few counts keep them near what is known."""
    beta = fitted(rows, (*WEIGHTS, BIAS), CUE_COUNTS)
    return tuple(round(float(b), 2) for b in beta)


def main() -> None:
    """Fit on made timelines, write the decision model, print the weights of the cues."""
    words, people = rows_of(timelines(SEED, TIMELINES))
    model = fitted_model(words)
    (PACKAGE / 'models' / FILE).write_text(model.to_json() + '\n', encoding='utf-8')
    chance, truth = folded_people(timelines(HELD_OUT_SEED, HELD_OUT))
    sys.stdout.write(f'{model.to_json()}\n{CUES}: {fitted_cues(people)}\n')
    sys.stdout.write(
        f'{len(words.y)} candidates; decision: calibration error '
        f'{calibration_error(_chances(model, words), words.y):.3f} on them; engagement: '
        f'{calibration_error(chance, truth):.3f} on {len(truth)} looks of other timelines\n'
    )


def _chances(model: DecisionModel, rows: Rows) -> Floats:
    """What the model promises of each row."""
    return _sigmoid(rows.x @ np.array(model.weights) + model.bias)


if __name__ == '__main__':
    main()
