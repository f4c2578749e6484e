"""What a picture really shows: which thing each pixel belongs to, and how much of each is hidden.

Flow: `Renderer.numbers` (geoms and skins by pixel) -> names by pixel -> shares of points, spread
evenly over each surface when the home is made, that lie in the picture and aren't hidden.
Units and frames: world metres, pixels; `Look.names` are `person:ID`, `thing:ID`, `furniture:ID`,
`wall:NAME`, `decor:N`, `rug:N`, `floor`, `ceiling` and '' for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import import_mujoco
from .colors import is_face, is_top
from .render import Renderer
from .state import HEIGHT_PX, PersonState, RobotPose, SimState, WIDTH_PX
from .view import focal_px

POINTS = 300
FACE_POINTS = 200
Floats = NDArray[np.float64]
Numbers = NDArray[np.int32]
Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Figure:
    """Triangles of a person's mesh, spread over the body and over the face."""

    body: Rows
    top: NDArray[np.bool_]
    face: Rows
    eyes: NDArray[np.intp]


@dataclass(frozen=True)
class PersonLook:
    """How a person shows: share of the body and of the face, the eyes' middle, the top's pixels.

    `top_px` (n, 2) are columns and rows where the top is seen, `skin_px` where other parts are.
    """

    share: float
    face_share: float
    eyes: tuple[float, float, float]
    top_px: NDArray[np.intp]
    other_px: NDArray[np.intp]


class Look:
    """One picture taken apart: `which` (480, 640) indexes `names`."""

    def __init__(self, names: tuple[str, ...], which: Numbers, robot: RobotPose) -> None:
        self.names = names
        self.which = which
        self.robot = robot
        self._counts = np.bincount(which.ravel(), minlength=len(names))

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Return where a name is seen."""
        return np.asarray(self.which == self.names.index(name))

    def pixels(self, name: str) -> int:
        """Return how many pixels show it."""
        return int(self._counts[self.names.index(name)]) if name in self.names else 0

    def hits(self, name: str, points: Floats) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Tell which points (n, 3) of it are seen, with their columns and rows (n, 2)."""
        places, depth = project_all(self.robot, points)
        column, row = places[:, 0], places[:, 1]
        inside = (depth > 0.05) & (column >= 0) & (row >= 0)
        inside &= (column < WIDTH_PX) & (row < HEIGHT_PX)
        number = self.names.index(name)
        seen = np.zeros(len(points), bool)
        # Points on an outline may fall beside it.
        for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
            u = np.clip(column + dx, 0, WIDTH_PX - 1)
            v = np.clip(row + dy, 0, HEIGHT_PX - 1)
            seen |= self.which[v, u] == number
        return seen & inside, places


class Eye:
    """Takes the pictures of one home apart."""

    def __init__(self, renderer: Renderer, people: tuple[str, ...]) -> None:
        self._renderer = renderer
        self._mujoco = import_mujoco()
        model = renderer.model
        geoms = [self._geom_name(model, g) for g in range(model.ngeom)]
        skins = [
            self._mujoco.mj_id2name(model, self._mujoco.mjtObj.mjOBJ_SKIN, s)
            for s in range(model.nskin)
        ]
        self.names = ('', *sorted({*geoms, *skins} - {''}))
        order = {name: n for n, name in enumerate(self.names)}
        # Canvas.numbers: skins are -2, -3, ..., nothing is -1, geoms are 0, 1, ...
        self._table = np.array([order[n] for n in (*skins[::-1], '', *geoms)], np.int32)
        self._skins = len(skins)
        self._points = self._spread(model, geoms)
        self._figures = {p: _figure(renderer, p) for p in people}

    def look(self, state: SimState) -> Look:
        """Return which thing each pixel of a state shows."""
        numbers = self._renderer.numbers(state)
        return Look(self.names, self._table[numbers + self._skins + 1], state.robot)

    def share(self, look: Look, name: str) -> float:
        """Return the share (0 to 1) of a thing's surface that isn't out of the picture or hidden.

        Its own front doesn't hide its back. The state must be the one that was looked at last.
        """
        local, geoms = self._points[name]
        data = self._renderer.data
        turned = np.einsum('nij,nj->ni', data.geom_xmat[geoms].reshape(-1, 3, 3), local)
        seen, _ = look.hits(name, turned + data.geom_xpos[geoms])
        return float(seen.mean())

    def person(self, look: Look, person: PersonState) -> PersonLook:
        """Return how a person of the state that was looked at last shows."""
        figure, name = self._figures[person.id], f'person:{person.id}'
        vertices = self._vertices(person)
        middles = vertices[figure.body].mean(axis=1)
        seen, places = look.hits(name, middles)
        toward = _toward(vertices[figure.body], look.robot)
        front = seen & toward
        face = vertices[figure.face]
        open_face = _toward(face, look.robot)
        face_seen = look.hits(name, face.mean(axis=1))[0] & open_face
        share = face_seen.sum() / max(1, open_face.sum()) if open_face.mean() > 0.45 else 0.0
        x, y, z = vertices[figure.eyes].mean(axis=0)
        return PersonLook(
            float(seen.mean()),
            float(share),
            (float(x), float(y), float(z)),
            places[front & figure.top],
            places[front & ~figure.top],
        )

    def _vertices(self, person: PersonState) -> Floats:
        """Return a person's vertices in the room."""
        model = self._renderer.model
        kind = self._mujoco.mjtObj.mjOBJ_SKIN
        skin = self._mujoco.mj_name2id(model, kind, f'person:{person.id}')
        first, count = model.skin_vertadr[skin], model.skin_vertnum[skin]
        local = model.skin_vert[first : first + count].astype(float)
        c, s = math.cos(person.heading_rad), math.sin(person.heading_rad)
        turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(local @ turn + (person.x, person.y, person.z))

    def _geom_name(self, model: Any, geom: int) -> str:
        """Return what a geom belongs to."""
        kinds = self._mujoco.mjtObj
        body = self._mujoco.mj_id2name(model, kinds.mjOBJ_BODY, model.geom_bodyid[geom])
        if body and body != 'world':
            return str(body)
        if model.geom_type[geom] != self._mujoco.mjtGeom.mjGEOM_MESH:
            return ''
        return str(self._mujoco.mj_id2name(model, kinds.mjOBJ_MESH, model.geom_dataid[geom]))

    def _spread(self, model: Any, geoms: list[str]) -> dict[str, tuple[Floats, NDArray[np.intp]]]:
        """Spread points over the surface of everything but people, in each geom's frame."""
        found: dict[str, tuple[Floats, NDArray[np.intp]]] = {}
        for name in set(geoms):
            if not name.startswith(('thing:', 'furniture:', 'decor:', 'rug:')):
                continue
            numbers = [g for g, other in enumerate(geoms) if other == name]
            parts = [self._triangles(model, g) for g in numbers]
            owner = np.repeat(numbers, [len(p) for p in parts])
            triangles = np.concatenate(parts)
            chosen = _by_area(triangles, POINTS)
            found[name] = _scattered(triangles[chosen]), owner[chosen]
        return found

    def _triangles(self, model: Any, geom: int) -> Floats:
        """Return the triangles (n, 3, 3) of a mesh or a box."""
        if model.geom_type[geom] == self._mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.geom_dataid[geom]
            first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
            vertices = model.mesh_vert[first : first + count]
            start, length = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
            return np.asarray(vertices[model.mesh_face[start : start + length]], float)
        if model.geom_type[geom] != self._mujoco.mjtGeom.mjGEOM_BOX:
            return np.zeros((0, 3, 3))
        return _box(model.geom_size[geom])


