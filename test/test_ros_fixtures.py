"""The fixtures themselves: discovery on one machine, domains, children that end."""

from __future__ import annotations

import os
import signal

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

TALKER = """
import time
import rclpy
from robochat_msgs.msg import Refusal
rclpy.init()
node = rclpy.create_node('talker')
publisher = node.create_publisher(Refusal, 'said', 10)
while rclpy.ok():
    publisher.publish(Refusal(what='plan', reason='too far'))
    time.sleep(0.05)
"""


def test_hears_a_child_process_on_its_domain(spinner, start_child):
    from robochat_msgs.msg import Refusal

    heard = []
    spinner.node('ears').create_subscription(Refusal, 'said', heard.append, 10)
    start_child(['-c', TALKER])
    assert spinner.until(lambda: heard, 20.0)
    assert heard[0].reason == 'too far'


def test_hears_nothing_from_another_domain(spinner, start_child, ros_domain):
    from robochat_msgs.msg import Refusal

    heard = []
    spinner.node('ears').create_subscription(Refusal, 'said', heard.append, 10)
    start_child(['-c', TALKER], env={'ROS_DOMAIN_ID': str(ros_domain + 1)})
    spinner.for_seconds(2.0)
    assert not heard


def test_ends_a_child_that_ignores_interrupts(start_child):
    from conftest import end_child

    stubborn = (
        'import signal, time; signal.signal(2, signal.SIG_IGN); print("on", flush=True); '
        'time.sleep(60)'
    )
    child = start_child(['-c', stubborn])
    assert child.stdout.readline() == 'on\n'
    end_child(child)
    assert child.returncode in (-signal.SIGTERM, -signal.SIGKILL)
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
