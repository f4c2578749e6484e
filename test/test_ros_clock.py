"""Simulated time: what a node says when it stands still, and when it goes on."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

PARAMS = """
/**:
  ros__parameters:
    use_sim_time: true
    model: {backend: phrases}
    perception: {enabled: false}
    memory: {enabled: false}
    learning: {journal: false}
"""


class Timed:
    """A node on simulated or real time, its watch, and a clock to move it by."""

    def __init__(self, spinner, simulated: bool) -> None:
        from rclpy.parameter import Parameter
        from robochat.ros.clock import ClockWatch
        from rosgraph_msgs.msg import Clock

        self.spinner, self.kind = spinner, Clock
        overrides = [Parameter('use_sim_time', value=simulated)]
        self.node = spinner.node('timed', parameter_overrides=overrides)
        self.watch = ClockWatch(self.node, 100.0)
        self.publisher = spinner.node('world').create_publisher(Clock, '/clock', 10)

    def now_is(self, seconds: int) -> None:
        """Publish a time, and wait until the node has it."""
        message = self.kind()
        message.clock.sec = seconds

        def arrived() -> bool:
            self.publisher.publish(message)
            return self.node.get_clock().now().nanoseconds == seconds * 10**9

        assert self.spinner.until(arrived)


def test_no_clock_is_told_after_five_seconds_with_the_remedy(spinner):
    timed = Timed(spinner, simulated=True)
    assert timed.watch.fault(104.9) == ''
    fault = timed.watch.fault(105.0)
    assert 'nothing is on /clock for 5 s' in fault
    assert 'set use_sim_time to false' in fault


def test_a_clock_that_stops_is_told_and_one_that_goes_on_or_back_is_not(spinner):
    timed = Timed(spinner, simulated=True)
    timed.now_is(50)
    assert timed.watch.fault(109.0) == ''
    assert timed.watch.fault(113.0) == ''
    assert '/clock stands at 50.00 s for 7 s' in timed.watch.fault(116.0)
    timed.now_is(20)
    assert timed.watch.fault(117.0) == ''
    assert timed.watch.fault(121.0) == ''


def test_real_time_is_never_complained_about(spinner):
    timed = Timed(spinner, simulated=False)
    assert timed.watch.fault(500.0) == '' == timed.watch.fault(1000.0)


def test_a_node_without_a_clock_says_so_once_and_in_its_diagnostics(
    spinner, start_child, tmp_path
):
    from conftest import end_child
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

    params = tmp_path / 'params.yaml'
    params.write_text(PARAMS)
    heard: list = []
    listener = spinner.node('listener')
    listener.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    child = start_child(['-m', 'robochat.cli', 'run', '--params', str(params)])

    def complaints() -> list:
        own = (m.status[0] for m in heard)
        return [s for s in own if s.level == DiagnosticStatus.ERROR]

    assert spinner.until(lambda: len(complaints()) >= 3, 60.0)
    assert complaints()[0].name == 'robochat: node'
    assert 'nothing is on /clock' in complaints()[0].message
    output = end_child(child)
    assert output.count('nothing is on /clock') == 1, output
    assert 'WARN' in output
