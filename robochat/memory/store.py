"""One SQLite file with a row for each person.

Flow: `Store` opens and, where needed, makes, upgrades or seals the file; `load` reads everybody;
`write` brings changes in as one transaction; `erase_traces` wipes what deleted rows left behind.

Threads: not safe by itself; the keeper's thread is the only one that uses it.

Safety: write-ahead log with `synchronous = FULL`: what `write` returned from is on disk, and a
kill, a power cut or a full disk leaves the state before or after a transaction, never between.
Deleted bytes are overwritten (`secure_delete`). Only the owner may read the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from pathlib import Path
import sqlite3

from robochat.memory.crypto import Cipher, MemoryKeyError, Plain, SALT_BYTES, Sealed
from robochat.memory.record import PersonRecord

BUSY_SEC = 1.0
APPLICATION_ID = 0x726F6263
# What brings a file from version n to n + 1; never change one that was released, add one.
MIGRATIONS = (
    (
        'CREATE TABLE people (row TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID',
        'CREATE TABLE seal (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID',
    ),
)
PROOF = 'robochat people'
REMEDIES = (
    ('locked', 'another program holds it; end that one'),
    ('full', 'free some space on its disk'),
    ('disk i/o', 'free some space on its disk, or check the disk'),
    ('readonly', 'allow robochat to write there'),
    ('unable to open', 'memory.file must name a file in a folder that robochat may write to'),
)
DAMAGES = ('malformed', 'not a database', 'file is encrypted')


class MemoryStoreError(RuntimeError):
    """The file can't be opened, read or written now; it may be possible later."""


class DamagedFileError(MemoryStoreError):
    """The file is no database any more."""


