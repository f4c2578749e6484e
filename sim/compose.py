"""Put people into a picture of the room: what is nearer wins, edges are softened, feet cast shade.

Units and frames: metres, pixels; arrays are (480, 640[, 3]).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.values import RgbImage

from .canvas import Layer
from .state import HEIGHT_PX, PersonState, RobotPose, WIDTH_PX
from .view import focal_px, project

FLOOR_M = 0.03
SHADE_M = 0.42
SHADE_STRENGTH = 0.5
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Floor:
    """Which pixels show the floor, and the spot (x, y) on it that each of them shows."""

    seen: NDArray[np.bool_]
    x: Floats
    y: Floats


def floor_of(layer: Layer, robot: RobotPose) -> Floor:
    """Find the floor in a picture by the height of each pixel's point."""
    right, down = _rays()
    cam_x, cam_y, cam_z = robot.camera
    ct, st = math.cos(robot.tilt_rad), math.sin(robot.tilt_rad)
    height = cam_z - layer.depth_m * (st + ct * down)
    ahead = layer.depth_m * (ct - st * down)
    aside = layer.depth_m * right
    c, s = math.cos(robot.view_rad), math.sin(robot.view_rad)
    return Floor(
        np.abs(height) < FLOOR_M, cam_x + c * ahead + s * aside, cam_y + s * ahead - c * aside
    )


def _rays() -> tuple[Floats, Floats]:
    """Return how far right and down each pixel's ray goes for each metre of depth."""
    column = (np.arange(WIDTH_PX, dtype=np.float32) + 0.5 - WIDTH_PX / 2) / focal_px()
    row = (np.arange(HEIGHT_PX, dtype=np.float32) + 0.5 - HEIGHT_PX / 2) / focal_px()
    return column[None].astype(np.float32), row[:, None].astype(np.float32)


def shade(image: RgbImage, floor: Floor, robot: RobotPose, people: Iterable[PersonState]) -> None:
    """Darken the floor around people's feet, in place."""
    for person in people:
        area = _area(robot, person)
        if area is None:
            continue
        gap = np.hypot(floor.x[area] - person.x, floor.y[area] - person.y) / SHADE_M
        dark = SHADE_STRENGTH * np.clip(1.0 - gap, 0.0, 1.0) * floor.seen[area]
        image[area] = (image[area] * (1.0 - dark[..., None])).astype(np.uint8)


def _area(robot: RobotPose, person: PersonState) -> tuple[slice, slice] | None:
    """Return the rows and columns that a person's shade can reach, or None."""
    spots = [
        (person.x + dx, person.y + dy, 0.0)
        for dx in (-SHADE_M, SHADE_M)
        for dy in (-SHADE_M, SHADE_M)
    ]
    seen = [project(robot, spot) for spot in spots]
    if not person.present or min(depth for _, _, depth in seen) < 0.05:
        return None
    columns = [min(WIDTH_PX, max(0, int(u))) for u, _, _ in seen]
    rows = [min(HEIGHT_PX, max(0, int(v))) for _, v, _ in seen]
    area = slice(min(rows), max(rows) + 1), slice(min(columns), max(columns) + 1)
    return area if min(rows) < max(rows) and min(columns) < max(columns) else None


def overlay(image: RgbImage, room_depth_m: Floats, people: Layer) -> None:
    """Lay people over the room where they are nearer, in place, with soft edges."""
    mask = (people.depth_m < room_depth_m).astype(np.float32)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return
    area = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    cut = mask[area]
    # Only pixels of the people have their colour, so the edge is softened inward.
    alpha = (cut * cv2.blur(cut, (3, 3), borderType=cv2.BORDER_REPLICATE))[..., None]
    image[area] = (image[area] * (1.0 - alpha) + people.image[area] * alpha + 0.5).astype(np.uint8)
