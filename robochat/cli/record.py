"""`robochat record`: what the robot takes in and gives out, as an MCAP file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

IMAGES = ('none', 'compressed', 'raw')


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'record',
        help='record what the robot takes in and gives out',
        description='Record the topics of a running robot as an MCAP file, for `robochat replay`, '
        'Foxglove or PlotJuggler. It has what people say and what their faces look like; pictures '
        'of them only with --images. Ctrl-C ends it. ROS arguments follow after --ros-args.',
    )
    parser.add_argument('--out', metavar='FILE', help='the file; default: robochat_DATE_TIME.mcap')
    parser.add_argument(
        '--topics',
        nargs='+',
        default=[],
        metavar='NAME',
        help="only these: robochat's by short names such as speech or decision, others by "
        'their full names; ~/tape is always there, since replay needs it',
    )
    parser.add_argument('--seconds', type=float, metavar='N', help='end after N seconds')
    parser.add_argument(
        '--images',
        choices=IMAGES,
        default='none',
        help='record the camera too, as JPEG or as it comes; the default is none, because '
        'pictures show faces',
    )
    parser.add_argument(
        '--image-hz',
        type=float,
        default=0.0,
        metavar='N',
        help='at most N pictures in a second; default: all',
    )
    parser.add_argument(
        '--robot', default='robochat', metavar='NAME', help='name of the node (default: robochat)'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the arguments and record."""
    from robochat.recording.reading import RecordingError

    if args.seconds is not None and not 0 < args.seconds < 1e7:
        raise RecordingError(f'--seconds {args.seconds}: must be more than 0')
    if not 0 <= args.image_hz < 1000:
        raise RecordingError(f'--image-hz {args.image_hz}: must be 0 or more')
    from robochat.ros.record import main, stderr, Wanted

    wanted = Wanted(
        path=Path(args.out) if args.out else default_path(),
        topics=tuple(args.topics),
        images=args.images,
        image_hz=args.image_hz,
        seconds=args.seconds,
        robot=args.robot,
    )
    if args.images == 'none':
        stderr('pictures are not recorded; --images compressed records them, faces and all')
    return main(wanted, args.ros_args, stderr)


def default_path() -> Path:
    """Name a file after the time."""
    import time

    return Path(time.strftime('robochat_%Y-%m-%d_%H-%M-%S.mcap'))
