"""Write worlds and models for Gazebo.

Usage: python -m robochat_sim.gazebo [--scenario NAME] [--out DIR]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

from ..canvas import RenderError
from ..reading import SceneError
from ..scenario import scenario_names
from .check import problems_in
from .export import export

SIM = Path(__file__).resolve().parents[1]


def main(words: Sequence[str] | None = None) -> int:
    """Write the files and check them; return the exit status."""
    parser = argparse.ArgumentParser(
        prog='robochat_sim.gazebo', description='Write worlds and models for Gazebo.'
    )
    parser.add_argument(
        '--scenario',
        action='append',
        metavar='NAME',
        help='write the people of this scenario, a name or a file; repeat for several; '
        f'default: {", ".join(scenario_names())}',
    )
    parser.add_argument(
        '--out', type=Path, default=SIM, help='gets worlds/ and models/; default: %(default)s'
    )
    args = parser.parse_args(words)
    try:
        worlds = export(args.out, args.scenario or scenario_names())
    except (SceneError, RenderError, OSError) as error:
        sys.stderr.write(f'{error}\n')
        return 2
    problems = [p for path in worlds for p in problems_in(path, args.out / 'models')]
    sys.stderr.writelines(f'{problem}\n' for problem in problems)
    sys.stdout.write('\n'.join(map(str, worlds)) + f'\nGAZEBO_MODEL_PATH={args.out / "models"}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
