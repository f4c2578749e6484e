"""Bodies with faces: base vertices, face units that are added to them, bones that turn them.

Units and frames: metres; a body stands on its origin, x forward, y to its left, z up. Face units
carry the names of ARKit blend shapes; a unit without `Left` or `Right` moves both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASSETS = Path(__file__).resolve().parent / 'assets'
BODIES = ('anna', 'ben', 'chidi', 'mei', 'tim', 'olga')
# Rows of the MakeHuman base mesh that belong to the eyeballs.
EYE_ROWS = slice(14598, 14742)
LONG_HAIR = frozenset({'anna', 'mei'})
# Later rows are the collar, cuffs and hem, which follow the bones but don't define joints.
BASE_ROWS = 19158
UNIT_METRES = 1e-4

Vertices = NDArray[np.float32]
Units = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Pose:
    """How a body is bent: angles in radians, `seated` from 0 (standing) to 1.

    `head_yaw_rad` is positive to the person's left, `head_pitch_rad` positive when looking down;
    `stride_rad` is the phase of a step and `stride` its size from 0 to 1.
    """

    head_yaw_rad: float = 0.0
    head_pitch_rad: float = 0.0
    seated: float = 0.0
    stride_rad: float = 0.0
    stride: float = 0.0
    reach: float = 0.0


@dataclass(frozen=True)
class Stature:
    """Measures of a standing body: top, eyes, how far the eyes lie before its axis, hips."""

    height_m: float
    eye_height_m: float
    eye_forward_m: float
    hip_height_m: float


# Measured on the meshes, so that the simulation needn't load them; a test compares both.
STATURES = {
    'anna': Stature(1.573, 1.463, 0.109, 0.770),
    'ben': Stature(1.764, 1.643, 0.130, 0.896),
    'chidi': Stature(1.821, 1.706, 0.130, 0.932),
    'mei': Stature(1.458, 1.356, 0.107, 0.710),
    'tim': Stature(1.366, 1.249, 0.114, 0.648),
    'olga': Stature(1.617, 1.489, 0.138, 0.767),
}


@dataclass(frozen=True)
class Bone:
    """The vertices that a bone moves, by how much (0 to 1), and where it turns."""

    rows: NDArray[np.intp]
    weights: Vertices
    joint: Vertices


class Body:
    """One person's mesh; `deform` gives its vertices for an expression and a pose.

    `faces` is (k, 3) into the welded vertices, `uv` (m, 2), `picture` (512, 512, 3) uint8 RGB.
    """

    def __init__(
        self, name: str, arrays: Mapping[str, NDArray[Any]], picture: NDArray[np.uint8]
    ) -> None:
        kind = int(name in LONG_HAIR)
        self.name = name
        self.picture = picture
        self.faces = arrays[f'f{kind}'].astype(np.int32)
        self.uv = (arrays[f'uv{kind}'] / 65535).astype(np.float32)
        self._welded = arrays[f'vi{kind}'].astype(np.intp)
        self._base: Vertices = (arrays[f'p_{name}'] * UNIT_METRES).astype(np.float32)
        self._units = {
            k[2:]: (arrays[k].astype(np.intp), _delta(arrays[f'd_{k[2:]}']))
            for k in arrays
            if k.startswith('i_')
        }
        used = np.zeros(len(self._base), bool)
        used[self._welded] = True
        self._bones = {
            k[2:]: _bone(arrays[k], self._base, used) for k in arrays if k.startswith('w_')
        }

    @property
    def stature(self) -> Stature:
        """Measures of the standing body."""
        eyes = self._base[EYE_ROWS].mean(axis=0)
        top = self._base[self._welded, 2].max()
        return Stature(
            float(top), float(eyes[2]), float(eyes[0]), float(self._bones['upperleg01.L'].joint[2])
        )

    @property
    def vertex_count(self) -> int:
        """Number of welded vertices."""
        return len(self._welded)

    def deform(
        self, units: Iterable[tuple[str, float]] = (), pose: Pose | None = None
    ) -> Vertices:
        """Return the welded vertices (m, 3) float32 with an expression and a pose.

        Raises KeyError for an unknown face unit.
        """
        points = self._base.copy()
        for name, weight in units:
            if weight:
                self._add_unit(points, name, weight)
        if pose is not None:
            self._bend(points, pose)
        return points[self._welded]

    def _add_unit(self, points: Vertices, name: str, weight: float) -> None:
        """Move the vertices of one face unit, or of its two sides."""
        for part in (name,) if name in self._units else (f'{name}Left', f'{name}Right'):
            rows, delta = self._units[part]
            points[rows] += np.float32(weight) * delta

    def _bend(self, points: Vertices, pose: Pose) -> None:
        """Turn the limbs, outer bones first so that every joint is still where it was."""
        for side, sign in (('L', 1.0), ('R', -1.0)):
            swing = 0.8 * pose.stride * np.sin(pose.stride_rad) * sign
            knee = 0.55 * pose.stride * max(0.0, np.sin(pose.stride_rad + 0.9) * -sign)
            self._turn(points, f'lowerleg01.{side}', 'y', 1.5 * pose.seated + knee)
            self._turn(points, f'upperleg01.{side}', 'y', -1.5 * pose.seated - 0.42 * swing)
            reach = pose.reach if side == 'R' else 0.0
            self._turn(
                points,
                f'lowerarm01.{side}',
                'y',
                -0.55 * pose.seated - 0.15 * pose.stride - 0.8 * reach,
            )
            self._turn(
                points,
                f'upperarm01.{side}',
                'y',
                -0.25 * pose.seated + 0.38 * swing - 0.15 * reach,
            )
        for bone in ('head', 'neck01'):
            self._turn(points, bone, 'y', pose.head_pitch_rad / 2)
            self._turn(points, bone, 'z', pose.head_yaw_rad / 2)

    def _turn(self, points: Vertices, name: str, axis: str, angle_rad: float) -> None:
        """Rotate a bone's vertices about its joint, each as far as the bone moves it."""
        if abs(angle_rad) < 1e-4:
            return
        bone = self._bones[name]
        c, s = np.cos(bone.weights * angle_rad), np.sin(bone.weights * angle_rad)
        first, second = (2, 0) if axis == 'y' else (0, 1)
        offset = points[bone.rows] - bone.joint
        points[bone.rows, first] = bone.joint[first] + c * offset[:, first] - s * offset[:, second]
        points[bone.rows, second] = (
            bone.joint[second] + s * offset[:, first] + c * offset[:, second]
        )


