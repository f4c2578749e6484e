"""The journal on disk: private, bounded, and whole after a kill, a full disk, a bad line."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import pytest
from robochat.learning.lines import LineFile, Reading, Writer
from robochat.learning.log import Journal, JournalError, read_journal
from robochat.learning.outcomes import Outcome, Reaction
from robochat.values import Trigger

OUTCOME = Outcome(
    'turn_1', 12.5, Trigger.CARE, (('facing', 1.0), ('near', 0.25)), 0.75, Reaction.ANSWERED
)
KEYS = {
    *('run', 'opening', 'time', 'trigger', 'features', 'score', 'reaction', 'rating'),
    'corrected',
}


def written(path: Path, *outcomes: Outcome) -> None:
    journal = Journal(path, 1_000_000)
    assert all(journal.write(o) for o in outcomes)
    assert journal.close()


# ------------------------------------------------------------------ what is written
def test_an_outcome_comes_back_as_it_was(tmp_path):
    path = tmp_path / 'deep' / 'outcomes.jsonl'
    written(path, OUTCOME, replace(OUTCOME, opening='turn_2', rating=-1, corrected=True))
    entries = read_journal(path)
    assert entries.outcomes[0] == OUTCOME
    assert (entries.outcomes[1].rating, entries.outcomes[1].corrected) == (-1, True)


def test_a_line_has_the_promised_keys_and_nothing_of_people(tmp_path):
    written(tmp_path / 'o.jsonl', OUTCOME)
    [line] = (tmp_path / 'o.jsonl').read_text().splitlines()
    assert set(json.loads(line)) == KEYS
    assert (tmp_path / 'o.jsonl').stat().st_mode & 0o077 == 0


def test_the_newest_line_about_an_opening_counts_and_runs_are_told_apart(tmp_path):
    path = tmp_path / 'o.jsonl'
    written(path, OUTCOME, replace(OUTCOME, rating=1))
    written(path, OUTCOME)
    assert [o.rating for o in read_journal(path).outcomes] == [1, None]


# ------------------------------------------------------------------ bad lines
def test_a_torn_last_line_is_skipped_and_counted_and_the_next_line_is_whole(tmp_path):
    path = tmp_path / 'o.jsonl'
    written(path, OUTCOME)
    with path.open('ab') as file:
        file.write(b'{"run": "x", "opening": "turn_9", "ti')
    entries = read_journal(path)
    assert (len(entries.outcomes), entries.torn, entries.skipped) == (1, 1, 0)
    written(path, replace(OUTCOME, opening='turn_2'))
    entries = read_journal(path)
    assert [o.opening for o in entries.outcomes] == ['turn_1', 'turn_2']
    assert entries.torn + entries.skipped == 1


@pytest.mark.parametrize(
    'bad',
    [
        b'null',
        b'[' * 20_000,
        b'\xff\xfe\x00',
        b'{"run": 1}',
        b'x' * 200_000,
        json.dumps({**dict.fromkeys(KEYS, 'x')}).encode(),
        b'{"run":"r","opening":"o","time":NaN,"trigger":"care","features":{},"score":1,'
        b'"reaction":"left","rating":null,"corrected":false}',
        b'{"run":"r","opening":"o","time":1,"trigger":"care","features":{},"score":1,'
        b'"reaction":"left","rating":7,"corrected":false}',
        b'{"run":"r","opening":"o","time":1,"trigger":"care","features":{"a":"b"},"score":1,'
        b'"reaction":"left","rating":1,"corrected":false}',
    ],
)
def test_a_line_that_is_no_outcome_is_skipped_and_counted(tmp_path, bad):
    path = tmp_path / 'o.jsonl'
    written(path, OUTCOME)
    path.write_bytes(bad + b'\n' + path.read_bytes())
    entries = read_journal(path)
    assert entries.outcomes == (OUTCOME,)
    assert entries.skipped >= 1


def test_values_beyond_their_range_are_clipped(tmp_path):
    path = tmp_path / 'o.jsonl'
    written(path, replace(OUTCOME, features=(('near', 1e30),)))
    assert read_journal(path).outcomes[0].features == (('near', 1.0),)


def test_a_journal_that_is_not_there_says_how_to_get_one(tmp_path):
    with pytest.raises(JournalError, match='learning.journal'):
        read_journal(tmp_path / 'none.jsonl')


# ------------------------------------------------------------------ bounds
def test_the_files_stay_below_the_limit_and_keep_the_newest(tmp_path):
    file = LineFile(tmp_path / 'o.jsonl', 20_000)
    for number in range(1000):
        file.append({'number': number, 'rest': 'x' * 80})
    size = sum(p.stat().st_size for p in tmp_path.glob('*.jsonl'))
    numbers = [line['number'] for line in file.lines(Reading())]
    assert size <= 20_000
    assert numbers == list(range(numbers[0], 1000))
    assert len(numbers) > 100


def test_a_line_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(OSError, match='at most'):
        LineFile(tmp_path / 'o.jsonl', 10**6).append({'x': 'y' * 100_000})
    assert not (tmp_path / 'o.jsonl').exists()


def test_a_slow_disk_costs_lines_that_are_counted_and_no_time():
    go = threading.Event()
    writer = Writer[int]('slow', lambda _: go.wait(5.0), waiting=4)
    started_sec = time.monotonic()
    taken = sum(writer.put(n) for n in range(100))
    assert time.monotonic() - started_sec < 1.0
    go.set()
    assert writer.close()
    assert (writer.dropped, writer.written) == (100 - taken, taken)
    assert taken <= 5


# ------------------------------------------------------------------ bad disks
def test_a_place_that_can_not_be_written_is_counted_and_survived(tmp_path):
    (tmp_path / 'file').write_text('')
    journal = Journal(tmp_path / 'file' / 'o.jsonl', 1000)
    journal.write(OUTCOME)
    assert journal.close()
    assert dict(journal.counts)['outcomes not written'] == '1'
    assert 'Error' in dict(journal.counts)['journal']


FILL = """
import resource, sys
from robochat.learning.lines import LineFile, Reading
from pathlib import Path
file = LineFile(Path(sys.argv[1]), 10**6)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
failed = 0
for number in range(40):
    try:
        file.append({'number': number, 'rest': 'x' * 50})
    except OSError:
        failed += 1
