"""Pictures on their way between two processes, for the bench: a camera, and who takes them.

Usage: python -m robochat.ros.transport COUNT publishes pictures of 640x480 at 30 Hz; each carries
when it left, by the clock that the processes of a machine share, and its number.
"""

from __future__ import annotations

from array import array
import struct
import sys
import time
from typing import Any

import rclpy
from rclpy.node import Node
from robochat.ros.topics import IMAGE

WIDTH, HEIGHT, RATE_HZ = 640, 480, 30.0
MARK = struct.Struct('<qq')
NAME = 'transport_bench/image'
DISCOVERY_SEC = 20.0


def listen(count: int) -> list[float]:
    """Take pictures until the last one came or is overdue; returns milliseconds on the way."""
    latencies: list[float] = []
    last = -1

    def take(message: Any) -> None:
        nonlocal last
        left_ns, last = MARK.unpack_from(message.data)
        latencies.append((time.monotonic_ns() - left_ns) / 1e6)

    rclpy.init(args=[])
    node = Node('transport_bench')
    try:
        node.create_subscription(IMAGE.kind, NAME, take, IMAGE.qos)
        end_sec = time.monotonic() + DISCOVERY_SEC + 2 * count / RATE_HZ
        while last < count - 1 and time.monotonic() < end_sec:
            rclpy.spin_once(node, timeout_sec=0.1)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return latencies


def publish(count: int) -> None:
    """Wait for the listener, then publish `count` pictures at the rate of a camera."""
    rclpy.init(args=[])
    node = Node('transport_bench_camera')
    publisher = node.create_publisher(IMAGE.kind, NAME, IMAGE.qos)
    message = IMAGE.kind(width=WIDTH, height=HEIGHT, step=WIDTH * 3, encoding='rgb8')
    message.data = array('B', bytes(WIDTH * HEIGHT * 3))
    end_sec = time.monotonic() + DISCOVERY_SEC
    while publisher.get_subscription_count() == 0 and time.monotonic() < end_sec:
        time.sleep(0.02)
    time.sleep(0.5)  # the other side matches a little later
    due_sec = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, due_sec - time.monotonic()))
        due_sec += 1 / RATE_HZ
        MARK.pack_into(message.data, 0, time.monotonic_ns(), number)
        publisher.publish(message)
    time.sleep(1.0)
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    publish(int(sys.argv[1]))
