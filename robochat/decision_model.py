"""What speaking now is worth, learned: a logistic regression that a person can read.

Flow: `features_of` describes a candidate in numbers between -1 and 1 that each have a name;
`DecisionModel` weighs and sums them. The weights lie in a JSON file, so that whoever asks why the
robot spoke gets the answer in the terms of `FEATURES`. Runs on plain Python.

What this doesn't do: vetoes. Do-not-disturb, quiet hours, cooldowns and the floor of a person who
speaks are rules of `robochat.engagement` that no weight can outvote, and a hazard asks no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
import math
from pathlib import Path

from robochat.cues import Candidate
from robochat.resources import MissingFileError, model_path
from robochat.values import finite, Person, Trigger, WorldView

FILE = 'decision.json'
LATELY_SEC = 60.0
LASTED_SEC = 3.0
FAR_M = 4.0
FAST_MPS = 0.5
CROWD = 5
MAX_BYTES = 100_000
MAX_FEATURES = 100
TRIGGERS = (Trigger.REPLY, Trigger.GREETING, Trigger.CARE, Trigger.HELP, Trigger.SMALL_TALK)

FEATURES = (
    'value',  # how much the matter counts and how sure it is, by the cue itself
    'meant',  # the same for words that were heard: how likely they were meant for the robot
    'lasted',  # for how long the cue has been seen, full after 3 s
    'engagement',  # probability that the addressee wants to interact
    'facing',  # the addressee's head points at the robot
    'near',  # 1 at arm's length, 0 from 4 m on; a half when unknown
    'approach',  # speed toward the robot, full at 0.5 m/s; negative when going away
    'company',  # share of the last seconds that the addressee spent turned to someone else
    'talking',  # the addressee's mouth moves as in speech
    'crowd',  # how many others are in view, full at five
    'lately',  # 1 just after the robot spoke to the addressee, fading over a minute
    *(f'is_{trigger.value}' for trigger in TRIGGERS),
)


class DecisionModelError(ValueError):
    """A file of weights can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class DecisionModel:
    """Weights of a logistic regression over named features.

    It says yes where `probability` reaches `threshold`. `made` tells by what and when it was
    fitted.
    """

    features: tuple[str, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float = 0.5
    made: str = ''

    def probability(self, values: Sequence[float]) -> float:
        """How likely it is that speaking is right, given values in the order of `features`."""
        return sigmoid(self._logit(values))

    def score(self, values: Sequence[float]) -> float:
        """The probability, moved so that 0.5 stands where the model's own threshold is."""
        return sigmoid(self._logit(values) - logit(self.threshold))

    def _logit(self, values: Sequence[float]) -> float:
        return self.bias + sum(w * v for w, v in zip(self.weights, values, strict=True))

    def to_json(self) -> str:
        """Write the model; `from_json` reads it back exactly."""
        rows = dict(zip(self.features, self.weights, strict=True))
        return json.dumps(
            {
                'made': self.made,
                'threshold': self.threshold,
                'bias': self.bias,
                'weights': rows,
            },
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str) -> DecisionModel:
        """Read a model; raises DecisionModelError for anything but finite, named weights."""
        try:
            read = json.loads(text)
            weights = {str(name): float(weight) for name, weight in read['weights'].items()}
            bias, threshold = float(read['bias']), float(read['threshold'])
            made = str(read.get('made', ''))[:200]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DecisionModelError(
                f'no decision model: {type(error).__name__} {str(error)[:100]}; it must be a JSON '
                'object with made, threshold, bias and weights (a number for each feature)'
            ) from error
        if not all(map(math.isfinite, (bias, threshold, *weights.values()))):
            raise DecisionModelError('a weight, the bias or the threshold is not finite')
        if not 0 < threshold < 1 or not 0 < len(weights) <= MAX_FEATURES:
            raise DecisionModelError(
                f'threshold {threshold} must lie between 0 and 1, '
                f'and {len(weights)} weights must be 1 to {MAX_FEATURES}'
            )
        return cls(tuple(weights), tuple(weights.values()), bias, threshold, made)


def load_decision_model(path: Path | None = None) -> DecisionModel:
    """Read the shipped model, or that of a user; raises DecisionModelError.

    A model over other features than FEATURES is refused: it was made for another version.
    """
    try:
        path = path or model_path(FILE)
        if path.stat().st_size > MAX_BYTES:
            raise DecisionModelError(f'{path} has more than {MAX_BYTES} bytes')
        model = DecisionModel.from_json(path.read_text(encoding='utf-8'))
    except (MissingFileError, OSError, UnicodeDecodeError, DecisionModelError) as error:
        raise DecisionModelError(f'{path or FILE}: {error}; `robochat learn` makes one') from error
    if model.features != FEATURES:
        odd = sorted(set(model.features) ^ set(FEATURES)) or ['their order']
        raise DecisionModelError(
            f'{path} has other features ({", ".join(odd[:5])}) than this version; '
            '`robochat learn` makes a new one'
        )
    return model


def features_of(
    candidate: Candidate, view: WorldView, since_opened_sec: float = math.inf
) -> tuple[float, ...]:
    """Describe a candidate in the order of FEATURES, each value between -1 and 1.

    `since_opened_sec` tells how long ago the robot last spoke to the addressee. Of words that were
    heard all is as it was when they ended: what was refused stays refused.
    """
    settled = candidate.seen is not None
    person = candidate.seen or view.person(candidate.addressee)
    lasted_sec = 0.0 if settled else view.now_sec - candidate.onset_sec
    others = sum(p.visible for p in view.people) - (person is not None and person.visible)
    return (
        _share(candidate.value),
        _share(candidate.value) if candidate.trigger is Trigger.REPLY else 0.0,
        _share(lasted_sec / LASTED_SEC),
        *_of_person(person, spoken=settled),
        _share(others / CROWD),
        math.exp(-max(0.0, since_opened_sec) / LATELY_SEC),
        *(float(candidate.trigger is trigger) for trigger in TRIGGERS),
    )


def _of_person(person: Person | None, spoken: bool) -> tuple[float, ...]:
    """Describe the addressee: engagement, facing, near, approach, company, talking."""
    if person is None:
        return 0.5, 0.0, 0.5, 0.0, 0.0, 0.0
    distance_m = person.distance_m
    return (
        _share(person.engagement),
        float(person.facing),
        _share(1 - distance_m / FAR_M) if distance_m is not None else 0.5,
        _share(person.approach_mps / FAST_MPS, -1.0),
        _share(person.with_others),
        float(person.mouth_active and not spoken),
    )


def _share(value: float, low: float = 0.0) -> float:
    """Clip to the range from `low` to 1; what is no number counts as nothing."""
    return max(low, min(1.0, value)) if finite(value) else 0.0


def sigmoid(value: float) -> float:
    """Turn a sum of weights into a probability."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))


def logit(probability: float) -> float:
    """Turn a probability between 0 and 1 into the sum that gives it."""
    return math.log(probability / (1 - probability))
