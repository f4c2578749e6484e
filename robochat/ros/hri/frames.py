"""Where heads are, from the transforms on /tf and /tf_static.

Keeps the newest transform of each frame and nothing older: enough for heads now, and a tenth of a
tf2 buffer's work, which in Python is felt.

Units and frames: metres and radians. `face_<id>` has x forward and z up (REP-103, REP-155), the
camera's frame and `gaze_<id>` are optical: z forward, x right, y down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.values import HeadPose

Vector = NDArray[np.float64]
MAX_FRAMES = 1000
MAX_DEPTH = 32
FRESH_SEC = 1.0
FARTHEST_M = 1000.0
NEAREST_M = 0.05


@dataclass(frozen=True)
class Transform:
    """Takes points of a child frame into its parent: `rotation` (3, 3), then `translation` (3)."""

    rotation: Vector
    translation: Vector

    def after(self, inner: Transform) -> Transform:
        """The transform that first does `inner`, then this."""
        return Transform(
            self.rotation @ inner.rotation, self.rotation @ inner.translation + self.translation
        )

    def inverse(self) -> Transform:
        """The transform that undoes this one."""
        back = self.rotation.T
        return Transform(back, -back @ self.translation)


STILL = Transform(np.eye(3), np.zeros(3))


@dataclass(frozen=True)
class Head:
    """A head in the camera's frame; `pose` is None where only its place is known."""

    distance_m: float
    bearing_rad: float
    pose: HeadPose | None


@dataclass(frozen=True)
class _Link:
    """The newest transform from a frame to its parent, and when it came."""

    parent: str
    transform: Transform
    came_sec: float


class Frames:
    """The newest transform of each frame."""

    def __init__(self) -> None:
        self._links: dict[str, _Link] = {}

    def take(self, transforms: Iterable[Any], now_sec: float) -> int:
        """Keep TransformStamped messages; returns how many were no transforms or too many.

        Static ones come with `now_sec` infinite, and so never grow old.
        """
        dropped = 0
        for message in transforms:
            child = _bare(message.child_frame_id)
            transform = transform_from_msg(message.transform)
            if transform is None or not child or not self._has_room(child, now_sec):
                dropped += 1
                continue
            self._links[child] = _Link(_bare(message.header.frame_id), transform, now_sec)
        return dropped

    def _has_room(self, child: str, now_sec: float) -> bool:
        """Make room by forgetting what is old."""
        if child in self._links or len(self._links) < MAX_FRAMES:
            return True
        self._links = {
            name: link
            for name, link in self._links.items()
            if abs(now_sec - link.came_sec) <= FRESH_SEC or math.isinf(link.came_sec)
        }
        return len(self._links) < MAX_FRAMES

    def between(self, frame: str, other: str, now_sec: float) -> Transform | None:
        """Return the transform that takes points of `other` into `frame`; None when unknown."""
        to_root, others = self._to_root(frame, now_sec), self._to_root(other, now_sec)
        shared = next((name for name in others if name in to_root), None)
        if shared is None:
            return None
        return to_root[shared].inverse().after(others[shared])

    def _to_root(self, frame: str, now_sec: float) -> dict[str, Transform]:
        """Transforms from a frame into each of its ancestors, nearest first, itself included."""
        name, transform = _bare(frame), STILL
        found = {name: transform}
        while len(found) < MAX_DEPTH:
            link = self._links.get(name)
            if link is None or not (
                math.isinf(link.came_sec) or abs(now_sec - link.came_sec) <= FRESH_SEC
            ):
                break
            name, transform = link.parent, link.transform.after(transform)
            if name in found:  # a ring
                break
            found[name] = transform
        return found

    def head(self, camera: str, face_id: str, now_sec: float) -> Head | None:
        """Return where a head is and where it looks, as the camera sees it; None when unknown.

        The gaze is preferred to the face, for eyes say more than a nose.
        """
        gaze = self.between(camera, f'gaze_{face_id}', now_sec)
        face = self.between(camera, f'face_{face_id}', now_sec)
        if gaze is not None:
            return _head(gaze.translation, gaze.rotation[:, 2], -gaze.rotation[:, 0])
        if face is not None:
            return _head(face.translation, face.rotation[:, 0], face.rotation[:, 1])
        return None


def transform_from_msg(message: Any) -> Transform | None:
    """Read a geometry_msgs/Transform; None when it is none: NaN, far away, or no rotation."""
    t, q = message.translation, message.rotation
    translation = np.array([t.x, t.y, t.z], dtype=np.float64)
    x, y, z, w = (float(v) for v in (q.x, q.y, q.z, q.w))
    norm = math.hypot(x, y, z, w)
    if not (0.9 < norm < 1.1 and bool(np.all(np.abs(translation) <= FARTHEST_M))):
        return None  # comparisons with NaN are false
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return Transform(rotation, translation)


def _head(place: Vector, forward: Vector, left: Vector) -> Head | None:
    """Measure a head that looks along `forward`, with its own left side along `left`.

    Its pose is relative to the ray between camera and head, as that of our own perception is.
    """
    distance = float(np.linalg.norm(place))
    if distance < NEAREST_M:
        return None
    bearing = math.atan2(-place[0], place[2])
    back = -place / distance
    up = np.array([0.0, -1.0, 0.0])
    up = up - (up @ back) * back
    height = float(np.linalg.norm(up))
    if height < 1e-6:  # straight above or below the camera
        return Head(distance, bearing, None)
    up = up / height
    right = np.cross(up, back)
    pose = HeadPose(
        yaw_rad=math.atan2(forward @ right, forward @ back),
        pitch_rad=math.atan2(forward @ up, math.hypot(forward @ right, forward @ back)),
        roll_rad=math.atan2(-(left @ up), left @ right),
    )
    return Head(distance, bearing, pose)


def _bare(frame: str) -> str:
    """Take the leading slash off, which ROS 1 left in many configurations."""
    return frame[:256].lstrip('/')
