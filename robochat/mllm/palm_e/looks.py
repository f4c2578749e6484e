"""How a person or a thing looks in the picture: the colours of its own patch, as a vector.

A picture as a whole says that something red is there; only a patch says whose it is. Such tokens
of single objects are the entity-centric inputs of PaLM-E (Driess et al., arXiv 2303.03378, 4).

Units and frames: RGB, scaled as `(value - 127) / 64`; shares of the picture's width and height.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from robochat.values import Box, Frame

Vector = NDArray[np.float32]

PERSON_COLUMNS, PERSON_ROWS = 5, 9
THING_SIDE = 4
PLACE_FIELDS, LIGHT_FIELDS = 5, 3
PERSON_LOOK_WIDTH = PERSON_COLUMNS * PERSON_ROWS * 3 + PLACE_FIELDS + LIGHT_FIELDS
THING_LOOK_WIDTH = THING_SIDE * THING_SIDE * 3 + PLACE_FIELDS + LIGHT_FIELDS
LEAST_PX = 4.0
LIGHT_STEP = 8


def person_look(frame: Frame, face: Box) -> Vector:
    """Return the (143,) look of a person: face, hair and clothes, three faces wide and five high.

    The fields are the colours of 9 rows of 5 parts, then known, place and size of the face, and
    the picture's mean colour. All 0 when there is no face in the picture.
    """
    patch = Box(face.x - face.width, face.y - 0.5 * face.height, 3 * face.width, 5 * face.height)
    return _look(frame, face, patch, (PERSON_COLUMNS, PERSON_ROWS))


def thing_look(frame: Frame, box: Box) -> Vector:
    """Return the (56,) look of a thing, as `person_look` with 4 x 4 parts of its box."""
    return _look(frame, box, box, (THING_SIDE, THING_SIDE))


def _look(frame: Frame, box: Box, patch: Box, parts: tuple[int, int]) -> Vector:
    """Join colours, place and light."""
    colors = _colors(frame, patch, parts) if _is_seen(frame, box) else None
    if colors is None:
        return np.zeros(parts[0] * parts[1] * 3 + PLACE_FIELDS + LIGHT_FIELDS, np.float32)
    x, y = box.center
    wide, high = frame.width_px, frame.height_px
    place = (1.0, x / wide, y / high, box.width / wide, box.height / high)
    light = frame.image[::LIGHT_STEP, ::LIGHT_STEP].reshape(-1, 3).mean(0)
    vector = np.concatenate([colors, place, _scaled(light)])
    return np.asarray(np.clip(vector, -10, 10), np.float32)


def _is_seen(frame: Frame, box: Box) -> bool:
    """Tell whether a box is a real one, and partly inside the picture."""
    sizes = (box.x, box.y, box.width, box.height)
    if not all(map(math.isfinite, sizes)) or min(box.width, box.height) < LEAST_PX:
        return False
    inside_x = -box.width < box.x < frame.width_px
    return inside_x and -box.height < box.y < frame.height_px


def _colors(frame: Frame, patch: Box, parts: tuple[int, int]) -> Vector | None:
    """Return the mean colours of a patch; what lies outside the picture repeats its edge."""
    import cv2

    columns, rows = parts
    left, right = _span(patch.x, patch.width, frame.width_px)
    top, bottom = _span(patch.y, patch.height, frame.height_px)
    if right <= left or bottom <= top:
        return None
    seen = frame.image[top:bottom, left:right]
    # Four samples a part, so that a thin thing on the edge of two parts counts for both.
    xs = _places(patch.x, patch.width, columns * 4, left, right)
    ys = _places(patch.y, patch.height, rows * 4, top, bottom)
    smooth = cv2.blur(seen, (3, 3))
    samples = smooth[np.ix_(ys - top, xs - left)].astype(np.float32)
    means = samples.reshape(rows, 4, columns, 4, 3).mean((1, 3))
    return _scaled(means.reshape(-1))


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """Return the pixels from first to last that lie in the picture."""
    return max(0, math.floor(start)), min(limit, math.ceil(start + length))


def _places(start: float, length: float, count: int, low: int, high: int) -> NDArray[np.intp]:
    """Return evenly spread pixel numbers, held within low and high."""
    places = start + (np.arange(count) + 0.5) * length / count
    return np.clip(np.floor(places), low, high - 1).astype(np.intp)


def _scaled(colors: NDArray[np.floating]) -> Vector:
    """Bring colours to about -2 to 2."""
    return np.asarray((colors - 127.0) / 64.0, np.float32)
