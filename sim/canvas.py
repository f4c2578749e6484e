"""Off-screen drawing with MuJoCo and OpenGL: pictures with their depth, finely or quickly.

Threads: an OpenGL context belongs to one thread; make and use a Canvas in the same one.
"""

from __future__ import annotations

from ctypes.util import find_library
from dataclasses import dataclass
from importlib import import_module
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.values import RgbImage

from .state import HEIGHT_PX, WIDTH_PX

BACKENDS = {'egl': 'EGL', 'osmesa': 'OSMesa'}
GROUPS = 6


class RenderError(RuntimeError):
    """No OpenGL backend works; the message names the packages to install."""


@dataclass(frozen=True)
class Layer:
    """A picture (480, 640, 3) uint8 with the depth of each pixel along the view, in metres."""

    image: RgbImage
    depth_m: NDArray[np.float32]


class Canvas:
    """Draws one MuJoCo model from the camera `robot`; `samples` smooths the fine pictures.

    Raises RenderError without OpenGL.
    """

    def __init__(self, model: Any, samples: int) -> None:
        self._mujoco = import_mujoco()
        self._model = model
        self._scene = self._mujoco.MjvScene(model, maxgeom=2000)
        self._rect = self._mujoco.MjrRect(0, 0, WIDTH_PX, HEIGHT_PX)
        self._camera = self._mujoco.MjvCamera()
        self._camera.type = self._mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = 0
        try:
            self._window = _window()
            self._window.make_current()
            self._fine = self._context(samples)
            self._quick = self._context(0) if samples else self._fine
        except Exception as error:  # each backend raises classes of its own
            raise RenderError(_advice(str(error))) from error

    def _context(self, samples: int) -> Any:
        """Load the model into OpenGL, for pictures with so many samples a pixel."""
        self._model.vis.quality.offsamples = samples
        # No light casts a shadow; the map for it would cost 0.1 s and more.
        self._model.vis.quality.shadowsize = 0
        context = self._mujoco.MjrContext(
            self._model, self._mujoco.mjtFontScale.mjFONTSCALE_100.value
        )
        context.readDepthMap = self._mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        return context

    def draw(self, data: Any, fine: bool, room: bool = True, people: bool = True) -> Layer:
        """Draw the room, the people or both."""
        self._update(data, room, people)
        return self._shoot(self._fine if fine else self._quick)

    def numbers(self, data: Any) -> NDArray[np.int32]:
        """Return which geom (0, 1, ...) or skin (-2, -3, ...) each pixel shows; -1 for none."""
        self._update(data, True, True)
        flags = (self._mujoco.mjtRndFlag.mjRND_SEGMENT, self._mujoco.mjtRndFlag.mjRND_IDCOLOR)
        for flag in flags:
            self._scene.flags[flag] = 1
        image = self._shoot(self._quick).image.astype(np.int32)
        for flag in flags:
            self._scene.flags[flag] = 0
        drawn = image[..., 0] + (image[..., 1] << 8) + (image[..., 2] << 16)
        table = np.full(self._scene.ngeom + 1, -1, np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.objtype == self._mujoco.mjtObj.mjOBJ_GEOM:
                table[geom.segid + 1] = geom.objid
            elif geom.objtype == self._mujoco.mjtObj.mjOBJ_SKIN:
                table[geom.segid + 1] = -2 - geom.objid
        return np.asarray(table[drawn], np.int32)

    def _update(self, data: Any, room: bool, people: bool) -> None:
        """Gather what is to be drawn."""
        option = self._mujoco.MjvOption()
        option.geomgroup[:] = room
        option.skingroup[: GROUPS - 1] = people
        option.skingroup[GROUPS - 1] = 0
        every = self._mujoco.mjtCatBit.mjCAT_ALL
        self._mujoco.mjv_updateScene(
            self._model, data, option, None, self._camera, every, self._scene
        )

    def _shoot(self, context: Any) -> Layer:
        """Draw what was gathered."""
        self._window.make_current()
        self._mujoco.mjr_setBuffer(self._mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        self._mujoco.mjr_render(self._rect, self._scene, context)
        image = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        depth = np.empty((HEIGHT_PX, WIDTH_PX), np.float32)
        self._mujoco.mjr_readPixels(image, depth, self._rect, context)
        return Layer(image[::-1], self._metric(depth[::-1]))

    def _metric(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn OpenGL's depth (1 near, 0 far) into metres."""
        extent = self._model.stat.extent
        near, far = self._model.vis.map.znear * extent, self._model.vis.map.zfar * extent
        scale = np.float32(near / (far - near))
        return np.asarray(np.float32(far) * scale / (depth + scale), np.float32)

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._window.make_current()
        self._fine.free()
        if self._quick is not self._fine:
            self._quick.free()
        self._window.free()


def import_mujoco() -> Any:
    """Import MuJoCo, which looks at `MUJOCO_GL` at that moment.

    Raises RenderError when the package is missing or the variable is wrong.
    """
    os.environ.setdefault('MUJOCO_GL', _backend())
    try:
        import mujoco
    except (ImportError, RuntimeError, AttributeError) as error:
        raise RenderError(_advice(str(error))) from error
    return mujoco


def _backend() -> str:
    """Return the OpenGL backend that `MUJOCO_GL` names, else the first whose library is there."""
    named = os.environ.get('MUJOCO_GL', '').lower()
    return named or next((b for b, library in BACKENDS.items() if find_library(library)), 'egl')


def _window() -> Any:
    """Open an OpenGL context of our own backend, whichever MuJoCo chose when it was imported."""
    return import_module(f'mujoco.{_backend()}').GLContext(WIDTH_PX, HEIGHT_PX)


def _advice(problem: str) -> str:
    """Say what to install."""
    return (
        f"the simulator can't draw with MUJOCO_GL={os.environ.get('MUJOCO_GL', '')}: {problem}. "
        'It needs the extra "sim" of robochat (pip install "robochat[sim]") and one of: '
        '"apt-get install libegl1 libgl1-mesa-dri" (MUJOCO_GL=egl) or '
        '"apt-get install libosmesa6" (MUJOCO_GL=osmesa)'
    )
