"""The simulator's node with Gazebo's camera instead of its own drawing, against a stand-in."""

from __future__ import annotations

import time

from fake_gazebo import FakeGazebo, picture
import pytest

pytestmark = pytest.mark.ros
WIDE, HIGH = 640, 480
PIXELS = bytes(range(240)) * (WIDE * HIGH * 3 // 240)


def film(link):
    """Send pictures until nobody takes them."""
    while True:
        link.send(picture(WIDE, HIGH, data=PIXELS))
        time.sleep(0.05)


FEEDS = {
    '/gazebo/home/robot/head/camera/image': film,
    '/gazebo/home/pose/info': lambda link: time.sleep(60.0),
}


@pytest.fixture(autouse=True)
def built():
    """Skip where the messages aren't built."""
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')


def play(start_child, address):
    """Start the node in Gazebo."""
    words = ('--scenario', 'sad_homecoming', '--rate', '30', '--gazebo', address)
    return start_child(['-m', 'robochat_sim.node', *words])


def test_pictures_of_gazebo_reach_ros_and_people_move_in_gazebo(spinner, start_child):
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import Image

    images = []
    sensor = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    spinner.node('eyes').create_subscription(Image, 'image', images.append, sensor)
    with FakeGazebo(FEEDS) as gazebo:
        child = play(start_child, '{}:{}'.format(*gazebo.address))
        assert spinner.until(lambda: len(images) >= 5, 60.0), child.poll()
        assert gazebo.messages('/gazebo/home/model/modify')
        gazebo.drop()
        assert spinner.until(lambda: child.poll() is not None, 20.0)
        output = child.communicate()[0]
    assert (images[0].width, images[0].height, images[0].encoding) == (WIDE, HIGH, 'rgb8')
    assert bytes(images[0].data) == PIXELS
    assert child.returncode == 3, output
    assert 'Gazebo' in output
    assert 'Traceback' not in output


def test_an_address_that_is_none_ends_the_node_with_a_message(ros_domain, start_child):
    child = play(start_child, 'somewhere')
    output = child.communicate(timeout=60)[0]
    assert child.returncode == 3, output
    assert 'HOST:PORT' in output
    assert 'Traceback' not in output
