"""One remembered person: what is kept, how much of it at most, and its form in JSON.

Units: times are seconds since 1970; `day` is a local calendar day such as `2026-11-28`. Openings
are kept as hashes, topics without detail (`mood`, not `mood:sad`), and never a face.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
import hashlib
import json
import time
from typing import Any

from robochat.memory.durable import MAX_ID_CHARS, MAX_NAME_CHARS

MAX_OPENINGS = 64
MAX_TOPICS = 32
MAX_NOT_TO_TELL = 32
MAX_PREFERENCES = 32
MAX_WORD_CHARS = 80
MAX_VALUE_CHARS = 200
MAX_KEY_CHARS = MAX_ID_CHARS + 10
MAX_HUSH_SEC = 7 * 86400.0
DAY_CHARS = 10
LATEST_SEC = 1e11


class RecordError(ValueError):
    """A stored record can't be read."""


@dataclass(frozen=True)
class PersonRecord:
    """What is remembered of one person; `may_export` is None until they were asked."""

    key: str
    name: str = ''
    first_seen_sec: float = 0.0
    last_seen_sec: float = 0.0
    greeted_sec: float | None = None
    openings: tuple[tuple[str, str], ...] = ()
    topics: tuple[tuple[str, float], ...] = ()
    not_to_tell: tuple[str, ...] = ()
    hushed_until_sec: float | None = None
    preferences: tuple[tuple[str, str], ...] = ()
    may_export: bool | None = None

    # ------------------------------------------------------------------ what happens
    def seen(self, now_sec: float) -> PersonRecord:
        """Note that the person was seen."""
        first_sec = self.first_seen_sec or now_sec
        return replace(self, first_seen_sec=first_sec, last_seen_sec=now_sec)

    def opened(self, text: str, day: str) -> PersonRecord:
        """Note an opening as a hash; those of earlier days are of no use any more."""
        today = [pair for pair in self.openings if pair[0] == day]
        return replace(self, openings=_newest([*today, (day, hash_of(text))], MAX_OPENINGS))

    def spoke_of(self, topic: str, now_sec: float) -> PersonRecord:
        """Note that the robot opened on a topic."""
        known = [pair for pair in self.topics if pair[0] != topic]
        return replace(self, topics=_newest([*known, (topic, now_sec)], MAX_TOPICS))

    def untold(self, before: PersonRecord) -> PersonRecord:
        """Take back what was told since `before`."""
        greeted_sec, openings, topics = before.greeted_sec, before.openings, before.topics
        return replace(self, greeted_sec=greeted_sec, openings=openings, topics=topics)

    def will_not_hear(self, topic: str) -> PersonRecord:
        """Note what the person asked not to be told."""
        topic = topic[:MAX_WORD_CHARS]
        known = [one for one in self.not_to_tell if one != topic]
        return replace(self, not_to_tell=_newest([*known, topic], MAX_NOT_TO_TELL))

    def prefers(self, key: str, value: str) -> PersonRecord:
        """Note a preference; an empty value takes it back."""
        key, value = key[:MAX_WORD_CHARS], value[:MAX_VALUE_CHARS]
        known = [pair for pair in self.preferences if pair[0] != key]
        new = [(key, value)] if value else []
        return replace(self, preferences=_newest([*known, *new], MAX_PREFERENCES))

    # ------------------------------------------------------------------ questions
    def was_opened(self, text: str, day: str) -> bool:
        """Tell whether these words were an opening on this day."""
        return (day, hash_of(text)) in self.openings

    @property
    def has_wishes(self) -> bool:
        """Whether the person gave more than their presence."""
        return bool(self.name or self.not_to_tell or self.preferences or self.may_export)

    def joined(self, older: PersonRecord) -> PersonRecord:
        """Join with an older record of the same person; where both can't be true, this one is."""
        return replace(
            self,
            name=self.name or older.name,
            first_seen_sec=min(self.first_seen_sec, older.first_seen_sec or self.first_seen_sec),
            last_seen_sec=max(self.last_seen_sec, older.last_seen_sec),
            greeted_sec=_later(self.greeted_sec, older.greeted_sec),
            openings=_newest(_united(older.openings, self.openings), MAX_OPENINGS),
            topics=_newest(_latest(older.topics, self.topics), MAX_TOPICS),
            not_to_tell=_newest(_united(older.not_to_tell, self.not_to_tell), MAX_NOT_TO_TELL),
            hushed_until_sec=_later(self.hushed_until_sec, older.hushed_until_sec),
            preferences=_newest(
                {**dict(older.preferences), **dict(self.preferences)}.items(), MAX_PREFERENCES
            ),
            may_export=older.may_export if self.may_export is None else self.may_export,
        )

    def not_after(self, now_sec: float) -> PersonRecord:
        """Bring times that a wrong clock wrote back to now, so that they expire as promised."""
        hushed_sec, at_most_sec = self.hushed_until_sec, now_sec + MAX_HUSH_SEC
        return replace(
            self,
            first_seen_sec=min(self.first_seen_sec, now_sec),
            last_seen_sec=min(self.last_seen_sec, now_sec),
            greeted_sec=None if self.greeted_sec is None else min(self.greeted_sec, now_sec),
            topics=tuple((topic, min(sec, now_sec)) for topic, sec in self.topics),
            hushed_until_sec=None if hushed_sec is None else min(hushed_sec, at_most_sec),
        )

    # ------------------------------------------------------------------ JSON
    def as_json(self) -> str:
        """Write the record on one line."""
        return json.dumps(asdict(self), separators=(',', ':'))

    @classmethod
    def from_json(cls, text: str) -> PersonRecord:
        """Read a record, cut to its bounds; raises RecordError.

        Fields that a newer version added are ignored.
        """
        try:
            tree = json.loads(text)
            known = {f.name: tree[f.name] for f in fields(cls) if f.name in tree}
            return _checked(cls(**known))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RecordError(f"a record can't be read: {type(error).__name__}") from error


