"""Transitions and parameters of the real node over its real services."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from conftest import end_child
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

HERE = Path(__file__).resolve().parent
QUICK = {
    'model.backend': 'phrases',
    'engagement.local_time': '12:00',
    'engagement.small_talk_sec': 0.0,
    'perception.enabled': False,
    'memory.enabled': False,
    'autostart': False,
}
WAIT_SEC = 4.0
INTERFACES = Path(sys.prefix) / 'interfaces' / 'lib'


class Managed:
    """A node in a process of its own, moved by the lifecycle services."""

    def __init__(self, spinner, start_child, **settings: object) -> None:
        from lifecycle_msgs.srv import ChangeState, GetState
        from robochat.ros.listen import Listener

        words = [f'{n}:={_written(v)}' for n, v in {**QUICK, **settings}.items()]
        ros = [part for word in words for part in ('-p', word)]
        self.spinner = spinner
        self.events: list[dict] = []
        self.child = start_child(['-m', 'robochat.cli', 'run', '--ros-args', *ros])
        self.node = spinner.add(Listener(self.events.append, context=spinner.context))
        self._get = self.node.create_client(GetState, 'robochat/get_state')
        self._change = self.node.create_client(ChangeState, 'robochat/change_state')
        assert spinner.until(self._get.service_is_ready, 60.0), 'the node did not start'
        # An impossible transition, to see that answers of this service arrive.
        assert spinner.call(self._change, _transition('deactivate')).success is False

    def call(self, client, request, timeout_sec: float = 60.0):
        """Call a service once and wait for its answer."""
        assert self.spinner.until(client.service_is_ready, 10.0)
        future = client.call_async(request)
        assert self.spinner.until(future.done, timeout_sec), f'{client.srv_name}: no answer'
        return future.result()

    @property
    def state(self) -> str:
        from lifecycle_msgs.srv import GetState

        return self.spinner.call(self._get, GetState.Request()).current_state.label

    def change(self, *labels: str) -> list[bool]:
        """Ask for transitions, and tell which were made."""
        return [self.call(self._change, _transition(label)).success for label in labels]

    def shut_down(self) -> bool:
        """Ask for a shutdown, whose number depends on the state."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        ids = {
            'unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
            'inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
            'active': Transition.TRANSITION_ACTIVE_SHUTDOWN,
        }
        request = ChangeState.Request(transition=Transition(id=ids[self.state]))
        return self.call(self._change, request).success

    def publishes(self, topic: str) -> int:
        return self.node.count_publishers(topic)

    def of(self, kind: str, **fields: object) -> list[dict]:
        matching = (e for e in self.events if e['kind'] == kind)
        return [e for e in matching if all(e[k] == v for k, v in fields.items())]

    def show_sad_face(self, until, timeout_sec: float = 15.0) -> bool:
        """Publish a sad face at 10 Hz until something is true."""
        from robochat_msgs.msg import Emotion, EmotionArray

        publisher = self.node.create_publisher(EmotionArray, 'emotions', 10)
        face = Emotion(person='ann', label='sad', certain=True, facing=True, distance=1.2)
        face.box = [300.0, 100.0, 60.0, 70.0]
        face.labels, face.scores = ['sad'], [0.9]
        end_sec = time.monotonic() + timeout_sec
        while time.monotonic() < end_sec and not until():
            message = EmotionArray(source='test', emotions=[face])
            message.header.stamp = self.node.get_clock().now().to_msg()
            publisher.publish(message)
            self.spinner.for_seconds(0.1)
        self.node.destroy_publisher(publisher)
        return bool(until())

    def last_words(self) -> str:
        """End the node, and return what it wrote."""
        return end_child(self.child)

    def parameter_client(self, kind, name: str):
        return self.node.create_client(kind, f'robochat/{name}')

    def set(self, **values: object) -> tuple[bool, str]:
        """Set parameters as one set; `__` in a name stands for a dot."""
        from rcl_interfaces.srv import SetParametersAtomically
        from rclpy.parameter import Parameter

        parameters = [
            Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
            for name, value in values.items()
        ]
        client = self.parameter_client(SetParametersAtomically, 'set_parameters_atomically')
        request = SetParametersAtomically.Request(parameters=parameters)
        answer = self.spinner.call(client, request)
        return answer.result.successful, answer.result.reason


def _transition(label: str):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    return ChangeState.Request(transition=Transition(label=label))


def _written(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"'{value}'" * isinstance(value, str) or str(value)
    )


@pytest.fixture
def managed(spinner, start_child):
    """A function that starts the node, unconfigured, with some settings."""
    return lambda **settings: Managed(
        spinner, start_child, **{n.replace('__', '.'): v for n, v in settings.items()}
    )


