"""Start perception as a node of its own: `ros2 launch robochat perception.launch.py`.

It may run on another machine; give the robot's robochat.launch.py `perception:=external` then, and
both the same namespace. docs/launch.md has the table of arguments.
"""

from __future__ import annotations

import sys

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from robochat import launching
from robochat.resources import dds_profile

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start the node with what they say."""
    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.text)
        for name, argument in launching.EYES.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Check the arguments and make the node from them."""
    given = {name: LaunchConfiguration(name).perform(context) for name in launching.EYES}
    launching.check(launching.EYES, given, ['perception.launch.py'], sys.argv)
    node = Node(
        package='robochat',
        executable='robochat_perception',
        name='robochat_perception',
        namespace=given['namespace'],
        arguments=['--ros-args', '--log-level', given['log_level']],
        parameters=launching.parameters(given),
        remappings=[
            ('image', given['image']),
            ('image/compressed', f'{given["image"]}/compressed'),
        ],
        additional_env=dds_profile(),
        respawn=launching.is_true(given['respawn']),
        respawn_delay=2.0,
        output='screen',
    )
    return [node]
