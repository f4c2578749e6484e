"""Refits the decision model to outcomes: a logistic regression that is held near the shipped one.

Flow: outcomes -> rows and labels -> k-fold cross-validation, before against after on what each
fold held out -> a fit to all of them. Inputs are standardised and weights have an L2 penalty. The
shipped model is a prior in the form of data (conditional means prior, Bedrick, Christensen and
Johnson, JASA 1996): points spread over the whole space of features, labelled with its own
probabilities, count as much as `prior` outcomes. So a few odd ones move little, and features that
never varied keep their weights.

What this doesn't do: learn from silence. Only what was said has an outcome, so the fit learns
which openings to leave out rather than which were missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from robochat.decision_model import DecisionModel, logit
from robochat.learning.measures import Floats, linear, Measure, measure, Rows, sigmoid, TINY
from robochat.learning.outcomes import Outcome

LEAST_OUTCOMES = 20
LEAST_OF_A_KIND = 5
MOST_OUTCOMES = 20_000
PRIOR_OUTCOMES = 300.0
PRIOR_POINTS = 500
INVERSE_PENALTY = 10.0
FOLDS = 5
YES_OR_NO = ('facing', 'talking')
SIGNED = ('approach',)
ONE_OF = 'is_'


class FitError(ValueError):
    """The outcomes don't suffice for a fit; the message says what is missing."""


@dataclass(frozen=True)
class FitSettings:
    """How to fit: `prior` is how many outcomes the shipped model counts for."""

    folds: int = FOLDS
    prior: float = PRIOR_OUTCOMES
    seed: int = 7


@dataclass(frozen=True)
class Refit:
    """What a refit found; all figures are on outcomes that the fit had not seen.

    `dropped` of `welcome` openings and of `unwelcome` ones would not be made again.
    """

    before: DecisionModel
    after: DecisionModel
    measures: tuple[Measure, ...]
    welcome: int
    unwelcome: int
    dropped_welcome: int
    dropped_unwelcome: int
    explicit: int

    @property
    def is_better(self) -> bool:
        """Whether the log loss fell on held-out outcomes."""
        loss = next(m for m in self.measures if m.name == 'log loss')
        return loss.change.value < 0


def usable(outcomes: Iterable[Outcome], features: tuple[str, ...]) -> tuple[Outcome, ...]:
    """Outcomes that say something, of openings that were judged by these very features."""
    return tuple(
        o
        for o in outcomes
        if o.welcome is not None and tuple(sorted(n for n, _ in o.features)) == _sorted(features)
    )


def refit(
    outcomes: Iterable[Outcome],
    shipped: DecisionModel,
    before: DecisionModel | None = None,
    settings: FitSettings | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Refit:
    """Fit to outcomes, and compare with the model `before` (the shipped one unless given).

    Raises FitError when there are too few outcomes, or too few of one kind.
    """
    settings, before = settings or FitSettings(), before or shipped
    chosen = usable(outcomes, shipped.features)[-MOST_OUTCOMES:]
    rows = _rows(chosen, shipped.features)
    _check(rows)
    prior = _prior(shipped, settings)
    held_out = _cross_validate(rows, prior, shipped, settings, progress)
    progress('the last fit, to all outcomes')
    after = _fit(rows, prior, shipped)
    made = f'robochat learn, from {len(rows.y)} outcomes, on the shipped model ({shipped.made})'
    yes = linear(before, rows.x) >= logit(before.threshold)
    dropped = yes & (held_out < logit(shipped.threshold))
    return Refit(
        before=before,
        after=replace(after, made=made[:200]),
        measures=measure(rows, before, held_out, shipped.threshold, settings.seed),
        welcome=int(rows.y.sum()),
        unwelcome=int((1 - rows.y).sum()),
        dropped_welcome=int((dropped & (rows.y == 1)).sum()),
        dropped_unwelcome=int((dropped & (rows.y == 0)).sum()),
        explicit=sum(o.rating is not None for o in chosen),
    )


# --------------------------------------------------------------------------- rows
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _rows(outcomes: tuple[Outcome, ...], features: tuple[str, ...]) -> Rows:
    """Bring outcomes into the order of the features."""
    values = [dict(o.features) for o in outcomes]
    x = np.array([[v[name] for name in features] for v in values], dtype=np.float64)
    y = np.array([float(bool(o.welcome)) for o in outcomes])
    return Rows(x.reshape(-1, len(features)), y, np.array([o.weight for o in outcomes]))


def _check(rows: Rows) -> None:
    """Refuse what can't be learned from; raises FitError."""
    count, good = len(rows.y), int(rows.y.sum())
    few = min(good, count - good)
    if count >= LEAST_OUTCOMES and few >= LEAST_OF_A_KIND:
        return
    raise FitError(
        f'{count} usable outcomes ({good} welcome, {count - good} unwelcome) are too few to learn '
        f'from: at least {LEAST_OUTCOMES}, and {LEAST_OF_A_KIND} of each kind, are needed. Let '
        'the robot run on, or rate what it says on the feedback topic'
    )


def _prior(shipped: DecisionModel, settings: FitSettings) -> Rows:
    """Make data that says what the shipped model says, all over the space of features."""
    random = np.random.default_rng(settings.seed)
    x = random.random((PRIOR_POINTS, len(shipped.features)))
    kinds = [i for i, name in enumerate(shipped.features) if name.startswith(ONE_OF)]
    if kinds:
        x[:, kinds] = np.eye(len(kinds))[random.integers(len(kinds), size=PRIOR_POINTS)]
    for column, name in enumerate(shipped.features):
        if name in YES_OR_NO:
            x[:, column] = x[:, column] > 0.5
        elif name in SIGNED:
            x[:, column] = 2 * x[:, column] - 1
    yes = sigmoid(linear(shipped, x))
    each = settings.prior / PRIOR_POINTS
    ones = np.ones(PRIOR_POINTS)
    return Rows(
        np.concatenate([x, x]),
        np.concatenate([ones, 0 * ones]),
        np.concatenate([each * yes, each * (1 - yes)]) + TINY,
    )


# --------------------------------------------------------------------------- fitting
def _fit(rows: Rows, prior: Rows, shipped: DecisionModel) -> DecisionModel:
    """Fit to outcomes and prior; the threshold stays as shipped."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x = np.concatenate([rows.x, prior.x])
    y = np.concatenate([rows.y, prior.y])
    weight = np.concatenate([rows.weight, prior.weight])
    scaler = StandardScaler().fit(x, sample_weight=weight)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
    model.fit(scaler.transform(x), y, sample_weight=weight)
    weights = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - weights @ scaler.mean_)
    return replace(shipped, weights=tuple(float(w) for w in weights), bias=bias)


def _cross_validate(
    rows: Rows,
    prior: Rows,
    shipped: DecisionModel,
    settings: FitSettings,
    progress: Callable[[str], None],
) -> Floats:
    """Give every outcome the logit of a model that was fitted to the others."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(settings.folds, shuffle=True, random_state=settings.seed)
    held_out = np.zeros(len(rows.y))
    for number, (train, test) in enumerate(folds.split(rows.x, rows.y), 1):
        progress(f'fold {number} of {settings.folds}')
        held_out[test] = linear(_fit(rows.part(train), prior, shipped), rows.x[test])
    return held_out