class Server:
    """A model server that answers after a while."""

    def __init__(self, log: Path) -> None:
        self._log = log
        words = [sys.executable, str(HERE / 'endpoint_that_waits.py'), str(WAIT_SEC)]
        self._process = subprocess.Popen(words, stdout=log.open('wb'))
        end_sec = time.monotonic() + 20.0
        while not self.lines and time.monotonic() < end_sec:
            time.sleep(0.05)

    @property
    def lines(self) -> list[str]:
        return self._log.read_text().split()

    def said(self, word: str) -> int:
        return self.lines.count(word)

    @property
    def settings(self) -> dict[str, object]:
        return {
            'model.backend': 'endpoint',
            'model.url': self.lines[0],
            'model.served_name': 'waiting',
        }

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / 'server.log')
    yield made
    made.end()


# --------------------------------------------------------------------------- transitions
def test_every_transition_leads_where_the_design_says_and_back(managed):
    node = managed()
    assert node.state == 'unconfigured'
    assert node.change('activate', 'deactivate', 'cleanup') == [False, False, False]
    for _ in range(2):
        assert node.change('configure') == [True] and node.state == 'inactive'
        assert node.publishes('/robochat/utterance') == 0
        assert node.change('activate') == [True] and node.state == 'active'
        assert node.spinner.until(lambda: node.publishes('/robochat/utterance') == 1)
        assert node.change('configure', 'cleanup') == [False, False]
        assert node.spinner.until(lambda: node.of('decision'))
        assert node.change('deactivate') == [True] and node.state == 'inactive'
        assert node.spinner.until(lambda: node.publishes('/robochat/utterance') == 0)
        assert node.change('cleanup') == [True] and node.state == 'unconfigured'
    node.events.clear()
    node.spinner.for_seconds(1.5)
    assert node.events == [], 'an unconfigured node says nothing'


@pytest.mark.parametrize('before', [(), ('configure',), ('configure', 'activate')])
def test_it_shuts_down_from_every_state_and_stays_visible(managed, before):
    node = managed()
    assert all(node.change(*before))
    assert node.shut_down() and node.state == 'finalized'
    assert node.change('configure', 'activate') == [False, False]
    assert node.spinner.until(lambda: node.publishes('/robochat/utterance') == 0)
    os.killpg(node.child.pid, signal.SIGINT)
    output = node.child.communicate(timeout=20)[0]
    assert node.child.returncode == 0 and 'Traceback' not in output


def test_deactivated_in_the_middle_of_a_model_call_it_keeps_silent(managed, server):
    node = managed(**server.settings)
    assert node.change('configure', 'activate') == [True, True], node.last_words()
    assert node.show_sad_face(lambda: server.said('asked'))
    started_sec = time.monotonic()
    assert node.change('deactivate') == [True]
    assert time.monotonic() - started_sec < WAIT_SEC, 'it waited for the model'
    node.spinner.for_seconds(WAIT_SEC + 1.0)
    assert node.of('utterance') == [] and node.of('turn') == []
    assert node.state == 'inactive' and node.child.poll() is None
    assert node.change('activate') == [True]
    assert node.show_sad_face(lambda: node.of('utterance'), 20.0), 'it speaks once it may'


def test_cleaned_up_in_the_middle_of_a_model_call_it_may_be_configured_again(managed, server):
    node = managed(**server.settings)
    assert node.change('configure', 'activate') == [True, True]
    assert node.show_sad_face(lambda: server.said('asked'))
    assert node.change('deactivate', 'cleanup', 'configure', 'activate') == [True] * 4
    node.spinner.for_seconds(WAIT_SEC + 1.0)
    assert node.of('utterance') == []


def test_interrupted_in_the_middle_of_a_model_call_it_goes_at_once(managed, server):
    node = managed(**server.settings)
    assert node.change('configure', 'activate') == [True, True]
    assert node.show_sad_face(lambda: server.said('asked'))
    started_sec = time.monotonic()
    os.killpg(node.child.pid, signal.SIGINT)
    output = node.child.communicate(timeout=20)[0]
    assert time.monotonic() - started_sec < WAIT_SEC - 0.5, 'it waited for the model'
    assert node.child.returncode == 0 and 'Traceback' not in output


@pytest.mark.skipif(not INTERFACES.is_dir(), reason='make test builds the interfaces')
def test_an_error_while_activating_frees_everything_and_ends_unconfigured(managed, monkeypatch):
    packages = next(INTERFACES.glob('python3*')) / 'site-packages'
    search = os.environ.get('LD_LIBRARY_PATH', '')
    monkeypatch.setenv('PYTHONPATH', str(packages))
    monkeypatch.setenv('LD_LIBRARY_PATH', f'{INTERFACES}:{search}')
    node = managed(hri__outlet='tts', hri__outlet_action='no name!')
    assert node.change('configure', 'activate') == [True, False]
    assert node.state == 'unconfigured'
    assert node.publishes('/robochat/utterance') == 0
    assert node.set(hri__outlet='topic')[0]
    assert node.change('configure', 'activate') == [True, True]
    os.killpg(node.child.pid, signal.SIGINT)
    assert 'activate failed' in node.child.communicate(timeout=20)[0]