def project_all(robot: RobotPose, points: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return columns and rows (n, 2) and depths (n,) of points (n, 3), as `view.project` does."""
    delta = points - np.array(robot.camera)
    c, s = math.cos(robot.view_rad), math.sin(robot.view_rad)
    ct, st = math.cos(robot.tilt_rad), math.sin(robot.tilt_rad)
    ahead, right = c * delta[:, 0] + s * delta[:, 1], s * delta[:, 0] - c * delta[:, 1]
    depth, down = ct * ahead - st * delta[:, 2], -st * ahead - ct * delta[:, 2]
    scale = focal_px() / np.maximum(depth, 1e-3)
    places = np.stack([WIDTH_PX / 2 + right * scale, HEIGHT_PX / 2 + down * scale], axis=1)
    return np.floor(np.clip(places, -1e6, 1e6)).astype(np.intp), depth


def _figure(renderer: Renderer, person: str) -> Figure:
    """Choose triangles of a person's mesh."""
    body = renderer.body(person)
    middle = body.uv[body.faces].mean(axis=1)
    triangles = body.deform()[body.faces].astype(float)
    chosen = _by_area(triangles, 2 * POINTS)
    eyes = (body.uv[:, 0] >= 448 / 512) & (body.uv[:, 1] >= 416 / 512)
    eyes &= body.uv[:, 1] <= 480 / 512
    face = np.flatnonzero(is_face(middle) & (middle[:, 1] < 416 / 512))
    face = face[_by_area(triangles[face], FACE_POINTS)]
    return Figure(
        body.faces[chosen], is_top(middle[chosen]), body.faces[face], np.flatnonzero(eyes)
    )


def _by_area(triangles: Floats, count: int) -> NDArray[np.intp]:
    """Choose triangles (n, 3, 3), each as often as its area asks for; always the same ones."""
    sides = triangles[:, 1:] - triangles[:, :1]
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) + 1e-12
    places = (np.arange(count) + 0.5) / count * area.sum()
    return np.asarray(np.searchsorted(np.cumsum(area), places).clip(0, len(area) - 1), np.intp)


def _scattered(triangles: Floats) -> Floats:
    """Return a point inside each triangle; always the same ones."""
    rng = np.random.default_rng(0)
    weights = rng.dirichlet((1.0, 1.0, 1.0), len(triangles))
    return np.asarray(np.einsum('nk,nkj->nj', weights, triangles))


def _toward(triangles: Floats, robot: RobotPose) -> NDArray[np.bool_]:
    """Tell which triangles (n, 3, 3) turn their front to the camera."""
    sides = triangles[:, 1:] - triangles[:, :1]
    normals = np.cross(sides[:, 0], sides[:, 1])
    away = np.array(robot.camera) - triangles.mean(axis=1)
    return np.asarray((normals * away).sum(axis=1) > 0)


def _box(half: Floats) -> Floats:
    """Return the 12 triangles of a box."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
    sides = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = [t for a, b, c, d in sides for t in ((a, b, c), (a, c, d))]
    return np.asarray(corners[np.array(faces)])
