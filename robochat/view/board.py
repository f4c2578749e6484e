"""What the page shows: the newest of each kind, and short histories of what was decided and said.

Flow: `note` takes one message as a dict; every open Reader gets what is new since it last took.
Each item has a key, and only the newest item of a key is kept, so a slow reader skips what it
missed instead of queueing it. One that falls too far behind is cut off and starts afresh.

Threads: anybody may call anything; one condition guards it all, and nobody waits but readers.

*Safety*: texts and lists are cut to bearable lengths. What is in them is shown as text, never as
markup; see `page.html`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
import json
import threading
from typing import Any, TypeAlias

Fields: TypeAlias = 'Mapping[str, Any]'
Item: TypeAlias = 'dict[str, Any]'
Keyed: TypeAlias = 'tuple[str, Item]'

MAX_TEXT = 1000
MAX_ITEMS = 100
MAX_READERS = 8
MAX_PENDING = 600
DECISIONS, DIALOGUE, PLANS = 150, 100, 4
# Kinds of which only the newest counts, and those of them that come many times in a second.
NEWEST = ('world', 'emotions', 'scene', 'turn', 'diagnostics')
FREQUENT = ('world', 'emotions', 'scene')
TALK = ('utterance', 'speech', 'refusal')


class CrowdError(RuntimeError):
    """Too many pages are open."""


class OverrunError(RuntimeError):
    """A reader has not taken its news for too long."""


class Board:
    """Keeps what the page shows, and hands out news."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers: set[Reader] = set()
        self._newest: dict[str, str] = {}
        self._decisions = _History('decision', DECISIONS)
        self._dialogue = _History('dialogue', DIALOGUE)
        self._plans = _History('plan', PLANS)
        self._places: dict[str, Callable[[Item], list[Keyed]]] = {
            **dict.fromkeys(NEWEST, lambda item: [(item['kind'], item)]),
            **dict.fromkeys(TALK, self._talk),
            'decision': self._decide,
            'plan': self._plan,
            'plan_status': self._plan_status,
            'hush': self._hush,
            'feedback': self._feedback,
        }

    def wants(self, kind: str) -> bool:
        """Tell whether a message of this kind is worth reading: while nobody looks, few are."""
        return kind not in FREQUENT or bool(self._readers)

    def note(self, kind: str, fields: Fields, now_sec: float) -> None:
        """Take a message; `now_sec` is seconds since the epoch. Unknown kinds are ignored."""
        item: Item = {'kind': kind, 't': round(now_sec, 3), **bounded(dict(fields))}
        with self._changed:
            for key, changed in self._places.get(kind, _nowhere)(item):
                self._hand_out(key, changed)

    def knows(self, name: str) -> bool:
        """Tell whether this is the id of an utterance or plan that is shown."""
        with self._changed:
            shown = [*self._dialogue.items(), *self._plans.items()]
            return any(item.get('id') == name for item in shown)

    def open(self) -> Reader:
        """Begin to read, with all there is as the first news; raises CrowdError."""
        with self._changed:
            if len(self._readers) >= MAX_READERS:
                raise CrowdError(f'{MAX_READERS} pages are open already: close one of them')
            reader = Reader(self._changed, self._readers.discard, self._everything())
            self._readers.add(reader)
            return reader

    def _everything(self) -> dict[str, str]:
        """What a new reader has to know."""
        histories = (self._decisions, self._dialogue, self._plans)
        told = {key: _json(key, item) for h in histories for key, item in h.keyed()}
        return {**self._newest, **told}

    # ------------------------------------------------------------------ where items belong
    def _talk(self, item: Item) -> list[Keyed]:
        return [self._dialogue.add(item)]

    def _decide(self, item: Item) -> list[Keyed]:
        """Add a decision; a silence that goes on for the same reason prolongs the last entry."""
        last = self._decisions.last()
        if last is not None and _same_silence(last, item):
            prolonged = {'t': last['t'], 'until': item['t'], 'times': last['times'] + 1}
            return [self._decisions.replace_last({**item, **prolonged})]
        return [self._decisions.add({**item, 'until': item['t'], 'times': 1})]

    def _plan(self, item: Item) -> list[Keyed]:
        """Add a plan, or put it in the place of its earlier version."""
        last = self._plans.last()
        if last is not None and last.get('id') == item.get('id'):
            return [self._plans.replace_last(item)]
        return [self._plans.add(item)]

    def _plan_status(self, item: Item) -> list[Keyed]:
        return self._plans.update('id', item.get('plan_id'), {'progress': item})

    def _hush(self, item: Item) -> list[Keyed]:
        return self._dialogue.update('id', item.get('utterance'), {'hushed': True})

    def _feedback(self, item: Item) -> list[Keyed]:
        name, rating = item.get('id'), {'rating': item.get('rating')}
        of_words = self._dialogue.update('id', name, rating)
        return of_words + self._plans.update('id', name, rating)

    def _hand_out(self, key: str, item: Item) -> None:
        """Give an item to every reader."""
        text = _json(key, item)
        if item['kind'] in NEWEST:
            self._newest[key] = text
        for reader in self._readers:
            reader.give(key, text)
        self._changed.notify_all()


