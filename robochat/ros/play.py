"""Play a scenario: simulator and node as processes of their own, on a ROS domain of their own.

Threads: one; the listener is spun here until the simulator ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass, fields
import os
from pathlib import Path
import random
import sys
import tempfile
import time
from types import TracebackType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from robochat.cli.children import Child
from robochat.config import config_from, load_config
from robochat.resources import dds_profile
from robochat.ros.listen import Event, Listener
from robochat.values import RgbImage

Onlooker = Callable[[RgbImage, str], None]
START_SEC = 90.0
WARM_SEC = 120.0
# Simulated people are nobody to learn from or to remember, unless a parameter file says so.
OF_PLAY = {'learning.journal': False, 'memory.enabled': False}


class PlayError(RuntimeError):
    """A process ended or stayed silent; the message has the end of its log."""


@dataclass(frozen=True)
class Stage:
    """What to play: a scenario's name or file, the node's settings, and for how long.

    `warm` waits until the model has read its prompts before the simulator starts. `view` serves
    the page that shows it all, where the parameter file says. `record` are the words of
    `robochat record`, which runs beside it; `simulator` are further words of the simulator.
    """

    scenario: str
    settings: Mapping[str, Any]
    seconds: float
    params: str | None = None
    seed: int = 1
    warm: bool = True
    view: bool = False
    record: tuple[str, ...] = ()
    simulator: tuple[str, ...] = ()


@dataclass(frozen=True)
class Played:
    """What came of it: every event, and the most memory that the node held."""

    events: tuple[Event, ...]
    node_peak_mb: float


def play(
    stage: Stage,
    on_event: Callable[[Event], None],
    log_dir: Path | None = None,
    onlookers: Sequence[Onlooker] = (),
) -> Played:
    """Play a stage; `t` of the events counts from the simulator's first word.

    Raises PlayError when a process fails.
    """
    events: list[Event] = []

    def note(event: Event) -> None:
        events.append(event)
        if events[0]['kind'] == 'truth':
            on_event(event)

    with ExitStack() as stack:
        folder = log_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix='robochat_'))
        )
        stack.enter_context(own_domain())
        params = _parameter_file(stage, folder)
        audience = stack.enter_context(Audience(note, onlookers))
        if stage.record:
            words = ('record', *stage.record)
            stack.enter_context(_start('recorder', folder, 'robochat.cli', *words))
        if stage.view:
            words = ('view', '--params', str(params))
            stack.enter_context(_start('view', folder, 'robochat.cli', *words))
        node = stack.enter_context(
            _start('node', folder, 'robochat.cli', 'run', '--params', str(params))
        )
        audience.spin_until(lambda: bool(events), START_SEC, node)
        warm_sec = WARM_SEC if stage.warm else 0.0
        audience.spin_until(lambda: _warm(events), warm_sec, node, late_is_fine=True)
        events.clear()
        words = ('--scenario', stage.scenario, '--seed', str(stage.seed), *stage.simulator)
        sim = stack.enter_context(_start('simulator', folder, 'robochat_sim.node', *words))
        audience.spin_until(lambda: _begun(events), START_SEC, node, sim)
        audience.spin_until(lambda: sim.status() == 0, stage.seconds, node, sim, late_is_fine=True)
        peak_mb = peak_memory_mb(node.pid)
    return Played(tuple(events), peak_mb)


def _warm(events: list[Event]) -> bool:
    """Tell whether the node's model is ready to answer fast, as its diagnostics say."""
    newest = next((e for e in reversed(events) if e['kind'] == 'diagnostics'), None)
    return newest is not None and newest['stages']['node'].get('model is warm') == 'yes'


def _begun(events: list[Event]) -> bool:
    """Drop what came before the simulator's first word."""
    while events and events[0]['kind'] != 'truth':
        events.pop(0)
    return bool(events)


@contextmanager
def own_domain() -> Iterator[int]:
    """Use a ROS domain of our own, loopback only, with the shipped DDS profile."""
    domain = random.SystemRandom().randint(1, 100)
    wanted = {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    wanted |= dds_profile()
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield domain
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def peak_memory_mb(pid: int) -> float:
    """Most resident memory that a process has held so far, in MB; 0 when it has gone."""
    try:
        lines = Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith('VmHWM')), 0.0)


def _parameter_file(stage: Stage, folder: Path) -> Path:
    """Write the user's settings and the scenario's as one parameter file.

    A scenario is played at noon unless it says otherwise, or it would end otherwise at night.
    """
    import yaml

    base = load_config(stage.params) if stage.params else config_from(OF_PLAY)
    settings = {'engagement.local_time': '12:00', **stage.settings}
    config = config_from(settings, base=base)
    values = {group.name: dict(vars(getattr(config, group.name))) for group in fields(config)}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'params.yaml'
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': values}}), encoding='utf-8')
    return path


def _start(name: str, folder: Path, module: str, *words: str) -> Child:
    """Start a Python module as a child process that logs into the folder."""
    return Child(name, (sys.executable, '-m', module, *words), os.environ, folder / f'{name}.log')


class Audience:
    """A listener in a ROS context of its own, spun by hand."""

    def __init__(
        self, on_event: Callable[[Event], None], onlookers: Sequence[Onlooker] = ()
    ) -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.listener = Listener(on_event, context=self._context)
        if onlookers:
            from robochat.ros.onlook import Onlook

            Onlook(self.listener, onlookers)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.listener)

    def __enter__(self) -> Audience:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown()
        self.listener.destroy_node()
        self._context.try_shutdown()

    def spin_until(
        self,
        done: Callable[[], bool],
        timeout_sec: float,
        *children: Child,
        late_is_fine: bool = False,
    ) -> None:
        """Spin until `done`; raises PlayError when a child fails or, unless fine, time is up."""
        end_sec = time.monotonic() + timeout_sec
        while not done():
            for child in children:
                if child.status() not in (None, 0) or (child.status() == 0 and not late_is_fine):
                    raise PlayError(
                        f'the {child.name} ended ({child.status()}):\n{child.last_words()}'
                    )
            if time.monotonic() > end_sec:
                if late_is_fine:
                    return
                words = '\n'.join(c.last_words() for c in children)
                raise PlayError(f'nothing was heard for {timeout_sec:.0f} s:\n{words}')
            self._executor.spin_once(timeout_sec=0.1)
