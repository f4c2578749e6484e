"""Brings what is remembered to disk, in a thread of its own, and never in the way.

Flow: `save` leaves a change in the box; the thread writes all that is there as one transaction.
A later change of the same person takes the place of an earlier one that still waits. When another
program changed the file (`robochat memory forget`), the thread tells the ledger.

Threads: `save`, `flush`, `status` and `warnings` are called from anywhere and never touch the
disk; `open` is called once, before `start`. The ledger is called from the keeper's thread, which
then holds no lock of its own.

Safety: when the file can't be written the memory goes on in RAM, warns once, counts, and tries
again every half minute. A damaged file is set aside, never deleted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
import threading
from typing import Protocol

from robochat.memory.crypto import MemoryKeyError
from robochat.memory.record import PersonRecord
from robochat.memory.store import DamagedFileError, MemoryStoreError, set_aside, Store

LOOK_SEC = 2.0
RETRY_SEC = 30.0
MAX_WAITING = 4000
MAX_WARNINGS = 20


class Ledger(Protocol):
    """Whose records are kept."""

    def found(self, people: Mapping[str, PersonRecord], gone: Collection[str]) -> None:
        """Take what is on disk, and who was there and is no more."""

    def everybody(self) -> Mapping[str, PersonRecord]:
        """Return all records."""

    def housekeeping(self) -> None:
        """Do what is due from time to time."""


@dataclass(frozen=True)
class KeeperStatus:
    """How keeping goes: changes that wait, changes dropped, failures so far, the present one."""

    waiting: int = 0
    dropped: int = 0
    faults: int = 0
    problem: str = ''


class Keeper:
    """Owns the file from `open` to `close`; the file is made when there is something to keep."""

    def __init__(self, path: Path, key: str, ledger: Ledger, retry_sec: float = RETRY_SEC) -> None:
        self._path, self._key, self._ledger, self._retry_sec = path, key, ledger, retry_sec
        self._store: Store | None = None
        self._on_disk: set[str] = set()
        self._fresh = threading.Condition()
        self._waiting: dict[str, PersonRecord | None] = {}
        self._warnings: deque[str] = deque(maxlen=MAX_WARNINGS)
        self._hurry = self._stopping = False
        self._attempts = self._faults = self._dropped = 0
        self._problem = ''
        self._thread = threading.Thread(target=self._run, name='memory', daemon=True)

    def open(self) -> None:
        """Read the file; raises MemoryKeyError, while other faults only leave a warning."""
        self._attempt(at_start=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    # ------------------------------------------------------------------ from anywhere
    def save(self, key: str, record: PersonRecord | None) -> None:
        """Leave a change for the thread, None to forget; too many that wait are counted."""
        with self._fresh:
            if self._stopping or (key not in self._waiting and len(self._waiting) >= MAX_WAITING):
                self._dropped += 1
                return
            self._waiting[key] = record
            self._fresh.notify_all()

    def waits(self, key: str) -> bool:
        """Tell whether a change of this person isn't on disk yet."""
        with self._fresh:
            return key in self._waiting

    def drop(self, key: str) -> None:
        """Take a change back that isn't on disk yet."""
        with self._fresh:
            self._waiting.pop(key, None)

    def flush(self, timeout_sec: float) -> bool:
        """Wait until everything saved so far is on disk; false when it isn't."""
        with self._fresh:
            # One attempt may be under way that began before the last change.
            enough = self._attempts + 2
            self._hurry = True
            self._fresh.notify_all()
            self._fresh.wait_for(
                lambda: not self._waiting or self._attempts >= enough, timeout_sec
            )
            return not self._waiting

    def status(self) -> KeeperStatus:
        """Tell how keeping goes."""
        with self._fresh:
            return KeeperStatus(len(self._waiting), self._dropped, self._faults, self._problem)

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings since the last call, for the log."""
        with self._fresh:
            news = tuple(self._warnings)
            self._warnings.clear()
        return news

    def close(self, timeout_sec: float) -> bool:
        """Write what waits and let the file go; true when all of it is on disk."""
        with self._fresh:
            self._stopping = True
            self._fresh.notify_all()
        self._thread.join(timeout_sec)
        return not self._thread.is_alive() and not self._waiting

    # ------------------------------------------------------------------ the thread
    def _run(self) -> None:
        """Attempt until told to stop and nothing is left to write, or it can't be written."""
        while True:
            self._attempt()
            with self._fresh:
                if self._stopping and (not self._waiting or self._problem):
                    break
                pause_sec = self._retry_sec if self._problem else LOOK_SEC
                self._fresh.wait_for(self._is_wanted, pause_sec)
                self._hurry = False
        self._let_go()

    def _is_wanted(self) -> bool:
        """Tell whether to go on at once."""
        return self._stopping or self._hurry or bool(self._waiting and not self._problem)

    def _attempt(self, at_start: bool = False) -> None:
        """Bring file and ledger together; what goes wrong is counted and told once."""
        problem = ''
        try:
            self._ledger.housekeeping()
            self._bring()
        except DamagedFileError as error:
            problem = self._replace_damaged(error)
        except (MemoryStoreError, MemoryKeyError) as error:
            if at_start and isinstance(error, MemoryKeyError):
                raise
            problem = str(error)
        except Exception as error:  # the edge of the thread: a mistake here must not end it
            problem = f'{self._path}: {type(error).__name__}: {error}'
        if problem:
            self._let_go()
        with self._fresh:
            self._attempts += 1
            self._note(problem)
            self._fresh.notify_all()

    def _note(self, problem: str) -> None:
        """Remember the problem; the first of a row becomes a warning."""
        if problem:
            self._faults += 1
            if not self._problem:
                self._warnings.append(f'people are remembered in RAM only: {problem}')
        self._problem = problem

    def _bring(self) -> None:
        """Read what others changed, write what waits."""
        if self._store is not None and self._store.changed_outside():
            self._let_go()
        if self._store is None:
            if not (self._path.exists() or self._waiting or self._on_disk):
                return
            self._store = Store(self._path, self._key)
            self._read(self._store)
        self._write(self._store)

    def _read(self, store: Store) -> None:
        people = store.load()
        if store.unreadable:
            with self._fresh:
                self._warnings.append(f"{self._path}: {store.unreadable} records can't be read")
        gone, self._on_disk = self._on_disk - people.keys(), set(people)
        self._ledger.found(people, gone)

    def _write(self, store: Store) -> None:
        """Write what waits now; what is changed meanwhile goes on waiting."""
        with self._fresh:
            batch = dict(self._waiting)
        if not batch:
            return
        if not store.write(batch):
            self._let_go()  # the next attempt, which follows at once, reads first
            return
        self._on_disk = (self._on_disk | batch.keys()) - {k for k, r in batch.items() if r is None}
        if None in batch.values():
            store.erase_traces()
        with self._fresh:
            for key, record in batch.items():
                if key in self._waiting and self._waiting[key] is record:
                    del self._waiting[key]

    def _replace_damaged(self, error: DamagedFileError) -> str:
        """Set the file aside and keep everybody that is known in a new one."""
        self._let_go()
        try:
            aside = set_aside(self._path)
        except OSError as why:
            return f"{error}; it can't be set aside: {why}"
        self._on_disk = set()
        people = self._ledger.everybody()
        with self._fresh:
            self._faults += 1
            self._warnings.append(f'{error}; it was set aside as {aside}, and a new one begins')
            self._waiting = {**people, **self._waiting}
        return ''

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
