"""`robochat look`: what perception sees in pictures, videos or a camera, without ROS and model.

Prints one JSON object. A still picture is seen several times over, as if the camera had stared at
it for two seconds, so that expressions are read from several crops; it is marked `still` because a
mood that shows in one instant is weaker evidence than one that lasts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import sys
import time
from typing import Any

from robochat.config import Config, load_config
from robochat.values import Frame, Observation, RgbImage, SceneObservation

PICTURES = frozenset({'.jpg', '.jpeg', '.png'})
STILL_SEC = 2.0
STILL_STEP_SEC = 0.1
FACES_AT_ONCE = 64
LOOK_EVERY_SEC = 1.0
TELL_EVERY_FRAMES = 50


class SourceError(ValueError):
    """A picture, video or camera can't be opened or read."""


@dataclass(frozen=True)
class Seen:
    """The last that was seen of one source, in the picture it was seen in."""

    frames: int
    frame: Frame
    observation: Observation
    scene: SceneObservation


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'look',
        help='show what perception sees in pictures, videos or a camera',
        description='Look at pictures (JPEG, PNG), videos or a camera (its number), write '
        'annotated pictures and print one JSON object.',
    )
    parser.add_argument('sources', nargs='+', metavar='IMAGE|VIDEO|CAMERA', help='what to look at')
    parser.add_argument('--out', metavar='DIR', default='out/look', help='folder of the pictures')
    parser.add_argument('--json', metavar='FILE', help='write the JSON to a file as well')
    parser.add_argument('--seconds', type=float, default=5.0, help='how long to watch a camera')
    parser.add_argument('--params', metavar='FILE', help='a parameter file')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at every source; returns 0.

    Raises SourceError, ImageError and ConfigError with a message for a person.
    """
    config = load_config(args.params) if args.params else Config()
    folder = Path(args.out)
    found = [_look_at(source, config, args.seconds, folder) for source in args.sources]
    text = json.dumps({'pictures': found}, indent=2)
    if args.json:
        Path(args.json).write_text(text + '\n', encoding='utf-8')
    sys.stdout.write(text + '\n')
    return 0


def _look_at(source: str, config: Config, seconds: float, folder: Path) -> dict[str, Any]:
    """Look at one source, write its picture and describe it."""
    still = Path(source).suffix.lower() in PICTURES
    frames = _still(Path(source), config) if still else _moving(source, config, seconds)
    seen = _watch(frames, config)
    if seen is None:
        raise SourceError(f'{source}: has no picture that can be read')
    path = _write(seen, folder, Path(source).stem or source)
    return {
        'source': source,
        'still': still,
        'frames': seen.frames,
        'annotated': str(path),
        'emotions': asdict(seen.observation),
        'scene': asdict(seen.scene),
    }


def _watch(frames: Iterable[Frame], config: Config) -> Seen | None:
    """See every frame and look at some; return the last of both."""
    from robochat.perception.perceiver import Perceiver

    perceiver = Perceiver(config, faces_per_frame=FACES_AT_ONCE)
    for warning in perceiver.warnings:
        sys.stderr.write(f'robochat: {warning}\n')
    seen: Seen | None = None
    for frame in frames:
        observation = perceiver.see(frame)
        if seen is None or frame.stamp_sec - seen.scene.stamp_sec >= LOOK_EVERY_SEC:
            scene = perceiver.look(frame)
        seen = Seen(frame.number, frame, observation, scene)
    return seen


def _still(path: Path, config: Config) -> Iterator[Frame]:
    """Yield one picture as often as a camera would in two seconds."""
    from robochat.perception.image import decode_compressed, ImageError

    try:
        image = decode_compressed(path.read_bytes(), config.camera.max_pixels)
    except OSError as error:
        raise SourceError(f'{path}: unreadable: {error.strerror}') from error
    except ImageError as error:
        raise SourceError(f'{path}: {error}') from error
    for number in range(round(STILL_SEC / STILL_STEP_SEC)):
        yield Frame(image, number * STILL_STEP_SEC, number + 1)


def _moving(source: str, config: Config, seconds: float) -> Iterator[Frame]:
    """Yield the frames of a video with the stamps of its rate, or of a camera with the clock's."""
    import cv2

    is_camera = source.isdigit()
    if not is_camera and not Path(source).is_file():
        raise SourceError(f'{source}: no such file; a camera is named by its number')
    capture = cv2.VideoCapture(int(source) if is_camera else source)
    try:
        if not capture.isOpened():
            kind = 'camera' if is_camera else 'video'
            raise SourceError(f'{source}: OpenCV opens no {kind} there')
        yield from _frames(capture, source, seconds if is_camera else None)
    finally:
        capture.release()


def _frames(capture: Any, source: str, seconds: float | None) -> Iterator[Frame]:
    """Read frames until the end, or for some seconds, and tell on stderr how far it is."""
    import cv2

    rate = capture.get(cv2.CAP_PROP_FPS) or 30.0
    start, number = time.monotonic(), 0
    while True:
        good, bgr = capture.read()
        now = time.monotonic() - start
        if not good or (seconds is not None and now > seconds):
            return
        number += 1
        if number % TELL_EVERY_FRAMES == 0:
            sys.stderr.write(f'{source}: {number} frames\n')
        rgb: RgbImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        yield Frame(rgb, now if seconds is not None else number / rate, number)


def _write(seen: Seen, folder: Path, name: str) -> Path:
    """Write the annotated picture and return its path."""
    import cv2
    from robochat.perception.draw import annotate

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{name}.png'
    picture = annotate(seen.frame.image, seen.observation, seen.scene)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path
