"""The simulator as a process: what other nodes get from it, and how it ends."""

from __future__ import annotations

import json
import signal
import textwrap

import pytest

pytestmark = pytest.mark.ros

STORY = """
name: short
about: Mei stands before the robot.
duration_sec: {seconds}
people:
  - {{id: mei, body: mei, at: [1.4, -0.3]}}
replies:
  - {{person: mei, to: any, after_sec: 0.2, say: Good day.}}
expect:
  - silent: {{between: [0, 1]}}
"""


@pytest.fixture
def start_story(spinner, start_child, tmp_path):
    """Start the simulator with a short story."""
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')
    pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')

    def start(seconds, *words):
        path = tmp_path / 'story.yaml'
        path.write_text(textwrap.dedent(STORY).format(seconds=seconds))
        return start_child(['-m', 'robochat_sim.node', '--scenario', str(path), *words])

    return start


class Onlooker:
    """Keeps everything that the simulator publishes."""

    def __init__(self, spinner):
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from sensor_msgs.msg import Image
        from std_msgs.msg import String

        self.images, self.truths, self.speech = [], [], []
        self.node = spinner.node('onlooker')
        sensor = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.node.create_subscription(Image, 'image', self.images.append, sensor)
        self.node.create_subscription(String, 'speech', self.speech.append, 10)
        self.node.create_subscription(
            String, 'sim/truth', lambda m: self.truths.append(json.loads(m.data)), 10
        )
        self.say = self.node.create_publisher(String, 'robochat/say', 10)


def goal(skill, **arguments):
    """A goal of execute_skill."""
    from diagnostic_msgs.msg import KeyValue

    from robochat_msgs.action import ExecuteSkill

    request = ExecuteSkill.Goal(plan_id='plan_1')
    request.step.skill = skill
    request.step.arguments = [KeyValue(key=k, value=v) for k, v in arguments.items()]
    return request


def test_pictures_and_truth_come_from_the_start_and_the_process_ends_by_itself(
    spinner, start_story
):
    onlooker = Onlooker(spinner)
    child = start_story(3)
    assert spinner.until(lambda: child.poll() is not None, 60)
    assert child.returncode == 0
    assert onlooker.truths[0]['scenario_sec'] < 0.5
    image = onlooker.images[-1]
    assert (image.width, image.height, image.encoding, image.step) == (640, 480, 'rgb8', 1920)
    assert image.header.stamp.sec > 0 and len(image.data) == 640 * 480 * 3


def test_people_answer_what_the_robot_says(spinner, start_story):
    from std_msgs.msg import String

    onlooker = Onlooker(spinner)
    start_story(30)
    assert spinner.until(lambda: onlooker.truths, 60)
    onlooker.say.publish(String(data='Hello!'))
    assert spinner.until(lambda: onlooker.speech, 20)
    assert onlooker.speech[0].data == 'Good day.'


def test_skills_run_and_bad_ones_fail_with_a_reason(spinner, start_story):
    from rclpy.action import ActionClient

    from robochat_msgs.action import ExecuteSkill

    onlooker = Onlooker(spinner)
    client = ActionClient(onlooker.node, ExecuteSkill, 'execute_skill')
    start_story(60)
    assert spinner.until(lambda: onlooker.truths and client.server_is_ready(), 60)
    outcomes = []
    for request in (goal('look_at', target='person_1'), goal('pick', object='unicorn_1')):
        outcomes.append(spinner.act(client, request))
    client.destroy()
    assert [outcome.success for outcome in outcomes] == [True, False]
    assert 'unicorn_1' in outcomes[1].message


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(spinner, start_story, number):
    onlooker = Onlooker(spinner)
    child = start_story(60)
    assert spinner.until(lambda: onlooker.truths, 60)
    child.send_signal(number)
    assert child.wait(20) == 0
    assert 'Traceback' not in child.stdout.read()


def test_nothing_begins_before_somebody_looks(spinner, start_story):
    from std_msgs.msg import String

    truths = []
    node = spinner.node('listener')
    node.create_subscription(String, 'sim/truth', truths.append, 10)
    child = start_story(60)
    assert spinner.until(lambda: node.count_publishers('image'), 60)
    spinner.for_seconds(2)
    assert not truths and child.poll() is None


def test_an_unknown_scenario_is_refused_with_the_known_ones(start_child):
    pytest.importorskip('rclpy', reason='ROS 2 is not installed')
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')
    child = start_child(['-m', 'robochat_sim.node', '--scenario', 'no_such_story'])
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 2
    assert 'sad_homecoming' in output and 'Traceback' not in output
