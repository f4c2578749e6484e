"""Render a scenario to pictures, a contact sheet or a film, without ROS.

Usage: python -m robochat_sim.play --scenario NAME [--out DIR | --out FILM.mp4] [--every 1.0]
`--say 6:"Hello"` lets the robot say something at a time, `--do 9:pick:object=cup_1` run a skill.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import sys

import cv2
import numpy as np
from robochat.values import RgbImage

from .canvas import RenderError
from .reading import SceneError
from .render import Renderer
from .scenario import load_scenario, scenario_names
from .script import Scenario
from .simulation import Simulation

FILM_HZ = 15.0
SHEET_COLUMNS = 4


def main(words: Sequence[str] | None = None) -> int:
    """Render and write; return the exit status."""
    args = _arguments(words)
    try:
        scenario = load_scenario(args.scenario)
        out = Path(args.out or f'{scenario.name}_pictures')
        cues = [_cue(text, 'say') for text in args.say] + [_cue(text, 'do') for text in args.do]
        if out.suffix == '.mp4':
            write_film(out, pictures(scenario, args.seed, 1 / FILM_HZ, cues))
        else:
            write_sheet(out, pictures(scenario, args.seed, args.every, cues))
    except (SceneError, RenderError, ValueError) as error:
        sys.stderr.write(f'{error}\n')
        return 2
    sys.stdout.write(f'{out}\n')
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--scenario', required=True, help=f'{", ".join(scenario_names())}, or a file'
    )
    parser.add_argument(
        '--out', help='folder for pictures and sheet.png, or a film that ends in .mp4'
    )
    parser.add_argument('--every', type=float, default=1.0, help='seconds between pictures')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--say', action='append', default=[], metavar='T:TEXT')
    parser.add_argument('--do', action='append', default=[], metavar='T:SKILL[:NAME=VALUE...]')
    return parser.parse_args(words)


Cue = tuple[float, str, list[str]]


def _cue(text: str, kind: str) -> Cue:
    """Read `T:TEXT` or `T:SKILL:NAME=VALUE:...`."""
    time, _, rest = text.partition(':')
    try:
        return float(time), kind, [rest] if kind == 'say' else rest.split(':')
    except ValueError:
        raise ValueError(
            f'--{kind} {text!r}: must begin with a time in seconds and a colon'
        ) from None


def pictures(
    scenario: Scenario, seed: int, every_sec: float, cues: Sequence[Cue] = ()
) -> Iterator[tuple[float, RgbImage]]:
    """Yield (time, picture) through a scenario; the cues are the robot's words and deeds."""
    simulation = Simulation(scenario, seed)
    renderer = Renderer(scenario.scene, {p.id: p.body for p in scenario.people})
    left = sorted(cues)
    try:
        for number in range(round(scenario.duration_sec / every_sec) + 1):
            now_sec = number * every_sec
            while left and left[0][0] <= now_sec:
                _perform(simulation, left.pop(0))
            yield now_sec, renderer.frame(simulation.step(now_sec)).copy()
    finally:
        renderer.close()


def _perform(simulation: Simulation, cue: Cue) -> None:
    """Let the robot say or do something."""
    time_sec, kind, parts = cue
    if kind == 'say':
        simulation.hear(parts[0], time_sec)
    else:
        simulation.execute(
            parts[0], dict(part.partition('=')[::2] for part in parts[1:]), time_sec
        )


def write_sheet(folder: Path, shots: Iterator[tuple[float, RgbImage]]) -> None:
    """Write each picture, and all of them small on one sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    small = []
    for time_sec, image in shots:
        cv2.imwrite(str(folder / f'{time_sec:07.2f}.png'), image[:, :, ::-1])
        tile = np.ascontiguousarray(
            cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        )
        cv2.putText(
            tile,
            f'{time_sec:.1f} s',
            (6, 18),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (20, 20, 20),
            1,
            cv2.LINE_AA,
        )
        small.append(tile)
    small += [np.full_like(small[0], 255)] * (-len(small) % SHEET_COLUMNS)
    rows = [np.hstack(small[i : i + SHEET_COLUMNS]) for i in range(0, len(small), SHEET_COLUMNS)]
    cv2.imwrite(str(folder / 'sheet.png'), np.vstack(rows))


def write_film(path: Path, shots: Iterator[tuple[float, RgbImage]]) -> None:
    """Write the pictures as a film.

    Raises ValueError when the film can't be opened.
    """
    film: cv2.VideoWriter | None = None
    for _, image in shots:
        if film is None:
            height, width = image.shape[:2]
            film = cv2.VideoWriter(
                str(path), cv2.VideoWriter.fourcc(*'mp4v'), FILM_HZ, (width, height)
            )
            if not film.isOpened():
                raise ValueError(f"{path}: can't be written as a film; is the folder there?")
        film.write(np.ascontiguousarray(image[:, :, ::-1]))
    if film is not None:
        film.release()


if __name__ == '__main__':
    sys.exit(main())
