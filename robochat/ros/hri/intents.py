"""Publishes what the robot means to say and do, as intents of its own.

Threads: `take` may be called from any thread.
"""

from __future__ import annotations

from rclpy.node import Node
from robochat.ros import topics
from robochat.ros.hri import convert
from robochat.ros.hri.optional import required_type
from robochat.values import ActionPlan, Utterance

TYPE = 'hri_actions_msgs/msg/Intent'


class Intents:
    """The publisher of `/intents`."""

    def __init__(self, node: Node) -> None:
        """Raises ImportError when hri_actions_msgs is not installed."""
        self._node = node
        self._kind = required_type(TYPE)
        self._publisher = node.create_publisher(self._kind, '/intents', topics.RELIABLE)

    def take(self, value: object) -> None:
        """Publish an utterance or an accepted plan; anything else is no intent."""
        if isinstance(value, Utterance):
            self._publisher.publish(convert.utterance_to_intent(value, self._kind))
        elif isinstance(value, ActionPlan) and value.status == 'accepted':
            self._publisher.publish(convert.plan_to_intent(value, self._kind))

    def close(self) -> None:
        """Take the publisher off the graph."""
        self._node.destroy_publisher(self._publisher)
