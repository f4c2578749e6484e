"""The newest camera picture as a JPEG, made only while somebody looks.

Flow: a page asks for the picture after the one it has and waits for it, so it is never given an
old one, however slow it is. The camera's side asks `wanted` before it takes the trouble.

Threads: pages wait in their connections' threads, the camera shows from its own.
"""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray
from robochat.values import RgbImage

LOOKING_SEC = 2.0
MAX_JPEG_BYTES = 4_000_000


class PictureError(ValueError):
    """A picture can't be shown; the message says why."""


class Pictures:
    """Holds one picture, and knows whether anybody wants the next."""

    def __init__(self) -> None:
        self._shown = threading.Condition()
        self._jpeg = b''
        self._number = 0
        self._asked_sec = -LOOKING_SEC

    def wanted(self) -> bool:
        """Tell whether somebody has asked for a picture just now."""
        with self._shown:
            return time.monotonic() - self._asked_sec < LOOKING_SEC

    def show(self, jpeg: bytes) -> None:
        """Replace the picture; raises PictureError for one that is too large to pass on."""
        if len(jpeg) > MAX_JPEG_BYTES:
            raise PictureError(f'a picture of {len(jpeg)} bytes: at most {MAX_JPEG_BYTES}')
        with self._shown:
            self._jpeg = bytes(jpeg)
            self._number += 1
            self._shown.notify_all()

    def after(self, number: int, timeout_sec: float) -> tuple[int, bytes] | None:
        """Wait for another picture than this one; None when the time is up.

        A number that was never given, such as one of an earlier run, gets the next picture.
        """
        end_sec = time.monotonic() + timeout_sec
        with self._shown:
            first = self._number if number not in range(self._number + 1) else number
            while self._number == first or not self._jpeg:
                self._asked_sec = time.monotonic()
                left_sec = end_sec - self._asked_sec
                if left_sec <= 0:
                    return None
                self._shown.wait(min(left_sec, LOOKING_SEC / 2))
            self._asked_sec = time.monotonic()
            return self._number, self._jpeg


def jpeg_of(rgb: RgbImage, width_px: int, quality: int) -> bytes:
    """Encode (height, width, 3) uint8 RGB, no wider than `width_px`; raises PictureError."""
    import cv2

    height, width = rgb.shape[:2]
    small: NDArray[np.uint8] = rgb
    if width > width_px:
        size = (width_px, max(1, round(height * width_px / width)))
        small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise PictureError(f'a picture of {width} x {height} pixels has no JPEG')
    return data.tobytes()
