"""How well a decision model predicts what people thought, before and after, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.decision_model import DecisionModel

Floats = NDArray[np.float64]

RESAMPLES = 500
INTERVAL = (2.5, 97.5)
TINY = 1e-6


@dataclass(frozen=True)
class Rows:
    """Outcomes as numbers: `x` (n, features), `y` 0 or 1, `weight` each."""

    x: Floats
    y: Floats
    weight: Floats

    def part(self, chosen: NDArray[Any]) -> Rows:
        """Return some of the rows."""
        return Rows(self.x[chosen], self.y[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval, by bootstrap over the outcomes."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """A figure before and after, and the paired difference; `higher` when more is better."""

    name: str
    higher: bool
    before: Estimate
    after: Estimate
    change: Estimate


def linear(model: DecisionModel, x: Floats) -> Floats:
    """The weighted sums of a model."""
    return np.asarray(model.bias + x @ np.array(model.weights))


def sigmoid(values: Floats) -> Floats:
    """Turn weighted sums into probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))


def measure(
    rows: Rows, before: DecisionModel, held_out: Floats, threshold: float, seed: int
) -> tuple[Measure, ...]:
    """Measure both models on the same resamples of the outcomes."""
    old = sigmoid(linear(before, rows.x))
    new = sigmoid(held_out)
    random = np.random.default_rng(seed)
    samples = random.integers(len(rows.y), size=(RESAMPLES, len(rows.y)))

    def measured(name: str, higher: bool, of: Callable[[Rows, Floats, float], float]) -> Measure:
        pairs = np.array(
            [
                (of(part := rows.part(s), old[s], before.threshold), of(part, new[s], threshold))
                for s in samples
            ]
        )
        old_value, new_value = of(rows, old, before.threshold), of(rows, new, threshold)
        return Measure(
            name,
            higher,
            _estimate(old_value, pairs[:, 0]),
            _estimate(new_value, pairs[:, 1]),
            _estimate(new_value - old_value, pairs[:, 1] - pairs[:, 0]),
        )

    return (
        measured('log loss', False, _log_loss),
        measured('Brier score', False, _brier),
        measured('accuracy', True, _accuracy),
        measured('AUC', True, _auc),
    )


def _estimate(value: float, samples: Floats) -> Estimate:
    """Add the interval; resamples of one kind only have no AUC and are left out."""
    low, high = np.nanpercentile(samples, INTERVAL)
    return Estimate(float(value), float(low), float(high))


def _log_loss(rows: Rows, probability: Floats, threshold: float) -> float:
    p = np.clip(probability, TINY, 1 - TINY)
    loss = -(rows.y * np.log(p) + (1 - rows.y) * np.log(1 - p))
    return float(np.average(loss, weights=rows.weight))


def _brier(rows: Rows, probability: Floats, threshold: float) -> float:
    return float(np.average((probability - rows.y) ** 2, weights=rows.weight))


def _accuracy(rows: Rows, probability: Floats, threshold: float) -> float:
    return float(np.average((probability >= threshold) == rows.y, weights=rows.weight))


def _auc(rows: Rows, probability: Floats, threshold: float) -> float:
    """How often a welcome opening has the higher probability; NaN with one kind only.

    Weighted, and ties count half: the Mann-Whitney statistic (Hanley and McNeil, Radiology 1982).
    """
    _, level = np.unique(probability, return_inverse=True)
    good = np.bincount(level, rows.weight * rows.y)
    bad = np.bincount(level, rows.weight * (1 - rows.y))
    if not good.any() or not bad.any():
        return float('nan')
    below = np.cumsum(bad) - bad / 2
    return float(good @ below / (good.sum() * bad.sum()))
