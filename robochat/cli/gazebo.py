"""`robochat gazebo`: play a scenario in a real Gazebo 11, from its camera to the robot's words."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, ExitStack
import os
from pathlib import Path
import shlex
import socket
import sys
import tempfile
from typing import Any

from robochat.cli.children import Child

Event = dict[str, Any]
SIMULATOR_HZ = 30.0
START_SEC = 60.0
LATE_SEC = 10.0
LEAST_FACTOR = 0.9


class NoGazeboError(RuntimeError):
    """Gazebo 11 isn't installed, or ended; the message says what to do."""


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'gazebo',
        help='play a scenario in Gazebo 11',
        description='Writes the world and its people, starts Gazebo 11 without a window, plays '
        'the scenario in it and prints the conversation. Exits with 1 when the robot does not '
        'begin to speak by itself or the scenario does not end as its file expects.',
    )
    parser.add_argument('--scenario', default='sad_homecoming', metavar='NAME')
    parser.add_argument(
        '--root',
        type=Path,
        default=Path('/'),
        help='where Gazebo 11 is installed; another root than / is entered by chroot, as root',
    )
    parser.add_argument('--params', metavar='FILE', help='settings of the node')
    parser.add_argument('--logs', metavar='DIR', help='keep the logs of the processes here')
    parser.add_argument('--pictures', metavar='DIR', help='write a picture of each utterance')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the scenario and tell whether it came out well."""
    from robochat.cli.demo import Printer
    from robochat_sim.expectations import judge
    from robochat_sim.scenario import load_scenario

    scenario = load_scenario(args.scenario)
    printer = Printer(sys.stdout, colour=sys.stdout.isatty())
    printer.title(scenario.name, scenario.about)
    with tempfile.TemporaryDirectory(prefix='robochat_') as folder:
        logs = Path(args.logs or folder)
        logs.mkdir(parents=True, exist_ok=True)
        events, factor = _play(args, scenario, printer, logs)
    verdicts = [(verdict.ok, verdict.text) for verdict in judge(scenario.expect, events)]
    if any(expected.kind == 'speaks' for expected in scenario.expect):
        verdicts.append(_speaks_first(events))
    for ok, text in verdicts:
        printer.verdict(ok, text)
    # A figure of this machine at this hour, which doesn't decide over the exit status.
    text = f'real-time factor {factor:.2f} (wanted: at least {LEAST_FACTOR})'
    printer.verdict(factor >= LEAST_FACTOR, text)
    return 0 if all(ok for ok, _ in verdicts) else 1


def _speaks_first(events: Sequence[Event]) -> tuple[bool, str]:
    """Judge that the robot began to speak by itself."""
    first = next((e for e in events if e['kind'] == 'utterance' and e['proactive']), None)
    said = f'“{first["text"]}” at {first["t"]:.1f} s' if first else 'nothing'
    return first is not None, f'the robot speaks first: {said}'


def _play(
    args: argparse.Namespace, scenario: Any, printer: Any, logs: Path
) -> tuple[list[Event], float]:
    """Start everything, play, and return the events and Gazebo's real-time factor."""
    from robochat.cli.pictures import Folder
    from robochat.ros.play import play, Stage

    with ExitStack() as stack:
        printer.wait('the world is written, and Gazebo starts')
        gazebo, server = stack.enter_context(_gazebo(args, scenario.scene.name, logs))
        watch = stack.enter_context(_watch(gazebo, scenario.scene.name, server))
        printer.wait('the node starts, and its model reads its prompts once')

        def note(event: Event) -> None:
            watch.tick()
            printer.show(event)

        stage = Stage(
            scenario=args.scenario,
            settings=dict(scenario.settings),
            seconds=scenario.duration_sec + LATE_SEC,
            params=args.params,
            simulator=('--gazebo', gazebo, '--rate', str(SIMULATOR_HZ)),
        )
        onlookers = (Folder(Path(args.pictures), scenario.name),) if args.pictures else ()
        played = play(stage, note, logs, onlookers)
        return list(played.events), watch.factor()


