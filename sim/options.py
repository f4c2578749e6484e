"""Command line of the simulator's node."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Read the words after the module's name; wrong ones end the process with a message."""
    parser = argparse.ArgumentParser(
        prog='robochat_sim.node', description='Play a scenario on ROS 2.'
    )
    parser.add_argument('--scenario', required=True, help='a name or a file')
    parser.add_argument('--rate', type=float, default=15.0, help='pictures in a second')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--loop', action='store_true', help='begin anew when the scenario is over')
    parser.add_argument(
        '--wait-for-subscriber',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='start the clock when someone is subscribed to the pictures',
    )
    parser.add_argument(
        '--wait-sec', type=float, default=30.0, help='but wait no longer than this'
    )
    parser.add_argument(
        '--gazebo',
        metavar='HOST:PORT',
        help='play it in the Gazebo 11 whose master is there, and take the pictures of its camera',
    )
    args = parser.parse_args(words)
    if not 1.0 <= args.rate <= 60.0:
        parser.error(f'--rate {args.rate:g}: must lie in 1 to 60')
    return args
