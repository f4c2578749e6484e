"""Find faces with MediaPipe's full-range detector (BlazeFace family, arXiv 1907.05047).

Units and frames: boxes and keypoints are pixels of the picture that was given. Keypoint names
follow the subject: the right eye lies on the left side of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.perception.networks import Floats, LiteNetwork
from robochat.values import Box, RgbImage

SIDE_PX = 192
GRID = 48
SAME_FACE_IOU = 0.3

Point = tuple[float, float]


@dataclass(frozen=True)
class DetectedFace:
    """One face: its box (brows to chin), score 0 to 1, and six keypoints in pixels."""

    box: Box
    score: float
    right_eye: Point
    left_eye: Point
    nose: Point
    mouth: Point
    right_ear: Point
    left_ear: Point

    @property
    def roll_rad(self) -> float:
        """Angle of the line through the eyes, positive clockwise in the picture."""
        return math.atan2(
            self.left_eye[1] - self.right_eye[1], self.left_eye[0] - self.right_eye[0]
        )

    @property
    def eye_distance_px(self) -> float:
        """Distance between the eyes."""
        return math.dist(self.left_eye, self.right_eye)


class FaceDetector:
    """Finds faces from about 20 px to the whole picture; one thread at a time may call it."""

    def __init__(self, path: Path, score: float = 0.6, threads: int = 1) -> None:
        """Raises WeightsError when the file can't be opened."""
        self._network = LiteNetwork(path, threads)
        self._score = score
        self._centers = _grid_centers()

    def detect(self, rgb: RgbImage) -> tuple[DetectedFace, ...]:
        """Return the faces in `rgb` (height, width, 3; uint8), best first."""
        scale = max(rgb.shape[:2]) / SIDE_PX
        # The order of the outputs is the converter's whim; their widths tell them apart.
        narrow, wide = sorted(self._network.run(_letterbox(rgb)), key=lambda a: a.shape[-1])
        scores = 1.0 / (1.0 + np.exp(-np.clip(narrow[0, :, 0], -80.0, 80.0)))
        keep = np.flatnonzero(scores >= self._score)
        return _merge(self._place(wide[0, keep], keep) * np.float32(scale), scores[keep])

    def _place(self, raw: Floats, cells: NDArray[np.intp]) -> Floats:
        """Turn offsets from cell centres into (cell, 8, 2): centre, size, six keypoints."""
        pairs = raw.reshape(-1, 8, 2).copy()
        pairs[:, 0] += self._centers[cells]
        pairs[:, 2:] += self._centers[cells][:, None]
        return pairs


def _grid_centers() -> Floats:
    """Centres of the single anchor in each cell of the 48 x 48 grid, in network pixels."""
    line = (np.arange(GRID, dtype=np.float32) + 0.5) * (SIDE_PX / GRID)
    x, y = np.meshgrid(line, line)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _letterbox(rgb: RgbImage) -> Floats:
    """Shrink into the upper left of a square, black elsewhere, scaled to -1..1."""
    scale = SIDE_PX / max(rgb.shape[:2])
    width, height = (max(1, round(side * scale)) for side in (rgb.shape[1], rgb.shape[0]))
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    square = np.full((1, SIDE_PX, SIDE_PX, 3), -1.0, np.float32)
    square[0, :height, :width] = small * np.float32(2 / 255) - 1
    return square


def _merge(pairs: Floats, scores: NDArray[np.floating]) -> tuple[DetectedFace, ...]:
    """Average overlapping candidates by score, as BlazeFace does to keep boxes steady."""
    faces: list[DetectedFace] = []
    boxes = np.concatenate([pairs[:, 0] - pairs[:, 1] / 2, pairs[:, 0] + pairs[:, 1] / 2], axis=1)
    left = np.argsort(-scores)
    while left.size:
        same = _overlaps(boxes[left[0]], boxes[left]) >= SAME_FACE_IOU
        same[0] = True
        group = left[same]
        mean = np.average(pairs[group], axis=0, weights=scores[group])
        faces.append(_face(mean, float(scores[left[0]])))
        left = left[~same]
    return tuple(faces)


def _overlaps(box: Floats, boxes: Floats) -> NDArray[np.floating]:
    """Intersection over union of one corner box with many."""
    corner = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.prod(np.clip(corner, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def _face(pairs: NDArray[np.floating], score: float) -> DetectedFace:
    """Name the numbers of one candidate."""
    (cx, cy), (width, height) = pairs[0].tolist(), pairs[1].tolist()
    points: list[Point] = [(float(x), float(y)) for x, y in pairs[2:]]
    return DetectedFace(Box(cx - width / 2, cy - height / 2, width, height), score, *points)
