"""Publishes what a recording has of the topics that robochat takes in, for a running node.

Messages go out as they were recorded, so their stamps are those of then. With the recorded time on
`/clock` a node that has `use_sim_time` lives at that time; without, a node takes the time of
arrival for stamps that are far from now.

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
from rclpy.time import Time
from robochat.recording.reading import Message, Reading, RecordingError
from robochat.ros import topics
from rosgraph_msgs.msg import Clock

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
CLOCK = '/clock'
# As `ros2 bag play --clock` does.
CLOCK_HZ = 40.0
MEET_SEC = 2.0


def main(
    path: Path,
    speed: float,
    ros_args: Sequence[str],
    say: Callable[[str], None],
    with_clock: bool = False,
) -> int:
    """Publish a file once; returns an exit status. Raises RecordingError when it has nothing.

    `with_clock` publishes the recorded time on `/clock` too.
    """
    reading = Reading(path)
    names = {m.topic for m in reading.messages() if input_of(m.topic)}
    if not names:
        raise RecordingError(f'{path}: has none of {", ".join(INPUTS)}; there is nothing to play')
    rclpy.init(args=['robochat', *ros_args])
    node = Node('robochat_replay')
    try:
        publishers = {name: _publisher(node, name) for name in sorted(names)}
        clock = node.create_publisher(Clock, CLOCK, topics.RELIABLE) if with_clock else None
        told = ', '.join((*publishers, *((CLOCK,) if clock else ())))
        say(f'publishing {told} at {speed:g} times real time; Ctrl-C ends it')
        _meet((*publishers.values(), *((clock,) if clock else ())))
        count = _publish(reading, publishers, Pace(speed, clock))
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


def _meet(publishers: Sequence[Publisher[Any]]) -> None:
    """Wait a moment for somebody to listen."""
    end_sec = time.monotonic() + MEET_SEC
    while time.monotonic() < end_sec and rclpy.ok():
        if all(p.get_subscription_count() for p in publishers):
            return
        time.sleep(0.05)


def _publish(reading: Reading, publishers: dict[str, Publisher[Any]], pace: Pace) -> int:
    """Publish each message when its time has come; returns how many."""
    count = 0
    for message in reading.messages():
        publisher = publishers.get(message.topic)
        if publisher is None:
            continue
        pace.wait_until(message.log_ns)
        if not rclpy.ok():
            break
        publisher.publish(_bytes(message))
        count += 1
    return count


class Pace:
    """Lets recorded time pass, `speed` times as fast as real time, and tells it to a clock."""

    def __init__(self, speed: float, clock: Publisher[Any] | None = None) -> None:
        self._speed = speed
        self._clock = clock
        self._first_ns: int | None = None
        self._began_sec = 0.0
        self._told_ns = 0

    def wait_until(self, recorded_ns: int) -> None:
        """Sleep until a recorded moment, in short pieces, so that an interrupt is heeded."""
        if self._first_ns is None:
            self._first_ns, self._began_sec = recorded_ns, time.monotonic()
        due_sec = self._began_sec + (recorded_ns - self._first_ns) * 1e-9 / self._speed
        while (left_sec := due_sec - time.monotonic()) > 0 and rclpy.ok():
            self._tell(recorded_ns - int(left_sec * self._speed * 1e9))
            time.sleep(min(left_sec, 1 / CLOCK_HZ))
        self._tell(recorded_ns)

    def _tell(self, recorded_ns: int) -> None:
        """Publish the recorded time, where a clock is wanted; it never goes back."""
        self._told_ns = max(self._told_ns, recorded_ns)
        if self._clock is not None and rclpy.ok():
            self._clock.publish(Clock(clock=Time(nanoseconds=self._told_ns).to_msg()))


def _bytes(message: Message) -> bytes:
    return bytes(message.data)
