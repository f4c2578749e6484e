"""Look over the robot's shoulder: its camera picture with what it sees and says drawn in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rclpy.node import Node
from robochat.perception.draw import annotate
from robochat.ros import topics
from robochat.ros.faces import observation_from_msg, scene_from_msg
from robochat.ros.images import frame_from_msg
from robochat.values import Observation, RgbImage, SceneObservation
from sensor_msgs.msg import Image

from robochat_msgs.msg import EmotionArray, Scene, Utterance

Onlooker = Callable[[RgbImage, str], None]
WORDS_SHOWN_SEC = 4.0


class Onlook:
    """Subscribes to the camera and to what robochat publishes, and shows both together."""

    def __init__(self, node: Node, onlookers: Sequence[Onlooker], robot: str = 'robochat') -> None:
        self._node = node
        self._onlookers = onlookers
        self._observation: Observation | None = None
        self._scene: SceneObservation | None = None
        self._words = ''
        self._words_sec = 0.0
        self._fresh = False
        name = topics.EMOTIONS.name.replace('~', robot)
        node.create_subscription(EmotionArray, name, self._on_emotions, topics.NEWEST_PICTURE)
        name = topics.SCENE.name.replace('~', robot)
        node.create_subscription(Scene, name, self._on_scene, topics.RELIABLE)
        name = topics.UTTERANCE.name.replace('~', robot)
        node.create_subscription(Utterance, name, self._on_utterance, topics.RELIABLE)
        node.create_subscription(Image, topics.IMAGE.name, self._on_image, topics.NEWEST_PICTURE)

    def _now_sec(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _on_emotions(self, message: EmotionArray) -> None:
        self._observation = observation_from_msg(message, self._now_sec())

    def _on_scene(self, message: Scene) -> None:
        self._scene = scene_from_msg(message, self._now_sec())

    def _on_utterance(self, message: Utterance) -> None:
        self._words, self._words_sec, self._fresh = message.text, self._now_sec(), True

    def _on_image(self, message: Image) -> None:
        """Draw, and pass the words on with the first picture after they were said."""
        now_sec = self._now_sec()
        shown = self._words if now_sec - self._words_sec < WORDS_SHOWN_SEC else ''
        observation = self._observation or Observation(now_sec, message.width, message.height)
        rgb = annotate(
            frame_from_msg(message, now_sec).image, observation, self._scene, caption=shown
        )
        for onlooker in self._onlookers:
            onlooker(rgb, self._words if self._fresh else '')
        self._fresh = False