class Reader:
    """One page's news, taken by its connection; `close` it in the end."""

    def __init__(
        self,
        changed: threading.Condition,
        leave: Callable[[Reader], None],
        pending: dict[str, str],
    ) -> None:
        self._changed = changed
        self._leave = leave
        self._pending = pending
        self._overrun = False

    def give(self, key: str, text: str) -> None:
        """Leave news; the caller holds the condition."""
        self._overrun = self._overrun or len(self._pending) >= MAX_PENDING
        if not self._overrun:
            self._pending[key] = text

    def take(self, timeout_sec: float) -> tuple[str, ...]:
        """Wait for news and take them, as JSON; none when the time is up. Raises OverrunError."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._overrun, timeout_sec)
            if self._overrun:
                raise OverrunError(f'more than {MAX_PENDING} items were not taken')
            taken, self._pending = tuple(self._pending.values()), {}
            return taken

    def close(self) -> None:
        """Stop reading."""
        with self._changed:
            self._leave(self)


class _History:
    """The last items of one kind, numbered; the oldest give way."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._count = 0
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def add(self, item: Item) -> Keyed:
        """Append an item under a new key."""
        self._count += 1
        key = f'{self._name}/{self._count}'
        self._kept[key] = item
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return key, item

    def last(self) -> Item | None:
        """The newest item."""
        return next(reversed(self._kept.values()), None)

    def replace_last(self, item: Item) -> Keyed:
        """Put an item in the place of the newest."""
        key = next(reversed(self._kept))
        self._kept[key] = item
        return key, item

    def update(self, field: str, value: Any, news: Fields) -> list[Keyed]:
        """Change the items whose field has this value."""
        found = [key for key, item in self._kept.items() if value and item.get(field) == value]
        for key in found:
            self._kept[key] = {**self._kept[key], **news}
        return [(key, self._kept[key]) for key in found]

    def items(self) -> list[Item]:
        """All items, oldest first."""
        return list(self._kept.values())

    def keyed(self) -> list[Keyed]:
        """All items with their keys, oldest first."""
        return list(self._kept.items())


def _nowhere(item: Item) -> list[Keyed]:
    """Leave an item of an unknown kind out."""
    return []


def _same_silence(last: Fields, new: Fields) -> bool:
    """Tell whether a silence goes on for a reason that differs at most in its numbers."""
    if last.get('speak') or new.get('speak'):
        return False
    return _wordless(last.get('reason')) == _wordless(new.get('reason'))


def _wordless(reason: Any) -> str:
    """A reason without its numbers."""
    return ''.join(c for c in str(reason) if not c.isdigit() and c != '.')


def bounded(value: Any) -> Any:
    """Cut long texts and lists, inside of others too."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + '…'
    if isinstance(value, Mapping):
        return {str(name): bounded(v) for name, v in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, list | tuple):
        return [bounded(v) for v in value[:MAX_ITEMS]]
    return value


def _json(key: str, item: Fields) -> str:
    """Write an item as one line; numbers that JSON lacks must have become null before."""
    return json.dumps({'key': key, **item}, allow_nan=False)
