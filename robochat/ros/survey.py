"""What `robochat doctor` wants to know of ROS: settings, whether a context can be made, topics."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import time

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier
from robochat.cli.findings import Finding, missing, note, ok
from robochat.ros import topics

PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
INPUTS = (
    topics.IMAGE,
    topics.IMAGE_COMPRESSED,
    topics.SPEECH,
    topics.EMOTIONS_IN,
    topics.SCENE_IN,
    topics.ROBOT_STATE,
)


def survey(listen_sec: float) -> Iterator[Finding]:
    """Look at the settings, then at the graph for a while; makes a ROS context of its own."""
    yield ok('distribution', os.environ.get('ROS_DISTRO') or 'from Python wheels')
    yield ok('domain', os.environ.get('ROS_DOMAIN_ID') or '0')
    yield ok('discovery', os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') or 'SUBNET')
    yield _profiles()
    context = Context()
    try:
        rclpy.init(args=[], context=context)
        yield ok('middleware', get_rmw_implementation_identifier())
        yield from _graph(context, listen_sec)
    except RuntimeError as error:
        remedy = 'check RMW_IMPLEMENTATION, ROS_DOMAIN_ID (0 to 101) and the profiles file'
        yield missing('context', f'none can be made: {error}', remedy)
    finally:
        context.try_shutdown()


def _profiles() -> Finding:
    """Check that the DDS profile which carries pictures is named and there."""
    named = [os.environ[name] for name in PROFILE_VARIABLES if os.environ.get(name)]
    if not named:
        remedy = 'export FASTDDS_DEFAULT_PROFILES_FILE=.../config/fastdds.xml (launch files do)'
        return note('DDS profile', 'none: pictures from other processes may be lost', remedy)
    if not Path(named[0]).is_file():
        return missing('DDS profile', f'{named[0]} is not there', 'correct or unset the variable')
    return ok('DDS profile', named[0])


def _graph(context: Context, listen_sec: float) -> Iterator[Finding]:
    """Say who publishes what the node listens to."""
    node = Node('robochat_doctor', context=context)
    try:
        time.sleep(listen_sec)
        yield ok('nodes', ', '.join(_others(node)) or 'none but this one')
        for topic in INPUTS:
            yield _publishers(node, topic.name)
    finally:
        node.destroy_node()


def _others(node: Node) -> list[str]:
    """List the other nodes on the graph."""
    found = sorted(set(node.get_node_names_and_namespaces()))
    return [f'{space.rstrip("/")}/{name}' for name, space in found if name != node.get_name()]


def _publishers(node: Node, name: str) -> Finding:
    """Count the publishers of a topic that the node listens to."""
    count = node.count_publishers(name)
    if count:
        return ok(f'/{name}', f'{count} publisher{"s" if count > 1 else ""}')
    return note(f'/{name}', 'nobody publishes', 'start the source, or remap the topic to it')
