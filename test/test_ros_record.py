"""The recorder as a process: what gets into the file, what doesn't, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
import resource
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('mcap', reason='recordings need the extra "record"')

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / 'sim' / 'recordings' / 'sad_homecoming.mcap'


class Robot:
    """Publishes what a node, a camera and a speech recogniser would."""

    def __init__(self, spinner):
        from robochat.ros import topics

        self.spinner, self.sent = spinner, 0
        self.node = spinner.node('robot')
        wanted = [topics.SPEECH, topics.IMAGE, topics.DECISION, topics.TAPE]
        self.publishers = {
            t.name: self.node.create_publisher(t.kind, t.name.replace('~', 'robochat'), t.qos)
            for t in wanted
        }

    def heard(self, *names):
        """Wait until the recorder listens to these."""
        wanted = [self.publishers[name] for name in names]
        return self.spinner.until(lambda: all(p.get_subscription_count() for p in wanted), 30)

    def live(self, seconds=1.5):
        """Say and show something ten times a second."""
        from sensor_msgs.msg import Image
        from std_msgs.msg import String

        from robochat_msgs.msg import Decision

        image = Image(height=48, width=64, encoding='rgb8', step=192, data=bytes(48 * 192))
        about = json.dumps({'about': {'version': '9', 'model': 'm', 'settings': '{}'}})
        self.publishers['~/tape'].publish(String(data=about))
        for _ in range(int(seconds * 10)):
            self.sent += 1
            line = {'n': self.sent, 'call': 'view', 'args': [float(self.sent)], 'hour': 12.0}
            self.publishers['~/tape'].publish(String(data=json.dumps(line)))
            self.publishers['speech'].publish(String(data=f'word {self.sent}'))
            self.publishers['~/decision'].publish(Decision(reason='nobody is in view'))
            self.publishers['image'].publish(image)
            self.spinner.for_seconds(0.1)


@pytest.fixture
def record(spinner, start_child, tmp_path):
    """Start the recorder; gives the robot, the process and the file."""
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')

    def start(*words):
        path = tmp_path / 'a.mcap'
        robot = Robot(spinner)
        child = start_child(['-m', 'robochat.cli', 'record', '--out', str(path), *words])
        names = ('~/tape', '~/decision') if '--topics' in words else robot.publishers
        pictures = '--images' in words
        assert robot.heard(*(n for n in names if n != 'image' or pictures))
        return robot, child, path

    return start


def topics_of(path):
    """How many messages of each topic are in a file, and whether it is whole."""
    from robochat.recording.reading import Reading

    reading, counts = Reading(path), {}
    for message in reading.messages():
        counts[message.topic] = counts.get(message.topic, 0) + 1
    return counts, reading


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_closes_the_file_and_pictures_are_not_in_it(record, number):
    robot, child, path = record()
    robot.live()
    started_sec = time.monotonic()
    os.killpg(child.pid, number)
    output, _ = child.communicate(timeout=20)
    assert child.returncode == 0, output
    assert time.monotonic() - started_sec < 10
    counts, reading = topics_of(path)
    assert not reading.cut
    assert counts['/speech'] == counts['/robochat/tape'] - 1 == robot.sent
    assert not [name for name in counts if 'image' in name]
    assert 'pictures are not recorded' in output and str(path) in output
    assert reading.metadata['robochat']['version'] == '9'


def test_pictures_are_compressed_where_that_is_asked_for(record):
    robot, child, path = record('--images', 'compressed', '--seconds', '60')
    robot.live()
    os.killpg(child.pid, signal.SIGINT)
    child.communicate(timeout=20)
    counts, _ = topics_of(path)
    assert counts['/image/compressed'] >= 5 and '/image' not in counts


def test_only_what_is_asked_for_and_the_tape_are_recorded_until_the_time_is_over(record):
    robot, child, path = record('--topics', 'decision', '/other', '--seconds', '8')
    from std_msgs.msg import String

    other = robot.node.create_publisher(String, '/other', 10)
    assert robot.spinner.until(other.get_subscription_count, 10)
    other.publish(String(data='hello'))
    robot.live(0.5)
    assert robot.spinner.until(lambda: child.poll() is not None, 30)
    counts, _ = topics_of(path)
    assert set(counts) == {'/robochat/decision', '/robochat/tape', '/other'}


def test_a_full_disk_ends_the_recorder_with_the_reason_and_a_whole_file(
    record, spinner, monkeypatch
):
    monkeypatch.setattr(subprocess, 'Popen', _small_disk(subprocess.Popen))
    robot, child, path = record('--images', 'raw')
    from sensor_msgs.msg import Image

    noise = Image(height=480, width=640, encoding='rgb8', step=1920, data=os.urandom(921600))
    end_sec = time.monotonic() + 40
    while child.poll() is None and time.monotonic() < end_sec:
        robot.publishers['image'].publish(noise)
        spinner.for_seconds(0.1)
    output, _ = child.communicate(timeout=10)
    assert child.returncode == 2 and 'the disk is full' in output, output
    counts, reading = topics_of(path)
    assert counts['/image'] >= 1 and not reading.cut


def _small_disk(popen):
    """A Popen whose children can write files of two megabytes at most."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    return lambda *words, **options: popen(*words, preexec_fn=limit, **options)


