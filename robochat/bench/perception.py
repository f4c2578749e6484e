"""Perception against fer: frames a second of both on the same film, in the same run.

The film is rendered by the simulator: one person at 1.2 m who sways and changes expression, seen
by a camera of 640x480 at 30 Hz. Ours runs as on a robot: detector, landmarks and expression
networks each at their own rate (`face_watch`); a row says what a frame costs on which all of them
run. fer is its own class, Haar cascade and quantized network, unchanged;
modules that its file imports and this path doesn't use (TensorFlow among them) are stood in for,
and LiteRT takes the place of TensorFlow's interpreter of the same file format.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import importlib.util
import math
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from robochat.bench.rows import at_least, at_most, Row
from robochat.config import Config
from robochat.perception.image import decode_compressed, decode_raw
from robochat.perception.perceiver import Perceiver
from robochat.values import Frame, RgbImage

CAMERA_HZ = 30.0
NODE_HZ = 10.0
# So slow a camera that every network is due on every frame.
ALL_DUE_HZ = 2.5
FILM_FRAMES = 90
BODY = 'ben'
DISTANCE_M = 1.2
MOODS = ('neutral', 'happy', 'surprise')
RATIO_BAR = 10.0
WARM_UP_FRAMES = 12


@dataclass(frozen=True)
class Timing:
    """Seconds of each frame, and in how many of them a face was found."""

    seconds: tuple[float, ...]
    found: int
    cpu_sec: float = 0.0

    @property
    def frames_per_sec(self) -> float:
        """Frames that are perceived in a second, one after the other."""
        return len(self.seconds) / max(sum(self.seconds), 1e-9)

    @property
    def share_found(self) -> float:
        """Part of the frames in which a face was found."""
        return self.found / max(len(self.seconds), 1)

    def ms(self, percent: float) -> float:
        """Return a percentile in milliseconds."""
        return float(np.percentile(self.seconds, percent)) * 1e3

    def plus(self, other: Timing) -> Timing:
        """Put two timings together."""
        cpu = self.cpu_sec + other.cpu_sec
        return Timing(self.seconds + other.seconds, self.found + other.found, cpu)


def run(seconds: float = 10.0) -> list[Row]:
    """Measure for about `seconds` on each side.

    Raises RenderError (of the simulator) where no picture can be rendered.
    """
    film = _film()
    rows = _versus_fer(film, seconds)
    rows += _at_node_rate(film, seconds / 2)
    return rows + _decoding(film[0])


def _film() -> tuple[RgbImage, ...]:
    """Render the film."""
    from robochat_sim.people import load_expressions, Pose, STATURES
    from robochat_sim.render import Renderer
    from robochat_sim.room import load_scene
    from robochat_sim.state import CAMERA_HEIGHT_M, PersonState, RobotPose, SimState

    size, moods = STATURES[BODY], load_expressions()
    down = math.atan2(size.eye_height_m - CAMERA_HEIGHT_M, DISTANCE_M)
    renderer = Renderer(load_scene('home'), {'person': BODY})
    frames = []
    for number in range(FILM_FRAMES):
        sway = math.sin(number / CAMERA_HZ * 2.0)
        person = PersonState(
            'person', BODY, DISTANCE_M + 0.2, 0.05 * sway, 0.0, math.pi,
            Pose(head_yaw_rad=0.1 * sway, head_pitch_rad=down),
            moods[MOODS[number * len(MOODS) // FILM_FRAMES]],
        )  # fmt: skip
        robot = RobotPose(0.0, 0.0, 0.0, tilt_rad=-0.15)
        frames.append(renderer.frame(SimState(number / CAMERA_HZ, robot, (person,))).copy())
    renderer.close()
    return tuple(frames)


def _versus_fer(film: Sequence[RgbImage], seconds: float) -> list[Row]:
    """Let both sides take turns, so that the machine's other work meets both alike."""
    ours, fers = Timing((), 0), Timing((), 0)
    see, detect = _seer(CAMERA_HZ), _fer()
    _time(see, film, WARM_UP_FRAMES)
    if detect:
        _time(detect, film, 3)
    while sum(ours.seconds) < seconds and sum(fers.seconds) < seconds:
        ours = ours.plus(_time(see, film, len(film)))
        fers = fers.plus(_time(detect, film, len(film) // 5)) if detect else fers
    rows = [
        Row('faces, pose, expressions at a 30 Hz camera', ours.frames_per_sec, '1/s'),
        at_least('frames with the face found', ours.share_found, '', 0.95),
    ]
    return rows + _fer_rows(ours, fers)


def _fer_rows(ours: Timing, fers: Timing) -> list[Row]:
    """Set the two sides against each other."""
    if not fers.seconds:
        text = 'times the frames of fer: not measured, fer is not installed'
        return [Row(text, 0.0, '', f'>= {RATIO_BAR:g}')]
    return [
        Row('fer.fer.FER().detect_emotions on LiteRT', fers.frames_per_sec, '1/s'),
        Row('frames with the face found by fer', fers.share_found, ''),
        at_least(
            'times the frames of fer', ours.frames_per_sec / fers.frames_per_sec, 'x', RATIO_BAR
        ),
    ]


def _at_node_rate(film: Sequence[RgbImage], seconds: float) -> list[Row]:
    """Measure single calls at the node's default rate, where each does more of the work."""
    see, see_all = _seer(NODE_HZ), _seer(ALL_DUE_HZ)
    _time(see, film, WARM_UP_FRAMES)
    full = _time(see_all, film, 2 * WARM_UP_FRAMES)
    timing = Timing((), 0)
    while sum(timing.seconds) < seconds:
        timing = timing.plus(_time(see, film, len(film)))
    load = timing.cpu_sec / len(timing.seconds) * NODE_HZ * 100
    return [
        Row('see() at 10 Hz, one face, p50', timing.ms(50), 'ms'),
        Row('see() at 10 Hz, one face, p99', timing.ms(99), 'ms'),
        Row('see() with every network in the frame, p50', full.ms(50), 'ms'),
        at_most('processor of see() at 10 Hz', load, '% of a core', 50.0),
        Row('look() for things, p50', _look(film[0]), 'ms'),
    ]


def _seer(rate_hz: float) -> Callable[[RgbImage], bool]:
    """Make a function that sees pictures as if they came at this rate."""
    perceiver = Perceiver(Config())
    numbers = iter(range(sys.maxsize))

    def see(rgb: RgbImage) -> bool:
        number = next(numbers)
        return bool(perceiver.see(Frame(rgb, number / rate_hz, number)).faces)

    return see


def _look(rgb: RgbImage) -> float:
    """Measure passes over the things, in milliseconds."""
    perceiver = Perceiver(Config())
    numbers = iter(range(sys.maxsize))

    def look(picture: RgbImage) -> bool:
        return bool(perceiver.look(Frame(picture, float(next(numbers)))).objects)

    _time(look, [rgb], 2)
    return _time(look, [rgb], 15).ms(50)


def _time(perceive: Callable[[RgbImage], bool], film: Sequence[RgbImage], count: int) -> Timing:
    """Time a function on the first `count` frames, from the start again where there are fewer."""
    seconds, found = [], 0
    cpu = time.process_time()
    for number in range(count):
        start = time.perf_counter()
        found += perceive(film[number % len(film)])
        seconds.append(time.perf_counter() - start)
    return Timing(tuple(seconds), found, time.process_time() - cpu)


def _decoding(rgb: RgbImage) -> list[Row]:
    """Measure the way from a message's bytes to a picture."""
    import cv2

    height, width = rgb.shape[:2]
    raw = array('B', rgb.tobytes())
    jpeg = cv2.imencode('.jpg', rgb)[1].tobytes()
    calls: dict[str, Callable[[RgbImage], bool]] = {
        'decode rgb8, p50': lambda _: decode_raw(raw, height, width, 'rgb8', 3 * width).size > 0,
        'decode bgr8, p50': lambda _: decode_raw(raw, height, width, 'bgr8', 3 * width).size > 0,
        'decode JPEG, p50': lambda _: decode_compressed(jpeg).size > 0,
    }
    return [Row(what, _time(call, [rgb], 60).ms(50), 'ms') for what, call in calls.items()]


def _fer() -> Callable[[RgbImage], bool] | None:
    """Make a function that runs fer's own class, or None where fer isn't installed."""
    if importlib.util.find_spec('fer') is None:
        return None
    with _stand_ins():
        from fer.fer import FER

        detector = FER()

    def detect(rgb: RgbImage) -> bool:
        return bool(detector.detect_emotions(np.ascontiguousarray(rgb[:, :, ::-1])))

    return detect


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Stand in for modules that fer imports, where they are not installed."""
    made = {
        name: m for name, m in _modules().items() if importlib.util.find_spec(_top(name)) is None
    }
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


def _top(name: str) -> str:
    return name.split('.', maxsplit=1)[0]


def _modules() -> dict[str, Any]:
    """Make just what fer's tflite path touches of each module."""
    from ai_edge_litert.interpreter import Interpreter

    names = (
        'tensorflow',
        'tensorflow.keras',
        'tensorflow.keras.models',
        'pkg_resources',
        'requests',
    )
    modules: dict[str, Any] = {name: ModuleType(name) for name in names}
    modules['tensorflow'].lite = SimpleNamespace(Interpreter=Interpreter)
    modules['tensorflow.keras.models'].load_model = None
    modules['pkg_resources'].resource_filename = _resource_filename
    return modules


def _resource_filename(package: str, name: str) -> str:
    """Find a file of an installed package."""
    from importlib.resources import files

    return str(files(package) / name)
