"""`robochat perception`, also the program `robochat_perception`: the eyes as a ROS 2 node."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'perception',
        help='run perception as a ROS 2 node of its own',
        description='See faces and things and publish them, for a robochat that has '
        '`perception.enabled: false`, on another machine perhaps. ROS arguments follow after '
        '--ros-args.',
    )
    parser.add_argument(
        '--params', metavar='FILE', help='a parameter file like config/robochat.yaml'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the parameter file, then spin the node until it is interrupted."""
    from robochat.cli.run import checked

    ros_args = checked(args)
    from robochat.ros.perceiving import main as spin

    return spin(ros_args)


def main() -> int:
    """Run the command as a program of its own, as `ros2 run` and launch files do."""
    from robochat.cli import main as command

    return command(['perception', *sys.argv[1:]])
