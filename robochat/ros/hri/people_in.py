"""Listens to the people of other nodes (REP-155) and passes them on ten times a second.

Flow: lists of ids -> topics of each id, and TF -> `Humans` -> observation, words.

Threads: everything in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from robochat.config import Config
from robochat.ros import fields, topics
from robochat.ros.hri.humans import Humans, Sink
from robochat.ros.hri.optional import optional_type, required_type
from robochat.ros.hri.tracked import Input, Tracked
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Bool, String

TICK_SEC = 0.1
TF = QoSProfile(depth=100)
TF_STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class PeopleIn:
    """Subscriptions to persons, faces, voices and transforms."""

    def __init__(
        self,
        node: Node,
        config: Config,
        sink: Sink,
        clock: Callable[[], float],
        is_ours: Callable[[str], bool],
    ) -> None:
        """Raises ImportError when hri_msgs is not installed."""
        self._node, self._sink, self._clock = node, sink, clock
        self.humans = Humans(config, sink, clock)
        ids, limit = required_type('hri_msgs/msg/IdsList'), config.hri.max_people

        def tracked(kind: str, *inputs: Input) -> Tracked:
            return Tracked(
                node, kind, ids, inputs, limit=limit, is_ours=is_ours, dropped=sink.dropped
            )

        self.persons = tracked('persons', *self._inputs_of_persons())
        self.faces = tracked('faces', *self._inputs_of_faces())
        self.voices = tracked('voices', *self._inputs_of_voices())
        self._tf = self._listen_to_tf()
        self._timer = node.create_timer(TICK_SEC, self.tick)

    def _inputs_of_persons(self) -> tuple[Input, ...]:
        level = required_type('hri_msgs/msg/EngagementLevel')
        humans, newest = self.humans, topics.NEWEST_PICTURE
        return (
            self._input('face_id', String, topics.LATCHED, humans.on_face_id),
            self._input('voice_id', String, topics.LATCHED, humans.on_voice_id),
            self._input('engagement_status', level, newest, humans.on_engagement),
        )

    def _inputs_of_faces(self) -> tuple[Input, ...]:
        expression = required_type('hri_msgs/msg/Expression')
        roi = optional_type('hri_msgs/msg/NormalizedRegionOfInterest2D') or RegionOfInterest
        humans, newest = self.humans, topics.NEWEST_PICTURE
        return (
            self._input('roi', roi, newest, humans.on_roi),
            self._input('expression', expression, newest, humans.on_expression),
        )

    def _inputs_of_voices(self) -> tuple[Input, ...]:
        speech = required_type('hri_msgs/msg/LiveSpeech')
        humans, newest = self.humans, topics.NEWEST_PICTURE
        return (
            self._input('speech', speech, topics.RELIABLE, humans.on_speech),
            self._input('is_speaking', Bool, newest, humans.on_speaking),
        )

    def _listen_to_tf(self) -> list[Any]:
        """Subscribe to transforms, where tf2_msgs is installed."""
        kind = optional_type('tf2_msgs/msg/TFMessage')
        if kind is None:
            return []
        subscribe, take = self._node.create_subscription, self.humans.on_tf
        return [
            subscribe(kind, '/tf', lambda m: take(m, self._clock()), TF),
            subscribe(kind, '/tf_static', lambda m: take(m, math.inf), TF_STATIC),
        ]

    def _input(
        self, name: str, kind: type[Any], qos: QoSProfile, take: Callable[[str, Any], None]
    ) -> Input:
        """Make an input that drops and counts what can't be read."""

        def guarded(whose: str, message: Any) -> None:
            try:
                take(whose, message)
            except fields.ConvertError as error:
                self._sink.dropped(f'{name} message', why=str(error))

        return Input(name, kind, qos, guarded)

    def tick(self) -> None:
        """Follow the lists, and pass on who has news."""
        now_sec = self._clock()
        self.humans.forget(self.persons.tick(now_sec), self.faces.tick(now_sec))
        self.humans.forget_voices(self.voices.tick(now_sec))
        observation = self.humans.observe(faces_are_persons=not self.persons.heard_of)
        if observation is not None:
            self._sink.felt(observation)

    def close(self) -> None:
        """Take everything off the graph."""
        self._node.destroy_timer(self._timer)
        for tracked in (self.persons, self.faces, self.voices):
            tracked.close()
        for subscription in self._tf:
            self._node.destroy_subscription(subscription)