def test_a_recording_is_published_for_a_running_node_inputs_alone(spinner, start_child):
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')
    from rosgraph_msgs.msg import Clock
    from std_msgs.msg import String

    from robochat_msgs.msg import Decision

    words, decisions, clocks = [], [], []
    node = spinner.node('listener')
    node.create_subscription(String, 'speech', lambda m: words.append(m.data), 10)
    node.create_subscription(Decision, 'robochat/decision', decisions.append, 10)
    node.create_subscription(Clock, '/clock', clocks.append, 10)
    child = start_child(
        ['-m', 'robochat.cli', 'replay', str(RECORDING), '--publish', '--speed', '20']
    )
    assert spinner.until(lambda: child.poll() is not None, 60)
    assert child.returncode == 0
    assert words[0].startswith('It was a long day') and not decisions and not clocks


def test_with_its_clock_a_node_on_simulated_time_lives_at_the_time_of_the_recording(
    spinner, start_child
):
    from rclpy.parameter import Parameter
    from robochat.recording.reading import Reading
    from rosgraph_msgs.msg import Clock
    from std_msgs.msg import String

    told_ns, heard_ns = [], []
    node = spinner.node('then', parameter_overrides=[Parameter('use_sim_time', value=True)])
    node.create_subscription(
        Clock, '/clock', lambda m: told_ns.append(m.clock.sec * 10**9 + m.clock.nanosec), 200
    )
    node.create_subscription(
        String, 'speech', lambda _: heard_ns.append(node.get_clock().now().nanoseconds), 10
    )
    words = ['replay', str(RECORDING), '--publish', '--clock', '--speed', '20']
    child = start_child(['-m', 'robochat.cli', *words])
    assert spinner.until(lambda: child.poll() is not None, 60)
    spoken_ns = [m.log_ns for m in Reading(RECORDING).messages() if m.topic == '/speech']
    late_sec = [(a - b) * 1e-9 for a, b in zip(heard_ns, spoken_ns, strict=True)]
    assert all(-1.0 < late < 10.0 for late in late_sec), late_sec
    assert told_ns == sorted(told_ns) and len(told_ns) > 50
    assert told_ns[0] < spoken_ns[0] and told_ns[-1] > spoken_ns[-1]


def test_a_file_that_exists_is_left_alone(tmp_path):
    path = tmp_path / 'a.mcap'
    path.write_text('mine')
    done = subprocess.run(
        [sys.executable, '-m', 'robochat.cli', 'record', '--out', str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2 and 'exists already' in done.stderr
    assert path.read_text() == 'mine'


PARAMS = """
/**:
  ros__parameters:
    model: {backend: phrases}
    memory: {enabled: false}
    learning: {journal: false}
    perception: {enabled: false}
    engagement: {local_time: '12:00'}
"""


def test_what_a_live_node_decided_is_decided_again_to_the_last_digit(
    spinner, start_child, tmp_path
):
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')
    from robochat.ros import topics
    from std_msgs.msg import String

    from robochat_msgs.msg import Emotion, EmotionArray

    params, path = tmp_path / 'params.yaml', tmp_path / 'a.mcap'
    params.write_text(PARAMS)
    node = spinner.node('people')
    faces = node.create_publisher(EmotionArray, 'emotions', 10)
    speech = node.create_publisher(String, 'speech', 10)
    recorder = start_child(['-m', 'robochat.cli', 'record', '--out', str(path)])
    robot = start_child(['-m', 'robochat.cli', 'run', '--params', str(params)])
    said = []
    kind, qos = topics.UTTERANCE.kind, topics.UTTERANCE.qos
    node.create_subscription(kind, 'robochat/utterance', said.append, qos)
    assert spinner.until(lambda: faces.get_subscription_count() == 2, 90)
    face = Emotion(person='ann', label='sad', score=0.9, certain=True, facing=True, distance=1.2)
    face.box, face.labels, face.scores = [300.0, 100.0, 60.0, 70.0], ['sad'], [0.9]

    def stand_there():
        faces.publish(EmotionArray(source='test', emotions=[face]))
        return bool(said)

    assert spinner.until(stand_there, 40)
    speech.publish(String(data='Robot, how are you?'))
    spinner.for_seconds(2.0)
    for child in (robot, recorder):
        os.killpg(child.pid, signal.SIGINT)
        output, _ = child.communicate(timeout=20)
        assert child.returncode == 0, output
    done = subprocess.run(
        [sys.executable, '-m', 'robochat.cli', 'replay', str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'decisions are the same, to the last digit' in done.stdout
    assert 'decides to speak to ann' in done.stdout and said[0].text in done.stdout
    assert 'begins in the life' not in done.stderr and 'gaps' not in done.stderr
