"""Fixtures of the node tests: a ROS domain of their own, a context, children that always end.

ROS is imported inside the fixtures, so that tests of the core run without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
import itertools
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
FIRST_DOMAIN, DOMAINS = 1, 100
GRACE_SEC = 5.0

_turn = itertools.count()


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what a node remembers and writes down away from the user's, and from other tests."""
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path_factory.mktemp('home')))


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """Set a domain that no other test and hardly any other process uses; children inherit it."""
    pytest.importorskip('rclpy', reason='ROS 2 is not installed')
    # Processes that test side by side take turns, so that they never share a domain.
    worker = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
    workers = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', '1'))
    first = (os.getpid() if workers == 1 else os.getppid()) * 7
    domain = FIRST_DOMAIN + (first + next(_turn) * workers + worker) % DOMAINS
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    for variable in PROFILE_VARIABLES:
        monkeypatch.setenv(variable, str(ROOT / 'config' / 'fastdds.xml'))
    return domain


@dataclass(frozen=True)
class Spinner:
    """A ROS context with one executor that the test spins by hand; no thread is started."""

    context: Any
    executor: Any

    def add(self, node: Any) -> Any:
        """Let the executor serve a node, and return it."""
        self.executor.add_node(node)
        return node

    def node(self, name: str, **options: Any) -> Any:
        """Make a plain node that is served."""
        from rclpy.node import Node

        return self.add(Node(name, context=self.context, **options))

    def until(self, done: Callable[[], Any], timeout_sec: float = 10.0) -> bool:
        """Spin until `done` is true; false when the time is up first."""
        end_sec = time.monotonic() + timeout_sec
        while not done():
            if time.monotonic() > end_sec:
                return False
            self.executor.spin_once(timeout_sec=0.05)
        return True

    def call(self, client: Any, request: Any, timeout_sec: float = 60.0) -> Any:
        """Call a service that is safe to call twice, and return its answer.

        A server may see the request before it has found whom to answer; that answer is lost, so
        the request is sent again.
        """
        assert self.until(client.service_is_ready, 10.0), f'no {client.srv_name}'
        end_sec = time.monotonic() + timeout_sec
        while time.monotonic() < end_sec:
            future = client.call_async(request)
            if self.until(future.done, min(5.0, timeout_sec)):
                return future.result()
            client.remove_pending_request(future)
        raise AssertionError(f'{client.srv_name} did not answer within {timeout_sec} s')

    def act(self, client: Any, goal: Any, timeout_sec: float = 20.0) -> Any:
        """Send a goal that is safe to send twice to an action server, and return its result."""
        assert self.until(client.server_is_ready, 10.0), 'no action server'
        sent = client.send_goal_async(goal)
        if not self.until(sent.done, 5.0):  # the answer was lost, as in `call`
            sent = client.send_goal_async(goal)
            assert self.until(sent.done, timeout_sec), 'the goal was not answered'
        got = sent.result().get_result_async()
        assert self.until(got.done, timeout_sec), 'the goal was not finished'
        return got.result().result

    def for_seconds(self, seconds: float) -> None:
        """Spin for a while, to see that nothing comes."""
        self.until(lambda: False, seconds)


@pytest.fixture
def spinner(ros_domain: int) -> Iterator[Spinner]:
    """Give a context and an executor; nodes that are still served are destroyed in the end."""
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor

    context = Context()
    rclpy.init(args=[], context=context, domain_id=ros_domain)
    made = Spinner(context, SingleThreadedExecutor(context=context))
    try:
        yield made
    finally:
        nodes = list(made.executor.get_nodes())
        made.executor.shutdown()
        for node in nodes:
            node.destroy_node()
        context.try_shutdown()


Start = Callable[..., 'subprocess.Popen[str]']


@pytest.fixture
def start_child() -> Iterator[Start]:
    """Give a function that starts a process in a group of its own, which ends with the test."""
    children: list[subprocess.Popen[str]] = []

    def start(words: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        children.append(child)
        return child

    try:
        yield start
    finally:
        for child in children:
            end_child(child)


def end_child(child: subprocess.Popen[str]) -> str:
    """Interrupt, terminate, then kill a child's whole group, and return the rest of its output."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            os.killpg(child.pid, number)
        try:
            output, _ = child.communicate(timeout=GRACE_SEC)
        except subprocess.TimeoutExpired:
            continue
        except ValueError:  # its output was read and closed by the test
            return ''
        return output or ''
    return ''
