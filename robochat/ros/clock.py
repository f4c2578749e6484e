"""The watch on simulated time, without which a node that is told to use it stands still.

Flow: `fault` is asked about once a second of the wall's time: `create_wall_timer` makes such a
timer, since one of the node's own clock would stand still too.
"""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.timer import Timer

PATIENCE_SEC = 5.0


def create_wall_timer(node: Node, period_sec: float, callback: Callable[[], None]) -> Timer:
    """Make a timer that runs whatever becomes of the node's time."""
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    return node.create_timer(period_sec, callback, clock=steady)


class ClockWatch:
    """Tells when a node's simulated time stands still; warns of it once, and when it goes on."""

    def __init__(self, node: Node, wall_sec: float) -> None:
        self._node = node
        self._last_ns = 0
        self._moved_sec = wall_sec
        self._warned = False

    def fault(self, wall_sec: float) -> str:
        """Say what is wrong at `wall_sec` of a clock that always runs; nothing where time goes on.

        The node's own time counts as standing still when it has not changed for PATIENCE_SEC.
        """
        clock = self._node.get_clock()
        now_ns = clock.now().nanoseconds
        simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        if now_ns != self._last_ns or not simulated:
            self._last_ns, self._moved_sec = now_ns, wall_sec
        stood_sec = wall_sec - self._moved_sec
        text = _standing(now_ns * 1e-9, stood_sec) if stood_sec >= PATIENCE_SEC else ''
        if text and not self._warned:
            self._node.get_logger().warning(text)
        elif self._warned and not text:
            self._node.get_logger().info('the time on /clock goes on')
        self._warned = bool(text)
        return text


def _standing(now_sec: float, stood_sec: float) -> str:
    """Say that time stands still, and what to do."""
    fact = f'the time on /clock stands at {now_sec:.2f} s' if now_sec else 'nothing is on /clock'
    return (
        f'use_sim_time is true and {fact} for {stood_sec:.0f} s: nothing is seen, decided or '
        'said. Start what publishes /clock, or let it go on (a simulator, `robochat replay FILE '
        '--publish --clock`), or set use_sim_time to false'
    )
