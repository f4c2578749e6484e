"""Turn what cameras send into pictures: (height, width, 3) uint8 RGB.

`rgb8` is a read-only view of the message's own bytes; every other encoding is converted once. The
encodings are those of `sensor_msgs/image_encodings.hpp`. Nothing is allocated for a picture before
its size has been read and judged, so a decompression bomb costs nothing.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.values import RgbImage

# Quoted: array is subscriptable from Python 3.12 on only.
BytesLike: TypeAlias = 'bytes | bytearray | memoryview | array[int] | NDArray[np.uint8]'

MAX_PIXELS = 16_000_000
# Cameras may append zeros or a few bytes of their own after the end marker.
TAIL_BYTES = 4096
PNG_START = b'\x89PNG\r\n\x1a\n'
JPEG_START = b'\xff\xd8'
# Start-of-frame markers of JPEG (ITU-T T.81, table B.1), the ones that carry the size.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class ImageFault(str, Enum):
    """Why a picture can't be used."""

    EMPTY = 'empty'
    TOO_LARGE = 'too_large'
    ENCODING = 'encoding'
    STEP = 'step'
    TRUNCATED = 'truncated'
    CORRUPT = 'corrupt'


class ImageError(ValueError):
    """A picture can't be used; `fault` is the reason for counters, the text is for people."""

    def __init__(self, fault: ImageFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True)
class _Encoding:
    """Bytes of a pixel, and OpenCV's conversion to RGB (None where none is needed)."""

    pixel_bytes: int
    conversion: int | None = None