# --------------------------------------------------------------------------- Gazebo
@contextmanager
def _gazebo(args: argparse.Namespace, scene: str, logs: Path) -> Iterator[tuple[str, Child]]:
    """Write the world and serve it; yields the address of Gazebo's master, and Gazebo."""
    from robochat_sim.gazebo.export import export

    root: Path = args.root.resolve()
    if not (root / 'usr/bin/gzserver').is_file():
        raise NoGazeboError(f'{root}/usr/bin/gzserver is missing; get it with: .ci/gazebo {root}')
    enter = () if root == Path('/') else ('chroot', str(root))
    if enter and os.geteuid():
        raise NoGazeboError(f'{root} is entered by chroot, which only root may do')
    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix='robochat_', dir=root / 'tmp')
        home = Path(stack.enter_context(folder))
        inside = '/' / home.relative_to(root)
        export(home, [args.scenario])
        port = _free_port()
        env = _environment(port, inside)
        screen = ('Xvfb', env['DISPLAY'], '-screen', '0', '1024x768x24', '-nolisten', 'tcp')
        stack.enter_context(Child('screen', (*enter, *screen), env, logs / 'screen.log'))
        # The setup names a server of models in the internet, which isn't to be asked.
        script = (
            '. /usr/share/gazebo/setup.sh; export GAZEBO_MODEL_DATABASE_URI=; '
            f'exec gzserver {shlex.quote(str(inside / "worlds" / f"{scene}.sdf"))}'
        )
        words = ('sh', '-c', script)
        server = stack.enter_context(Child('gazebo', (*enter, *words), env, logs / 'gazebo.log'))
        yield f'127.0.0.1:{port}', server


def _environment(port: int, home: Path) -> dict[str, str]:
    """Return the environment of Gazebo and of its screen, without ours."""
    return {
        'PATH': f'{os.defpath}:/usr/sbin:/sbin',
        'HOME': '/tmp',
        'LANG': 'C.UTF-8',
        'DISPLAY': f':{100 + os.getpid() % 10000}',
        'GAZEBO_MASTER_URI': f'http://127.0.0.1:{port}',
        'GAZEBO_IP': '127.0.0.1',
        'GAZEBO_MODEL_PATH': str(home / 'models'),
        'LIBGL_ALWAYS_SOFTWARE': '1',
    }


def _free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        return int(server.getsockname()[1])


class Watch:
    """Gazebo's clock at the first and the newest event of a scenario."""

    def __init__(self) -> None:
        self._now = self._first = self._last = (0.0, 0.0)

    def on_clock(self, sim_sec: float, real_sec: float) -> None:
        """Note what time it is in Gazebo."""
        self._now = sim_sec, real_sec

    def tick(self) -> None:
        """Note that something happened."""
        if not self._first[1]:
            self._first = self._now
        self._last = self._now

    def factor(self) -> float:
        """Return how much simulated time went by in a second."""
        gone = [last - first for first, last in zip(self._first, self._last, strict=True)]
        return gone[0] / gone[1] if gone[1] else 0.0


@contextmanager
def _watch(address: str, world: str, server: Child) -> Iterator[Watch]:
    """Wait until Gazebo has loaded the world, then listen to its clock."""
    from robochat_sim.gazebo.stage import clock_of
    from robochat_sim.gazebo.transport import address_of, GazeboError, Master, Subscriber

    watch = Watch()
    topic = f'/gazebo/{world}/world_stats'
    with ExitStack() as stack:
        try:
            master = Master(address_of(address), START_SEC)
            stack.callback(master.close)
            subscriber = Subscriber(
                master, topic, lambda m: watch.on_clock(*clock_of(m)), START_SEC
            )
            stack.callback(subscriber.close)
        except GazeboError as error:
            raise NoGazeboError(f'{error}; its last words:\n{server.last_words()}') from error
        yield watch
