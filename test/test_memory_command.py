"""`robochat memory`: what a person at the keyboard sees, erases and hands out."""

from __future__ import annotations

from contextlib import closing
import json
from pathlib import Path
import time

import pytest
from robochat.cli import main
from robochat.memory.people import PeopleMemory
from robochat.memory.store import Store

NOW_SEC = 1_800_000_000.0
KEY = 'a long enough key'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A memory with two people who share a name, and one who doesn't."""
    path = tmp_path / 'people.sqlite'
    memory = PeopleMemory(path, clock=lambda: NOW_SEC)
    memory.named('name:anna', 'Anna')
    memory.named('id:anna_7', 'Anna')
    memory.named('id:ben_3', 'Benedict')
    memory.greeted('id:ben_3', NOW_SEC)
    memory.not_to_tell('id:ben_3', 'weather')
    assert memory.flush()
    memory.close()
    return path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command prints; it must end well."""
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command complains of; it must refuse and print nothing else."""
    assert main([str(word) for word in words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ''
    return printed.err


def test_list_names_everybody_with_times(file: Path, capsys) -> None:
    lines = said(capsys, 'memory', 'list', '--file', file).splitlines()
    assert len(lines) == 4
    day = time.strftime('%Y-%m-%d', time.localtime(NOW_SEC))
    assert any('id:ben_3' in line and 'Benedict' in line and day in line for line in lines)
    tree = json.loads(said(capsys, 'memory', 'list', '--file', file, '--json'))
    assert {row['who'] for row in tree['people']} == {'name:anna', 'id:anna_7', 'id:ben_3'}
    assert tree['people'][0]['last_seen'] == '2027-01-15T08:00:00Z'


def test_list_of_no_file_makes_none(tmp_path: Path, capsys) -> None:
    assert 'nobody' in said(capsys, 'memory', 'list', '--file', tmp_path / 'none')
    assert list(tmp_path.iterdir()) == []


def test_show_says_what_is_remembered(file: Path, capsys) -> None:
    text = said(capsys, 'memory', 'show', 'benedict', '--file', file)
    assert 'weather' in text
    assert 'never asked' in text


def test_export_is_json_that_can_be_read_back(file: Path, capsys) -> None:
    tree = json.loads(said(capsys, 'memory', 'export', 'ben_3', '--file', file))
    assert tree['format'] == 'robochat person, version 1'
    assert tree['not_to_tell'] == ['weather']
    assert tree['may_export'] is None


def test_a_name_that_two_people_have_is_not_guessed(file: Path, capsys) -> None:
    text = complaint(capsys, 'memory', 'forget', 'Anna', '--file', file)
    assert 'name:anna' in text
    assert 'id:anna_7' in text
    assert said(capsys, 'memory', 'show', 'id:anna_7', '--file', file)


def test_nobody_of_that_name_is_an_error(file: Path, tmp_path: Path, capsys) -> None:
    assert 'nobody' in complaint(capsys, 'memory', 'show', 'Zoe', '--file', file)
    assert 'nobody' in complaint(capsys, 'memory', 'forget', 'Zoe', '--file', tmp_path / 'none')


def test_forget_erases_one_person_to_the_last_byte(file: Path, capsys) -> None:
    said(capsys, 'memory', 'forget', 'ben_3', '--file', file)
    raw = b''.join(p.read_bytes() for p in file.parent.iterdir())
    assert b'enedict' not in raw
    assert b'ben_3' not in raw
    assert 'id:anna_7' in said(capsys, 'memory', 'list', '--file', file)


def test_forget_all_erases_everybody_and_points_at_what_was_set_aside(file: Path, capsys) -> None:
    file.with_name('people.sqlite.damaged-1').write_text('')
    text = said(capsys, 'memory', 'forget', '--all', '--file', file)
    assert '3 forgotten' in text
    assert 'damaged-1' in text
    assert b'Anna' not in file.read_bytes()
    assert 'nobody' in said(capsys, 'memory', 'list', '--file', file)


def test_forget_needs_a_word_or_all(file: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        main(['memory', 'forget', '--file', str(file)])
    assert 'WHO' in capsys.readouterr().err


def test_a_running_robot_learns_what_was_forgotten(file: Path, capsys) -> None:
    memory = PeopleMemory(file, clock=lambda: NOW_SEC)
    try:
        said(capsys, 'memory', 'forget', 'ben_3', '--file', file)
        end_sec = time.monotonic() + 8
        while memory.get('id:ben_3') and time.monotonic() < end_sec:
            time.sleep(0.05)
        assert memory.get('id:ben_3') is None
        assert memory.get('id:anna_7') is not None
    finally:
        memory.close()


def test_consent_is_noted_and_taken_back(file: Path, capsys) -> None:
    said(capsys, 'memory', 'consent', 'ben_3', 'yes', '--file', file)
    with closing(Store(file)) as store:
        assert store.load()['id:ben_3'].may_export is True
    said(capsys, 'memory', 'consent', 'ben_3', 'no', '--file', file)
    with closing(Store(file)) as store:
        assert store.load()['id:ben_3'].may_export is False


def test_a_sealed_file_opens_with_its_key_only(tmp_path: Path, capsys) -> None:
    file, key, wrong = tmp_path / 'sealed', tmp_path / 'key', tmp_path / 'wrong'
    key.write_text(KEY + '\n')
    wrong.write_text('another long key')
    memory = PeopleMemory(file, KEY)
    memory.named('name:anna', 'Anna')
    assert memory.flush()
    memory.close()
    assert 'Anna' in said(capsys, 'memory', 'list', '--file', file, '--key-file', key)
    assert 'does not open' in complaint(
        capsys, 'memory', 'list', '--file', file, '--key-file', wrong
    )
    assert 'is sealed' in complaint(capsys, 'memory', 'list', '--file', file)
    missing = tmp_path / 'missing'
    assert str(missing) in complaint(
        capsys, 'memory', 'list', '--file', file, '--key-file', missing
    )


def test_looking_with_a_key_does_not_seal_a_readable_file(
    file: Path, tmp_path: Path, capsys
) -> None:
    key = tmp_path / 'key'
    key.write_text(KEY)
    assert 'leave the key out' in complaint(
        capsys, 'memory', 'list', '--file', file, '--key-file', key
    )
    assert 'Benedict' in said(capsys, 'memory', 'list', '--file', file)


def test_a_damaged_file_is_named_and_left_where_it_is(tmp_path: Path, capsys) -> None:
    file = tmp_path / 'people.sqlite'
    file.write_bytes(b'no database' * 500)
    assert str(file) in complaint(capsys, 'memory', 'forget', '--all', '--file', file)
    assert [p.name for p in tmp_path.iterdir()] == ['people.sqlite']


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path, capsys) -> None:
    file = tmp_path / 'people.sqlite'
    memory = PeopleMemory(file)
    memory.named('id:\x1b[31mx', 'A\x1b[2Jnna')
    assert memory.flush()
    memory.close()
    assert '\x1b' not in said(capsys, 'memory', 'list', '--file', file)


def test_help_of_each_action_says_what_it_does(capsys) -> None:
    for action in ('list', 'show', 'forget', 'export', 'consent'):
        with pytest.raises(SystemExit):
            main(['memory', action, '--help'])
        text = capsys.readouterr().out
        assert '--key-file' in text
        assert 'never stored' in text