_ENCODINGS = {
    'rgb8': _Encoding(3),
    'bgr8': _Encoding(3, cv2.COLOR_BGR2RGB),
    '8uc3': _Encoding(3, cv2.COLOR_BGR2RGB),
    'rgba8': _Encoding(4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Encoding(4, cv2.COLOR_BGRA2RGB),
    '8uc4': _Encoding(4, cv2.COLOR_BGRA2RGB),
    'mono8': _Encoding(1, cv2.COLOR_GRAY2RGB),
    '8uc1': _Encoding(1, cv2.COLOR_GRAY2RGB),
    'mono16': _Encoding(2, cv2.COLOR_GRAY2RGB),
    '16uc1': _Encoding(2, cv2.COLOR_GRAY2RGB),
    'yuv422': _Encoding(2, cv2.COLOR_YUV2RGB_UYVY),
    'uyvy': _Encoding(2, cv2.COLOR_YUV2RGB_UYVY),
    'yuv422_yuy2': _Encoding(2, cv2.COLOR_YUV2RGB_YUY2),
    'yuyv': _Encoding(2, cv2.COLOR_YUV2RGB_YUY2),
}
_SIXTEEN_BITS = ('mono16', '16uc1')
_TWO_PIXELS = ('yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv')


def decode_raw(  # noqa: PLR0913, PLR0917 - the fields of the message
    data: BytesLike,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> RgbImage:
    """Return the picture of a `sensor_msgs/Image`'s fields as (height, width, 3) uint8 RGB.

    `step` is the length of a row in bytes with its padding. Sixteen-bit grey keeps its upper byte.
    Raises ImageError for zero or too many pixels, unknown encodings, short rows and short data.
    """
    _check_size(width, height, max_pixels)
    name = encoding.strip().lower()
    kind = _known(encoding, name, width)
    rows = _rows(_flat(data), height, width * kind.pixel_bytes, step)
    pixels = rows.reshape(height, width, kind.pixel_bytes)
    if name in _SIXTEEN_BITS:
        pixels = np.ascontiguousarray(pixels[:, :, 0 if is_bigendian else 1])
    if kind.conversion is None:
        pixels.flags.writeable = False
        return pixels
    return np.asarray(cv2.cvtColor(pixels, kind.conversion), dtype=np.uint8)


def decode_compressed(data: BytesLike, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Return the picture of a `sensor_msgs/CompressedImage`: JPEG or PNG, told by its bytes.

    Raises ImageError for other formats, truncated or damaged files and too many pixels (the header
    is read first).
    """
    flat = _flat(data)
    if flat.size == 0:
        raise ImageError(ImageFault.EMPTY, 'the compressed picture has 0 bytes')
    width, height, end = _header(flat)
    _check_size(width, height, max_pixels)
    if end not in flat[-TAIL_BYTES:].tobytes():
        raise ImageError(
            ImageFault.TRUNCATED,
            f'the compressed picture ({flat.size} bytes) lacks its end marker',
        )
    return _decode(flat, width, height)


def _decode(flat: NDArray[np.uint8], width: int, height: int) -> RgbImage:
    """Let OpenCV decode bytes whose header has been judged."""
    try:
        image = cv2.imdecode(flat, cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise ImageError(ImageFault.CORRUPT, f'OpenCV refuses the picture: {error}') from error
    if image is None:
        raise ImageError(
            ImageFault.CORRUPT,
            f'the compressed picture is damaged: header says {width}x{height}, nothing decodes',
        )
    return np.asarray(image, dtype=np.uint8)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse empty and gigantic pictures."""
    if width <= 0 or height <= 0:
        raise ImageError(
            ImageFault.EMPTY, f'the picture is {width}x{height}: both must be positive'
        )
    if width * height > max_pixels:
        raise ImageError(
            ImageFault.TOO_LARGE,
            f'the picture is {width}x{height}, more than {max_pixels} pixels: '
            'publish smaller ones or raise camera.max_pixels',
        )


def _known(encoding: str, name: str, width: int) -> _Encoding:
    """Look an encoding up, or refuse it naming the known ones."""
    kind = _ENCODINGS.get(name)
    if kind is None:
        raise ImageError(
            ImageFault.ENCODING, f'encoding {encoding!r} is not one of {", ".join(_ENCODINGS)}'
        )
    if name in _TWO_PIXELS and width % 2:
        raise ImageError(
            ImageFault.ENCODING, f'{encoding} pairs pixels: width must be even, is {width}'
        )
    return kind


def _flat(data: BytesLike) -> NDArray[np.uint8]:
    """View the bytes of any buffer without a copy (strided arrays are copied)."""
    source: Any = np.ascontiguousarray(data) if isinstance(data, np.ndarray) else data
    try:
        view = memoryview(source).cast('B') if memoryview(source).nbytes else b''
    except (TypeError, ValueError) as error:
        raise ImageError(
            ImageFault.CORRUPT, f'picture data must be bytes, is {type(data).__name__}: {error}'
        ) from error
    return np.frombuffer(view, np.uint8)


def _rows(flat: NDArray[np.uint8], height: int, row_bytes: int, step: int) -> NDArray[np.uint8]:
    """View `height` rows of `row_bytes` that start every `step` bytes."""
    if step < row_bytes:
        raise ImageError(
            ImageFault.STEP, f'step is {step} bytes, a row of this width needs {row_bytes}'
        )
    needed = step * (height - 1) + row_bytes
    if flat.size < needed:
        raise ImageError(
            ImageFault.TRUNCATED, f'the picture has {flat.size} bytes, its size needs {needed}'
        )
    return np.ndarray((height, row_bytes), np.uint8, flat, strides=(step, 1))


def _header(flat: NDArray[np.uint8]) -> tuple[int, int, bytes]:
    """Read width, height and the end marker that the format must have."""
    start = flat[:8].tobytes()
    if start == PNG_START:
        return *_png_size(flat), b'IEND'
    if start.startswith(JPEG_START):
        return *_jpeg_size(flat), b'\xff\xd9'
    raise ImageError(
        ImageFault.ENCODING, f'the compressed picture begins with {start!r}: neither JPEG nor PNG'
    )


def _png_size(flat: NDArray[np.uint8]) -> tuple[int, int]:
    """Read the size from the IHDR chunk, which must come first (RFC 2083, 4.1.1)."""
    if flat.size < 24:
        raise ImageError(ImageFault.TRUNCATED, f'the PNG ends in its header ({flat.size} bytes)')
    return _number(flat, 16, 4), _number(flat, 20, 4)


def _jpeg_size(flat: NDArray[np.uint8]) -> tuple[int, int]:
    """Walk the segments to the start of frame (ITU-T T.81, B.2) and read its size."""
    at = 2
    while at + 9 <= flat.size and flat[at] == 0xFF:
        marker = int(flat[at + 1])
        if marker in JPEG_FRAMES:
            return _number(flat, at + 7, 2), _number(flat, at + 5, 2)
        at += 1 if marker == 0xFF else 2 + max(2, _number(flat, at + 2, 2))
    fault = ImageFault.TRUNCATED if at + 9 > flat.size else ImageFault.CORRUPT
    raise ImageError(fault, f'the JPEG ({flat.size} bytes) has no start of frame')


def _number(flat: NDArray[np.uint8], at: int, length: Literal[2, 4]) -> int:
    """Read a big-endian unsigned number."""
    return int.from_bytes(flat[at : at + length].tobytes(), 'big')
