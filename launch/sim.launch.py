"""Start simulator and node: `ros2 launch robochat sim.launch.py scenario:=sad_homecoming`.

The embedded simulator plays a scenario, and everything ends with it. `simulator:=gazebo` opens a
world in gz-sim with ros_gz_bridge instead, and runs until it is interrupted. The arguments of
robochat.launch.py are accepted too.
"""

from __future__ import annotations

import sys

from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from robochat import launching
from robochat.resources import dds_profile, share_path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

NODE_FILE = share_path('launch/robochat.launch.py')
ARGUMENTS = {**launching.SIM, **launching.ROBOCHAT}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start the simulator and the node."""
    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.text)
        for name, argument in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Check the arguments, then start the simulator and include the node."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    launching.check(ARGUMENTS, given, ['sim.launch.py'], sys.argv)
    passed = [(name, given[name]) for name in launching.ROBOCHAT]
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(NODE_FILE)), launch_arguments=passed
    )
    simulator = _gazebo(given) if given['simulator'] == 'gazebo' else _embedded(given)
    return [node, *simulator]


def _embedded(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """Make the process of the embedded simulator."""
    process = ExecuteProcess(
        cmd=[
            *(sys.executable, '-m', 'robochat_sim.node'),
            *('--scenario', given['scenario'], '--seed', given['seed']),
            *('--ros-args', '-r', f'__ns:=/{given["namespace"].strip("/")}'),
            *('-r', f'image:={given["image"]}'),
        ],
        additional_env=dds_profile(),
        output='screen',
        on_exit=Shutdown(reason='the scenario has ended'),
    )
    return [process]


def _gazebo(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """Make the processes of gz-sim and of the bridge between its topics and ours."""
    window = ['-s'] if launching.is_true(given['headless']) else []
    file = launching.world_file(given['world'])
    world = ExecuteProcess(
        cmd=['gz', 'sim', '-r', *window, str(file)],
        additional_env=launching.gazebo_models(file),
        output='screen',
        on_exit=Shutdown(reason='the simulator has ended'),
    )
    bridge = Node(
        package='ros_gz_bridge',
        executable='parameter_bridge',
        name='gz_bridge',
        namespace=given['namespace'],
        parameters=[{'config_file': str(share_path('config/gz_bridge.yaml'))}],
        additional_env=dds_profile(),
        output='screen',
    )
    return [world, bridge]
