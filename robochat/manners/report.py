"""Writes scores down: rows with bars, a table by policy, what each policy did in each timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

from robochat.manners.figures import FIGURES, Pool
from robochat.manners.policy import OURS, RULE
from robochat.manners.record import Opening, Played
from robochat.manners.score import begun, Score

BARS = {
    'precision': ('precision of openings', '', None, None),
    'recall': ('recall over windows', '', '>=', 0.9),
    'macro_f1': ('macro-F1 over wait, speak, listen', '', '>=', 0.85),
    'false_per_hour': ('false openings in an hour', '1/h', '<=', 1.0),
    'delay_p50_sec': ('delay from window to first word, median', 's', '<=', 2.0),
    'delay_p95_sec': ('delay from window to first word, p95', 's', None, None),
    'wait_p50_sec': ('the same over all windows, missed ones too, median', 's', None, None),
    'repeats': ('repeats within the cooldown', '', '<=', 0.0),
    'over': ('words over a speaking person', '', '<=', 0.0),
    'hazard_p50_sec': ('hazard to first word, median', 's', None, None),
    'hazard_max_sec': ('hazard to first word, longest', 's', '<=', 1.0),
    'hazards_missed': ('hazards without a warning', '', '<=', 0.0),
    'passed': ('timelines without any mistake', '', None, None),
}
MORE_IS_BETTER = ('precision', 'recall', 'macro_f1', 'passed')


@dataclass(frozen=True)
class Result:
    """What one policy reached over all timelines, with 95 % intervals."""

    policy: str
    scores: tuple[Score, ...]
    figures: Mapping[str, float]
    ends: Mapping[str, tuple[float, float]]


def result_of(policy: str, scores: Sequence[Score], seed: int = 1) -> Result:
    """Sum a policy's scores up."""
    pool = Pool(scores)
    return Result(policy, tuple(scores), pool.figures(), pool.intervals(seed))


# --------------------------------------------------------------------------- rows
def row_values(results: Sequence[Result]) -> Iterator[tuple[str, float, str, str, bool | None]]:
    """Yield what, value, unit, bar and whether it is met; bars are for our own policy."""
    for result in results:
        for name in FIGURES:
            what, unit, sign, bar = BARS[name]
            value = result.figures[name]
            if not math.isfinite(value):
                continue
            if result.policy != OURS or sign is None or bar is None:
                yield f'{result.policy}: {what}', value, unit, '', None
                continue
            ok = value >= bar if sign == '>=' else value <= bar
            yield f'{result.policy}: {what}', value, unit, f'{sign} {bar:g}', ok
    yield from _comparisons(results)


def _comparisons(
    results: Sequence[Result],
) -> Iterator[tuple[str, float, str, str, bool | None]]:
    """Yield for each figure whether ours is better than that of every baseline that speaks.

    Where nothing can be better (no mistake at all), a draw is enough.
    """
    ours = next((r for r in results if r.policy == OURS), None)
    others = [r for r in results if r.policy not in (OURS, RULE) and r.figures['recall'] > 0]
    for name in FIGURES if ours and others else ():
        assert ours is not None
        mine = ours.figures[name]
        values = [v for r in others if not math.isnan(v := r.figures[name])]
        if math.isnan(mine) or not values:
            continue
        more = name in MORE_IS_BETTER
        best = max(values) if more else min(values)
        better = (mine > best or mine == best == 1) if more else (mine < best or mine == best == 0)
        sign = '>' if more else '<'
        what = f'{OURS} against the best baseline: {BARS[name][0]}'
        yield what, mine, BARS[name][1], f'{sign} {best:.3g}', better


# --------------------------------------------------------------------------- tables
def table(results: Sequence[Result]) -> str:
    """Write figures by policy, with their intervals, as a Markdown table."""
    lines = ['| | ' + ' | '.join(r.policy for r in results) + ' | bar |']
    lines.append('|---' * (len(results) + 2) + '|')
    for name in FIGURES:
        what, unit, sign, bar = BARS[name]
        cells = [_cell(r.figures[name], r.ends[name]) for r in results]
        goal = f'{sign} {bar:g}' if sign else ''
        lines.append(f'| {what}{f" ({unit})" if unit else ""} | {" | ".join(cells)} | {goal} |')
    return '\n'.join(lines) + '\n'


def _cell(value: float, ends: tuple[float, float]) -> str:
    if math.isnan(value):
        return '-'
    low, high = (f'{end:.2f}'.replace('inf', 'never') for end in ends)
    return f'{value:.2f} ({low} to {high})'.replace('inf', 'never')


def failures(result: Result) -> Iterator[str]:
    """Yield a line for each timeline in which a policy made a mistake."""
    for s in result.scores:
        if not s.passed:
            yield (
                f'{s.family}/{s.name}: {s.right} of {s.windows} windows, {s.false} false, '
                f'{s.repeats} repeats, {s.over} over a speaking person'
            )


# --------------------------------------------------------------------------- detail
def detail(policy: str, played: Played, score: Score) -> dict[str, Any]:
    """Describe one play as a JSON object."""
    return {
        'policy': policy,
        'timeline': score.name,
        'family': score.family,
        'silent': score.silent,
        'passed': score.passed,
        'windows': score.windows,
        'right': score.right,
        'false': score.false,
        'repeats': score.repeats,
        'over': score.over,
        'delays_sec': [round(d, 2) for d in score.delays_sec],
        'confusion': score.confusion,
        'openings': [_opening(o) for o in played.openings],
        'missed': [
            {'from': round(w.start_sec, 2), 'until': round(w.end_sec, 2), 'why': w.why}
            for w in played.windows
            if not any(o.window is w for o in played.openings)
        ],
    }


def _opening(opening: Opening) -> dict[str, Any]:
    decision = opening.decision
    return {
        'decided_sec': round(opening.decided_sec, 2),
        'begun_sec': round(begun(opening), 2),
        'end_sec': round(opening.end_sec, 2),
        'trigger': decision.trigger.value,
        'to': opening.to,
        'reason': decision.reason,
        'evidence': decision.evidence,
        'right': opening.window is not None,
    }
