"""Start the node: `ros2 launch robochat robochat.launch.py image:=/camera/image_raw`.

Arguments that are left empty don't override the parameter file.
"""

from __future__ import annotations

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from robochat.resources import dds_profile, share_path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

ARGUMENTS = {
    'image': ('image', 'Topic of the camera; with compressed:=true its "/compressed" is used'),
    'compressed': ('false', 'Take compressed pictures'),
    'params': (str(share_path('config/robochat.yaml')), 'Parameter file'),
    'persona': ('', 'Persona: a name or a file; empty keeps that of the parameter file'),
    'model': ('', 'Model backend; empty keeps that of the parameter file'),
    'namespace': ('', 'Namespace of the node'),
    'respawn': ('true', 'Start the node again when it dies'),
    'log_level': ('info', 'Least severity that is logged'),
}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start the node with what they say."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=_node)])


def _node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Make the node from the arguments."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    node = Node(
        package='robochat',
        executable='robochat',
        name='robochat',
        namespace=given['namespace'],
        arguments=['run', '--ros-args', '--log-level', given['log_level']],
        parameters=[given['params'], _overrides(given)],
        remappings=[
            ('image', given['image']),
            ('image/compressed', f'{given["image"]}/compressed'),
        ],
        additional_env=dds_profile(),
        respawn=given['respawn'] == 'true',
        respawn_delay=2.0,
        output='screen',
    )
    return [node]


def _overrides(given: dict[str, str]) -> dict[str, str | bool]:
    """Collect the settings that the arguments name."""
    chosen: dict[str, str | bool] = {'camera.compressed': given['compressed'] == 'true'}
    names = {'persona': 'dialogue.persona', 'model': 'model.backend'}
    chosen.update({setting: given[name] for name, setting in names.items() if given[name]})
    return chosen
