"""`robochat learn`: refit the decision to speak to how people took it."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
import json
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from robochat.config import Config
    from robochat.learning.fit import Refit
    from robochat.learning.log import Entries
    from robochat.learning.measures import Measure

EPILOG = """
Look first, nothing changes:       robochat learn
Take the new weights:              robochat learn --apply
Go back to the former ones:        robochat learn --rollback
What is there and in use:          robochat learn --status
A data set of those who agreed:    robochat learn --export DIR

The node writes the journal while it runs (learning.journal), a line for each opening: numbers,
without words, names or ids. It takes new weights when it is configured the next time.
Exit status: 0 done, 1 not applied because it would be no better, 2 a mistake or too little to
learn from. Needs pip install "robochat[learn]".
"""
NO_BETTER = 1
LEAST_CHANGE = 0.05
WORDS = {
    'value': 'how much the matter counts',
    'meant': 'words that were meant for the robot',
    'lasted': 'how long the cue has been seen',
    'engagement': 'how likely the person wants to interact',
    'facing': 'a face turned to the robot',
    'near': 'a person who is near',
    'approach': 'a person who comes nearer',
    'company': 'a person who is turned to someone else',
    'talking': 'a mouth that moves as in speech',
    'crowd': 'other people in view',
    'lately': 'that the robot spoke to them lately',
    'is_reply': 'answering words that were heard',
    'is_greeting': 'greeting',
    'is_care': 'care about a mood',
    'is_help': 'offering help',
    'is_small_talk': 'small talk',
}


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'learn',
        help='refit when to speak to how people took it',
        description="Refit the decision model to what came of the robot's openings, and show "
        'before and after on outcomes that the fit had not seen. Changes nothing unless told to.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    add = what.add_argument
    add('--apply', action='store_true', help='put the new weights into use, if they are better')
    add('--rollback', action='store_true', help='put the former weights into use again')
    add('--status', action='store_true', help='say what was recorded and which weights are in use')
    add('--export', metavar='DIR', help='write the dialogues of people who agreed to it')
    parser.add_argument('--journal', metavar='FILE', help='outcomes to learn from (the own ones)')
    parser.add_argument('--params', metavar='FILE', help="the node's parameter file")
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for; the named errors of `robochat.learning` are messages for a person."""
    from robochat.config import Config, load_config

    config = load_config(args.params) if args.params else Config()
    if args.rollback:
        return _rollback(config, args)
    if args.status:
        return _status(config, args)
    if args.export:
        return _export(config, args)
    return _learn(config, args)


# --------------------------------------------------------------------------- what it does
def _learn(config: Config, args: argparse.Namespace) -> int:
    """Refit, show, and apply where that was asked for and is better."""
    from robochat.decision_model import load_decision_model
    from robochat.learning import fit, versions

    entries = _entries(config, args)
    before, warning = versions.model_in_use(config.learning)
    found = fit.refit(entries.outcomes, load_decision_model(), before, progress=_progress)
    path = versions.model_file(config.learning)
    applied, kept = args.apply and found.is_better, None
    if applied:
        kept = versions.apply(found.after, path)
    tree = {
        **_as_json(found, entries),
        'warning': warning,
        'applied': applied,
        'file': str(path),
        'kept': str(kept) if kept else None,
    }
    _print(tree, _table(found, entries, warning), args)
    if not args.json:
        _print_end(found, args, path, kept)
    return NO_BETTER if args.apply and not applied else 0


def _print_end(found: Refit, args: argparse.Namespace, path: Path, kept: Path | None) -> None:
    """Say what happened to the files, or what could."""
    if not args.apply:
        better = 'robochat learn --apply' if found.is_better else 'not advised: it is no better'
        sys.stdout.write(f'\nNothing was changed. To take these weights: {better}\n')
    elif not found.is_better:
        sys.stdout.write('\nNot applied: on outcomes that it had not seen it is no better.\n')
    else:
        former = f'the former are {kept}' if kept else 'before it the shipped ones were in use'
        sys.stdout.write(
            f'\nApplied: {path}; {former}. The node takes them when it is configured the next '
            'time. Back: robochat learn --rollback\n'
        )


def _rollback(config: Config, args: argparse.Namespace) -> int:
    """Take the former weights."""
    from robochat.learning.versions import model_file, roll_back

    path = model_file(config.learning)
    now = roll_back(path)
    tree = {'rolled_back': True, 'in_use': now, 'file': str(path)}
    _print(tree, [f'In use again: {now}. The node takes it when it is configured next.'], args)
    return 0


def _status(config: Config, args: argparse.Namespace) -> int:
    """Count what was recorded, and name the weights in use."""
    from robochat.learning import versions
    from robochat.learning.fit import LEAST_OF_A_KIND, LEAST_OUTCOMES, usable

    model, warning = versions.model_in_use(config.learning)
    path = versions.model_file(config.learning)
    entries = _entries(config, args)
    good = [o.welcome for o in usable(entries.outcomes, model.features)]
    tree = {
        'openings': len(entries.outcomes),
        'reactions': dict(Counter(o.reaction.value for o in entries.outcomes)),
        'rated': sum(o.rating is not None for o in entries.outcomes),
        'welcome': sum(1 for g in good if g),
        'unwelcome': sum(1 for g in good if not g),
        'torn': entries.torn,
        'skipped': entries.skipped,
        'needed': {'outcomes': LEAST_OUTCOMES, 'of_each_kind': LEAST_OF_A_KIND},
        'in_use': str(path) if path.is_file() and not warning else 'the shipped model',
        'made': model.made,
        'kept_versions': list(versions.kept_versions(path)),
        'warning': warning,
    }
    _print(tree, [f'{name.replace("_", " "):<14} {_plain(v)}' for name, v in tree.items()], args)
    return 0


