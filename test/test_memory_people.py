"""What is remembered of people, on disk: bounds, retention, keys, faults, kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
import json
import os
from pathlib import Path
import sqlite3
import sys
import time

import pytest
from robochat.memory.crypto import MemoryKeyError
from robochat.memory.people import PeopleMemory
from robochat.memory.record import (
    MAX_OPENINGS,
    MAX_PREFERENCES,
    MAX_VALUE_CHARS,
    PersonRecord,
    RecordError,
)
from robochat.memory.store import MemoryStoreError, Store

NOW_SEC = 1_800_000_000.0
DAY_SEC = 86400.0
KEY = 'a long enough key'
ANNA, BEN = 'name:anna', 'id:ben_7'


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_sec = NOW_SEC

    def __call__(self) -> float:
        return self.now_sec


Open = Callable[..., PeopleMemory]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / 'deep' / 'people.sqlite'


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_memory(file: Path, clock: Clock) -> Iterator[Open]:
    """Give a function that opens the memory, and close what it opened."""
    opened: list[PeopleMemory] = []

    def start(**options: object) -> PeopleMemory:
        memory = PeopleMemory(file, **{'clock': clock, 'retry_sec': 0.05, **options})
        opened.append(memory)
        return memory

    yield start
    for memory in opened:
        memory.close()


def kept(memory: PeopleMemory) -> None:
    """Wait until all is on disk, and let the file go."""
    assert memory.flush()
    assert memory.close()


def until(done: Callable[[], object], timeout_sec: float = 8.0) -> bool:
    """Wait for something that another thread does."""
    end_sec = time.monotonic() + timeout_sec
    while not done() and time.monotonic() < end_sec:
        time.sleep(0.01)
    return bool(done())


def bytes_of(file: Path) -> bytes:
    """All bytes of the file and its log."""
    return b''.join(p.read_bytes() for p in file.parent.iterdir())


# --------------------------------------------------------------------------- remembers
def test_all_that_is_noted_is_there_after_a_restart(open_memory: Open) -> None:
    first = open_memory()
    first.named(ANNA, 'Anna')
    first.greeted(ANNA, NOW_SEC)
    first.opened(ANNA, 'Hello, Anna!', NOW_SEC)
    first.topic(ANNA, 'mood', NOW_SEC)
    first.not_to_tell(ANNA, 'weather')
    first.hush(ANNA, NOW_SEC + 900)
    first.prefer(ANNA, 'drink', 'tea')
    first.consent(ANNA, True)
    before = first.get(ANNA)
    kept(first)
    assert before is not None
    assert open_memory().get(ANNA) == before
    assert before.was_opened('hello anna', before.openings[0][0])
    assert not before.was_opened('Hello, Anna!', '2020-01-01')


def test_nothing_is_made_on_disk_before_there_is_someone_to_remember(
    open_memory: Open, file: Path
) -> None:
    assert open_memory().close()
    assert not file.parent.exists()


def test_only_the_owner_may_read_the_file(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert memory.flush()
    assert not any(p.stat().st_mode & 0o077 for p in (file.parent, *file.parent.iterdir()))


def test_without_a_path_there_is_no_thread_and_no_file() -> None:
    memory = PeopleMemory()
    memory.named(ANNA, 'Anna')
    assert memory.get(ANNA) is not None
    assert not memory.flush()
    assert memory.close()


def test_nobody_agreed_to_be_exported_until_they_did(open_memory: Open) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert not memory.may_export(ANNA)
    memory.consent(ANNA, True)
    assert memory.may_export(ANNA)
    memory.consent(ANNA, False)
    assert not memory.may_export(ANNA)
    assert not memory.may_export(BEN)


# --------------------------------------------------------------------------- bounds, retention
def test_a_record_stays_small_whatever_is_noted() -> None:
    record = PersonRecord(ANNA)
    for number in range(200):
        record = record.opened(f'hello {number}', '2026-11-28').prefers(f'k{number}', 'v' * 999)
        record = record.will_not_hear(f'topic {number} ' * 50).spoke_of(f't{number}', NOW_SEC)
    assert len(record.openings) == MAX_OPENINGS
    assert len(record.preferences) == MAX_PREFERENCES
    assert len(record.preferences[-1][1]) == MAX_VALUE_CHARS
    assert len(record.as_json()) < 30_000


def test_openings_of_another_day_are_not_kept() -> None:
    record = PersonRecord(ANNA).opened('hello', '2026-11-27').opened('good day', '2026-11-28')
    assert [day for day, _ in record.openings] == ['2026-11-28']


def test_who_was_not_seen_for_the_retention_time_is_forgotten_at_start(
    open_memory: Open, clock: Clock
) -> None:
    memory = open_memory(retention_days=30)
    memory.named(ANNA, 'Anna')
    clock.now_sec += 20 * DAY_SEC
    memory.named(BEN, 'Ben')
    kept(memory)
    clock.now_sec += 20 * DAY_SEC
    later = open_memory(retention_days=30)
    assert later.get(ANNA) is None
    kept(later)
    assert set(open_memory(retention_days=365).everybody()) == {BEN}


def test_and_every_day_while_it_runs(open_memory: Open, clock: Clock) -> None:
    memory = open_memory(retention_days=30)
    memory.named(ANNA, 'Anna')
    clock.now_sec += 31 * DAY_SEC
    memory.note(BEN)
    assert set(memory.everybody()) == {BEN}


def test_times_from_a_wrong_clock_do_not_keep_a_record_for_ever(
    open_memory: Open, clock: Clock
) -> None:
    memory = open_memory()
    clock.now_sec = NOW_SEC + 5000 * DAY_SEC
    memory.hush(ANNA, clock.now_sec + DAY_SEC)
    kept(memory)
    clock.now_sec = NOW_SEC
    record = open_memory().get(ANNA)
    assert record is not None
    assert record.last_seen_sec <= NOW_SEC
    assert record.hushed_until_sec is not None
    assert record.hushed_until_sec <= NOW_SEC + 8 * DAY_SEC


def test_the_one_unseen_longest_makes_room(open_memory: Open, clock: Clock) -> None:
    memory = open_memory(most=3)
    for number in range(5):
        clock.now_sec += 1
        memory.note(f'id:{number}')
    kept(memory)
    assert set(open_memory().everybody()) == {'id:2', 'id:3', 'id:4'}


def test_but_never_before_mere_ids_have_gone(open_memory: Open, clock: Clock) -> None:
    memory = open_memory(most=3)
    memory.named(ANNA, 'Anna')
    for number in range(5):
        clock.now_sec += 1
        memory.note(f'id:{number}')
    assert set(memory.everybody()) == {ANNA, 'id:3', 'id:4'}


@pytest.mark.parametrize('key', ['', KEY])
def test_letters_that_are_none_do_not_stop_the_writing(open_memory: Open, key: str) -> None:
    memory = open_memory(key=key)
    memory.named('id:\ud800\x00x', 'A\udfffnna')
    kept(memory)
    [record] = open_memory(key=key).everybody().values()
    assert record.name == 'A\udfffnna'


@pytest.mark.parametrize(
    'text',
    [
        '',
        '[]',
        '{}',
        '{"key": ""}',
        '{"key": 3}',
        '{"key": "id:x", "topics": [1]}',
        '{"key": "id:x", "last_seen_sec": 1e999}',
        '{"key": "id:x", "last_seen_sec": NaN}',
        '[' * 100_000,
    ],
)
def test_a_record_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        PersonRecord.from_json(text)


def test_what_a_newer_version_added_is_ignored() -> None:
    text = json.dumps({'key': ANNA, 'last_seen_sec': 5, 'shoe_size': 38})
    assert PersonRecord.from_json(text) == PersonRecord(ANNA, last_seen_sec=5.0)


# --------------------------------------------------------------------------- keys
def test_a_sealed_file_has_no_name_id_or_wish_in_it(open_memory: Open, file: Path) -> None:
    memory = open_memory(key=KEY)
    memory.named('id:anna_7', 'Anna')
    memory.not_to_tell('id:anna_7', 'weather')
    assert memory.flush()
    raw = bytes_of(file).lower()
    assert not any(word in raw for word in (b'anna', b'weather', b'seen_sec', b'id:'))
    kept(memory)
    assert open_memory(key=KEY).get('id:anna_7') is not None


def test_a_wrong_key_is_a_clear_error_and_harms_nothing(open_memory: Open) -> None:
    memory = open_memory(key=KEY)
    memory.named(ANNA, 'Anna')
    kept(memory)
    with pytest.raises(MemoryKeyError, match='the key does not open it'):
        open_memory(key='another long key')
    with pytest.raises(MemoryKeyError, match='is sealed'):
        open_memory()
    assert open_memory(key=KEY).get(ANNA) is not None


def test_a_short_key_is_refused(open_memory: Open) -> None:
    with pytest.raises(MemoryKeyError, match='has 5 characters'):
        open_memory(key='short')


def test_a_key_without_the_package_is_a_clear_error(
    open_memory: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = 'cryptography.hazmat.primitives.ciphers.aead'
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MemoryKeyError, match=r'robochat\[memory\]'):
        open_memory(key=KEY)


def test_a_file_that_was_readable_is_sealed_without_traces(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    for number in range(50):
        memory.named(f'id:anna_{number}', 'Anna')
    kept(memory)
    assert b'Anna' in bytes_of(file)
    sealed = open_memory(key=KEY)
    assert len(sealed.everybody()) == 50
    kept(sealed)
    assert b'Anna' not in bytes_of(file)
    assert b'anna_' not in bytes_of(file)


def test_a_record_moved_to_another_row_is_not_believed(open_memory: Open, file: Path) -> None:
    memory = open_memory(key=KEY)
    memory.named(ANNA, 'Anna')
    memory.named(BEN, 'Ben')
    kept(memory)
    with closing(sqlite3.connect(file)) as db:
        (one, _), (_, other) = db.execute('SELECT row, record FROM people').fetchall()
        db.execute('UPDATE people SET record = ? WHERE row = ?', (other, one))
        db.commit()
    again = open_memory(key=KEY)
    assert len(again.everybody()) == 1
    assert "1 records can't be read" in again.warnings()[0]


# --------------------------------------------------------------------------- forgetting
def test_who_is_forgotten_leaves_no_byte_behind(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Annabella')
    memory.named(BEN, 'Benedict')
    assert memory.flush()
    memory.forget(ANNA)
    assert memory.flush()
    assert b'nnabella' not in bytes_of(file)
    assert b'Benedict' in bytes_of(file)
    memory.forget()
    assert memory.flush()
    assert b'Benedict' not in bytes_of(file)


def test_who_was_forgotten_by_another_program_does_not_come_back(
    open_memory: Open, file: Path
) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    memory.named(BEN, 'Ben')
    assert memory.flush()
    with closing(Store(file)) as store:
        store.write({ANNA: None})
    memory.note(BEN)
    assert memory.flush()
    assert memory.get(ANNA) is None
    kept(memory)
    assert set(open_memory().everybody()) == {BEN}


def test_what_is_noted_of_someone_just_forgotten_elsewhere_starts_from_nothing(
    open_memory: Open, file: Path
) -> None:
    memory = open_memory()
    memory.not_to_tell(ANNA, 'weather')
    assert memory.flush()
    with closing(Store(file)) as store:
        store.write({ANNA: None})
    memory.greeted(ANNA, NOW_SEC)
    memory.flush()
    memory.greeted(ANNA, NOW_SEC)
    kept(memory)
    record = open_memory().get(ANNA)
    assert record is not None
    assert record.not_to_tell == ()


def test_removing_the_file_forgets_everybody(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert memory.flush()
    for part in file.parent.iterdir():
        part.unlink()
    memory.note(BEN)
    memory.flush()
    assert memory.get(ANNA) is None


# --------------------------------------------------------------------------- faults
def test_a_locked_file_costs_one_warning_and_nothing_else(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert memory.flush()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute('BEGIN EXCLUSIVE')
        started_sec = time.monotonic()
        memory.named(BEN, 'Ben')
        assert time.monotonic() - started_sec < 0.5
        assert until(lambda: memory.status().faults)
        assert memory.get(BEN) is not None
        [warning] = memory.warnings()
        assert 'RAM only' in warning
        assert 'locked' in warning
        assert until(lambda: memory.status().faults > 1)
        assert memory.warnings() == ()
        other.execute('ROLLBACK')
    assert until(lambda: memory.flush(1.0))
    assert memory.status().problem == ''
    kept(memory)
    assert set(open_memory().everybody()) == {ANNA, BEN}


def test_what_was_noted_while_the_file_was_locked_at_start_joins_what_is_on_it(
    open_memory: Open, file: Path
) -> None:
    memory = open_memory()
    memory.not_to_tell(ANNA, 'weather')
    kept(memory)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute('PRAGMA locking_mode = EXCLUSIVE')
        other.execute('BEGIN EXCLUSIVE')
        again = open_memory()
        assert again.get(ANNA) is None
        again.topic(ANNA, 'battery', NOW_SEC)
    assert until(lambda: again.flush(1.0))
    kept(again)
    record = open_memory().get(ANNA)
    assert record is not None
    assert record.not_to_tell == ('weather',)
    assert [topic for topic, _ in record.topics] == ['battery']


def test_a_damaged_file_is_set_aside_and_a_new_one_begins(open_memory: Open, file: Path) -> None:
    file.parent.mkdir()
    rubbish = b'this is no database' * 1000
    file.write_bytes(rubbish)
    memory = open_memory()
    assert 'set aside' in memory.warnings()[0]
    memory.named(ANNA, 'Anna')
    kept(memory)
    assert file.with_name('people.sqlite.damaged-1').read_bytes() == rubbish
    assert open_memory().get(ANNA) is not None


def test_damage_while_it_runs_loses_nobody_who_is_in_ram(open_memory: Open, file: Path) -> None:
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert memory.flush()
    with closing(sqlite3.connect(file)) as db:
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    size = file.stat().st_size
    for ending in ('-wal', '-shm'):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.unlink()
    file.write_bytes(os.urandom(size))  # a new file, as a failing disk or a bad copy leaves it
    memory.named(BEN, 'Ben')
    assert until(lambda: memory.flush(1.0))
    assert any('set aside' in warning for warning in memory.warnings())
    kept(memory)
    assert set(open_memory().everybody()) == {ANNA, BEN}
    assert len(list(file.parent.glob('*.damaged-1'))) == 1


@pytest.mark.parametrize('kind', ['folder', 'stranger', 'newer'])
def test_a_file_that_is_not_ours_is_left_alone(open_memory: Open, file: Path, kind: str) -> None:
    file.parent.mkdir()
    if kind == 'folder':
        file.mkdir()
    elif kind == 'stranger':
        with closing(sqlite3.connect(file)) as db:
            db.execute('CREATE TABLE mine (x)')
    else:
        Store(file).close()
        with closing(sqlite3.connect(file)) as db:
            db.execute('PRAGMA user_version = 99')
    memory = open_memory()
    memory.named(ANNA, 'Anna')
    assert not memory.flush(2.0)
    assert 'RAM only' in memory.warnings()[0]
    assert [p.name for p in file.parent.glob('*damaged*')] == []


def test_a_store_that_cannot_be_made_names_file_and_remedy(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(MemoryStoreError, match='file/people.sqlite'):
        Store(tmp_path / 'file' / 'people.sqlite')
