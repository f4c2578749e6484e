"""The node behind the page: what robochat publishes goes to the board, what a person types out.

Flow: ten times a second `tick` takes what has come since, the newest picture among it; between
ticks the process sleeps. A picture is subscribed to and encoded only while a page shows it.

Threads: callbacks run in `tick`, on the main thread. `say` and `rate` are called from the page's
connections and only publish.

*Safety*: nothing that is seen or said is logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
import signal
import sys
import threading
import time
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from robochat.config import Config
from robochat.perception.image import ImageError, JPEG_START
from robochat.ros import topics
from robochat.ros.images import frame_from_msg
from robochat.ros.listen import jsonable
from robochat.ros.parameters import declare_parameters
from robochat.ros.topics import Topic
from robochat.view.access import Rating
from robochat.view.board import Board
from robochat.view.pictures import jpeg_of, PictureError, Pictures
from robochat.view.server import ViewServer
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from robochat_msgs.msg import Feedback

WATCHED = {
    'world': topics.WORLD,
    'emotions': topics.EMOTIONS,
    'scene': topics.SCENE,
    'decision': topics.DECISION,
    'utterance': topics.UTTERANCE,
    'refusal': topics.REFUSAL,
    'hush': topics.HUSH,
    'plan': topics.PLAN,
    'plan_status': topics.PLAN_STATUS,
    'turn': topics.TURN,
    'speech': topics.SPEECH,
    'feedback': topics.FEEDBACK,
}
# Of messages without fields of their own, what their words are.
PLAIN = {'hush': 'utterance', 'speech': 'text'}
MAX_A_TICK = 200
NICENESS = 5


class Watch(Node):
    """Watches one robot, and speaks for the person at the page; a Mailbox of the page's server.

    Spun by `tick` alone. Raises ConfigError when parameters are wrong.
    """

    def __init__(
        self,
        board: Board,
        pictures: Pictures,
        robot: str = 'robochat',
        context: Context | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        overrides = [Parameter(name, value=value) for name, value in (settings or {}).items()]
        super().__init__(
            'robochat_view',
            context=context,
            start_parameter_services=False,
            parameter_overrides=overrides,
        )
        self.config: Config = declare_parameters(self)
        self._board = board
        self._pictures = pictures
        self._robot = robot
        self._taken = 0
        self._camera: Any = None
        self._complained: set[str] = set()
        self._words = self.create_publisher(String, topics.SPEECH.name, topics.SPEECH.qos)
        self._ratings = self.create_publisher(Feedback, topics.FEEDBACK.name, topics.FEEDBACK.qos)
        for kind, topic in WATCHED.items():
            self._watch(kind, topic)
        self.create_subscription(
            topics.DIAGNOSTICS.kind, topics.DIAGNOSTICS.name, self._on_diagnostics, topics.RELIABLE
        )
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self)

    def tick(self) -> None:
        """Take what has come since the last tick; pictures only while they are wanted."""
        self._follow_camera(self._pictures.wanted())
        for _ in range(MAX_A_TICK):
            before = self._taken
            self._executor.spin_once(timeout_sec=0.0)
            if self._taken == before:
                return

    def say(self, text: str) -> int:
        """Publish words as if they had been heard; returns how many nodes listen."""
        self._words.publish(String(data=text))
        return int(self._words.get_subscription_count()) - 1

    def rate(self, rating: Rating) -> int:
        """Publish a rating; returns how many nodes listen."""
        message = Feedback(id=rating.id, rating=rating.rating, correction=rating.correction)
        message.header.stamp = self.get_clock().now().to_msg()
        self._ratings.publish(message)
        return int(self._ratings.get_subscription_count()) - 1

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.destroy_node()

    # ------------------------------------------------------------------ what comes in
    def _watch(self, kind: str, topic: Topic) -> None:
        """Note every message of a topic."""

        def heard(message: Any) -> None:
            self._taken += 1
            if self._board.wants(kind):
                self._board.note(kind, self._fields(kind, message), time.time())

        name = topic.name.replace('~', self._robot)
        self.create_subscription(topic.kind, name, heard, topic.qos)

    def _fields(self, kind: str, message: Any) -> dict[str, Any]:
        """A message as a dict, without the headers."""
        if kind in PLAIN:
            return {PLAIN[kind]: message.data}
        fields: dict[str, Any] = _headless(jsonable(message))
        return fields

    def _on_diagnostics(self, message: Any) -> None:
        """Note the stages of this robot; others publish on the same topic."""
        self._taken += 1
        own = [s for s in message.status if self._is_own(s.name)]
        if not own:
            return
        stages = [
            {
                'stage': status.name.split(': ', 1)[1],
                'level': int.from_bytes(status.level, 'little'),
                'message': status.message,
                'values': {pair.key: pair.value for pair in status.values},
            }
            for status in own
        ]
        self._board.note('diagnostics', {'stages': stages}, time.time())

    def _is_own(self, name: str) -> bool:
        """Tell whether a status, named `robochat: see`, is of the robot that is watched."""
        owner, colon, _ = name.partition(': ')
        whole = self.resolve_topic_name(self._robot)
        return bool(colon) and owner.strip('/') in (whole.strip('/'), whole.split('/')[-1])

    # ------------------------------------------------------------------ pictures
    def _follow_camera(self, wanted: bool) -> None:
        """Subscribe to the camera while somebody wants its pictures."""
        if wanted and self._camera is None:
            compressed = self.config.camera.compressed
            topic = topics.IMAGE_COMPRESSED if compressed else topics.IMAGE
            self._camera = self.create_subscription(
                topic.kind, topic.name, self._on_picture, topic.qos
            )
        elif not wanted and self._camera is not None:
            self.destroy_subscription(self._camera)
            self._camera = None

    def _on_picture(self, message: Image | CompressedImage) -> None:
        """Show a picture; a bad one is left out, and said once."""
        self._taken += 1
        try:
            self._pictures.show(self._jpeg(message))
        except (ImageError, PictureError) as error:
            if str(error) not in self._complained and len(self._complained) < 10:
                self._complained.add(str(error))
                self.get_logger().warning(f'a picture is not shown: {error}')

    def _jpeg(self, message: Image | CompressedImage) -> bytes:
        """A JPEG goes on as it came; everything else becomes one."""
        if isinstance(message, CompressedImage) and bytes(message.data[:2]) == JPEG_START:
            return bytes(message.data)
        settings = self.config.view
        limit = self.config.camera.max_pixels
        rgb = frame_from_msg(message, 0.0, max_pixels=limit).image
        return jpeg_of(rgb, settings.width_px, settings.jpeg_quality)


def _headless(value: Any) -> Any:
    """Leave out headers; the page shows when things arrived."""
    if isinstance(value, dict):
        return {name: _headless(v) for name, v in value.items() if name != 'header'}
    if isinstance(value, list):
        return [_headless(v) for v in value]
    return value


def main(
    robot: str = 'robochat',
    ros_args: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Serve the page until interrupted; returns an exit status.

    Raises ConfigError for wrong parameters and ViewError when the address can't be had.
    """
    os.nice(NICENESS)  # the robot comes first
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    rclpy.init(args=['robochat', *ros_args], signal_handler_options=SignalHandlerOptions.NO)
    board, pictures = Board(), Pictures()
    watch = server = None
    try:
        watch = Watch(board, pictures, robot, settings=settings)
        name = watch.resolve_topic_name(robot)
        server = ViewServer(watch.config.view, board, pictures, watch, name)
        server.start()
        sys.stdout.write(f'{server.url} shows {name}; Ctrl-C ends it\n')
        sys.stdout.flush()
        while not ended.wait(1 / watch.config.view.rate_hz):
            watch.tick()
    finally:
        if server is not None:
            server.stop()
        if watch is not None:
            watch.close()
        rclpy.try_shutdown()
    return 0
