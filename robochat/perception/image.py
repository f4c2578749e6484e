"""Turn what cameras send into pictures: (height, width, 3) uint8 RGB.

`rgb8` without padding is a read-only view of the message's bytes; every other encoding is converted
once. Encodings are those of `sensor_msgs/image_encodings.hpp`.
"""

from __future__ import annotations

from collections.abc import Buffer, Callable
from dataclasses import dataclass
from enum import Enum
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robochat.values import RgbImage
