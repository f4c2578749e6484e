"""The node among ROS4HRI nodes: whom they track, what it publishes, and words said by action.

The interfaces are small packages of our own with the public names (test/interfaces), which
`make test` installs beside the others and only these tests see.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
INTERFACES = Path(sys.prefix) / 'interfaces' / 'lib'
pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(not INTERFACES.is_dir(), reason='make test builds the interfaces'),
]

PARAMS = """
/**:
  ros__parameters:
    model: {backend: phrases}
    engagement: {local_time: '12:00', small_talk_sec: 0.0}
    perception: {objects_hz: 0.0, enabled: %s}
    hri: {outlet: %s}
    learning: {journal: false}
"""
DATA = Path(__file__).parent / 'data'


@pytest.fixture
def hri(monkeypatch):
    """Let this process and its children find the interfaces."""
    packages = next(INTERFACES.glob('python3*')) / 'site-packages'
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setenv('PYTHONPATH', str(packages))
    # rosidl asks for libraries by name: children search this path, here they are loaded before.
    search = os.environ.get('LD_LIBRARY_PATH', '')
    monkeypatch.setenv('LD_LIBRARY_PATH', f'{INTERFACES}:{search}')
    for library in INTERFACES.glob('*.so'):
        ctypes.CDLL(str(library))


class Robot:
    """robochat in a process of its own, and what it publishes."""

    def __init__(self, spinner, start_child, tmp_path, sees=False, outlet='topic'):
        from robochat.ros.listen import Listener
        from std_msgs.msg import String

        file = tmp_path / 'params.yaml'
        file.write_text(PARAMS % (str(sees).lower(), outlet))
        self.spinner = spinner
        self.events: list[dict] = []
        self.said: list[str] = []
        self.child = start_child(['-m', 'robochat.cli', 'run', '--params', str(file)])
        self.node = spinner.add(Listener(self.events.append, context=spinner.context))
        self.node.create_subscription(
            String, 'robochat/say', lambda m: self.said.append(m.data), 10
        )
        assert spinner.until(lambda: self.of('decision'), 60.0), 'the node did not start'

    def of(self, kind, **fields):
        matching = (e for e in self.events if e['kind'] == kind)
        return [e for e in matching if all(e.get(k) == v for k, v in fields.items())]

    def collect(self, kind, name, qos=10):
        """A list that fills with the messages on a topic."""
        heard: list = []
        self.node.create_subscription(kind, name, heard.append, qos)
        return heard

    def stage(self, name):
        """The newest diagnostics of a stage."""
        assert self.spinner.until(lambda: self.of('diagnostics'), 5.0)
        return self.of('diagnostics')[-1]['stages'].get(name, {})

    def drops(self, stage='hri'):
        found = self.stage(stage)
        return {k.removeprefix('dropped: '): int(v) for k, v in found.items() if 'dropped' in k}


class People:
    """Another node that tracks Anna, with a face and a voice."""

    def __init__(self, robot, lists=('persons', 'faces', 'voices')):
        from hri_msgs.msg import EngagementLevel, Expression, IdsList, LiveSpeech
        from hri_msgs.msg import NormalizedRegionOfInterest2D as Roi
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from std_msgs.msg import String
        from tf2_msgs.msg import TFMessage

        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.robot, self.spinner, self.node = robot, robot.spinner, robot.node
        create = self.node.create_publisher
        person, face, voice = '/humans/persons/anna', '/humans/faces/f1', '/humans/voices/v1'
        self.ids = IdsList
        self.lists = {k: create(IdsList, f'/humans/{k}/tracked', latched) for k in lists}
        self.level = create(EngagementLevel, f'{person}/engagement_status', 10)
        self.roi = create(Roi, f'{face}/roi', 1)
        self.expression = create(Expression, f'{face}/expression', 10)
        self.speech = create(LiveSpeech, f'{voice}/speech', 10)
        self.tf = create(TFMessage, '/tf', 100)
        for kind, name in (('face_id', 'f1'), ('voice_id', 'v1')):
            create(String, f'{person}/{kind}', latched).publish(String(data=name))

    def stand(self, seconds, label='neutral', distance_m=1.2, yaw=0.0):
        """Anna stands before the robot for a while; everything comes at 10 Hz."""
        from hri_msgs.msg import Expression
        from hri_msgs.msg import NormalizedRegionOfInterest2D as Roi
        from tf2_msgs.msg import TFMessage
        from transforms import facing_camera, gaze

        end_sec = time.monotonic() + seconds
        while time.monotonic() < end_sec:
            stamp = self.node.get_clock().now().to_msg()
            self.list(persons=['anna'], faces=['f1'], voices=['v1'])
            face = facing_camera('face_f1', (0.0, 0.0, distance_m), yaw)
            self.tf.publish(TFMessage(transforms=[face, gaze('face_f1', 'gaze_f1')]))
            roi = Roi(xmin=0.4, ymin=0.3, xmax=0.6, ymax=0.6, c=0.9)
            roi.header.frame_id, roi.header.stamp = 'camera', stamp
            self.roi.publish(roi)
            look = Expression(expression=label, confidence=0.9)
            self.expression.publish(look)
            self.spinner.for_seconds(0.1)

    def list(self, **ids):
        for kind, names in ids.items():
            self.lists[kind].publish(self.ids(ids=names))


@pytest.fixture
def start(hri, spinner, start_child, tmp_path):
    return lambda **options: Robot(spinner, start_child, tmp_path, **options)


# --------------------------------------------------------------------------- people come in
def test_greets_who_other_nodes_track_and_echoes_nothing(start):
    from hri_actions_msgs.msg import Intent
    from hri_msgs.msg import IdsList

    robot = start()
    people = People(robot)
    intents = robot.collect(Intent, '/intents')
    lists = robot.collect(IdsList, '/humans/persons/tracked')
    people.stand(6.0, 'happy')
    greeting = robot.of('utterance')[0]
    assert (greeting['addressee'], greeting['trigger']) == ('anna', 'greeting')
    assert any('1.2 m away' in e for e in greeting['evidence'])
    assert robot.said == [greeting['text']]
    assert [i.source for i in intents][:1] == ['__myself__']
    assert greeting['text'] in intents[0].data
    # What came in must not come out again under the robot's own name.
    assert {tuple(m.ids) for m in lists} == {('anna',)}
    for topic in ('/humans/persons/anna/engagement_status', '/humans/faces/f1/expression'):
        assert robot.node.count_publishers(topic) == 1


def test_leaves_alone_who_looks_elsewhere(start):
    robot = start()
    People(robot).stand(5.0, 'happy', yaw=1.2)
    assert robot.of('utterance') == []
    assert any(e['reason'].startswith('anna ') for e in robot.of('decision'))


def test_answers_who_speaks_by_the_person_of_the_voice(start):
    from hri_msgs.msg import LiveSpeech

    robot = start()
    people = People(robot)
    people.stand(2.0, yaw=0.2)
    people.speech.publish(LiveSpeech(final='Hello robot, how are you?', locale='en_GB'))
    people.stand(4.0, yaw=0.2)
    replies = robot.of('utterance', trigger='reply')
    assert replies and replies[0]['addressee'] == 'anna'


def test_who_vanishes_takes_the_subscriptions_along(start):
    robot = start()
    people = People(robot)
    people.stand(2.0)
    topics = ('/humans/faces/f1/roi', '/humans/persons/anna/face_id', '/humans/voices/v1/speech')
    assert all(robot.node.count_subscribers(t) for t in topics)
    people.list(persons=[], faces=[], voices=[])
    gone = lambda: not any(robot.node.count_subscribers(t) for t in topics)  # noqa: E731
    assert robot.spinner.until(gone, 10.0)
    people.stand(2.0)
    assert all(robot.node.count_subscribers(t) for t in topics)


def test_ids_that_change_with_every_message_neither_leak_nor_stop_the_robot(start):
    robot = start()
    people = People(robot)
    for number in range(40):
        people.list(faces=[f'x{number}_{n}' for n in range(300)])
        robot.spinner.for_seconds(0.1)

    def followed():
        names = (name for name, _ in robot.node.get_topic_names_and_types())
        rois = (n for n in names if n.endswith('/roi') and robot.node.count_subscribers(n))
        return len(list(rois))

    assert 0 < followed() <= 32
    people.list(faces=[])
    assert robot.spinner.until(lambda: followed() == 0, 15.0)
    assert robot.child.poll() is None


def test_hostile_values_are_dropped_and_counted(start):
    from hri_msgs.msg import EngagementLevel, Expression
    from hri_msgs.msg import NormalizedRegionOfInterest2D as Roi

    nan = float('nan')
    robot = start()
    people = People(robot)
    people.list(persons=['anna', '', 'a/b', 'x' * 300, '../up', '1st'], faces=['f1'])
    robot.spinner.until(lambda: robot.node.count_subscribers('/humans/faces/f1/roi'), 10.0)
    robot.spinner.for_seconds(0.5)
    for _ in range(5):
        people.roi.publish(Roi(xmin=nan, ymin=0.1, xmax=0.2, ymax=0.2))
        people.expression.publish(Expression(expression='sad', confidence=nan))
        people.level.publish(EngagementLevel(level=200))
        robot.spinner.for_seconds(0.2)
        people.roi.publish(Roi(xmin=-1e30, ymin=-1e30, xmax=1e30, ymax=1e30))
        robot.spinner.for_seconds(0.2)
    wanted = {'roi message', 'expression message', 'engagement_status message'}
    ids = 'persons ids that are too many or no ids'
    assert robot.spinner.until(lambda: wanted | {ids} <= set(robot.drops()), 5.0), robot.drops()
    assert robot.drops()[ids] % 5 == 0
    assert robot.of('utterance') == [] and robot.child.poll() is None
    people.stand(5.0, 'happy')
    assert robot.of('utterance')[0]['addressee'] == 'anna'


# --------------------------------------------------------------------------- people go out
def show(robot, picture, seconds):
    """Publish a picture at 10 Hz."""
    from robochat.ros.topics import IMAGE_COMPRESSED

    publisher = robot.node.create_publisher(IMAGE_COMPRESSED.kind, 'image/compressed', 1)
    data = (DATA / picture).read_bytes()
    end_sec = time.monotonic() + seconds
    while time.monotonic() < end_sec:
        message = IMAGE_COMPRESSED.kind(format='jpeg', data=data)
        message.header.stamp = robot.node.get_clock().now().to_msg()
        publisher.publish(message)
        robot.spinner.for_seconds(0.1)


@pytest.fixture
def seeing(start, monkeypatch):
    monkeypatch.setitem(
        globals(), 'PARAMS', PARAMS + '    camera: {compressed: true, hfov_deg: 65.0}\n'
    )
    return start(sees=True)


def test_whom_the_robot_sees_is_published_in_their_terms(seeing):
    from hri_msgs.msg import EngagementLevel, Expression, IdsList
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String

    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    persons = seeing.collect(IdsList, '/humans/persons/tracked')
    faces = seeing.collect(IdsList, '/humans/faces/tracked')
    levels = seeing.collect(EngagementLevel, '/humans/persons/person_1/engagement_status')
    looks = seeing.collect(Expression, '/humans/faces/person_1/expression')
    whose = seeing.collect(String, '/humans/persons/person_1/face_id', latched)
    show(seeing, 'happy.jpg', 6.0)
    assert list(persons[-1].ids) == list(faces[-1].ids) == ['person_1']
    assert {m.data for m in whose} == {'person_1'}
    assert levels and levels[-1].level in (2, 3)
    assert looks and looks[-1].expression == 'happy' and looks[-1].confidence > 0.6
    empty = lambda: not persons[-1].ids and not faces[-1].ids  # noqa: E731
    assert seeing.spinner.until(empty, 8.0), 'who left stays on the lists'
    assert seeing.drops() == {}


def test_a_list_that_another_node_keeps_is_left_to_it_and_ids_of_ours_are_not_theirs(seeing):
    from hri_msgs.msg import IdsList

    people = People(seeing, lists=('persons', 'faces'))
    seeing.spinner.for_seconds(1.0)
    persons = seeing.collect(IdsList, '/humans/persons/tracked')
    show(seeing, 'happy.jpg', 4.0)
    assert persons == []
    people.list(persons=['person_1', 'anna'])
    anna, ours = (f'/humans/persons/{name}/face_id' for name in ('anna', 'person_1'))
    assert seeing.spinner.until(lambda: seeing.node.count_subscribers(anna), 5.0)
    assert not seeing.node.count_subscribers(ours)


# --------------------------------------------------------------------------- words by action
class Speaker:
    """An action that says words for as long as nobody stops it."""

    def __init__(self, robot, kind, name, result):
        from rclpy.action import ActionServer, CancelResponse
        from rclpy.callback_groups import ReentrantCallbackGroup
        from rclpy.task import Future

        self.goals: list = []
        self.cancelled = 0
        self._stop, self._result, self._future = False, result, Future

        def cancel(_):
            self.end.set_result('cancelled')
            return CancelResponse.ACCEPT

        self.server = ActionServer(
            robot.node,
            kind,
            name,
            self._say,
            callback_group=ReentrantCallbackGroup(),
            cancel_callback=cancel,
        )

    async def _say(self, goal):
        self.goals.append(goal.request)
        self.end = self._future()
        await self.end
        if goal.is_cancel_requested:
            self.cancelled += 1
            goal.canceled()
        else:
            goal.succeed()
        return self._result()


def test_words_go_to_the_say_skill_and_stop_when_a_person_speaks(start):
    from communication_skills.action import Say
    from std_msgs.msg import String

    robot = start(outlet='say')
    speaker = Speaker(robot, Say, '/skill/say', Say.Result)
    speech = robot.node.create_publisher(String, 'speech', 10)
    people = People(robot)
    while not speaker.goals and len(robot.of('diagnostics')) < 30:
        people.stand(0.1, 'happy')
    goal = speaker.goals[0]
    assert goal.input == robot.of('utterance')[0]['text']
    assert goal.person_id == 'anna' and goal.meta.caller == 'robochat'
    assert robot.said == [] and speaker.cancelled == 0
    speech.publish(String(data='Oh, wait a moment'))
    assert robot.spinner.until(lambda: speaker.cancelled == 1, 5.0)
    assert robot.spinner.until(lambda: robot.drops('voice').get('cut short') == 1, 5.0)
    speaker.server.destroy()


def test_words_go_to_a_tts_action_and_cancel_stops_them(start):
    from std_srvs.srv import Trigger
    from tts_msgs.action import TTS

    robot = start(outlet='tts')
    speaker = Speaker(robot, TTS, '/tts_engine/tts', TTS.Result)
    people = People(robot)
    while not speaker.goals and len(robot.of('diagnostics')) < 30:
        people.stand(0.1, 'happy')
    assert speaker.goals[0].input == robot.of('utterance')[0]['text']
    assert speaker.goals[0].locale == 'en'
    client = robot.node.create_client(Trigger, 'robochat/cancel')
    robot.spinner.call(client, Trigger.Request())
    assert robot.spinner.until(lambda: speaker.cancelled == 1, 5.0)
    speaker.server.destroy()


def test_words_that_no_action_takes_go_to_the_topic_and_the_fault_is_counted(start):
    robot = start(outlet='say')
    People(robot).stand(6.0, 'happy')
    assert robot.said == [u['text'] for u in robot.of('utterance')] != []
    fault = 'no node offers the action /skill/say'
    assert robot.spinner.until(lambda: robot.drops('voice').get(fault) == 1, 5.0)
    assert robot.stage('voice')['last error'] == fault


# --------------------------------------------------------------------------- without
def test_without_the_packages_nothing_changes(spinner, start_child, tmp_path):
    robot = Robot(spinner, start_child, tmp_path, outlet='say')
    names = [name for name, _ in robot.node.get_topic_names_and_types()]
    assert not [n for n in names if n.startswith('/humans') or n in ('/intents', '/tf')]
    warning = robot.stage('node')['warning']
    assert warning == (
        'communication_skills/action/Say is missing: install the package communication_skills'
    )
    assert 'hri' not in robot.of('diagnostics')[-1]['stages']
    assert robot.child.poll() is None
