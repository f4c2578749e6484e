"""`robochat eval`: measure the embedded model on held-out scenes."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace
import json
from pathlib import Path
import platform
import sys
from typing import Any

EPILOG = """
A quick look:  robochat eval --scenes 20 --no-ablations
Everything, about an hour on two cores:  robochat eval --scenes 100 --out docs/evaluation
"""


class EvaluationError(ValueError):
    """There is nothing to measure, or nothing to measure it with; the message says why."""


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'eval',
        help='measure the embedded model on held-out scenes',
        description='Ask the palm_e model about scenes with people, things, wordings and names of '
        'skills that training never saw; compare it with itself without or with the wrong '
        'picture or state, and with the bare language model. Then about real photographs, where '
        'what it says must be borne out by what perception finds. '
        'Needs pip install "robochat[train]".',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--weights', default='', metavar='FILE', help='weights to measure (the shipped ones)')
    add('--scenes', type=int, default=60, help='how many scenes, about 14 answers each (60)')
    add('--seed', type=int, default=11, help='of the scenes (11)')
    add('--no-ablations', action='store_true', help='only the model itself')
    add('--no-photographs', action='store_true', help='leave the real photographs out')
    add('--runtime', choices=('llama', 'torch'), default='llama', help='what runs it (llama)')
    add('--threads', type=int, default=2, help='CPU threads (2)')
    add('--out', metavar='DIR', help='write tables, picture, JSON and all answers there')
    add('--json', action='store_true', help='print JSON instead of tables')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when every bar is reached. Raises EvaluationError and ModelError."""
    if args.scenes < 1:
        raise EvaluationError(f'--scenes is {args.scenes}; at least one is needed')
    if args.threads < 1:
        raise EvaluationError(f'--threads is {args.threads}; at least one is needed')
    from robochat.evaluation import report
    from robochat.evaluation.photographs import photograph_lessons
    from robochat.evaluation.run import answered, contest, lessons_of
    from robochat.mllm.palm_e.model import PalmE
    from robochat.persona import load_persona
    from robochat.settings import ModelSettings

    settings = ModelSettings(
        path=args.weights, threads=args.threads, runtime=args.runtime, examples=2
    )
    with closing(PalmE(settings, load_persona('companion'))) as model:
        lessons = lessons_of(args.scenes, args.seed)
        found = contest(model, lessons, not args.no_ablations, args.threads)
        if not args.no_photographs:
            pictures = answered(model, photograph_lessons(), 'photographs')
            found = replace(found, photographs=tuple(pictures))
    about = {
        'eval': 'palm_e',
        'machine': f'{platform.machine()}, {args.threads} threads, {args.runtime}',
        'scenes': args.scenes,
        'seed': args.seed,
    }
    if args.out:
        report.write(found, about, Path(args.out))
    tree = report.as_json(found, about)
    text = json.dumps(tree) if args.json else '\n'.join(report.table(tree))
    sys.stdout.write(f'{text}\n')
    return 1 if any(row['ok'] is False for row in tree['rows']) else 0
