"""Recognise for a few minutes who was just here, by the colours they wear.

A colour histogram of the clothes below the face (Swain and Ballard, 1991) tells apart the few
people of one room and one visit. It is no biometric: it identifies nobody, means nothing tomorrow,
and lives in memory only until the person has been gone for `forget_sec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.values import Box, RgbImage

Signature = NDArray[np.float32]

HUES, SATURATIONS, GREYS = 16, 3, 6
LEAST_PIXELS = 400
LEAST_SATURATION = 50
ALIKE = 0.7
CLEARLY = 0.08
NOTE_SEC = 0.5
MOST_NAMES = 256


def clothes(box: Box, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the chest below a face, clipped to the picture."""
    middle = box.center[0]
    left, right = middle - 0.9 * box.width, middle + 0.9 * box.width
    top, bottom = box.bottom + 0.6 * box.height, box.bottom + 2.0 * box.height
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(width_px, int(right)),
        min(height_px, int(bottom)),
    )


def signature_of(rgb: RgbImage, box: Box) -> Signature | None:
    """Histogram of the clothes below a face, or None when too little of them is in the picture.

    The result has HUES * SATURATIONS + GREYS bins that sum to 1; colourless pixels count by their
    brightness, the others by hue and saturation.
    """
    left, top, right, bottom = clothes(box, rgb.shape[1], rgb.shape[0])
    if right <= left or bottom <= top or (right - left) * (bottom - top) < LEAST_PIXELS:
        return None
    pixels = (
        cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(int)
    )
    hue, saturation, value = pixels.T
    coloured = saturation >= LEAST_SATURATION
    hue_bin = hue[coloured] * HUES // 180
    saturation_bin = (
        (saturation[coloured] - LEAST_SATURATION) * SATURATIONS // (256 - LEAST_SATURATION)
    )
    colours = np.bincount(hue_bin * SATURATIONS + saturation_bin, minlength=HUES * SATURATIONS)
    greys = np.bincount(value[~coloured] * GREYS // 256, minlength=GREYS)
    histogram = np.concatenate([_blur_hues(colours), greys]).astype(np.float32)
    return np.asarray(histogram / histogram.sum(), np.float32)


def _blur_hues(colours: NDArray[np.int64]) -> NDArray[np.float64]:
    """Spread each hue into its neighbours, so that a shade at a bin's edge still matches."""
    by_hue = colours.reshape(HUES, SATURATIONS).astype(float)
    spread = 0.6 * by_hue + 0.2 * np.roll(by_hue, 1, axis=0) + 0.2 * np.roll(by_hue, -1, axis=0)
    return np.asarray(spread.reshape(-1))


def alike(one: Signature, other: Signature) -> float:
    """Bhattacharyya coefficient of two signatures, 0 to 1."""
    return float(np.sqrt(one * other).sum())


@dataclass
class _Known:
    signature: Signature
    seen_sec: float


class Acquaintances:
    """Who was seen lately, by clothes."""

    def __init__(self, forget_sec: float) -> None:
        self.forget_sec = forget_sec
        self._known: dict[str, _Known] = {}

    def note(self, person: str, signature: Signature, now_sec: float) -> None:
        """Remember, or slowly update, how someone in view is dressed."""
        known = self._known.get(person)
        mixed = signature if known is None else 0.8 * known.signature + 0.2 * signature
        self._known[person] = _Known(mixed.astype(np.float32), now_sec)

    def recognise(self, signature: Signature, now_sec: float, present: set[str]) -> str | None:
        """Return the id of the one absent person who was dressed like this, if it is clear who."""
        self._forget(now_sec)
        absent = (
            (alike(signature, k.signature), p) for p, k in self._known.items() if p not in present
        )
        ranked = sorted(absent, reverse=True)
        if not ranked or ranked[0][0] < ALIKE:
            return None
        ambiguous = len(ranked) > 1 and ranked[0][0] - ranked[1][0] < CLEARLY
        return None if ambiguous else ranked[0][1]

    def _forget(self, now_sec: float) -> None:
        for person, known in list(self._known.items()):
            if not 0 <= now_sec - known.seen_sec <= self.forget_sec:
                del self._known[person]


class Recall:
    """Gives tracks of people who come back the ids that they had.

    A track's name is settled at its first picture that shows enough of the clothes; until then,
    and where nobody is recognised, it is the tracker's own. `forget_sec` of 0 recalls nobody.
    """

    def __init__(self, forget_sec: float) -> None:
        self._acquaintances = Acquaintances(forget_sec)
        self._names: dict[str, str] = {}
        self._noted_sec: dict[str, float] = {}

    def names(self, rgb: RgbImage, faces: Mapping[str, Box], now_sec: float) -> dict[str, str]:
        """Return the name to show for each track, by the tracker's name."""
        if len(self._names) > MOST_NAMES:
            self._names = {t: n for t, n in self._names.items() if t in faces}
            self._noted_sec = {t: s for t, s in self._noted_sec.items() if t in faces}
        for track, box in faces.items():
            if not 0 <= now_sec - self._noted_sec.get(track, -math.inf) < NOTE_SEC:
                self._note(rgb, track, box, now_sec, faces)
        return {track: self._names.get(track, track) for track in faces}

    def _note(
        self, rgb: RgbImage, track: str, box: Box, now_sec: float, faces: Mapping[str, Box]
    ) -> None:
        """Look at someone's clothes: to settle a new name, then to keep up with the light."""
        signature = signature_of(rgb, box)
        if signature is None:
            return
        self._noted_sec[track] = now_sec
        if track not in self._names:
            present = {self._names.get(other, other) for other in faces if other != track}
            known = self._acquaintances.recognise(signature, now_sec, present)
            self._names[track] = known or track
        self._acquaintances.note(self._names[track], signature, now_sec)