def day_of(sec: float) -> str:
    """Return the local calendar day of seconds since 1970."""
    return time.strftime('%Y-%m-%d', time.localtime(sec))


def hash_of(text: str) -> str:
    """Hash words without case, blanks and signs."""
    letters = ''.join(c for c in text.casefold() if c.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()[:32]


def _checked(raw: PersonRecord) -> PersonRecord:
    """Give every field its type and its bound; raises what a wrong one raises."""
    if not isinstance(raw.key, str) or not raw.key:
        raise ValueError('a record needs a key')
    return PersonRecord(
        key=raw.key[:MAX_KEY_CHARS],
        name=str(raw.name)[:MAX_NAME_CHARS],
        first_seen_sec=_time(raw.first_seen_sec),
        last_seen_sec=_time(raw.last_seen_sec),
        greeted_sec=_time_or_none(raw.greeted_sec),
        openings=_newest(((str(d)[:DAY_CHARS], str(h)) for d, h in raw.openings), MAX_OPENINGS),
        topics=_newest(((str(t)[:MAX_WORD_CHARS], _time(s)) for t, s in raw.topics), MAX_TOPICS),
        not_to_tell=_newest((str(t)[:MAX_WORD_CHARS] for t in raw.not_to_tell), MAX_NOT_TO_TELL),
        hushed_until_sec=_time_or_none(raw.hushed_until_sec),
        preferences=_newest(
            ((str(k)[:MAX_WORD_CHARS], str(v)[:MAX_VALUE_CHARS]) for k, v in raw.preferences),
            MAX_PREFERENCES,
        ),
        may_export=None if raw.may_export is None else raw.may_export is True,
    )


def _time(value: Any) -> float:
    """Read a time; raises ValueError for one that no clock shows."""
    sec = float(value)
    if not 0 <= sec <= LATEST_SEC:
        raise ValueError(f'{sec} is no time')
    return sec


def _time_or_none(value: Any) -> float | None:
    return None if value is None else _time(value)


def _later(one: float | None, other: float | None) -> float | None:
    """Return the later of two times that may be unknown."""
    return max((sec for sec in (one, other) if sec is not None), default=None)


def _newest(items: Iterable[Any], most: int) -> tuple[Any, ...]:
    """Keep the last ones."""
    return tuple(items)[-most:]


def _united(older: Iterable[Any], newer: Iterable[Any]) -> list[Any]:
    """Both without repeats, the older first."""
    return list(dict.fromkeys([*older, *newer]))


def _latest(
    older: Iterable[tuple[str, float]], newer: Iterable[tuple[str, float]]
) -> list[tuple[str, float]]:
    """The latest time of each, in the order of time."""
    latest: dict[str, float] = {}
    for name, sec in (*older, *newer):
        latest[name] = max(sec, latest.get(name, sec))
    return sorted(latest.items(), key=lambda pair: pair[1])
