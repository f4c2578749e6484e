"""The node robochat_perception: sees, and tells; on another machine than the robot, if need be.

Flow: camera -> see, look -> `~/emotions`, `~/scene`, which the node robochat takes in place of its
own eyes (`perception.enabled: false`).

Threads: callbacks and timers run on the one executor thread, seeing and looking on workers.

What this doesn't do: decide, speak, or keep pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import time
from typing import Any

from rclpy.node import Node
from robochat.config import Config
from robochat.perception.perceiver import Perceiver
from robochat.ros import faces, topics
from robochat.ros.cameras import Camera
from robochat.ros.clock import ClockWatch, create_wall_timer
from robochat.ros.diagnostics import diagnostics_to_msg, Throttle
from robochat.ros.managed import ManagedNode, spin
from robochat.values import Observation, SceneObservation

NAME = 'robochat_perception'


@dataclass
class Eyes:
    """The networks."""

    perceiver: Perceiver | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be replaced by something lesser."""
        return self.perceiver.warnings if self.perceiver else ()

    def close(self, within_sec: float | None = None) -> bool:
        """Let go of them, which takes no time."""
        self.perceiver = None
        return True


class Seeing:
    """The camera and what is published of it, until `stop`."""

    def __init__(self, node: Node, config: Config, perceiver: Perceiver) -> None:
        self._node = node
        self._throttle = Throttle()
        self._clock_watch = ClockWatch(node, time.monotonic())
        with ExitStack() as undo:
            self._outlets = {
                topic.name: node.create_publisher(topic.kind, topic.name, topic.qos)
                for topic in (topics.EMOTIONS_OUT, topics.SCENE_OUT, topics.DIAGNOSTICS)
            }
            for outlet in self._outlets.values():
                undo.callback(node.destroy_publisher, outlet)
            self._camera = Camera(config, perceiver, self._emit, self._now_sec, self._complain)
            undo.callback(self._camera.stop)
            image = topics.IMAGE_COMPRESSED if config.camera.compressed else topics.IMAGE
            inlet = node.create_subscription(
                image.kind, image.name, self._camera.on_image, image.qos
            )
            undo.callback(node.destroy_subscription, inlet)
            undo.callback(node.destroy_timer, create_wall_timer(node, 1.0, self._diagnose))
            self._undo = undo.pop_all()

    def configure(self, config: Config) -> None:
        """Take the rates, which may change while running."""
        self._camera.configure(config)

    def stop(self) -> None:
        """Take everything off the graph and end the workers."""
        self._undo.close()

    def _now_sec(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _emit(self, value: Observation | SceneObservation) -> None:
        """Publish what was seen, in the camera's frame."""
        frame_id, source = self._camera.frame_id, NAME
        if isinstance(value, Observation):
            message = faces.observation_to_msg(value, frame_id, source)
            self._outlets[topics.EMOTIONS_OUT.name].publish(message)
        else:
            message = faces.scene_to_msg(value, frame_id, source)
            self._outlets[topics.SCENE_OUT.name].publish(message)

    def _diagnose(self) -> None:
        """Publish rates, latencies and drops."""
        now_sec = self._now_sec()
        reports = [meter.report(now_sec) for meter in self._camera.meters]
        fault = self._clock_watch.fault(time.monotonic())
        message = diagnostics_to_msg(reports, now_sec, node=NAME, fault=fault)
        self._outlets[topics.DIAGNOSTICS.name].publish(message)

    def _complain(self, key: str, text: str) -> None:
        """Warn, but not more than every few seconds about one thing."""
        held = self._throttle.admit(key, self._now_sec())
        if held is not None:
            more = f' ({held} more like it)' if held else ''
            self._node.get_logger().warning(f'{key}: {text}{more}')


class PerceptionNode(ManagedNode[Eyes]):
    """Configure loads the networks, activate begins to look."""

    def __init__(self, **options: Any) -> None:
        super().__init__(NAME, **options)

    def load(self) -> Eyes:
        """Load the networks; raises MissingFileError or WeightsError.

        `perception.enabled` is about the node robochat, which may share our parameter file.
        """
        return Eyes(Perceiver(self.config))

    def run(self, parts: Eyes) -> Seeing:
        """Start to look."""
        assert parts.perceiver is not None
        return Seeing(self, self.config, parts.perceiver)


def main(ros_args: Sequence[str] = ()) -> int:
    """Spin the node until it is interrupted or told to shut down; returns an exit status."""
    return spin(PerceptionNode, ros_args)
