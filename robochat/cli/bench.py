"""`robochat bench`: measures, as a table on stdout and as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys
from typing import Any

BENCHES = {
    'perception': 'faces, pose and expressions against fer on the same pictures',
    'reaction': 'visible change to utterance, silence, memory; plays the scenarios',
    'decide': 'the policy alone',
    'transport': 'pictures between two processes, with the shipped profile',
    'manners': 'when it speaks and when it keeps silent, against four baselines',
}


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    listed = '; '.join(f'{name}: {text}' for name, text in BENCHES.items())
    parser = commands.add_parser(
        'bench',
        help='measure perception, reaction or the policy',
        description=f'Measure on this machine. {listed}. Exits with 1 when a bar is missed.',
    )
    parser.add_argument('name', choices=(*BENCHES, 'all'), help='what to measure')
    parser.add_argument('--json', metavar='FILE', help='write the rows as JSON')
    parser.add_argument(
        '--seconds', type=float, default=10.0, help='perception, transport: how long'
    )
    parser.add_argument('--runs', type=int, default=1, help='reaction: runs of each scenario')
    parser.add_argument(
        '--scenario', action='append', default=[], help='reaction: only this one; repeat'
    )
    add = parser.add_argument
    add('--only', action='append', default=[], metavar='NAME', help='manners: timeline or family')
    add('--policy', action='append', default=[], metavar='NAME', help='manners: only this one')
    add('--timelines', default='', metavar='DIR', help='manners: those of a folder instead')
    add('--plots', default='', metavar='DIR', help='manners: draw a page for each timeline')
    add('--pixels', action='store_true', help='manners: films of the simulator instead')
    add('--seed', type=int, default=1, help='manners: of the errors of the senses')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the benches and report; 1 when a bar is missed."""
    from robochat.bench.rows import report, Row

    if args.name == 'manners':
        return _manners(args)
    rows: list[Row] = []
    for name in BENCHES if args.name == 'all' else (args.name,):
        rows += _rows(name, args)
    report(args.name, rows, args.json)
    _print(rows)
    return 0 if all(row.ok is not False for row in rows) else 1


def _rows(name: str, args: argparse.Namespace) -> Sequence[Any]:
    """Run one bench; heavy libraries load here."""
    if name == 'perception':
        from robochat.bench import perception

        return perception.run(args.seconds)
    if name == 'transport':
        from robochat.bench import transport

        return transport.run(args.seconds)
    if name == 'manners':
        from robochat.bench import manners

        return manners.run(manners.Wish(), _tell).rows()
    from robochat.bench import reaction

    if name == 'decide':
        return reaction.decide_rows()
    return reaction.run(args.runs, args.scenario, _tell)


def _manners(args: argparse.Namespace) -> int:
    """Play the timelines and report rows, table and detail; 1 when a bar is missed."""
    from robochat.bench import manners

    wish = manners.Wish(
        tuple(args.only),
        tuple(args.policy),
        args.pixels,
        args.seed,
        args.plots or '',
        args.timelines,
    )
    bench = manners.run(wish, _tell)
    if args.json:
        bench.write(args.json)
    rows = bench.rows()
    _print(rows)
    sys.stdout.write(f'\n{manners.summary(bench)}')
    return 0 if all(row.ok is not False for row in rows) else 1


def _tell(text: str) -> None:
    sys.stderr.write(f'{text}\n')


def _print(rows: Sequence[Any]) -> None:
    """Write rows as a table."""
    marks = {True: 'ok', False: 'MISSED', None: ''}
    wide = max((len(row.what) for row in rows), default=0)
    for row in rows:
        value = f'{row.value:.3f}' if isinstance(row.value, float) else str(row.value)
        sys.stdout.write(
            f'{row.what:{wide}}  {value:>10} {row.unit:6} {row.bar:10} {marks[row.ok]}\n'
        )
