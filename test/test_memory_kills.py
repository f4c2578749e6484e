"""What is remembered survives a kill at any moment and a full disk, in real processes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from robochat.memory.store import Store

KEY = 'a long enough key'
WRITE_FOR_EVER = """
import itertools, sys
from robochat.memory.people import PeopleMemory
memory = PeopleMemory(sys.argv[1], sys.argv[2])
for number in itertools.count(int(sys.argv[3])):
    memory.named(f'id:{number % 300}', f'n{number}')
    if number % 7 == 0:
        memory.forget(f'id:{(number + 150) % 300}')
        print('forgot', number, flush=True)
    if memory.flush():
        print('kept', number, flush=True)
"""
FILL_THE_DISK = """
import resource, sys
from robochat.memory.people import PeopleMemory
memory = PeopleMemory(sys.argv[1], retry_sec=0.05)
for number in range(100):
    memory.prefer(f'id:{number}', 'text', 'x' * 200)
assert memory.flush()
size = 90_000
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for number in range(900):
    memory.prefer(f'id:{number}', 'more', 'y' * 200)
assert not memory.flush(3.0)
assert memory.get('id:899') is not None, 'goes on in RAM'
print(*memory.warnings(), sep='\\n', flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for _ in range(50):
    if memory.flush(1.0):
        break
print('problem:', memory.status().problem, 'faults:', memory.status().faults > 0)
memory.close(5.0)
"""


def child(code: str, *words: str) -> subprocess.Popen[str]:
    """Start a Python of its own."""
    return subprocess.Popen(
        [sys.executable, '-c', code, *words], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(('key', 'kills'), [('', 5), (KEY, 2)], ids=['readable', 'sealed'])
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(
    tmp_path: Path, key: str, kills: int
) -> None:
    file = tmp_path / 'people.sqlite'
    latest: dict[str, int] = {}
    number = 0
    for turn in range(kills):
        writer = child(WRITE_FOR_EVER, str(file), key, str(number))
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(0.03 + 0.021 * turn)
        writer.send_signal(signal.SIGKILL)
        lines = [first, *writer.stdout.read().splitlines()]
        writer.wait(5.0)
        for line in lines:
            word, _, value = line.strip().partition(' ')
            if word == 'kept' and value:
                number = int(value)
                latest[f'id:{number % 300}'] = number
            elif value:
                latest.pop(f'id:{(int(value) + 150) % 300}', None)
        with closing(sqlite3.connect(file)) as db:
            assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
        with closing(Store(file, key)) as store:
            people = store.load()
            assert store.unreadable == 0
        for who, at in latest.items():
            # A later note may have come through although its acknowledgement did not.
            assert who in people
            assert int(people[who].name[1:]) >= at
        number += 1
    assert number > kills


def test_a_full_disk_harms_nothing_and_all_is_there_once_there_is_room(tmp_path: Path) -> None:
    file = tmp_path / 'people.sqlite'
    filler = child(FILL_THE_DISK, str(file))
    output, _ = filler.communicate(timeout=60.0)
    assert filler.returncode == 0, output
    warning, *_, last = output.strip().splitlines()
    assert 'people are remembered in RAM only' in warning
    assert 'free some space' in warning
    assert last == 'problem:  faults: True'
    with closing(sqlite3.connect(file)) as db:
        assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
    with closing(Store(file)) as store:
        assert len(store.load()) == 900