def _export(config: Config, args: argparse.Namespace) -> int:
    """Write the data set."""
    from robochat.learning import dataset

    folder = dataset.dialogues_folder(config.learning)
    out = Path(args.export).expanduser()
    found = dataset.export(folder, out, _agrees(config), _progress)
    line = (
        f'{out}: {found.dialogues} dialogues, {found.turns} turns, {found.images} pictures of '
        f'{found.people} people who agreed; {found.left_out} turns of others left out'
    )
    _print({**asdict(found), 'folder': str(out)}, [line], args)
    return 0


def _agrees(config: Config) -> Callable[[str], bool]:
    """Return a function that tells of a key whether that person agrees to the export.

    Raises the named errors of the memory when it can't be read.
    """
    from robochat.memory.crypto import read_key
    from robochat.memory.people import memory_file
    from robochat.memory.store import Store

    path = memory_file(config.memory.file)
    if not path.is_file():
        return lambda key: False
    with closing(Store(path, read_key(config.memory.key_file), may_seal=False)) as store:
        agreed = {key for key, record in store.load().items() if record.may_export is True}
    return agreed.__contains__


def _entries(config: Config, args: argparse.Namespace) -> Entries:
    """Read the journal that was named, or the node's own."""
    from robochat.learning.log import journal_path, read_journal

    path = Path(args.journal).expanduser() if args.journal else journal_path(config.learning)
    return read_journal(path)


# --------------------------------------------------------------------------- output
def _progress(text: str) -> None:
    """Show how far the work is, where a person looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f'\r\x1b[K{text}\r')
        sys.stderr.flush()


def _print(tree: dict[str, Any], lines: list[str], args: argparse.Namespace) -> None:
    """Print JSON or lines."""
    if sys.stderr.isatty():
        sys.stderr.write('\r\x1b[K')
    sys.stdout.write((json.dumps(tree) if args.json else '\n'.join(lines)) + '\n')


def _plain(value: Any) -> str:
    """Write a value for a person."""
    if isinstance(value, dict):
        return ', '.join(f'{key.replace("_", " ")} {count}' for key, count in value.items()) or '-'
    if isinstance(value, list):
        return ', '.join(map(str, value)) or 'none'
    return str(value) or '-'


def _as_json(found: Refit, entries: Entries) -> dict[str, Any]:
    """Return everything as plain values."""
    return {
        'openings': len(entries.outcomes),
        'torn': entries.torn,
        'skipped': entries.skipped,
        'welcome': found.welcome,
        'unwelcome': found.unwelcome,
        'rated': found.explicit,
        'better': found.is_better,
        'measures': [asdict(m) for m in found.measures],
        'not_again': {'welcome': found.dropped_welcome, 'unwelcome': found.dropped_unwelcome},
        'bias': {'before': found.before.bias, 'after': found.after.bias},
        'weights': [
            {'name': name, 'before': old, 'after': new}
            for name, old, new in zip(
                found.after.features, found.before.weights, found.after.weights, strict=True
            )
        ],
    }


def _table(found: Refit, entries: Entries, warning: str) -> list[str]:
    """Write before and after, and what would change, for a person."""
    lines = [f'warning: {warning}'] if warning else []
    lost = entries.torn + entries.skipped
    lines += [
        f'{len(entries.outcomes)} openings; {found.welcome} were welcome, {found.unwelcome} were '
        f'not ({found.explicit} of these were rated){f"; {lost} bad lines" if lost else ""}',
        '',
        f'{"on unseen outcomes":<20}{"before":>22}{"after":>22}{"change":>24}',
        *(_row(measure) for measure in found.measures),
        '',
        f'Of these openings it would not make {found.dropped_unwelcome} of the '
        f'{found.unwelcome} unwelcome again, nor {found.dropped_welcome} of the '
        f'{found.welcome} welcome.',
        '',
        'What would count differently:',
        *_changes(found),
    ]
    return lines


def _row(m: Measure) -> str:
    """Write one measure with its intervals."""
    cells = (f'{e.value:.3f} ({e.low:.3f}..{e.high:.3f})' for e in (m.before, m.after))
    change = f'{m.change.value:+.3f} ({m.change.low:+.3f}..{m.change.high:+.3f})'
    return f'{m.name:<20}{"".join(f"{cell:>22}" for cell in cells)}{change:>24}'


def _changes(found: Refit) -> Iterator[str]:
    """Say in words which weights would change, the most changed first."""
    old, new = found.before, found.after
    rows = [('', old.bias, new.bias), *zip(new.features, old.weights, new.weights, strict=True)]
    changed = [row for row in rows if abs(row[2] - row[1]) >= LEAST_CHANGE]
    for name, before, after in sorted(changed, key=lambda row: -abs(row[2] - row[1])):
        words = WORDS.get(name, name) if name else 'speaking at all'
        side = 'more in favour' if after > before else 'less in favour'
        if before * after < 0:
            side = 'in favour now' if after > 0 else 'against now'
        elif before < 0 and after < 0:
            side = 'less against' if after > before else 'more against'
        yield f'  {words}: {side} ({name or "bias"} {before:+.2f} to {after:+.2f})'
    if not changed:
        yield '  nothing to speak of'
