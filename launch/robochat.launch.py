"""Start the node: `ros2 launch robochat robochat.launch.py image:=/camera/image_raw`.

The node configures and activates itself, also after a respawn, unless autostart is false.
Arguments that are left empty don't override the parameter file. docs/launch.md has the table.
"""

from __future__ import annotations

import sys

from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from robochat import launching
from robochat.resources import dds_profile

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

FILES = ('robochat.launch.py', 'robochat.launch.xml')
SEEN_BY_OTHERS = 'robochat_perception'


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start the node with what they say."""
    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.text)
        for name, argument in launching.ROBOCHAT.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Check the arguments and make the processes from them."""
    known = launching.ROBOCHAT
    given = {name: LaunchConfiguration(name).perform(context) for name in known}
    launching.check(known, given, FILES, sys.argv)
    doubts = launching.lookalikes(context.launch_configurations, known)
    view = [_view(given)] if launching.is_true(given['view']) else []
    return [*(LogInfo(msg=doubt) for doubt in doubts), _node(given), *view]


def _node(given: dict[str, str]) -> Node:
    """Make the node from the arguments."""
    return Node(
        package='robochat',
        executable='robochat',
        name='robochat',
        namespace=given['namespace'],
        arguments=['run', '--ros-args', '--log-level', given['log_level']],
        parameters=launching.parameters(given),
        remappings=_remappings(given),
        additional_env=dds_profile(),
        respawn=launching.is_true(given['respawn']),
        respawn_delay=2.0,
        output='screen',
    )


def _remappings(given: dict[str, str]) -> list[tuple[str, str]]:
    """Name the camera's topics, and those of the node that looks at the pictures instead."""
    remapped = [('image', given['image']), ('image/compressed', f'{given["image"]}/compressed')]
    if given['perception'] == 'external':
        remapped += [(name, f'{SEEN_BY_OTHERS}/{name}') for name in ('emotions', 'scene')]
    return remapped


def _view(given: dict[str, str]) -> Node:
    """Make the process of the live view."""
    return Node(
        package='robochat',
        executable='robochat',
        namespace=given['namespace'],
        arguments=['view'],
        parameters=launching.parameters(given),
        remappings=_remappings(given),
        additional_env=dds_profile(),
        output='screen',
    )
