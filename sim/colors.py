"""Colour words and the paints that give them to walls, clothes, floors and things.

Units and frames: colours are RGB, 0 to 1; a paint takes and returns (h, w, 3) uint8 RGB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Paint = Callable[[Picture], Picture]
Rgb = tuple[float, float, float]
Rng = np.random.Generator

WALL_COLORS: dict[str, Rgb] = {
    'white': (0.92, 0.92, 0.91),
    'grey': (0.56, 0.57, 0.58),
    'blue': (0.42, 0.57, 0.78),
    'green': (0.48, 0.67, 0.46),
    'yellow': (0.92, 0.81, 0.42),
    'pink': (0.90, 0.62, 0.68),
    'beige': (0.82, 0.73, 0.58),
    'brown': (0.50, 0.36, 0.25),
}
TOP_COLORS: dict[str, Rgb] = {
    'red': (0.72, 0.13, 0.13),
    'blue': (0.15, 0.29, 0.68),
    'green': (0.18, 0.55, 0.25),
    'yellow': (0.90, 0.76, 0.18),
    'white': (0.90, 0.90, 0.89),
    'black': (0.11, 0.11, 0.12),
    'orange': (0.92, 0.47, 0.10),
    'purple': (0.43, 0.21, 0.60),
}
LEG_COLORS: tuple[Rgb, ...] = (
    (0.17, 0.19, 0.33),
    (0.15, 0.15, 0.16),
    (0.30, 0.36, 0.50),
    (0.40, 0.38, 0.36),
    (0.52, 0.44, 0.33),
)
FLOOR_TINTS: tuple[Rgb, ...] = (
    (1.0, 1.0, 1.0),
    (0.62, 0.56, 0.52),
    (1.18, 1.26, 1.36),
    (0.80, 0.98, 1.25),
    (1.05, 0.86, 0.74),
    (0.95, 1.15, 1.30),
)
# Columns and rows of the atlas (512 x 512) where each part of every body's clothes is painted.
ATLAS_PX = 512
TOP_PX = (slice(416, 512), slice(64, 192))
LEGS_PX = (slice(416, 512), slice(192, 256))
TILE_PX = 64


def is_top(uv: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which places (n, 2) in a body's atlas show its top."""
    rows, columns = TOP_PX
    x, y = uv[:, 0] * ATLAS_PX, uv[:, 1] * ATLAS_PX
    inside = (x >= columns.start) & (x <= columns.stop) & (y >= rows.start)
    return np.asarray(inside & (y <= rows.stop))


def is_face(uv: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which places (n, 2) in a body's atlas show the face, without ears and neck."""
    x, y = uv[:, 0] * ATLAS_PX, uv[:, 1] * ATLAS_PX
    head = ((x - 240) / 88) ** 2 + ((y - 262) / 118) ** 2 < 1.0
    eyes = (x >= 448) & (y >= 416) & (y <= 480)
    return np.asarray(head | eyes)


def pick(rng: Rng, colors: dict[str, Rgb]) -> str:
    """Return one of the colour words."""
    return str(rng.choice(list(colors)))


def near(rng: Rng, color: Rgb, spread: float = 0.025) -> Rgb:
    """Return a colour a little lighter or darker than the given one, hardly of another hue."""
    off = rng.normal(0, spread) + rng.normal(0, spread / 4, 3)
    r, g, b = np.clip(np.array(color) + off, 0.02, 0.97)
    return float(r), float(g), float(b)


def clothes(top: Rgb, legs: Rgb, skin: float) -> Paint:
    """Paint clothes in new colours, keeping their weave; `skin` scales how light the rest is."""

    def paint(picture: Picture) -> Picture:
        image = picture.astype(np.float32) * np.float32(skin)
        for (rows, columns), color in ((TOP_PX, top), (LEGS_PX, legs)):
            cloth = picture[rows, columns].astype(np.float32)
            weave = (cloth - np.median(cloth, axis=(0, 1))).mean(axis=2, keepdims=True)
            inside = np.abs(weave) < 45
            # Dark cloth shows less of its weave.
            strength = 0.25 + 0.75 * max(color)
            image[rows, columns] = np.array(color, np.float32) * 255 + strength * weave * inside
        return _bytes(image)

    return paint


def tinted(color: Rgb) -> Paint:
    """Paint a thing in one colour, keeping what is light and dark on it."""

    def paint(picture: Picture) -> Picture:
        gray = picture.astype(np.float32).mean(axis=2, keepdims=True)
        # A floor under the mean: black things mustn't turn white.
        share = np.clip(gray / max(60.0, float(gray.mean())), 0.45, 1.35)
        return _bytes(np.array(color, np.float32) * 255 * share)

    return paint


def scaled(factors: Rgb) -> Paint:
    """Scale the three channels of a picture."""

    def paint(picture: Picture) -> Picture:
        return _bytes(picture * np.array(factors, np.float32))

    return paint


def tiles(color: Rgb) -> Paint:
    """Turn a floor into tiles of 40 cm, with the shadows that it had."""
    import cv2

    def paint(picture: Picture) -> Picture:
        light = cv2.GaussianBlur(picture.mean(axis=2).astype(np.float32), (0, 0), 9.0)
        image = np.array(color, np.float32) * 255 * (light / 120.0)[..., None]
        for edge in range(3):
            image[edge::TILE_PX] *= 0.72
            image[:, edge::TILE_PX] *= 0.72
        return _bytes(image)

    return paint


def swapped(picture: Picture) -> Paint:
    """Show another picture instead."""
    return lambda _: picture


def turned(degrees: float) -> Paint:
    """Turn the hue of a picture."""
    import cv2

    def paint(picture: Picture) -> Picture:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + round(degrees / 2)) % 180
        return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)

    return paint


def _bytes(image: NDArray[Any]) -> Picture:
    """Round and clip to bytes."""
    return np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
