"""Read 468 landmarks of a face, and from them head pose and how far the mouth is open.

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

from robochat.perception.faces import DetectedFace
from robochat.perception.networks import Floats, OnnxNetwork
from robochat.values import HeadPose, RgbImage

SIDE_PX = 192
# The crop reaches this far beyond the detector's box, as the network was trained (25 % each side).
CROP = 1.6
# Landmarks mirrored across the face, image left then right when it looks into the camera.
LEFTS = np.array([234, 127, 93, 33, 132])
RIGHTS = np.array([454, 356, 323, 263, 361])
FOREHEAD, CHIN = 10, 152
UPPER_LIP, LOWER_LIP = 13, 14
OUTER_EYES = (33, 263)
# The line from forehead to chin leans this far when people look straight into the camera.
UPRIGHT_RAD = math.radians(-6.0)


@dataclass(frozen=True)
class FaceMesh:
    """Landmarks (468, 3) in picture pixels, z in the same scale; `flag` 0 to 1: is this a face."""

    points: NDArray[np.float64]
    flag: float

    @property
    def pose(self) -> HeadPose:
        """Direction of the face relative to the ray from the camera to it."""
        across = _unit((self.points[RIGHTS] - self.points[LEFTS]).sum(axis=0))
        down = _unit(self.points[CHIN] - self.points[FOREHEAD])
        return HeadPose(
            yaw_rad=math.atan2(across[2], math.hypot(across[0], across[1])),
            pitch_rad=math.atan2(-down[2], math.hypot(down[0], down[1])) - UPRIGHT_RAD,
            roll_rad=math.atan2(across[1], across[0]),
        )

    @property
    def mouth_open(self) -> float:
        """Gap between the lips in distances between the outer corners of the eyes."""
        gap = np.linalg.norm(self.points[LOWER_LIP] - self.points[UPPER_LIP])
        eyes = np.linalg.norm(self.points[OUTER_EYES[1]] - self.points[OUTER_EYES[0]])
        return float(gap / max(eyes, 1e-6))


class MeshReader:
    """Runs the mesh network on detected faces."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Raises WeightsError when the file can't be opened."""
        self._network = OnnxNetwork(path, threads)

    def read(self, rgb: RgbImage, face: DetectedFace) -> FaceMesh:
        """Return the landmarks of one face in `rgb`."""
        to_crop = _crop_transform(face)
        crop = cv2.warpAffine(rgb, to_crop, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE)
        batch: Floats = (crop * np.float32(1 / 255))[None]
        mesh, flag = self._network.run(batch, ('output_mesh', 'output_faceflag'))
        return FaceMesh(_to_picture(mesh, to_crop), float(flag.item()))


def _crop_transform(face: DetectedFace) -> NDArray[np.float64]:
    """Affine map (2, 3) from the picture to an upright square around the face."""
    center = face.box.center
    scale = SIDE_PX / (max(face.box.width, face.box.height, 1.0) * CROP)
    matrix = cv2.getRotationMatrix2D(center, math.degrees(face.roll_rad), scale)
    matrix[:, 2] += SIDE_PX / 2 - np.array(center)
    return np.asarray(matrix, dtype=np.float64)


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
