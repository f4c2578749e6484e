"""What other nodes estimate and report: faces, things, the robot's state, feedback.

Threads: everything in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from robochat.config import Config
from robochat.pipeline import Pipeline
from robochat.ros import convert, detections, faces, fields, topics
from robochat.ros.detections import Detections
from robochat.ros.fields import ConvertError
from robochat.ros.hri.optional import optional_type
from robochat.ros.topics import Topic

NEAR_SEC = 5.0


class Inlets:
    """Subscriptions that pass on what can be read; the rest is dropped, counted and told."""

    def __init__(  # noqa: PLR0913  where it goes, and whom to tell
        self,
        node: Node,
        config: Config,
        pipeline: Pipeline,
        clock: Callable[[], float],
        *,
        feedback: Callable[[Any], None],
        dropped: Callable[[str], None],
        complain: Callable[[str, str], None],
    ) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._dropped, self._complain = dropped, complain
        self._detections = Detections(config.perception.track_lost_sec)
        wanted: list[tuple[Topic, Callable[[Any], None]]] = [
            (topics.EMOTIONS_IN, self._on_emotions),
            (topics.SCENE_IN, self._on_scene),
            (topics.ROBOT_STATE, self._on_robot_state),
            (topics.FEEDBACK, feedback),
        ]
        if (kind := optional_type(detections.TYPE)) is not None:
            wanted.append((Topic('detections', kind, topics.ANY), self._on_detections))
        self.subscriptions = [
            node.create_subscription(t.kind, t.name, self._guarded(t.name, take), t.qos)
            for t, take in wanted
        ]

    def _guarded(self, name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """Drop and count a message that can't be read."""

        def guarded(message: Any) -> None:
            try:
                take(message)
            except ConvertError as error:
                self._dropped(f'{name} message')
                self._complain(f'{name} message dropped', str(error))

        return guarded

    def _on_emotions(self, message: Any) -> None:
        self._pipeline.felt(faces.observation_from_msg(message, self._stamp(message)))

    def _on_scene(self, message: Any) -> None:
        self._pipeline.shown(faces.scene_from_msg(message, self._stamp(message)))

    def _on_detections(self, message: Any) -> None:
        self._pipeline.shown(self._detections.scene(message, self._stamp(message)))

    def _on_robot_state(self, message: Any) -> None:
        self._pipeline.robot_is(convert.robot_state_from_msg(message))

    def _stamp(self, message: Any) -> float:
        """The header's stamp where it is near now, else now."""
        now_sec = self._clock()
        stamp_sec = fields.stamp_from_msg(message.header.stamp)
        near = stamp_sec is not None and abs(now_sec - stamp_sec) < NEAR_SEC
        return stamp_sec if near and stamp_sec is not None else now_sec
