"""`robochat run`: the ROS 2 node."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'run',
        help='run the ROS 2 node',
        description='Run the node. ROS arguments follow after --ros-args, for example '
        '`robochat run --params my.yaml --ros-args -r image:=/camera/image_raw`.',
    )
    parser.add_argument(
        '--params', metavar='FILE', help='a parameter file like config/robochat.yaml'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the parameter file, then spin the node until it is interrupted."""
    ros_args = checked(args)
    from robochat.ros.node import main

    return main(ros_args)


def checked(args: argparse.Namespace) -> list[str]:
    """Return the words for ROS, the parameter file among them; raises ConfigError."""
    from robochat.config import load_config

    if not args.params:
        return list(args.ros_args)
    load_config(args.params)
    return [*(args.ros_args or ['--ros-args']), '--params-file', args.params]
