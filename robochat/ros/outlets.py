"""Publishes values: each kind on its topic, written by its converter.

Threads: `emit` may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from robochat.ros import convert, faces, plans, topics
from robochat.ros.topics import Topic
from robochat.values import (
    ActionPlan,
    Decision,
    ModelCall,
    Observation,
    Refusal,
    SceneObservation,
    Utterance,
    WorldView,
)
from std_msgs.msg import String

ROUTES: dict[type[Any], tuple[Topic, Callable[..., Any]]] = {
    Utterance: (topics.UTTERANCE, convert.utterance_to_msg),
    ActionPlan: (topics.PLAN, plans.plan_to_msg),
    Refusal: (topics.REFUSAL, convert.refusal_to_msg),
    Decision: (topics.DECISION, convert.decision_to_msg),
    ModelCall: (topics.TURN, convert.turn_to_msg),
    Observation: (topics.EMOTIONS, faces.observation_to_msg),
    SceneObservation: (topics.SCENE, faces.scene_to_msg),
    WorldView: (topics.WORLD, convert.world_to_msg),
}


class Outlets:
    """The publishers of the node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publishers = {
            t.name: node.create_publisher(t.kind, t.name, t.qos) for t in topics.OUTPUTS
        }

    def emit(self, value: Any) -> None:
        """Publish a value on its topic; the words of an utterance go to `say` as well."""
        topic, write = ROUTES[type(value)]
        self._publishers[topic.name].publish(write(value))
        if isinstance(value, Utterance):
            self._publishers[topics.SAY.name].publish(String(data=value.text))

    def publish(self, topic: Topic, message: Any) -> None:
        """Publish a message as it is."""
        self._publishers[topic.name].publish(message)

    def close(self) -> None:
        """Take the publishers off the graph."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
