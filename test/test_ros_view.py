"""The view as a process on the graph: what it shows of messages, what it sends, how it ends."""

from __future__ import annotations

from collections.abc import Iterator
import http.client
import json
import os
import re
import signal
import threading
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

NAN = float('nan')


class View:
    """A `robochat view` in a process of its own, with a node that plays the robot."""

    def __init__(self, spinner, start_child, *words: str, robot: str = 'robochat') -> None:
        from robochat.ros import topics

        self.topics = topics
        self.spinner = spinner
        self.robot = robot
        self.node = spinner.node('player')
        self.heard: list = []
        self.rated: list = []
        self.node.create_subscription(topics.SPEECH.kind, 'speech', self.heard.append, 10)
        self.node.create_subscription(topics.FEEDBACK.kind, 'feedback', self.rated.append, 10)
        self._publishers: dict = {}
        self.child = start_child(['-m', 'robochat.cli', 'view', '--port', '0', *words])
        lines = iter(self.child.stdout.readline, '')
        ready = r'http://127\.0\.0\.1:(\d+)/ shows /\S+; Ctrl-C ends it'
        found = next(filter(None, (re.match(ready, line) for line in lines)), None)
        assert found, 'the view ended before it served a page'
        self.port = int(found[1])
        self.token = ''
        seen = self.publisher(topics.DECISION).get_subscription_count
        assert spinner.until(lambda: seen() > 0, 20.0)

    def publisher(self, topic):
        name = topic.name.replace('~', self.robot)
        if name not in self._publishers:
            made = self.node.create_publisher(topic.kind, name, topic.qos)
            self._publishers[name] = made
            self.spinner.until(lambda: made.get_subscription_count() > 0, 5.0)
        return self._publishers[name]

    def publish(self, topic, **fields) -> None:
        self.publisher(topic).publish(topic.kind(**fields))

    def ask(self, method: str, path: str, body: object = None, timeout_sec: float = 10.0):
        """Ask the page's server, spinning not meanwhile."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout_sec)
        headers = {
            'Origin': f'http://127.0.0.1:{self.port}',
            'Content-Type': 'application/json',
            'X-Robochat-Token': self.token,
        }
        data = json.dumps(body) if body is not None else None
        connection.request(method, path, data, headers if body is not None else {})
        return connection.getresponse()

    def news(self) -> Iterator[dict]:
        """What the page is told."""
        for line in self.ask('GET', '/news'):
            if line.startswith(b'data: '):
                yield json.loads(line[6:])

    def told(self, kind: str, **fields: object) -> dict:
        """The first news of a kind with these fields; the connection's timeout ends the wait."""
        return next(
            item
            for item in self.news()
            if item.get('kind') == kind and all(item.get(k) == v for k, v in fields.items())
        )

    def open_page(self) -> None:
        page = self.ask('GET', '/').read().decode()
        self.token = re.search(r'name="token" content="([^"]+)"', page)[1]


@pytest.fixture
def view(spinner, start_child) -> View:
    return View(spinner, start_child)


def test_messages_of_every_kind_reach_the_page(view):
    from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

    from robochat_msgs.msg import Emotion, PersonState, PlanStep

    t = view.topics
    view.publish(t.DECISION, reason='nobody is in view', trigger='none')
    view.publish(t.UTTERANCE, id='turn_1', text='Hello!', addressee='person_1')
    view.publish(t.SPEECH, data='Hello, robot.')
    view.publish(t.PLAN, id='p1', goal='tea', steps=[PlanStep(id='s1', skill='wait')], status=1)
    view.publish(t.PLAN_STATUS, plan_id='p1', step_id='s1', status=1)
    runs = [KeyValue(key='runs', value='7')]
    view.publish(
        t.DIAGNOSTICS,
        status=[
            DiagnosticStatus(name='motors: left', values=runs),
            DiagnosticStatus(name='robochat: see', values=runs, level=DiagnosticStatus.WARN),
        ],
    )
    assert view.told('decision')['reason'] == 'nobody is in view'
    assert view.told('utterance')['text'] == 'Hello!'
    assert view.told('speech')['text'] == 'Hello, robot.'
    assert view.told('plan')['progress']['step_id'] == 's1'
    [stage] = view.told('diagnostics')['stages']
    assert (stage['stage'], stage['level'], stage['values']) == ('see', 1, {'runs': '7'})

    news = view.news()
    assert next(news)['key'] == 'hello'
    view.spinner.for_seconds(0.3)
    people = [PersonState(id='person_1', distance_m=NAN)]
    view.publish(t.WORLD, people=people)
    view.publish(t.EMOTIONS, emotions=[Emotion(person='person_1', yaw=NAN, box=[1.0] * 4)])
    found = {}
    while not {'world', 'emotions'} <= found.keys():
        item = next(news)
        found[item['key']] = item
    assert found['world']['people'][0]['distance_m'] is None
    assert found['emotions']['emotions'][0]['yaw'] is None


