"""`robochat demo`: the simulator and the node on ROS 2, and what they say, decide and plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
from pathlib import Path
import sys
from typing import Any, IO

Event = dict[str, Any]

FIRST_THREE = ('sad_homecoming', 'cheerful_visitor', 'falling_cup')
PICTURES = ('--images', 'compressed', '--image-hz', '3')
BOLD, DIM, GREEN, RED, BLUE, OFF = (
    '\033[1m',
    '\033[2m',
    '\033[32m',
    '\033[31m',
    '\033[34m',
    '\033[0m',
)


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'demo',
        help='run the simulator and the node, and print the conversation',
        description='Play scenarios: the simulator and the node run as ROS 2 processes of their '
        'own and meet only in topics. Exits with 1 when one does not end as its file expects.',
    )
    parser.add_argument(
        '--scenario',
        action='append',
        metavar='NAME',
        help='a scenario by name or file; repeat for '
        f'several; "all" for all; default: {", ".join(FIRST_THREE)}',
    )
    parser.add_argument('--list', action='store_true', help='list the scenarios and end')
    parser.add_argument(
        '--seconds', type=float, metavar='N', help='play each for N seconds at most'
    )
    parser.add_argument('--runs', type=int, default=1, metavar='N', help='play each N times')
    parser.add_argument('--seed', type=int, default=1, help='seed of the simulator')
    parser.add_argument(
        '--params', metavar='FILE', help='settings of the node, a ROS parameter file'
    )
    parser.add_argument('--json', metavar='FILE', help='write every event as a JSON line')
    parser.add_argument(
        '--pictures', metavar='DIR', help='write the annotated picture of each utterance'
    )
    parser.add_argument(
        '--record',
        metavar='FILE',
        help='record the topics for `robochat replay`, with three pictures a second',
    )
    parser.add_argument('--logs', metavar='DIR', help='keep the logs of the processes here')
    parser.add_argument(
        '--headless', action='store_true', help='open no window, even with a display'
    )
    parser.add_argument(
        '--view', action='store_true', help='serve the page of `robochat view` meanwhile'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the scenarios one after another."""
    from robochat_sim.scenario import load_scenario, scenario_names

    if args.list:
        for name in scenario_names():
            sys.stdout.write(f'{name:20} {load_scenario(name).about}\n')
        return 0
    names = tuple(args.scenario or FIRST_THREE)
    names = tuple(scenario_names()) if names == ('all',) else names
    if args.record and (problem := _why_not_recorded(args, len(names))):
        sys.stderr.write(f'{problem}\n')
        return 2
    with _lines_to(args.json) as lines:
        outcomes = [_play(name, args, lines) for name in names for _ in range(args.runs)]
    if len(outcomes) > 1:
        sys.stdout.write(f'\n{sum(outcomes)} of {len(outcomes)} scenarios ended as expected\n')
    return 0 if all(outcomes) else 1


def _why_not_recorded(args: argparse.Namespace, scenarios: int) -> str:
    """Say why a file can't take the recording, or nothing."""
    if Path(args.record).exists():
        return f'{args.record} is there already; remove it or record into another file'
    if scenarios * args.runs > 1:
        return f'--record takes one play, not {scenarios * args.runs}; name one --scenario'
    return ''


def _lines_to(path: str | None) -> IO[str]:
    """Open the file of JSON lines, or nothing."""
    return Path(path or '/dev/null').open('w', encoding='utf-8')


def _play(name: str, args: argparse.Namespace, lines: IO[str]) -> bool:
    """Play one scenario, print it, and tell whether it ended as expected."""
    from robochat.ros.play import play, Stage
    from robochat_sim.expectations import judge
    from robochat_sim.scenario import load_scenario

    scenario = load_scenario(name)
    printer = Printer(sys.stdout, colour=sys.stdout.isatty())
    printer.title(scenario.name, scenario.about)
    if args.view:
        printer.wait(
            f'watch it at {_address_of_view(args.params)} (or the next port, if others have it)'
        )
    printer.wait('the node starts, and its model reads its prompts once (up to a minute)')

    def note(event: Event) -> None:
        lines.write(json.dumps({'scenario': scenario.name, **event}) + '\n')
        lines.flush()
        printer.show(event)

    stage = Stage(
        scenario=name,
        settings=dict(scenario.settings),
        seconds=args.seconds or scenario.duration_sec + 10,
        params=args.params,
        seed=args.seed,
        view=args.view,
        record=('--out', args.record, *PICTURES) if args.record else (),
    )
    onlookers = _onlookers(args, scenario.name)
    played = play(stage, note, Path(args.logs) if args.logs else None, onlookers)
    verdicts = judge(scenario.expect, list(played.events))
    for verdict in verdicts:
        printer.verdict(verdict.ok, verdict.text)
    return all(verdict.ok for verdict in verdicts)


