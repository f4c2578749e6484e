"""What the robot's camera can see, worked out without drawing: boxes for the ground truth.

Pixels: x to the right, y downward, origin in the upper left corner. Occlusion isn't considered.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from .people import STATURES
from .room import Model
from .state import (
    CAMERA_HFOV_DEG,
    HEIGHT_PX,
    PersonState,
    RobotPose,
    SimState,
    ThingState,
    WIDTH_PX,
    wrap,
)

Point3 = tuple[float, float, float]
Box4 = tuple[float, float, float, float]
FACE_HALF_M = 0.085
FACE_LOW_M, FACE_HIGH_M = 0.11, 0.09
BODY_HALF_M = 0.24
NEAREST_M = 0.1
LEAST_PX = 3.0


@dataclass(frozen=True)
class PersonSeen:
    """Where a person is for the camera; boxes (x, y, width, height) are None when out of view."""

    id: str
    distance_m: float
    bearing_rad: float
    facing_deg: float
    face_box: Box4 | None
    body_box: Box4 | None


def focal_px() -> float:
    """Return the focal length."""
    return WIDTH_PX / 2 / math.tan(math.radians(CAMERA_HFOV_DEG / 2))


def project(robot: RobotPose, point: Point3) -> tuple[float, float, float]:
    """Return column, row and depth of a point; the depth is negative behind the camera."""
    x, y, z = robot.camera
    dx, dy, dz = point[0] - x, point[1] - y, point[2] - z
    c, s = math.cos(robot.view_rad), math.sin(robot.view_rad)
    ahead, right = c * dx + s * dy, s * dx - c * dy
    ct, st = math.cos(robot.tilt_rad), math.sin(robot.tilt_rad)
    depth, down = ct * ahead - st * dz, -st * ahead - ct * dz
    scale = focal_px() / max(depth, 1e-6)
    return WIDTH_PX / 2 + right * scale, HEIGHT_PX / 2 + down * scale, depth


def box_of(robot: RobotPose, points: list[Point3]) -> Box4 | None:
    """Return the box around some points, cut at the picture's edge; None when out of view."""
    seen = [project(robot, point) for point in points]
    if min(depth for _, _, depth in seen) < NEAREST_M:
        return None
    left, right = max(0.0, min(u for u, _, _ in seen)), min(WIDTH_PX, max(u for u, _, _ in seen))
    top, bottom = max(0.0, min(v for _, v, _ in seen)), min(HEIGHT_PX, max(v for _, v, _ in seen))
    if right - left < LEAST_PX or bottom - top < LEAST_PX:
        return None
    return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


def person_seen(state: SimState, person: PersonState) -> PersonSeen:
    """Return where a person is for the camera."""
    robot = state.robot
    eye = eye_of(person)
    x, y, z = robot.camera
    distance = math.dist(eye, robot.camera)
    look = person.heading_rad + person.pose.head_yaw_rad
    facing = wrap(math.atan2(y - eye[1], x - eye[0]) - look)
    return PersonSeen(
        id=person.id,
        distance_m=round(distance, 3),
        bearing_rad=round(wrap(math.atan2(eye[1] - y, eye[0] - x) - robot.view_rad), 4),
        facing_deg=round(abs(math.degrees(facing)), 1),
        face_box=box_of(robot, _face_points(robot, eye)) if person.present else None,
        body_box=box_of(robot, _body_points(robot, person)) if person.present else None,
    )


def eye_of(person: PersonState) -> Point3:
    """Return the point between a person's eyes."""
    size = STATURES[person.body]
    x = person.x + size.eye_forward_m * math.cos(person.heading_rad)
    y = person.y + size.eye_forward_m * math.sin(person.heading_rad)
    return x, y, person.z + size.eye_height_m


def _face_points(robot: RobotPose, eye: Point3) -> list[Point3]:
    """Return the corners of a face-sized sheet turned to the camera."""
    dx, dy = -math.sin(robot.view_rad) * FACE_HALF_M, math.cos(robot.view_rad) * FACE_HALF_M
    return [
        (eye[0] + side * dx, eye[1] + side * dy, eye[2] + rise)
        for side in (-1, 1)
        for rise in (-FACE_LOW_M, FACE_HIGH_M)
    ]


def _body_points(robot: RobotPose, person: PersonState) -> list[Point3]:
    """Return the corners of a body-sized sheet turned to the camera."""
    dx, dy = -math.sin(robot.view_rad) * BODY_HALF_M, math.cos(robot.view_rad) * BODY_HALF_M
    top = person.z + STATURES[person.body].height_m
    return [(person.x + s * dx, person.y + s * dy, z) for s in (-1, 1) for z in (0.0, top)]


def thing_box(robot: RobotPose, thing: ThingState, model: Model) -> Box4 | None:
    """Return the box around a thing's eight corners."""
    deep, wide, high = model.size_m
    ct, st = math.cos(thing.tilt_rad), math.sin(thing.tilt_rad)
    c, s = math.cos(thing.heading_rad), math.sin(thing.heading_rad)
    points = []
    for along in (-deep / 2, deep / 2):
        for rise in (0.0, high):
            ahead, up = ct * along + st * rise, ct * rise - st * along
            points += [
                (thing.x + c * ahead - s * left, thing.y + s * ahead + c * left, thing.z + up)
                for left in (-wide / 2, wide / 2)
            ]
    return box_of(robot, points)
