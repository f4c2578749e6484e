"""Pictures from messages."""

from __future__ import annotations

from robochat.perception.image import decode_compressed, decode_raw, ImageError, MAX_PIXELS
from robochat.values import Frame
from sensor_msgs.msg import CompressedImage, Image

__all__ = ['frame_from_msg', 'ImageError']


def frame_from_msg(
    message: Image | CompressedImage,
    stamp_sec: float,
    number: int = 0,
    max_pixels: int = MAX_PIXELS,
) -> Frame:
    """Decode a picture; raises ImageError, whose `fault` names the reason.

    An `rgb8` picture is a view of the message's own buffer, so keep neither for long.
    """
    if isinstance(message, CompressedImage):
        return Frame(decode_compressed(message.data, max_pixels), stamp_sec, number)
    image = decode_raw(
        message.data,
        message.height,
        message.width,
        message.encoding,
        message.step,
        bool(message.is_bigendian),
        max_pixels,
    )
    return Frame(image, stamp_sec, number)