class Store:
    """An open file; `key` seals and opens it.

    `may_seal` lets a file without a key be sealed with the one that is given. Raises
    MemoryKeyError for a wrong or missing key, DamagedFileError, and else MemoryStoreError.
    """

    def __init__(self, path: Path, key: str = '', may_seal: bool = True) -> None:
        self.path = path
        self.unreadable = 0
        with self._guarded('opening'):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._inode = path.stat().st_ino
            self._db = sqlite3.connect(
                path, timeout=BUSY_SEC, isolation_level=None, check_same_thread=False
            )
        try:
            with self._guarded('opening'):
                self._prepare()
                self._cipher = self._unlock(key, may_seal)
                self._version = self._pragma('data_version')
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------ read and write
    def load(self) -> dict[str, PersonRecord]:
        """Read everybody, by key; a record that can't be read stays there and is counted."""
        self.unreadable = 0
        found: dict[str, PersonRecord] = {}
        with self._guarded('reading'):
            rows = self._db.execute('SELECT row, record FROM people').fetchall()
        for row, sealed in rows:
            try:
                record = PersonRecord.from_json(self._cipher.open(sealed, row))
            except (ValueError, TypeError, AttributeError):  # RecordError is a ValueError
                self.unreadable += 1
                continue
            found[record.key] = record
        return found

    def write(self, changes: Mapping[str, PersonRecord | None]) -> bool:
        """Save or, for None, delete people, all or nothing; on return it is on disk.

        False, and nothing is written, when another program has written since the file was opened.
        """
        with self._guarded('writing'), self._transaction():
            if self._pragma('data_version') != self._version:
                return False
            for key, record in changes.items():
                self._put(key, record)
        return True

    def accept_changes(self) -> None:
        """Go on writing although another program has written too."""
        with self._guarded('reading'):
            self._version = self._pragma('data_version')

    def clear(self) -> None:
        """Delete everybody, unreadable records too."""
        with self._guarded('writing'), self._transaction():
            self._db.execute('DELETE FROM people')

    def erase_traces(self) -> None:
        """Wipe what deleted rows left in the file and in its log."""
        with self._guarded('erasing'):
            self._db.execute('VACUUM')
            [[busy, *_]] = self._db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
        if busy:
            raise MemoryStoreError(f'{self.path}: erasing failed: the log is in use; try again')

    def changed_outside(self) -> bool:
        """Tell whether another program has written since the file was opened, or removed it."""
        try:
            in_place = self.path.stat().st_ino == self._inode
        except OSError:
            in_place = False
        with self._guarded('reading'):
            return not in_place or self._pragma('data_version') != self._version

    def close(self) -> None:
        """Let the file go; what was written is safe already."""
        self._db.close()

    def _put(self, key: str, record: PersonRecord | None) -> None:
        row = self._cipher.row_of(key)
        if record is None:
            self._db.execute('DELETE FROM people WHERE row = ?', (row,))
        else:
            sealed = self._cipher.seal(record.as_json(), row)
            self._db.execute('INSERT OR REPLACE INTO people VALUES (?, ?)', (row, sealed))

    # ------------------------------------------------------------------ open
    def _prepare(self) -> None:
        """Check the file, choose the log, and bring the tables up to date."""
        for pragma in ('trusted_schema = OFF', 'cell_size_check = ON', 'secure_delete = ON'):
            self._db.execute(f'PRAGMA {pragma}')
        [[verdict, *_], *_] = self._db.execute('PRAGMA quick_check(1)').fetchall()
        if verdict != 'ok':
            raise DamagedFileError(f'{self.path}: is damaged: {verdict}')
        version, owner = self._pragma('user_version'), self._pragma('application_id')
        empty = not self._pragma('schema_version')
        if not empty and owner != APPLICATION_ID:
            raise MemoryStoreError(
                f'{self.path}: belongs to another program; memory.file must name a file of its own'
            )
        if version > len(MIGRATIONS):
            raise MemoryStoreError(
                f'{self.path}: has version {version}, of a newer robochat; this one reads up to '
                f'{len(MIGRATIONS)}: update robochat or name another file'
            )
        self._db.execute('PRAGMA journal_mode = WAL')
        self._db.execute('PRAGMA synchronous = FULL')
        if version < len(MIGRATIONS):
            self._upgrade()

    def _upgrade(self) -> None:
        """Run the missing migrations in one transaction; another program may have been faster."""
        with self._transaction():
            for step in MIGRATIONS[self._pragma('user_version') :]:
                for statement in step:
                    self._db.execute(statement)
            self._db.execute(f'PRAGMA application_id = {APPLICATION_ID}')
            self._db.execute(f'PRAGMA user_version = {len(MIGRATIONS)}')

    def _unlock(self, key: str, may_seal: bool) -> Cipher:
        """Choose the cipher that fits file and key."""
        seal = dict(self._db.execute('SELECT name, value FROM seal').fetchall())
        if not seal:
            return self._seal(key, may_seal) if key else Plain()
        if not key:
            raise MemoryKeyError(f'{self.path}: is sealed; name the file of its key')
        cipher = Sealed(key, seal['salt'])
        try:
            cipher.open(seal['proof'], PROOF)
        except ValueError as error:
            raise MemoryKeyError(
                f'{self.path}: the key does not open it; give the one that it was sealed with, '
                'or move the file away to begin a new one'
            ) from error
        return cipher

    def _seal(self, key: str, may_seal: bool) -> Cipher:
        """Seal a file that was plain until now."""
        if not may_seal:
            raise MemoryKeyError(f'{self.path}: is not sealed; leave the key out')
        self._cipher = Plain()
        people = self.load()
        salt = os.urandom(SALT_BYTES)
        self._cipher = cipher = Sealed(key, salt)
        with self._transaction():
            proof = cipher.seal(PROOF, PROOF)
            self._db.execute('DELETE FROM people')
            self._db.execute("INSERT INTO seal VALUES ('salt', ?), ('proof', ?)", (salt, proof))
            for name, record in people.items():
                self._put(name, record)
        if people:
            self.erase_traces()
        return cipher

    # ------------------------------------------------------------------ SQLite
    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f'PRAGMA {name}').fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what is done inside, or nothing of it."""
        self._db.execute('BEGIN IMMEDIATE')
        try:
            yield
            self._db.execute('COMMIT')
        except BaseException:
            if self._db.in_transaction:
                self._db.execute('ROLLBACK')
            raise

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        """Name errors of SQLite and the system by what they mean here."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            fact = f'{self.path}: {doing} failed: {error}'
            said = str(error).lower()
            if any(word in said for word in DAMAGES):
                raise DamagedFileError(fact) from error
            remedy = next((remedy for word, remedy in REMEDIES if word in said), '')
            raise MemoryStoreError(f'{fact}; {remedy}' if remedy else fact) from error


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its log, so that a new one can begin; returns the new name."""
    for number in range(1, 10_000):
        aside = path.with_name(f'{path.name}.damaged-{number}')
        if not aside.exists():
            break
    for ending in ('-wal', '-shm', ''):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def set_aside_before(path: Path) -> list[Path]:
    """Return the files that were set aside before, and may still hold what is remembered."""
    return sorted(path.parent.glob(f'{path.name}.damaged-*'))