def _delta(stored: NDArray[Any]) -> Vertices:
    """Turn stored offsets (x right, y up, z forward) into ours."""
    return (stored[:, [2, 0, 1]] * UNIT_METRES).astype(np.float32)


def _bone(stored: NDArray[Any], base: Vertices, used: NDArray[np.bool_]) -> Bone:
    """Find a bone's vertices and its joint: the middle of the ring where its pull is half."""
    share = (stored / 255).astype(np.float32)
    ring = (share > 0.3) & (share < 0.7) & used
    ring[BASE_ROWS:] = False
    rows = np.flatnonzero(share)
    return Bone(rows, share[rows], base[ring].mean(axis=0))


def load_body(name: str) -> Body:
    """Read one person from `assets`.

    Raises ValueError for an unknown name, with the known ones.
    """
    import cv2

    if name not in BODIES:
        raise ValueError(f'body {name!r} is unknown: choose one of {", ".join(BODIES)}')
    with np.load(ASSETS / 'people.npz') as pack:
        shapes = {f'p_{other}' for other in BODIES} - {f'p_{name}'}
        arrays = {k: pack[k] for k in pack.files if k not in shapes}
    picture = cv2.imread(str(ASSETS / f'{name}.jpg'), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(
            f'{ASSETS / name}.jpg is missing: reinstall robochat to get it back'
        )
    return Body(name, arrays, np.asarray(picture[:, :, ::-1], np.uint8))


def load_expressions() -> dict[str, Units]:
    """Read the face units of each mood, ready for `Body.deform`."""
    import yaml

    tree = yaml.safe_load((ASSETS / 'expressions.yaml').read_text(encoding='utf-8'))
    return {mood: tuple(units.items()) for mood, units in tree.items()}
