"""The people that are remembered: all records in RAM, a keeper that brings them to disk.

Flow: a note changes one record at once and leaves it to the keeper; a question is answered from
RAM. So nothing here waits for a disk, and what the disk can't take is remembered until the end of
the process.

Threads: safe from anywhere; one lock, held for microseconds.

Units: seconds since 1970, of `clock`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
import threading
import time

from robochat.memory.crypto import check_key, read_key
from robochat.memory.keeper import Keeper, KeeperStatus, RETRY_SEC
from robochat.memory.record import day_of, PersonRecord
from robochat.resources import data_folder
from robochat.settings import MemorySettings

MAX_PEOPLE = 1000
DAY_SEC = 86400.0
Change = Callable[[PersonRecord], PersonRecord]


def people_memory(settings: MemorySettings) -> PeopleMemory:
    """Open the memory that the settings describe; raises MemoryKeyError."""
    if not settings.enabled:
        return PeopleMemory()
    return PeopleMemory(
        memory_file(settings.file),
        read_key(settings.key_file),
        retention_days=settings.retention_days,
    )


def memory_file(name: str) -> Path:
    """Return the file that a setting names, or the usual one for an empty name."""
    return Path(name).expanduser() if name else data_folder() / 'people.sqlite'


class PeopleMemory:
    """Remembers people by key (`robochat.memory.durable.key_of`).

    An empty `path` keeps all in RAM. `key` seals the file. People unseen for `retention_days` are
    forgotten; so are those unseen longest where there are more than `most`. Raises MemoryKeyError
    when the key can't be used or doesn't open the file; every other fault of the file leaves a
    warning and a memory in RAM.
    """

    def __init__(  # noqa: PLR0913  one keyword for each thing that an integrator may choose
        self,
        path: str | Path = '',
        key: str = '',
        *,
        retention_days: float = 90.0,
        clock: Callable[[], float] = time.time,
        most: int = MAX_PEOPLE,
        retry_sec: float = RETRY_SEC,
    ) -> None:
        if key:
            check_key(key)
        self.clock = clock
        self._retention_sec = retention_days * DAY_SEC
        self._most = most
        self._people: dict[str, PersonRecord] = {}
        self._lock = threading.RLock()
        self._tidied_sec = clock()
        self._keeper: Keeper | None = None
        if str(path):
            self._keeper = Keeper(Path(path).expanduser(), key, self, retry_sec)
            self._keeper.open()
            self._keeper.start()

    # ------------------------------------------------------------------ questions
    def get(self, key: str) -> PersonRecord | None:
        """Return what is remembered of one person."""
        with self._lock:
            return self._people.get(key)

    def everybody(self) -> dict[str, PersonRecord]:
        """Return all records by key, who was seen last comes last."""
        with self._lock:
            return dict(sorted(self._people.items(), key=lambda item: item[1].last_seen_sec))

    def may_export(self, key: str) -> bool:
        """Tell whether a person agreed that dialogues with them are exported; no by default."""
        record = self.get(key)
        return record is not None and record.may_export is True

    # ------------------------------------------------------------------ notes
    def note(self, key: str, *changes: Change) -> PersonRecord:
        """Apply changes to the record of a person, which is made if need be; they are seen now."""
        now_sec = self.clock()
        with self._lock:
            self.housekeeping()
            record = self._people.get(key, PersonRecord(key))
            for change in changes:
                record = change(record)
            record = record.seen(now_sec)
            self._set(record)
            self._make_room()
        return record

    def named(self, key: str, name: str) -> None:
        """Note how someone wants to be called."""
        self.note(key, lambda record: replace(record, name=name))

    def greeted(self, key: str, at_sec: float) -> None:
        """Note a greeting, or other words that make one needless."""
        self.note(key, lambda record: replace(record, greeted_sec=at_sec))

    def opened(self, key: str, text: str, at_sec: float) -> None:
        """Note the words of an opening."""
        self.note(key, lambda record: record.opened(text, day_of(at_sec)))

    def topic(self, key: str, topic: str, at_sec: float) -> None:
        """Note that the robot opened on a topic."""
        self.note(key, lambda record: record.spoke_of(topic, at_sec))

    def not_to_tell(self, key: str, topic: str) -> None:
        """Note what someone asked not to be told."""
        self.note(key, lambda record: record.will_not_hear(topic))

    def hush(self, key: str, until_sec: float) -> None:
        """Note until when someone wants not to be disturbed."""
        self.note(key, lambda record: replace(record, hushed_until_sec=until_sec))

    def prefer(self, key: str, what: str, value: str) -> None:
        """Note a preference; an empty value takes it back."""
        self.note(key, lambda record: record.prefers(what, value))

    def consent(self, key: str, agreed: bool) -> None:
        """Note whether dialogues with someone may be exported."""
        self.note(key, lambda record: replace(record, may_export=agreed))

    def adopt(self, key: str, record: PersonRecord) -> None:
        """Join what is known of a visitor into the record that their name or id leads to."""
        self.note(key, lambda known: replace(record, key=key).joined(known))

    def forget(self, key: str | None = None) -> None:
        """Forget one person, or everybody, in RAM now and on disk soon."""
        with self._lock:
            for one in list(self._people) if key is None else [key]:
                self._drop(one)

    # ------------------------------------------------------------------ disk
    def flush(self, timeout_sec: float = 5.0) -> bool:
        """Wait until all notes so far are on disk; false when they aren't, or there is no file."""
        return self._keeper is not None and self._keeper.flush(timeout_sec)

    def status(self) -> KeeperStatus:
        """Tell how keeping goes."""
        return KeeperStatus() if self._keeper is None else self._keeper.status()

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings since the last call, for the log; they name no people."""
        return () if self._keeper is None else self._keeper.warnings()

    def report(self) -> tuple[tuple[str, str], ...]:
        """Return names and values for the diagnostics."""
        status = self.status()
        where = 'in RAM only' if self._keeper is None or status.problem else 'on disk'
        return (
            ('memory of people', where),
            ('people remembered', str(len(self._people))),
            ('memory: dropped', str(status.dropped)),
            ('memory: faults', str(status.faults)),
            ('memory: problem', status.problem or 'none'),
        )

    def close(self, timeout_sec: float = 1.0) -> bool:
        """Write what waits and let the file go; true when all of it is on disk."""
        return self._keeper is None or self._keeper.close(timeout_sec)

    # ------------------------------------------------------------------ called by the keeper
    def found(self, people: Mapping[str, PersonRecord], gone: Collection[str]) -> None:
        """Take what is on disk; who was erased there by another program is erased here too."""
        assert self._keeper is not None
        now_sec = self.clock()
        with self._lock:
            for key in gone:
                self._people.pop(key, None)
                self._keeper.drop(key)
            for key, stored in people.items():
                mine, waits = self._people.get(key), self._keeper.waits(key)
                if waits and mine is not None:
                    self._set(mine.joined(stored.not_after(now_sec)))
                elif not waits:
                    self._people[key] = stored.not_after(now_sec)
            self._forget_old()
            self._make_room()

    def housekeeping(self) -> None:
        """Once a day, forget those who were not seen for longer than the retention time."""
        with self._lock:
            if not 0 <= self.clock() - self._tidied_sec < DAY_SEC:
                self._forget_old()

    def _forget_old(self) -> None:
        self._tidied_sec = self.clock()
        oldest_sec = self._tidied_sec - self._retention_sec
        for key, record in list(self._people.items()):
            if record.last_seen_sec < oldest_sec:
                self._drop(key)

    def _make_room(self) -> None:
        """Forget who was unseen longest while there are too many, the mere ids first."""
        while len(self._people) > self._most:
            known = self._people.values()
            self._drop(min(known, key=lambda r: (r.has_wishes, r.last_seen_sec)).key)

    def _set(self, record: PersonRecord) -> None:
        self._people[record.key] = record
        if self._keeper is not None:
            self._keeper.save(record.key, record)

    def _drop(self, key: str) -> None:
        self._people.pop(key, None)
        if self._keeper is not None:
            self._keeper.save(key, None)
