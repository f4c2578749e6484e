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
    Hush,
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
    Hush: (topics.HUSH, lambda hush: String(data=hush.utterance)),
    ModelCall: (topics.TURN, convert.turn_to_msg),
    Observation: (topics.EMOTIONS, faces.observation_to_msg),
    SceneObservation: (topics.SCENE, faces.scene_to_msg),
    WorldView: (topics.WORLD, convert.world_to_msg),
}


class Outlets:
    """The publishers of the node.

    `watch` sees every value that is emitted, and returns true when it sees to the words itself.
    `frame_id` tells the frame of the camera.
    """

    def __init__(self, node: Node, watch: Callable[[Any], bool] = lambda _: False) -> None:
        self._node = node
        self._watch = watch
        self.frame_id: Callable[[], str] = str
        self._publishers = {
            t.name: node.create_publisher(t.kind, t.name, t.qos) for t in topics.OUTPUTS
        }

    def emit(self, value: Any) -> None:
        """Publish a value on its topic; the words of an utterance go to `say` too."""
        topic, write = ROUTES[type(value)]
        framed = isinstance(value, Observation | SceneObservation)
        message = write(value, self.frame_id()) if framed else write(value)
        self._publishers[topic.name].publish(message)
        seen_to = self._watch(value)
        if isinstance(value, Utterance) and not seen_to:
            self.say(value.text)

    def say(self, text: str) -> None:
        """Publish words for whatever voice listens."""
        self._publishers[topics.SAY.name].publish(String(data=text))

    def publish(self, topic: Topic, message: Any) -> None:
        """Publish a message as it is."""
        self._publishers[topic.name].publish(message)

    def listeners(self, topic: Topic) -> int:
        """Count who listens to a topic."""
        return int(self._publishers[topic.name].get_subscription_count())

    def close(self) -> None:
        """Take the publishers off the graph."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
