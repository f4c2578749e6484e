"""Find things of the 80 COCO classes with NanoDet (github.com/RangiLyu/nanodet, 416 x 416)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.perception.networks import Floats, OnnxNetwork
from robochat.values import Box, RgbImage, softmax

SIDE_PX = 416
CLASSES = 80
# A box side is a distribution over 0 to 10 strides (generalized focal loss, arXiv 2006.04388)
BINS = 11
# Means and deviations of NanoDet's training, in the order blue, green, red.
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
SAME_THING_IOU = 0.5
# Two labels for one box: a mug is not also a bowl.
TWO_NAMES_IOU = 0.8
# People are found by their faces and are no things.
NOT_THINGS = frozenset({'person'})


@dataclass(frozen=True)
class DetectedObject:
    """One thing: COCO label, score 0 to 1, box in picture pixels."""

    label: str
    score: float
    box: Box


class ObjectDetector:
    """Finds things in pictures; a pass takes about a tenth of a second on one core."""

    def __init__(
        self, path: Path, labels: Sequence[str], score: float = 0.4, threads: int = 1
    ) -> None:
        """Take the 80 class names in order; raises WeightsError, or ValueError for `labels`."""
        if len(labels) != CLASSES:
            raise ValueError(f'{len(labels)} labels were given: NanoDet has {CLASSES} classes')
        self._network = OnnxNetwork(path, threads)
        self._labels = tuple(labels)
        self._score = score

    def detect(self, rgb: RgbImage) -> tuple[DetectedObject, ...]:
        """Return the things in `rgb` (height, width, 3; uint8), best first, without people."""
        scale = SIDE_PX / max(rgb.shape[:2])
        found = [
            DetectedObject(self._labels[kind], score, _scaled(corners, 1 / scale))
            for scores, sides, stride in _by_stride(self._network.run(_letterbox(rgb)))
            for kind, score, corners in _candidates(scores, sides, stride, self._score)
            if self._labels[kind] not in NOT_THINGS
        ]
        return suppress(found)


def read_labels(path: Path) -> tuple[str, ...]:
    """Read class names, one on a line."""
    return tuple(path.read_text(encoding='utf-8').split('\n')[:CLASSES])


def suppress(found: Sequence[DetectedObject]) -> tuple[DetectedObject, ...]:
    """Keep the best of what overlaps: strictly within a class, at near identity across classes."""
    kept: list[DetectedObject] = []
    for item in sorted(found, key=lambda d: -d.score):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return tuple(kept)


def _same(item: DetectedObject, other: DetectedObject) -> bool:
    """Tell whether two detections are of one thing."""
    limit = SAME_THING_IOU if item.label == other.label else TWO_NAMES_IOU
    return item.box.iou(other.box) > limit


def _letterbox(rgb: RgbImage) -> Floats:
    """Shrink into the upper left of a black square; blue first, as NanoDet was trained."""
    scale = SIDE_PX / max(rgb.shape[:2])
    width, height = (max(1, round(side * scale)) for side in (rgb.shape[1], rgb.shape[0]))
    square = np.zeros((SIDE_PX, SIDE_PX, 3), np.float32)
    square[:height, :width] = cv2.resize(rgb, (width, height))[:, :, ::-1]
    return np.ascontiguousarray(((square - MEAN) / DEVIATION).transpose(2, 0, 1)[None])


def _by_stride(outputs: Sequence[Floats]) -> Iterator[tuple[Floats, Floats, int]]:
    """Pair scores (cells, 80) with sides (cells, 4 * 11) of each of the three grids."""
    for scores in (out for out in outputs if out.shape[2] == CLASSES):
        cells = scores.shape[1]
        sides = next(o for o in outputs if o.shape[1] == cells and o.shape[2] == 4 * BINS)
        yield scores[0], sides[0], SIDE_PX // round(cells**0.5)


def _candidates(
    scores: Floats, sides: Floats, stride: int, least: float
) -> Iterator[tuple[int, float, NDArray[np.float64]]]:
    """Yield class, score and corners (x1, y1, x2, y2) in network pixels of what scores enough."""
    columns = SIDE_PX // stride
    for cell, kind in np.argwhere(scores >= least):
        reach = softmax(sides[cell].reshape(4, BINS).astype(np.float64)) @ np.arange(BINS) * stride
        x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
        corners = np.array([x - reach[0], y - reach[1], x + reach[2], y + reach[3]])
        yield int(kind), float(scores[cell, kind]), corners


def _scaled(corners: NDArray[np.float64], scale: float) -> Box:
    """Carry corners into picture pixels."""
    x1, y1, x2, y2 = (float(value) * scale for value in corners)
    return Box(x1, y1, x2 - x1, y2 - y1)
