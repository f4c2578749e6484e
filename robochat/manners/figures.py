"""Figures of manners over many timelines, with 95 % bootstrap intervals; see `score` for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math

import numpy as np
from numpy.typing import NDArray
from robochat.manners.score import Score

RESAMPLES = 1000
Counts = NDArray[np.float64]
FIGURES = (
    *('precision', 'recall', 'macro_f1', 'false_per_hour', 'delay_p50_sec', 'delay_p95_sec'),
    *(
        'wait_p50_sec',
        'repeats',
        'over',
        'hazard_p50_sec',
        'hazard_max_sec',
        'hazards_missed',
        'passed',
    ),
)


class Pool:
    """The counts of some timelines, ready to be summed with any weights."""

    def __init__(self, scores: Sequence[Score]) -> None:
        self.size = len(scores)
        self._sums = np.array([_counts(s) for s in scores], dtype=float)
        self._confusion = np.array([s.confusion for s in scores], dtype=float)
        self._delays = _sorted((d, k) for k, s in enumerate(scores) for d in s.delays_sec)
        self._waits = _sorted((w, k) for k, s in enumerate(scores) for w in _waits(s))
        self._hazards = _sorted((d, k) for k, s in enumerate(scores) for d in s.hazard_sec)

    def figures(self, weights: Counts | None = None) -> dict[str, float]:
        """Compute every figure; not a number where there is nothing to divide by.

        `weights` tell how often each timeline counts.
        """
        many = np.ones(self.size) if weights is None else weights
        right, openings, windows, hours, repeats_, over, hazards, warned, passed = (
            float(x) for x in many @ self._sums
        )
        values = (
            _share(right, openings),
            _share(right, windows),
            macro_f1(np.tensordot(many, self._confusion, 1)),
            _share(openings - right, hours),
            _quantile(self._delays, many, 0.5),
            _quantile(self._delays, many, 0.95),
            _quantile(self._waits, many, 0.5),
            repeats_,
            over,
            _quantile(self._hazards, many, 0.5),
            _quantile(self._hazards, many, 1.0),
            hazards - warned,
            _share(passed, float(many.sum())),
        )
        return dict(zip(FIGURES, values, strict=True))

    def intervals(self, seed: int = 1) -> dict[str, tuple[float, float]]:
        """Bootstrap a 95 % interval of each figure over timelines."""
        rng = np.random.default_rng(seed)
        even = np.full(self.size, 1.0 / self.size)
        drawn = [
            self.figures(rng.multinomial(self.size, even).astype(float)) for _ in range(RESAMPLES)
        ]
        ends = {}
        for name in FIGURES:
            values = sorted(d[name] for d in drawn if not math.isnan(d[name]))
            ends[name] = (math.nan, math.nan)
            if values:
                low, high = int(0.025 * len(values)), int(0.975 * len(values))
                ends[name] = (values[low], values[min(high, len(values) - 1)])
        return ends


def macro_f1(table: Counts) -> float:
    """Mean of the F1 of each label that occurs; rows of `table` are the true labels."""
    own, true, said = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    occurs = true > 0
    return float(np.mean(2 * own[occurs] / (true + said)[occurs])) if occurs.any() else math.nan


def _counts(score_: Score) -> tuple[float, ...]:
    s = score_
    warned = len(s.hazard_sec)
    sums = (s.right, s.openings, s.windows, s.hours, s.repeats, s.over, s.hazards, warned)
    return (*(float(x) for x in sums), float(s.passed))


def _waits(score_: Score) -> tuple[float, ...]:
    """The delay in every window, infinite where no right word came."""
    return (*score_.delays_sec, *(math.inf for _ in range(score_.windows - score_.right)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _sorted(pairs: Iterable[tuple[float, int]]) -> tuple[Counts, NDArray[np.int_]]:
    """Sort values and keep the timeline of each."""
    ordered = sorted(pairs)
    return (
        np.array([v for v, _ in ordered], dtype=float),
        np.array([k for _, k in ordered], dtype=int),
    )


def _quantile(values: tuple[Counts, NDArray[np.int_]], weights: Counts, share: float) -> float:
    """Nearest-rank quantile of values that count as often as their timelines."""
    if not len(values[0]):
        return math.nan
    upto = np.cumsum(weights[values[1]])
    if upto[-1] <= 0:
        return math.nan
    rank = max(1.0, math.ceil(share * upto[-1]))
    return float(values[0][int(np.searchsorted(upto, rank))])