def _address_of_view(params: str | None) -> str:
    """Where the page is served."""
    from robochat.config import Config, load_config

    view = (load_config(params) if params else Config()).view
    return f'http://{view.host}:{view.port}/'


def _onlookers(args: argparse.Namespace, name: str) -> tuple[Callable[[Any, str], None], ...]:
    """Who gets annotated pictures: a folder, a window."""
    from robochat.cli.pictures import Folder, Window

    wanted: list[Callable[[Any, str], None]] = []
    if args.pictures:
        wanted.append(Folder(Path(args.pictures), name))
    if not args.headless and Window.possible():
        wanted.append(Window('robochat'))
    return tuple(wanted)


class Printer:
    """Writes events as lines that a person reads: who said what, why, and why not."""

    def __init__(self, out: IO[str], colour: bool = False) -> None:
        self._out = out
        self._colour = colour
        self._silence = self._progress = ''
        self._says: dict[str, Callable[[Event], tuple[str, str]]] = {
            'utterance': _utterance,
            'speech': lambda e: (BLUE, f'person: “{e["text"]}”'),
            'plan': _plan,
            'plan_status': self._plan_status,
            'refusal': lambda e: (RED, f'held back ({e["what"]}): {e["reason"]}'),
            'turn': _turn,
            'decision': self._decision,
        }

    def title(self, name: str, about: str) -> None:
        """Head a scenario."""
        self._line(BOLD, f'\n{name}: {about}')

    def wait(self, text: str) -> None:
        """Say what is being waited for."""
        self._line(DIM, f'         {text} ...')

    def verdict(self, ok: bool, text: str) -> None:
        """Say whether an expectation was met."""
        self._line(
            GREEN if ok else RED, f'         {"as expected" if ok else "NOT AS EXPECTED"}: {text}'
        )

    def show(self, event: Event) -> None:
        """Write one event, if it is worth a line."""
        say = self._says.get(event['kind'])
        style, text = say(event) if say else ('', '')
        if text:
            self._line(style, f'{event["t"]:7.1f}  {text}')

    def _decision(self, event: Event) -> tuple[str, str]:
        """A decision to speak with its evidence; a silence only when its reason is new."""
        if event['speak']:
            self._silence = ''
            evidence = ', '.join(event['evidence'])
            return (
                DIM,
                f'decides to speak to {_who(event)}: {event["reason"]} ({evidence})',
            )
        new = _without_numbers(event['reason'])
        fresh, self._silence = new != self._silence, new
        return DIM, f'stays silent: {event["reason"]}' if fresh else ''

    def _plan_status(self, event: Event) -> tuple[str, str]:
        """A status with news; mere progress is left out."""
        news = f'plan {event["plan_id"]}: {_status(event)} {event["message"]}'
        fresh, self._progress = news != self._progress, news
        return DIM, news if fresh else ''

    def _line(self, style: str, text: str) -> None:
        self._out.write(f'{style}{text}{OFF}\n' if self._colour and style else f'{text}\n')
        self._out.flush()


def _without_numbers(text: str) -> str:
    """A reason that differs only in its numbers is the same reason."""
    return ''.join(c for c in text if not c.isdigit())


def _who(event: Event) -> str:
    return str(event['addressee'] or 'anyone')


def _utterance(event: Event) -> tuple[str, str]:
    return BOLD, f'robot to {_who(event)}: “{event["text"]}”'


def _turn(event: Event) -> tuple[str, str]:
    seconds = f'{event["seconds"]:.2f} s, {event["tokens_out"]} tokens'
    why = f', because {event["fallback"]}' if event['fallback'] else ''
    return DIM, f'asked {event["model"]}: {seconds}{why}'


def _plan(event: Event) -> tuple[str, str]:
    calls = '; '.join(_call(step) for step in event['steps']) or 'nothing'
    if event['refusal']:
        return RED, f'plan refused: {calls}: {event["refusal"]}'
    return GREEN, f'plan {event["id"]}: {calls}'


def _call(step: Event) -> str:
    return f'{step["skill"]}({", ".join(a["value"] for a in step["arguments"])})'


def _status(event: Event) -> str:
    names = ('pending', 'running', 'succeeded', 'failed', 'canceled', 'replanning')
    return f'{names[event["status"]]} {event["step_id"]}'.strip()
