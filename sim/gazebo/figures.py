"""Meshes of people: for each look a head or a body, cut along a line that no look moves.

Frames: as in `people`: a body stands on its origin, x forward, y to its left, z up; metres.
"""

from __future__ import annotations

import numpy as np

from ..people import Body, load_body, load_expressions, Pose, Units
from .looks import BodyLook, HeadLook
from .meshes import Array, cut, Look, smooth_normals, Surface

MOUTH: Units = (('jawOpen', 0.3), ('mouthFunnel', 0.12))
PROBES = (Pose(head_yaw_rad=1.0, head_pitch_rad=0.5),)
MOVED_M = 1e-5
SKIN = 'skin'


class Figure:
    """Makes the meshes of one person.

    Raises ValueError for an unknown name, with the known ones.
    """

    def __init__(self, name: str) -> None:
        self._body = load_body(name)
        self._expressions = load_expressions()
        self._is_head = _head_of(self._body, self._expressions)

    @property
    def looks(self) -> dict[str, Look]:
        """What covers the meshes."""
        return {SKIN: Look(picture=self._body.picture)}

    def head(self, look: HeadLook) -> Surface:
        """Return a head with its neck and hair."""
        units = self._expressions[look.mood] + (MOUTH if look.talks else ())
        return cut(self._surface(units, look.pose), self._is_head)

    def body(self, look: BodyLook) -> Surface:
        """Return all but the head."""
        return cut(self._surface((), look.pose), ~self._is_head)

    def _surface(self, units: Units, pose: Pose) -> Surface:
        vertices = self._body.deform(units, pose).astype(float)
        faces = self._body.faces
        return Surface(vertices, smooth_normals(vertices, faces), self._body.uv, faces, SKIN)


def _head_of(body: Body, expressions: dict[str, Units]) -> Array:
    """Return which triangles belong to the head: those that faces and turns of it move."""
    rest = body.deform()
    faces = [(units, None) for units in (*expressions.values(), MOUTH)]
    moved = np.zeros(body.vertex_count, bool)
    for units, pose in (*faces, *(((), pose) for pose in PROBES)):
        moved |= np.abs(body.deform(units, pose) - rest).max(axis=1) > MOVED_M
    return np.asarray(moved[body.faces].any(axis=1))
