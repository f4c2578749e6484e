"""`robochat view`: a page in the browser that shows a running robot think."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'view',
        help='show a running robot on a page in the browser',
        description='Serve a page that shows what a running robot sees, decides, says and plans, '
        'and lets you talk to it and rate what it says. ROS arguments follow after --ros-args, '
        'for example `robochat view --ros-args -r image:=/camera/image_raw`.',
    )
    parser.add_argument(
        '--robot', default='robochat', metavar='NAME', help='name of the node (default: robochat)'
    )
    parser.add_argument(
        '--params', metavar='FILE', help='a parameter file like config/robochat.yaml'
    )
    parser.add_argument(
        '--port', type=int, metavar='N', help='port of the page; 0 takes any (setting view.port)'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the settings, then serve the page until it is interrupted."""
    from robochat.config import config_from, load_config

    settings = {} if args.port is None else {'view.port': args.port}
    config_from(settings)
    ros_args = list(args.ros_args)
    if args.params:
        load_config(args.params)
        ros_args = [*(ros_args or ['--ros-args']), '--params-file', args.params]
    from robochat.ros.watch import main

    return main(args.robot, ros_args, settings)
