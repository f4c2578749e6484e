"""Start one node for each of several robots: `ros2 launch robochat fleet.launch.py robots:=3`.

Each robot has a namespace (robot_1, robot_2, ...; or `robots:=anna,bert`). The image is looked for
inside it: /robot_1/image. All other arguments of robochat.launch.py hold for every robot.
"""

from __future__ import annotations

from pathlib import Path
import sys

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from robochat import launching

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

NODE_FILE = Path(__file__).resolve().parent / 'robochat.launch.py'
ARGUMENTS = {**launching.FLEET, **launching.ROBOCHAT}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start the robots that they name."""
    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.text)
        for name, argument in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Include the launch file of the node once for each robot."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    launching.check(ARGUMENTS, given, ['fleet.launch.py'], sys.argv)
    fleet = given['namespace'].strip('/')
    return [
        _robot(given, '/'.join(filter(None, (fleet, name))))
        for name in launching.namespaces(given['robots'])
    ]


def _robot(given: dict[str, str], namespace: str) -> IncludeLaunchDescription:
    """Include the node of one robot; only what differs has to be passed on."""
    passed = {name: given[name] for name in launching.ROBOCHAT} | {'namespace': namespace}
    source = PythonLaunchDescriptionSource(str(NODE_FILE))
    return IncludeLaunchDescription(source, launch_arguments=list(passed.items()))
