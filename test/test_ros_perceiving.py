"""Cameras and perception apart: a node that sees, a node that speaks, and what may go wrong."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import time

from minilaunch import command, processes
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

ROOT = Path(__file__).resolve().parents[1]
PARAMS = """
/**:
  ros__parameters:
    model: {backend: phrases}
    engagement: {local_time: '12:00', small_talk_sec: 0.0}
    perception: {objects_hz: 0.0}
    memory: {enabled: false}
    camera: {stale_sec: 1.0}
"""


@pytest.fixture
def params(tmp_path):
    path = tmp_path / 'params.yaml'
    path.write_text(PARAMS)
    return str(path)


class Graph:
    """Nodes started through the launch files, a camera, and what is heard."""

    def __init__(self, spinner, start_child) -> None:
        from robochat.ros.listen import Listener

        self.spinner, self._start_child = spinner, start_child
        self.events: list[dict] = []
        self.node = spinner.add(Listener(self.events.append, context=spinner.context))
        self.children = []

    def launch(self, name: str, **arguments: str):
        """Start what a launch file starts."""
        for process in processes(str(ROOT / 'launch' / name), **arguments):
            self.children.append(self._start_child(command(process), process.env))
        return self.children[-1]

    def of(self, kind: str) -> list[dict]:
        return [e for e in self.events if e['kind'] == kind]

    def reasons(self) -> set[str]:
        """Why it keeps silent."""
        return {e['reason'] for e in self.of('decision')}

    def stage(self, name: str) -> dict:
        """The newest diagnostics of a stage."""
        found = [e['stages'][name] for e in self.of('diagnostics') if name in e['stages']]
        return found[-1] if found else {}

    def is_heard(self) -> bool:
        """Tell whether the node that decides has been found, so that no word of it is missed."""
        return self.spinner.until(lambda: self.of('decision') and self.stage('decide'), 60.0)

    def camera(self, frame_id: str = 'camera', compressed: bool = False) -> Camera:
        return Camera(self, frame_id, compressed)


class Camera:
    """Publishes one picture again and again."""

    def __init__(self, graph: Graph, frame_id: str, compressed: bool) -> None:
        from robochat.ros import topics

        topic = topics.IMAGE_COMPRESSED if compressed else topics.IMAGE
        self._graph, self._kind, self._frame_id = graph, topic.kind, frame_id
        self._compressed = compressed
        self._publisher = graph.node.create_publisher(topic.kind, topic.name, topic.qos)

    def show(self, image, until, timeout_sec: float = 30.0) -> bool:
        """Publish at about 10 Hz until something is true."""
        end_sec = time.monotonic() + timeout_sec
        while time.monotonic() < end_sec and not until():
            self.show_once(image)
        return bool(until())

    def show_once(self, image) -> None:
        self._publisher.publish(self._message(image))
        self._graph.spinner.for_seconds(0.08)

    def _message(self, image):
        import cv2

        message = self._kind()
        message.header.frame_id = self._frame_id
        message.header.stamp = self._graph.node.get_clock().now().to_msg()
        if self._compressed:
            message.format = 'jpeg'
            bgr = np.ascontiguousarray(image[:, :, ::-1])
            message.data = cv2.imencode('.jpg', bgr)[1].tobytes()
            return message
        message.height, message.width = image.shape[:2]
        message.encoding, message.step = 'rgb8', image.shape[1] * 3
        message.data = image.tobytes()
        return message

    def stop(self) -> None:
        self._graph.node.destroy_publisher(self._publisher)


@pytest.fixture
def graph(spinner, start_child) -> Graph:
    return Graph(spinner, start_child)


@pytest.fixture(scope='module')
def somebody():
    """Someone who stands before the camera and looks into it."""
    from perception_pictures import picture

    return picture('happy')


def grey(width: int = 320, height: int = 240):
    return np.full((height, width, 3), 90, np.uint8)


# --------------------------------------------------------------------------- apart
def greeting(graph) -> list[tuple[str, str]]:
    return [(e['trigger'], e['text']) for e in graph.of('utterance')]


@pytest.mark.parametrize('compressed', ['false', 'true'])
def test_a_node_that_sees_and_a_node_that_speaks_greet_as_one_that_does_both(
    graph, params, somebody, compressed
):
    graph.launch('robochat.launch.py', params=params, perception='external')
    graph.launch('perception.launch.py', params=params, compressed=compressed)
    assert graph.is_heard()
    camera = graph.camera(compressed=compressed == 'true')
    assert camera.show(somebody, lambda: greeting(graph), 25.0), graph.reasons()
    assert greeting(graph)[0][0] == 'greeting'
    assert graph.spinner.until(lambda: int(graph.stage('see').get('runs', 0)) > 0)


def test_the_one_that_does_both_greets_too(graph, params, somebody):
    graph.launch('robochat.launch.py', params=params)
    assert graph.is_heard()
    assert graph.camera().show(somebody, lambda: greeting(graph), 60.0)
    assert greeting(graph)[0][0] == 'greeting'


def test_without_anybody_to_see_for_it_the_node_keeps_silent(graph, params, somebody):
    graph.launch('robochat.launch.py', params=params, perception='none')
    assert graph.spinner.until(lambda: graph.of('decision'), 60.0)
    graph.camera().show(somebody, lambda: False, 5.0)
    assert graph.of('utterance') == []
    assert graph.stage('camera') == {}, 'eyes that are not there are not stale'
    assert graph.reasons() == {'nobody is in view'}


# --------------------------------------------------------------------------- the camera
def test_a_camera_may_stop_start_again_and_change_its_size(graph, params):
    eyes = graph.launch('perception.launch.py', params=params)
    seen: list = []
    from robochat_msgs.msg import EmotionArray

    graph.node.create_subscription(EmotionArray, 'robochat_perception/emotions', seen.append, 10)

    def sizes() -> set[int]:
        return {m.width for m in seen}

    first = graph.camera('head')
    assert first.show(grey(), lambda: 320 in sizes(), 60.0)
    assert first.show(grey(640, 480), lambda: 640 in sizes())
    assert {m.header.frame_id for m in seen} == {'head'}
    first.stop()
    assert graph.spinner.until(lambda: is_stale(graph), 20.0), 'a silent camera shows'
    again = graph.camera('head')
    assert again.show(grey(160, 120), lambda: 160 in sizes())
    assert eyes.poll() is None


def is_stale(graph) -> bool:
    """Tell whether the newest diagnostics call the camera's rate nothing."""
    return graph.stage('camera').get('rate (Hz)') == '0.00'


def test_of_two_cameras_one_is_kept_and_the_other_complained_of(graph, params):
    eyes = graph.launch('perception.launch.py', params=params)
    seen: list = []
    from robochat_msgs.msg import EmotionArray

    graph.node.create_subscription(EmotionArray, 'robochat_perception/emotions', seen.append, 10)
    left, right = graph.camera('left'), graph.camera('right')
    assert left.show(grey(), lambda: seen, 60.0)
    end_sec = time.monotonic() + 4.0
    while time.monotonic() < end_sec:
        for camera, width in ((left, 320), (right, 640)):
            camera.show_once(grey(width, 240))
    assert {m.width for m in seen} == {320}
    assert graph.spinner.until(
        lambda: int(graph.stage('camera').get('dropped: picture of a second camera', 0)) > 3
    )
    left.stop()
    assert right.show(grey(640, 240), lambda: seen[-1].width == 640), 'the other one takes over'
    os.killpg(eyes.pid, signal.SIGINT)
    output = eyes.communicate(timeout=20)[0]
    assert 'two cameras publish on one topic' in output and 'remap one of them' in output


def test_a_clock_that_jumps_is_survived(graph, params, somebody):
    from rosgraph_msgs.msg import Clock

    graph.launch('robochat.launch.py', params=params, use_sim_time='true')
    clock = graph.node.create_publisher(Clock, '/clock', 10)
    camera = graph.camera()

    def run_from(start_sec: float, until, timeout_sec: float = 40.0) -> bool:
        began_sec = time.monotonic()
        while time.monotonic() - began_sec < timeout_sec and not until():
            now_sec = start_sec + time.monotonic() - began_sec
            message = Clock()
            message.clock.sec, message.clock.nanosec = int(now_sec), int(now_sec % 1 * 1e9)
            clock.publish(message)
            camera.show_once(somebody)
        return bool(until())

    assert run_from(5000.0, lambda: greeting(graph)), graph.reasons()
    for start_sec in (100.0, 9000.0):
        graph.events.clear()
        assert run_from(start_sec, lambda: len(graph.of('decision')) > 3), start_sec
    assert graph.children[0].poll() is None