def test_typed_words_and_ratings_are_published(view):
    view.open_page()
    view.publish(view.topics.UTTERANCE, id='turn_1', text='Hello!')
    view.told('utterance')
    said = view.ask('POST', '/say', {'text': 'bring me the cup'})
    assert (said.status, json.loads(said.read())) == (200, {'listeners': 1})
    assert view.spinner.until(lambda: view.heard, 10.0)
    assert view.heard[0].data == 'bring me the cup'
    rating = {'id': 'turn_1', 'rating': -1, 'correction': 'say hi'}
    assert view.ask('POST', '/rate', rating).status == 200
    assert view.spinner.until(lambda: view.rated, 10.0)
    message = view.rated[0]
    assert (message.id, message.rating, message.correction) == ('turn_1', -1, 'say hi')
    assert view.told('utterance', rating=-1)


def test_what_may_not_be_said_is_not_published(view):
    assert view.ask('POST', '/say', {'text': 'open the door'}).status == 403
    view.open_page()
    assert view.ask('POST', '/rate', {'id': 'turn_9', 'rating': 1}).status == 404
    view.spinner.for_seconds(1.0)
    assert (view.heard, view.rated) == ([], [])


def picture(width: int = 64, height: int = 48, **fields: object):
    from sensor_msgs.msg import Image

    made = Image(width=width, height=height, step=width * 3, encoding='rgb8')
    made.data = bytes(width * height * 3)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_the_camera_is_followed_only_while_somebody_looks(view):
    camera = view.node.create_publisher(view.topics.IMAGE.kind, 'image', view.topics.IMAGE.qos)
    view.spinner.for_seconds(1.5)
    assert camera.get_subscription_count() == 0
    view.node.create_timer(0.05, lambda: camera.publish(picture()))
    answers: list = []
    ask = threading.Thread(target=lambda: answers.append(view.ask('GET', '/picture?after=0')))
    ask.start()
    assert view.spinner.until(lambda: answers, 10.0)
    assert answers[0].status == 200 and answers[0].read().startswith(b'\xff\xd8')
    ask.join(10)
    assert view.spinner.until(lambda: camera.get_subscription_count() == 0, 15.0)


def test_bad_pictures_and_hostile_messages_are_survived(view):
    from robochat_msgs.msg import Emotion

    t = view.topics
    news = view.news()
    next(news)
    view.publish(t.SPEECH, data='<script>alert(1)</script>' + 'x' * 1_000_000)
    view.publish(t.UTTERANCE, id='\x01', text='\x00')
    view.publish(t.EMOTIONS, emotions=[Emotion(box=[NAN] * 4, label='y' * 9999)] * 300)
    view.publish(t.PLAN, status=77)
    view.publish(t.PLAN_STATUS, plan_id='none', status=99, progress=NAN)
    assert len(view.told('speech')['text']) < 2000
    view.publish(t.DECISION, reason='still here')
    assert view.told('decision', reason='still here')
    assert view.child.poll() is None


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_leaves_no_word_of_people_behind(view, number):
    view.publish(view.topics.SPEECH, data='a secret')
    hanging = view.news()
    next(hanging)
    assert view.told('speech')
    started_sec = time.monotonic()
    os.killpg(view.child.pid, number)
    output, _ = view.child.communicate(timeout=20)
    assert view.child.returncode == 0
    assert time.monotonic() - started_sec < 10.0
    assert 'Traceback' not in output and 'secret' not in output


def test_a_robot_of_another_name_is_watched_when_asked_for(spinner, start_child):
    view = View(spinner, start_child, '--robot', '/r2/helper', robot='/r2/helper')
    view.publish(view.topics.DECISION, reason='r2 is silent')
    assert view.told('decision')['reason'] == 'r2 is silent'


def test_bad_settings_are_clear_errors(start_child, ros_domain):
    wrong = start_child(['-m', 'robochat.cli', 'view', '--port', '70000'])
    output, _ = wrong.communicate(timeout=40)
    assert wrong.returncode == 2 and '0 to 65535' in output
    words = ['--port', '0', '--ros-args', '-p', 'view.host:=198.51.100.7', '-p', 'view.prot:=1']
    wrong = start_child(['-m', 'robochat.cli', 'view', *words])
    output, _ = wrong.communicate(timeout=40)
    assert wrong.returncode == 2 and 'view.port' in output and 'Traceback' not in output
    wrong = start_child(['-m', 'robochat.cli', 'view', *words[:5]])
    output, _ = wrong.communicate(timeout=40)
    assert wrong.returncode == 2 and 'view.host' in output and 'Traceback' not in output
