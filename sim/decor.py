"""What hangs on the walls of random homes: windows, paintings and doors where there is room.

Units and frames: metres, as in `room`.
"""

from __future__ import annotations

from collections.abc import Iterable
import math

import numpy as np

from .room import Decor, Furniture, WALLS

TRIES = 6
NEAR_WALL_M = 0.9
GAP_M = 0.15
CEILING_M = 2.3


def hang(
    rng: np.random.Generator,
    x: tuple[float, float],
    y: tuple[float, float],
    furniture: Iterable[Furniture],
) -> tuple[Decor, ...]:
    """Return windows, paintings and doors that furniture doesn't hide."""
    pieces = tuple(furniture)
    found: list[Decor] = []
    for wall in WALLS:
        low, high = y if wall in ('front', 'back') else x
        for _ in range(int(rng.choice((0, 1, 2, 3), p=(0.1, 0.4, 0.35, 0.15)))):
            for _ in range(TRIES):
                decor = _decor(rng, wall, low, high, _behind(wall, x, y, pieces))
                if decor and not any(_collide(decor, other) for other in found):
                    found.append(decor)
                    break
    return tuple(found)


def _decor(
    rng: np.random.Generator,
    wall: str,
    low: float,
    high: float,
    behind: tuple[tuple[float, float, float], ...],
) -> Decor | None:
    """Draw one piece; None where furniture is in its way."""
    kind = str(rng.choice(('window', 'painting', 'door'), p=(0.4, 0.4, 0.2)))
    wide, high_m = {
        'window': (rng.uniform(0.9, 1.6), rng.uniform(0.9, 1.2)),
        'painting': (rng.uniform(0.4, 1.0), rng.uniform(0.4, 0.75)),
        'door': (rng.uniform(0.8, 0.95), rng.uniform(1.98, 2.1)),
    }[kind]
    if high - low < wide + 0.5:
        return None
    along = rng.uniform(low + wide / 2 + 0.2, high - wide / 2 - 0.2)
    hidden = max(
        (top for a, b, top in behind if a < along + wide / 2 and b > along - wide / 2), default=0.0
    )
    foot = 0.0
    if kind == 'door' and hidden:
        return None
    if kind != 'door':
        foot = max(
            hidden + 0.08, rng.uniform(0.85, 1.05) if kind == 'window' else rng.uniform(1.1, 1.5)
        )
    if foot + high_m > CEILING_M:
        return None
    return Decor(kind, wall, float(along), float(foot), float(wide), float(high_m))


def _behind(
    wall: str, x: tuple[float, float], y: tuple[float, float], pieces: Iterable[Furniture]
) -> tuple[tuple[float, float, float], ...]:
    """Return from where to where, and how high, furniture hides a wall."""
    found = []
    for piece in pieces:
        c, s = abs(math.cos(piece.heading_rad)), abs(math.sin(piece.heading_rad))
        deep, wide, high = piece.model.size_m
        dx, dy = (c * deep + s * wide) / 2, (s * deep + c * wide) / 2
        gap = {
            'front': x[1] - piece.x - dx,
            'back': piece.x - dx - x[0],
            'left': y[1] - piece.y - dy,
            'right': piece.y - dy - y[0],
        }[wall]
        middle, half = (piece.y, dy) if wall in ('front', 'back') else (piece.x, dx)
        if gap < NEAR_WALL_M:
            found.append((middle - half - 0.05, middle + half + 0.05, piece.z + high))
    return tuple(found)


def _collide(a: Decor, b: Decor) -> bool:
    """Tell whether two pieces hang too near each other."""
    apart = abs(a.along_m - b.along_m) - (a.width_m + b.width_m) / 2
    return a.wall == b.wall and apart < GAP_M
