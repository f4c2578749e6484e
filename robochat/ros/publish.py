"""Publishes what a recording has of the topics that robochat takes in, for a running node.

Messages go out as they were recorded, so their stamps are those of then; the node takes the time
of arrival for stamps that are far from now.

Threads: one. What doesn't keep up with the speed comes late, never out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
import time
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from robochat.recording.reading import Message, Reading, RecordingError
from robochat.ros import topics

INPUTS = {
    t.name: t
    for t in (
        topics.IMAGE,
        topics.IMAGE_COMPRESSED,
        topics.SPEECH,
        topics.EMOTIONS_IN,
        topics.SCENE_IN,
        topics.ROBOT_STATE,
        topics.FEEDBACK,
    )
}
MEET_SEC = 2.0


def main(path: Path, speed: float, ros_args: Sequence[str], say: Callable[[str], None]) -> int:
    """Publish a file once; returns an exit status. Raises RecordingError when it has nothing."""
    reading = Reading(path)
    names = {m.topic for m in reading.messages() if input_of(m.topic)}
    if not names:
        raise RecordingError(f'{path}: has none of {", ".join(INPUTS)}; there is nothing to play')
    rclpy.init(args=['robochat', *ros_args])
    node = Node('robochat_replay')
    try:
        publishers = {name: _publisher(node, name) for name in sorted(names)}
        say(f'publishing {", ".join(publishers)} at {speed:g} times real time; Ctrl-C ends it')
        _meet(publishers)
        count = _publish(reading, publishers, speed)
        say(reading.cut or f'{count} messages published')
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def input_of(topic: str) -> topics.Topic | None:
    """Find the input that a recorded topic was; None for outputs of robochat and others."""
    parts = topic.strip('/').split('/')
    if 'robochat' in parts[:-1]:
        return None
    return INPUTS.get('/'.join(parts[-2:])) or INPUTS.get(parts[-1])


def _publisher(node: Node, name: str) -> Publisher[Any]:
    """Publish under the recorded name, so that it may be remapped."""
    topic = input_of(name)
    assert topic is not None
    return node.create_publisher(topic.kind, name, topic.qos)


def _meet(publishers: dict[str, Publisher[Any]]) -> None:
    """Wait a moment for somebody to listen."""
    end_sec = time.monotonic() + MEET_SEC
    while time.monotonic() < end_sec and rclpy.ok():
        if all(p.get_subscription_count() for p in publishers.values()):
            return
        time.sleep(0.05)


def _publish(reading: Reading, publishers: dict[str, Publisher[Any]], speed: float) -> int:
    """Publish each message when its time has come; returns how many."""
    first_ns, began_sec, count = None, time.monotonic(), 0
    for message in reading.messages():
        publisher = publishers.get(message.topic)
        if publisher is None:
            continue
        first_ns = message.log_ns if first_ns is None else first_ns
        _wait(began_sec + (message.log_ns - first_ns) * 1e-9 / speed)
        if not rclpy.ok():
            break
        publisher.publish(_bytes(message))
        count += 1
    return count


def _wait(due_sec: float) -> None:
    """Sleep until a moment, in short pieces, so that an interrupt is heeded."""
    while (left_sec := due_sec - time.monotonic()) > 0 and rclpy.ok():
        time.sleep(min(left_sec, 0.1))


def _bytes(message: Message) -> bytes:
    return bytes(message.data)
