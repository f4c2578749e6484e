"""Read 468 landmarks of a face, and from them head pose and how far mouth and eyes are open.

The network is MediaPipe's face mesh (arXiv 1907.06724): x and y in the crop, z in the same scale,
growing away from the camera. Signs of the pose are those of `values.HeadPose`.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.perception.networks import Floats, LiteNetwork
from robochat.values import Box, HeadPose, RgbImage

SIDE_PX = 192
# The crop reaches 25 % beyond the face on each side, as the network was trained.
CROP = 1.5
LEAST_FLAG = 0.5
# Landmarks mirrored across the face, image left then right when it looks into the camera.
LEFTS = np.array([234, 127, 93, 33, 132])
RIGHTS = np.array([454, 356, 323, 263, 361])
FOREHEAD, CHIN = 10, 152
UPPER_LIP, LOWER_LIP = 13, 14
EYE_CORNERS = (33, 263)
# Upper lid, lower lid, outer and inner corner of each eye.
EYES = ((159, 145, 33, 133), (386, 374, 263, 362))
# The line from forehead to chin leans this far when people look straight into the camera.
UPRIGHT_RAD = math.radians(-6.0)


@dataclass(frozen=True)
class FaceMesh:
    """Landmarks (468, 3) in picture pixels, z in the same scale; `flag` 0 to 1: is this a face."""

    points: NDArray[np.float64]
    flag: float

    @property
    def is_face(self) -> bool:
        """Tell whether the network believes in what it read."""
        return self.flag >= LEAST_FLAG

    @property
    def box(self) -> Box:
        """The square around all landmarks, which agrees with the detector's box within 10 %."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        side = float((high - low).max())
        x, y = ((low + high) / 2).tolist()
        return Box(x - side / 2, y - side / 2, side, side)

    @property
    def roll_rad(self) -> float:
        """Angle of the line through the eyes, positive clockwise in the picture."""
        left, right = self.points[EYE_CORNERS[0]], self.points[EYE_CORNERS[1]]
        return math.atan2(right[1] - left[1], right[0] - left[0])

    @property
    def pose(self) -> HeadPose:
        """Direction of the face relative to the ray from the camera to it."""
        across = _unit((self.points[RIGHTS] - self.points[LEFTS]).sum(axis=0))
        down = _unit(self.points[CHIN] - self.points[FOREHEAD])
        lean = math.atan2(-down[2], math.hypot(down[0], down[1]))
        return HeadPose(
            yaw_rad=math.atan2(across[2], math.hypot(across[0], across[1])),
            pitch_rad=lean - UPRIGHT_RAD,
            roll_rad=math.atan2(across[1], across[0]),
        )

    @property
    def eye_corners_px(self) -> float:
        """Distance between the outer corners of the eyes, the depth between them included."""
        return float(np.linalg.norm(self.points[EYE_CORNERS[1]] - self.points[EYE_CORNERS[0]]))

    @property
    def mouth_open(self) -> float:
        """Gap between the lips in distances between the outer corners of the eyes."""
        gap = float(np.linalg.norm(self.points[LOWER_LIP] - self.points[UPPER_LIP]))
        return gap / max(self.eye_corners_px, 1e-6)

    @property
    def eyes_open(self) -> float:
        """Gap between the lids in widths of the eye, of the eye that is further open."""
        return max(self._lid_gap(*eye) for eye in EYES)

    def _lid_gap(self, upper: int, lower: int, outer: int, inner: int) -> float:
        """Gap between two lids in widths of their eye, in the plane of the picture."""
        gap = self.points[upper] - self.points[lower]
        width = self.points[outer] - self.points[inner]
        return math.hypot(gap[0], gap[1]) / max(float(np.linalg.norm(width)), 1e-6)


class MeshReader:
    """Runs the mesh network on faces; one thread at a time may call it."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Raises WeightsError when the file can't be opened."""
        self._network = LiteNetwork(path, threads)

    def read(self, rgb: RgbImage, box: Box, roll_rad: float) -> FaceMesh:
        """Return the landmarks of the face in `box`, tilted by `roll_rad` clockwise, in `rgb`.

        The face may have moved by a third of its width since the box was found.
        """
        to_crop = upright(box, roll_rad, CROP, SIDE_PX)
        crop = cv2.warpAffine(rgb, to_crop, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE)
        batch: Floats = (crop * np.float32(1 / 255))[None]
        flag, mesh = sorted(self._network.run(batch), key=lambda output: output.size)
        logit = float(np.clip(flag.item(), -80.0, 80.0))
        return FaceMesh(_to_picture(mesh, to_crop), 1.0 / (1.0 + math.exp(-logit)))


def upright(box: Box, roll_rad: float, grow: float, side_px: int) -> NDArray[np.float64]:
    """Return the affine map (2, 3) from the picture to an upright square around a tilted face."""
    center = box.center
    scale = side_px / (max(box.width, box.height, 1.0) * grow)
    matrix = np.asarray(cv2.getRotationMatrix2D(center, math.degrees(roll_rad), scale), np.float64)
    matrix[:, 2] += side_px / 2 - np.array(center)
    return matrix


def _to_picture(mesh: Floats, to_crop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Carry crop coordinates back into the picture."""
    points = mesh.reshape(468, 3).astype(np.float64)
    back = np.asarray(cv2.invertAffineTransform(to_crop), dtype=np.float64)
    points[:, 2] *= math.hypot(back[0, 0], back[0, 1])
    points[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
    return points


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to length 1."""
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
