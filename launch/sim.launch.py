"""Start simulator and node: `ros2 launch robochat sim.launch.py scenario:=sad_homecoming`.

Everything ends when the scenario does.
"""

from __future__ import annotations

from pathlib import Path
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
from robochat.resources import dds_profile

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

HERE = Path(__file__).resolve().parent
ARGUMENTS = {
    'scenario': ('sad_homecoming', 'Scenario: a name or a file'),
    'seed': ('1', 'Seed of the simulator'),
}


def generate_launch_description() -> LaunchDescription:
    """Start the simulator and the node, whose launch arguments are accepted too."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    node = PythonLaunchDescriptionSource(str(HERE / 'robochat.launch.py'))
    return LaunchDescription(
        [*declared, IncludeLaunchDescription(node), OpaqueFunction(function=_simulator)]
    )


def _simulator(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Make the simulator's process from the arguments."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    words = ['--scenario', given['scenario'], '--seed', given['seed']]
    process = ExecuteProcess(
        cmd=[sys.executable, '-m', 'robochat_sim.node', *words],
        additional_env=dds_profile(),
        output='screen',
        on_exit=Shutdown(reason='the scenario has ended'),
    )
    return [process]
