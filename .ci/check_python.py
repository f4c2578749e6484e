"""Stops `make setup` early, with advice, where the ROS 2 wheels can't be installed."""

import platform
import sys

OLDEST, NEWEST = (3, 10), (3, 14)


def problem() -> str:
    """Say why this Python won't do; empty when it will."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        return (
            f'this is Python {version[0]}.{version[1]}, and the ROS 2 wheels need 3.10 to 3.14; '
            'choose another with: make setup PYTHON=python3.11'
        )
    if platform.machine() != 'x86_64':
        return (
            f'ROS 2 comes as wheels for x86-64 alone, and this machine is {platform.machine()}; '
            'install ROS 2 from its packages and build with colcon'
        )
    return ''


if __name__ == '__main__':
    sys.exit(problem() or None)
