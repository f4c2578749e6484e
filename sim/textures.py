"""Pictures painted by program: floor with soft shadows, walls, window, painting, rug, door.

All return (height, width, 3) uint8 RGB and depend only on their arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .room import Furniture, Room

Picture = NDArray[np.uint8]
Layer = NDArray[np.float32]
FLOOR_PX_PER_M = 160
PLANK_WIDE_M = 0.14
PLANK_LONG_M = 1.3


def floor(room: Room, furniture: Iterable[Furniture]) -> Picture:
    """Paint oak planks along x with the shadows of what stands on them.

    Row 0 is at the room's largest y, column 0 at its smallest x.
    """
    wide = round((room.x[1] - room.x[0]) * FLOOR_PX_PER_M)
    high = round((room.y[1] - room.y[0]) * FLOOR_PX_PER_M)
    image = _planks(high, wide) * _ambient(high, wide)[..., None]
    for piece in furniture:
        image *= 1.0 - 0.55 * _footprint(room, piece, image.shape[:2])[..., None]
    return _finish(image)


def _planks(high: int, wide: int) -> Layer:
    """Paint the wood: each plank has its own shade, grain runs along it, joints are dark."""
    rng = np.random.default_rng(4)
    rows = (np.arange(high) / (PLANK_WIDE_M * FLOOR_PX_PER_M)).astype(int)
    shift = rng.uniform(0, PLANK_LONG_M, rows.max() + 1)[rows]
    along = (np.arange(wide)[None] / FLOOR_PX_PER_M + shift[:, None]) / PLANK_LONG_M
    board = along.astype(int) * 131 + rows[:, None] * 17
    shade = rng.uniform(0.84, 1.08, 4096)[board % 4096]
    grain = 1.0 + 0.05 * _noise(rng, high, wide, (1, 40)) + 0.02 * _noise(rng, high, wide, (1, 4))
    image = _rgb([176, 130, 88]) * (shade * grain)[..., None]
    joint = (np.diff(rows, prepend=-1) > 0)[:, None] | (
        np.diff(along.astype(int), axis=1, prepend=0) > 0
    )
    image[joint] *= 0.62
    return np.asarray(image, np.float32)


def _noise(rng: np.random.Generator, high: int, wide: int, scale: tuple[int, int]) -> Layer:
    """Make smooth noise of unit spread; `scale` is its grain in pixels down and across."""
    coarse = rng.normal(size=(high // scale[0] + 2, wide // scale[1] + 2)).astype(np.float32)
    fine = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine / max(float(fine.std()), 1e-6), np.float32)


def _ambient(high: int, wide: int) -> Layer:
    """Darken softly toward the edges, as corners of a room do."""
    y = np.minimum(np.arange(high), np.arange(high)[::-1])[:, None] / FLOOR_PX_PER_M
    x = np.minimum(np.arange(wide), np.arange(wide)[::-1])[None] / FLOOR_PX_PER_M
    return np.asarray((1 - 0.3 * np.exp(-3.0 * y)) * (1 - 0.3 * np.exp(-3.0 * x)), np.float32)


def _footprint(room: Room, piece: Furniture, shape: tuple[int, int]) -> Layer:
    """Return the soft shadow (0 to 1) under a piece of furniture."""
    deep, wide, high = piece.model.size_m
    middle = ((piece.x - room.x[0]) * FLOOR_PX_PER_M, (room.y[1] - piece.y) * FLOOR_PX_PER_M)
    size = (deep * FLOOR_PX_PER_M, wide * FLOOR_PX_PER_M)
    corners = cv2.boxPoints((middle, size, -np.degrees(piece.heading_rad)))
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1.0)
    spread = (0.05 + 0.07 * min(high, 1.0)) * FLOOR_PX_PER_M
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), spread), np.float32)


def wall(color: tuple[float, float, float], seed: int) -> Picture:
    """Paint a plastered wall that is lighter toward the middle and darker at its edges."""
    rng = np.random.default_rng(seed)
    high, wide = 256, 512
    y, x = np.linspace(0, 1, high)[:, None], np.linspace(-1, 1, wide)[None]
    light = (
        1.0
        + 0.05 * np.exp(-(x**2) - (y - 0.4) ** 2)
        - 0.16 * y**6
        - 0.12 * x**8
        - 0.06 * (1 - y) ** 8
    )
    grain = 1.0 + 0.003 * _noise(rng, high, wide, (1, 1))
    return _finish(_rgb(color) * 255 * (light * grain)[..., None])


def view(seed: int) -> Picture:
    """Paint what lies outside a window: sky, clouds, hills, trees."""
    rng = np.random.default_rng(seed)
    high, wide = 256, 288
    y = np.linspace(0, 1, high)[:, None, None]
    image = _rgb([150, 190, 228]) * (1 - y) + _rgb([226, 236, 240]) * y
    cloud = np.clip(_noise(rng, high, wide, (24, 60)) * 0.5, 0, 1)[..., None]
    image = image + (250 - image) * cloud * 0.8
    hills = ((0.62, (128, 158, 138)), (0.74, (92, 132, 84)), (0.84, (74, 112, 62)))
    for level, color in hills:
        ridge = level + 0.05 * _noise(rng, 1, wide, (1, 70))[0]
        below = np.arange(high)[:, None] / high > ridge[None]
        image[below] = _rgb(color)
    image *= 1 + 0.03 * _noise(rng, high, wide, (4, 4))[..., None]
    return _finish(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.2))


def painting(seed: int) -> Picture:
    """Paint an abstract picture of soft coloured fields."""
    rng = np.random.default_rng(seed)
    image = np.full((192, 256, 3), (232, 224, 208), np.float32)
    palette = ((196, 92, 66), (230, 176, 84), (64, 104, 128), (44, 62, 80), (150, 170, 140))
    for color in palette:
        center = rng.integers((30, 30), (226, 162))
        axes = rng.integers(18, 70, 2)
        cv2.ellipse(
            image,
            center.tolist(),
            axes.tolist(),
            float(rng.uniform(0, 180)),
            0,
            360,
            color,
            -1,
            cv2.LINE_AA,
        )
    return _finish(
        cv2.GaussianBlur(image, (0, 0), 1.0)
        * (1 + 0.03 * _noise(rng, 192, 256, (2, 2))[..., None])
    )


def rug() -> Picture:
    """Paint a woven rug with a border."""
    rng = np.random.default_rng(11)
    image = np.full((384, 512, 3), (150, 78, 66), np.float32)
    for inset, color in (
        (14, (222, 206, 176)),
        (22, (88, 62, 72)),
        (60, (190, 150, 110)),
        (66, (150, 84, 70)),
    ):
        image[inset:-inset, inset:-inset] = color
    for x in range(96, 432, 64):
        for y in range(96, 320, 64):
            spot = np.array([[x + 24, y], [x, y + 20], [x - 24, y], [x, y - 20]])
            cv2.fillPoly(
                image, [spot], (206, 176, 132) if (x // 64 + y // 64) % 2 else (92, 66, 78)
            )
    return _finish(image * (1 + 0.07 * _noise(rng, 384, 512, (1, 1))[..., None]))


def door() -> Picture:
    """Paint a white panelled door."""
    image = np.full((256, 112, 3), (226, 222, 214), np.float32)
    for top, bottom in ((18, 110), (130, 236)):
        for left, right in ((14, 50), (62, 98)):
            cv2.rectangle(image, (left, top), (right, bottom), (188, 184, 176), 2)
            cv2.rectangle(image, (left + 2, top + 2), (right + 2, bottom + 2), (240, 238, 232), 1)
    cv2.circle(image, (102, 130), 4, (150, 120, 70), -1, cv2.LINE_AA)
    return _finish(image)


def wood(color: tuple[int, int, int], seed: int) -> Picture:
    """Paint a varnished board with grain along the rows."""
    rng = np.random.default_rng(seed)
    grain = 1.0 + 0.06 * _noise(rng, 256, 256, (3, 60)) + 0.03 * _noise(rng, 256, 256, (1, 12))
    return _finish(_rgb(color) * grain[..., None])


def _rgb(color: Sequence[float]) -> Layer:
    """Return a colour as an array."""
    return np.array(color, np.float32)


def _finish(image: NDArray[np.float32]) -> Picture:
    """Round and clip to bytes."""
    return np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