print(failed)
"""


def test_a_full_disk_leaves_whole_lines_only(tmp_path):
    path = tmp_path / 'o.jsonl'
    done = subprocess.run(
        [sys.executable, '-c', FILL, str(path)], capture_output=True, text=True, check=True
    )
    reading = Reading()
    lines = list(LineFile(path, 10**6).lines(reading))
    assert len(lines) + int(done.stdout) == 40
    assert lines and int(done.stdout) and (reading.torn, reading.skipped) == (0, 0)
    LineFile(path, 10**6).append({'number': 'after'})
    assert [line['number'] for line in LineFile(path, 10**6).lines(reading)][-1] == 'after'


WRITE = """
import sys
from robochat.learning.lines import LineFile
from pathlib import Path
file, number = LineFile(Path(sys.argv[1]), 200_000), 0
while True:
    file.append({'number': number, 'rest': 'x' * 300})
    number += 1
    print(number, flush=True)
"""


def test_a_killed_writer_loses_no_line_that_it_had_written(tmp_path):
    path = tmp_path / 'o.jsonl'
    child = subprocess.Popen(
        [sys.executable, '-c', WRITE, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(60):
        last = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = child.communicate(timeout=10)[0].split()
    last = int(rest[-1]) if rest else last
    reading = Reading()
    numbers = [line['number'] for line in LineFile(path, 10**6).lines(reading)]
    assert numbers[:last] == list(range(last))
    assert reading.torn <= 1 and reading.skipped == 0


def test_two_writers_do_not_tear_each_others_lines(tmp_path):
    path = tmp_path / 'o.jsonl'

    def write(who: int) -> None:
        file = LineFile(path, 40_000)
        for number in range(150):
            file.append({'who': who, 'number': number})

    threads = [threading.Thread(target=write, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    reading = Reading()
    assert len(list(LineFile(path, 0).lines(reading))) == 450
    assert (reading.torn, reading.skipped) == (0, 0)
