"""`robochat memory`: who is remembered, what of them, and how to forget it or hand it out.

Works beside a running robot, which learns within seconds what was forgotten here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, replace
import json
from pathlib import Path
import sys
import time
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from robochat.memory.record import PersonRecord
    from robochat.memory.store import Store

EXPORT_FORMAT = 'robochat person, version 1'
ABOUT = (
    'Faces are never stored, and neither are words: of an opening only a hash, of a topic only '
    'its kind. WHO is a name or an id as `list` shows them.'
)
TABLE = '{:<28} {:<20} {:<17} {:<17} {}'


class UnknownPersonError(ValueError):
    """Nobody, or more than one, goes by this name or id."""


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'memory',
        help='list, show, forget or export the people that are remembered',
        description='List, show, forget or export the people that the robot remembers. Exits '
        'with 0, or with 2 and the reason where that is not possible.',
        epilog=ABOUT,
    )
    actions = parser.add_subparsers(metavar='ACTION', required=True)
    add = _adder(actions)
    add('list', _list, 'say who is remembered, and since and until when they were seen')
    add('show', _show, 'say all that is remembered of one person', who=True)
    forget = add('forget', _forget, 'erase one person, or everybody, for good')
    who = forget.add_mutually_exclusive_group(required=True)
    who.add_argument('who', metavar='WHO', nargs='?', help='name or id')
    who.add_argument('--all', action='store_true', help='erase everybody')
    add('export', _export, 'print all that is remembered of one person as JSON', who=True)
    consent = add('consent', _consent, 'note whether dialogues with one person may be kept', True)
    consent.add_argument('answer', choices=('yes', 'no'), help='no unless it was ever yes')


def _adder(actions: Any) -> Callable[..., argparse.ArgumentParser]:
    """Return a function that adds an action with the arguments that all have."""

    def add(
        name: str, run: Callable[[argparse.Namespace], int], text: str, who: bool = False
    ) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + '.', epilog=ABOUT
        )
        if who:
            parser.add_argument('who', metavar='WHO', help='name or id')
        parser.add_argument(
            '--file', metavar='F', help='the memory; default ~/.local/share/robochat/people.sqlite'
        )
        parser.add_argument('--key-file', metavar='F', help='file of the key that it is sealed by')
        parser.add_argument('--json', action='store_true', help='print one JSON object')
        parser.set_defaults(run=run)
        return parser

    return add


# --------------------------------------------------------------------------- actions
def _list(args: argparse.Namespace) -> int:
    """Print everybody, the one seen last first."""
    people = sorted(_read(args).values(), key=lambda r: r.last_seen_sec, reverse=True)
    if args.json:
        tree = [{'who': r.key, 'name': r.name, **_times(r)} for r in people]
        return _print(json.dumps({'file': str(_path(args)), 'people': tree}, ensure_ascii=False))
    if not people:
        return _print(f'nobody is remembered in {_path(args)}')
    rows = [TABLE.format('who', 'name', 'last seen', 'last greeted', 'may be exported')]
    rows += [TABLE.format(*map(_plain, _row(record))) for record in people]
    return _print('\n'.join(rows))


def _row(record: PersonRecord) -> tuple[str, ...]:
    seen, greeted = _local(record.last_seen_sec), _local(record.greeted_sec)
    return record.key, record.name or '-', seen, greeted, 'yes' if record.may_export else 'no'


def _show(args: argparse.Namespace) -> int:
    """Print one person in words."""
    record = _found(_read(args), args.who)
    if args.json:
        return _export(args)
    return _print('\n'.join(f'{name + ":":<18} {_plain(text)}' for name, text in _told(record)))


def _export(args: argparse.Namespace) -> int:
    """Print one person as JSON."""
    record = _found(_read(args), args.who)
    tree = {'format': EXPORT_FORMAT, **asdict(record), 'times': _times(record)}
    return _print(json.dumps(tree, ensure_ascii=False, indent=2))


def _forget(args: argparse.Namespace) -> int:
    """Erase one person or everybody, and what they left in the file and its log."""
    from robochat.memory.store import set_aside_before

    path, keys = _path(args), []
    if path.exists():
        with closing(_open(args)) as store:
            people = store.load()
            keys = list(people) if args.all else [_found(people, args.who).key]
            if args.all:
                store.clear()
            _write(store, dict.fromkeys(keys))
            store.erase_traces()
    elif not args.all:
        _found({}, args.who)
    left = [str(one) for one in set_aside_before(path)]
    if args.json:
        return _print(json.dumps({'forgotten': keys, 'set_aside': left}, ensure_ascii=False))
    _print(f'{len(keys)} forgotten')
    for one in left:
        _print(f'{one} was set aside as damaged and may still hold people; delete it by hand')
    return 0


def _consent(args: argparse.Namespace) -> int:
    """Note the answer of one person."""
    record = _found(_read(args), args.who)
    agreed = args.answer == 'yes'
    with closing(_open(args)) as store:
        store.load()
        _write(store, {record.key: replace(record, may_export=agreed)})
    if args.json:
        return _print(json.dumps({'who': record.key, 'may_export': agreed}, ensure_ascii=False))
    return _print(f'{_plain(record.key)}: dialogues {"may" if agreed else "must not"} be kept')


# --------------------------------------------------------------------------- the file
def _path(args: argparse.Namespace) -> Path:
    from robochat.memory.people import memory_file

    return memory_file(args.file or '')


def _open(args: argparse.Namespace) -> Store:
    from robochat.memory.crypto import read_key
    from robochat.memory.store import Store

    return Store(_path(args), read_key(args.key_file or ''), may_seal=False)


def _read(args: argparse.Namespace) -> Mapping[str, PersonRecord]:
    """Read everybody; a file that doesn't exist has nobody in it, and isn't made."""
    if not _path(args).exists():
        return {}
    with closing(_open(args)) as store:
        people = store.load()
        if store.unreadable:
            sys.stderr.write(f"robochat: {store.unreadable} records can't be read\n")
        return people


def _write(store: Store, changes: Mapping[str, PersonRecord | None]) -> None:
    """Write, also where the robot wrote in the meantime: the wish of a person at hand counts."""
    while not store.write(changes):
        store.accept_changes()


def _found(people: Mapping[str, PersonRecord], who: str) -> PersonRecord:
    """Find one person by name, id or key; raises UnknownPersonError."""
    wanted = ' '.join(who.split()).casefold()
    exact = [r for r in people.values() if r.key == who]
    found = exact or [
        r
        for r in people.values()
        if wanted in (r.name.casefold(), r.key.casefold(), r.key.partition(':')[2].casefold())
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownPersonError(
            f'{who}: nobody of that name or id is remembered; `robochat memory list` says who is'
        )
    keys = ', '.join(r.key for r in found)
    raise UnknownPersonError(f'{who}: {len(found)} people go by that; name one of {keys}')


# --------------------------------------------------------------------------- words
def _told(record: PersonRecord) -> Iterator[tuple[str, str]]:
    """Say line by line what is remembered."""
    yield 'who', record.key
    yield 'name', record.name or '-'
    yield 'first seen', _local(record.first_seen_sec)
    yield 'last seen', _local(record.last_seen_sec)
    yield 'last greeted', _local(record.greeted_sec)
    yield 'not to disturb', f'until {_local(record.hushed_until_sec)}'
    yield 'not to be told', ', '.join(record.not_to_tell) or '-'
    yield 'spoken of', ', '.join(f'{t} ({_local(sec)})' for t, sec in record.topics) or '-'
    yield 'preferences', ', '.join(f'{k}: {v}' for k, v in record.preferences) or '-'
    yield 'openings', f'{len(record.openings)} hashes'
    yield 'may be exported', {True: 'yes', False: 'no', None: 'no, never asked'}[record.may_export]


def _times(record: PersonRecord) -> dict[str, str | None]:
    """Write the times of a record in UTC."""
    return {
        'first_seen': _utc(record.first_seen_sec),
        'last_seen': _utc(record.last_seen_sec),
        'last_greeted': _utc(record.greeted_sec),
        'hushed_until': _utc(record.hushed_until_sec),
    }


def _utc(sec: float | None) -> str | None:
    return None if sec is None else time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(sec))


def _local(sec: float | None) -> str:
    return '-' if sec is None else time.strftime('%Y-%m-%d %H:%M', time.localtime(sec))


def _plain(text: str) -> str:
    """Leave out what a terminal would obey."""
    return ''.join(c if c.isprintable() else '?' for c in text)


def _print(text: str) -> int:
    sys.stdout.write(text.encode(errors='replace').decode() + '\n')
    return 0
