"""The test pictures, as arrays and as frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from robochat.perception.image import decode_compressed
from robochat.values import Frame, RgbImage

FOLDER = Path(__file__).resolve().parent / 'data'


def picture(name: str) -> RgbImage:
    return decode_compressed((FOLDER / f'{name}.jpg').read_bytes())


def frames(name: str, count: int, rate_hz: float = 10.0, start_sec: float = 0.0) -> list[Frame]:
    image = picture(name)
    return [Frame(image, start_sec + k / rate_hz, k) for k in range(count)]


def noise() -> RgbImage:
    return np.random.default_rng(5).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def blank() -> RgbImage:
    return np.full((480, 640, 3), 128, np.uint8)