def test_what_can_not_be_configured_stays_unconfigured_until_it_can(managed):
    node = managed(plan__skills='nowhere')
    assert node.change('configure') == [False]
    assert node.state == 'unconfigured'
    assert node.set(plan__skills='home')[0]
    assert node.change('configure') == [True]


@pytest.mark.model
def test_interrupted_while_the_model_reads_it_leaves_nothing_behind(managed):
    """The model can not be freed in the middle of a prompt, and nobody waits for it."""
    node = managed(model__backend='smollm2')
    assert node.change('configure', 'activate') == [True, True]
    memory = shared_memory(node.child.pid)
    assert memory
    started_sec = time.monotonic()
    os.killpg(node.child.pid, signal.SIGINT)
    output = node.child.communicate(timeout=60)[0]
    assert time.monotonic() - started_sec < 20.0
    assert node.child.returncode == 0 and 'Traceback' not in output
    assert not [path for path in memory if path.exists()]


def shared_memory(pid: int) -> list[Path]:
    """The segments in /dev/shm that a process maps and this one does not: its own."""
    lines = Path(f'/proc/{pid}/maps').read_text().splitlines()
    theirs = {line.split()[-1] for line in lines if '/dev/shm/fastdds_' in line}
    ours = Path(f'/proc/{os.getpid()}/maps').read_text()
    return [Path(name) for name in theirs if name not in ours]


@pytest.mark.model
def test_cleanup_frees_the_model(managed):
    node = managed(model__backend='smollm2', model__warm_up=False)
    maps = Path(f'/proc/{node.child.pid}/maps')

    def holds_the_model() -> bool:
        return '.gguf' in maps.read_text()

    assert node.change('configure') == [True]
    assert holds_the_model()
    assert node.change('cleanup') == [True]
    assert not holds_the_model()
    assert node.change('configure') == [True] and holds_the_model()


# --------------------------------------------------------------------------- parameters
def test_every_parameter_has_a_text_and_every_number_a_range(managed):
    from rcl_interfaces.srv import DescribeParameters, ListParameters
    from robochat.config import declarations

    node = managed()
    listed = node.call(
        node.parameter_client(ListParameters, 'list_parameters'), ListParameters.Request()
    )
    settings = {d.name: d for d in declarations()}
    assert settings.keys() <= set(listed.result.names)
    described = node.call(
        node.parameter_client(DescribeParameters, 'describe_parameters'),
        DescribeParameters.Request(names=[*settings, 'autostart']),
    )
    for descriptor in described.descriptors:
        assert descriptor.description, descriptor.name
        setting = settings.get(descriptor.name)
        if setting is not None and type(setting.default) in (int, float):
            (span,) = [*descriptor.floating_point_range, *descriptor.integer_range]
            assert (span.from_value, span.to_value) == (setting.low, setting.high)
        if setting is not None and setting.choices:
            assert descriptor.additional_constraints == ', '.join(setting.choices)


def test_parameters_are_checked_as_a_set_and_all_errors_told(managed):
    node = managed()
    done, reason = node.set(
        engagement__threshold=0.4, model__deadline_sec='soon', world__emotions='perhaps'
    )
    assert not done
    assert 'must be float' in reason and 'merge, replace, ignore' in reason
    done, reason = node.set(engagement__threshold=0.4, engagement__quiet_from_hour=99.0)
    assert not done and 'engagement.quiet_from_hour' in reason
    assert node.set(engagement__threshold=7.0)[0] is False
    assert node.set(model__deadline_sec='soon')[0] is False
    assert node.set(engagement__threshold=0.4, engagement__quiet_from_hour=23)[0]


def test_a_change_while_it_runs_is_felt_and_what_can_not_change_is_refused(managed):
    node = managed()
    assert node.change('configure', 'activate') == [True, True]
    assert node.set(engagement__do_not_disturb=True)[0]
    done, reason = node.set(engagement__do_not_disturb=False, model__backend='smollm2')
    assert not done and 'model.backend: cannot change while the node is active' in reason
    assert not node.show_sad_face(lambda: node.of('utterance'), 5.0), 'it was asked not to disturb'
    assert node.set(engagement__do_not_disturb=False)[0]
    assert node.show_sad_face(lambda: node.of('utterance'))


def test_words_for_ros_that_can_not_be_read_are_a_message_and_no_traceback(
    start_child, ros_domain, tmp_path
):
    file = tmp_path / 'mixed.yaml'
    file.write_text('/**:\n  ros__parameters:\n    model: {backend: [1, x]}\n')
    child = start_child(['-m', 'robochat.cli', 'run', '--ros-args', '--params-file', str(file)])
    output = child.communicate(timeout=30)[0]
    assert child.returncode == 2
    assert 'ROS 2 can not start' in output and 'Traceback' not in output
