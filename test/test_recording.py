"""The tape, its lines, the file: what is written comes back, and what is broken says so."""

from __future__ import annotations

from dataclasses import replace
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading

import pytest
from robochat.config import Config, config_from
from robochat.pipeline import Pipeline
from robochat.recording.about import About, about_from, differences
from robochat.recording.answers import responder_for
from robochat.recording.calls import call_of, line_of, parameters_of, time_of
from robochat.recording.codec import CodecError, from_json, to_json
from robochat.recording.compare import compare, Pair, paired
from robochat.recording.player import Manner, Player
from robochat.recording.spool import Heard, Spool
from robochat.recording.tape import Call, Tape, TurnId
from robochat.values import (
    Box,
    Decision,
    Emotion,
    EMOTIONS,
    FaceObservation,
    Frame,
    HeadPose,
    ObjectObservation,
    Observation,
    RobotState,
    SceneObservation,
    Trigger,
    Utterance,
)

CONFIG = config_from({'model.backend': 'phrases', 'engagement.cooldown_person_sec': 2.0})


def face(now_sec, label='sad', x=300.0):
    """Somebody who faces the robot."""
    rest = 0.14 / (len(EMOTIONS) - 1)
    scores = tuple(0.86 if name == label else rest for name in EMOTIONS)
    emotion = Emotion(label, 0.86, scores, -0.5, 0.1, True)
    pose = HeadPose(0.01 + now_sec / 997, 0.02, 0.0)
    box = Box(x + now_sec / 3, 100.1, 80.0, 80.7)
    return FaceObservation('person_1', box, 0.93, 0.07, 1.1, pose, True, 0.1, False, emotion)


def lived(seconds=12.0):
    """Let a pipeline live through all that can happen, and return its tape."""
    pipeline = Pipeline(CONFIG, responder_for(CONFIG), None, lambda now_sec: 12 + now_sec / 3600)
    calls, said = [], []
    now_sec = 0.0
    while now_sec < seconds:
        now_sec += 0.1
        pipeline.seen(Observation(now_sec, 640, 480, (face(now_sec),)))
        if 40 < now_sec * 10 < 42:
            cup = ObjectObservation('cup_1', 'cup', 0.8, Box(10, 20, 30, 40))
            pipeline.looked(SceneObservation(now_sec, 640, 480, (cup,)))
            pipeline.shown(SceneObservation(now_sec, 640, 480, (cup,)))
            pipeline.robot_is(RobotState('kitchen', '', 0.1, False))
            pipeline.felt(Observation(now_sec, 640, 480, (face(now_sec, 'angry'),)))
            pipeline.plan_ended('plan_1', 'failed', now_sec)
        if 60 < now_sec * 10 < 62:
            pipeline.hear('Robot, bring me the cup.', now_sec)
        if 80 < now_sec * 10 < 82:
            pipeline.interrupted(now_sec)
            pipeline.configure(replace(CONFIG))
            pipeline.mute(True)
            pipeline.mute(False)
            pipeline.cancel()
            turn = pipeline.question('Who is there?', now_sec)
            pipeline.respond(turn, lambda at=now_sec: at, said.append, aloud=False)
            pipeline.task('Bring the cup.', now_sec)
        _, turn = pipeline.decide(now_sec)
        if turn is not None:
            pipeline.respond(turn, lambda at=now_sec: at, said.append)
        calls += pipeline.tape.drain()
    assert [o for o in said if isinstance(o, Utterance)]
    return calls


def replayed(calls, config=CONFIG, **manner):
    """Play calls again and return what happened."""
    player = Player(Manner(config, responder_for(config), **manner))
    happened = list(player.play(calls))
    assert not player.skipped, player.complaint
    return happened


def decided(happened):
    """The decisions of a replay."""
    return [h for h in happened if isinstance(h.value, Decision)]


# --------------------------------------------------------------------------- the same again
def test_a_life_is_played_again_to_the_last_digit_after_it_was_written_as_lines():
    calls = lived()
    assert {c.name for c in calls} >= {'seen', 'heard', 'took', 'ended', 'question', 'configure'}
    read = [call_of(line_of(call)) for call in calls]
    again = decided(replayed(read))
    assert again and all(h.value == h.recorded for h in again)
    assert any(h.value.speak for h in again)


def test_every_taped_call_has_types_that_a_line_can_carry():
    taped = [name for name in dir(Pipeline) if getattr(getattr(Pipeline, name), 'is_taped', 0)]
    assert {'seen', 'looked', 'felt', 'heard', 'decide', 'view', 'took', 'ended'} <= set(taped)
    assert all(parameters_of(name) is not None for name in taped)


def test_no_picture_gets_onto_the_tape():
    tape = Tape()
    import numpy as np

    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.0)
    tape.note('seen', (Observation(1.0, 4, 4), frame), 12.0, None)
    (call,) = tape.drain()
    assert call.arguments[1] is None
    assert 'null' in line_of(call)


def test_a_tape_that_nobody_reads_forgets_the_oldest_and_the_numbers_tell():
    tape = Tape(most=3)
    for second in range(5):
        tape.note('view', (float(second),), 12.0, None)
    assert [c.number for c in tape.drain()] == [3, 4, 5]
    assert tape.drain() == ()


def test_words_that_were_not_said_then_are_phrases_now_and_come_later():
    calls = [c for c in lived(4.0) if c.name not in ('took', 'ended')]
    quiet = [replace(c, result=None) if c.name == 'decide' else c for c in calls]
    happened = replayed(quiet)
    speaks = next(h for h in happened if isinstance(h.value, Decision) and h.value.speak)
    words = next(h for h in happened if isinstance(h.value, Utterance))
    assert words.at_sec > speaks.at_sec + 0.5


def test_other_settings_stay_silent_where_the_recording_spoke():
    quiet = config_from({'engagement.do_not_disturb': True}, CONFIG)
    calls = [c for c in lived(5.0) if c.name != 'heard']
    happened = replayed(calls, quiet, chosen=True)
    assert not any(h.value.speak for h in decided(happened))
    assert not [h for h in happened if isinstance(h.value, Utterance)]
    result = compare(Pair(h.at_sec, h.recorded, h.value) for h in decided(happened))
    assert result.differing
    assert 'do not disturb' in ' '.join(d.text for d in result.differences)


# --------------------------------------------------------------------------- bad lines
@pytest.mark.parametrize(
    'line',
    [
        '',
        'nonsense',
        '[]',
        '{"n": 1}',
        '{"n": 1, "call": "__init__", "args": [], "hour": 12}',
        '{"n": 1, "call": "respond", "args": [], "hour": 12}',
        '{"n": 1, "call": "mute", "args": ["yes"], "hour": 12}',
        '{"n": 1, "call": "view", "args": [NaN], "hour": 12}',
        '{"n": 1, "call": "view", "args": [1e999], "hour": 12}',
        '{"n": 1, "call": "view", "args": [1.0], "hour": 99}',
        '{"n": 1, "call": "view", "args": [1.0, 2.0], "hour": 12}',
        '{"n": "one", "call": "view", "args": [1.0], "hour": 12}',
        '{"n": 1, "call": ["view"], "args": [1.0], "hour": 12}',
        '{"n": 1, "call": "seen", "args": [{"is": "Frame"}], "hour": 12}',
        '{"n": 1, "call": "decide", "args": [1.0], "hour": 12, "result": [1, 2, 3]}',
        '[' * 100_000,
    ],
)
def test_a_line_that_is_no_call_is_refused(line):
    with pytest.raises(CodecError):
        call_of(line)


def test_calls_that_make_no_sense_are_counted_and_the_rest_is_played():
    player = Player(Manner(CONFIG, responder_for(CONFIG)))
    calls = [
        Call(1, 'view', (1.0,)),
        Call(2, 'view', ('soon',)),
        Call(3, 'took', (TurnId('turn_9'), Utterance('turn_9', 'Hi.', 1.0), 1.0, True)),
        Call(4, 'seen', ()),
        Call(5, 'decide', (1.1,)),
    ]
    happened = list(player.play(calls))
    assert player.skipped == 2 and 'seen' in player.complaint
    assert [type(h.value) for h in happened] == [Decision]  # no turn 9, so nothing was said


def test_values_come_back_as_they_were_and_nothing_else_fits():
    decision = Decision(True, 'why', 0.1 + 0.2, Trigger.CARE, features=(('near', 1 / 3),))
    assert from_json(Decision, json.loads(json.dumps(to_json(decision)))) == decision
    for data in (None, 3, [], {'speak': 1, 'reason': 'x', 'stamp_sec': 0.0}, {'is': 'Turn'}):
        with pytest.raises(CodecError):
            from_json(Decision, data)


def test_the_time_of_a_call_is_that_of_its_argument():
    assert time_of(Call(1, 'heard', ('hello', 3.5, ''))) == 3.5
    assert time_of(Call(1, 'mute', (True,))) is None


# --------------------------------------------------------------------------- about
def test_what_decided_is_read_back_without_addresses_and_keys():
    config = config_from({'model.url': 'http://10.0.0.1/v1', 'memory.key_file': '/k'})
    about = About.of(config, 'smollm2', None)
    read = about_from(json.loads(about.line())['about'])
    assert read == about and '10.0.0.1' not in about.line() and '/k' not in about.line()
    problems: list[str] = []
    assert read.config(problems) == Config() and not problems


def test_settings_that_are_gone_or_wrong_are_named_and_left_out():
    settings = json.dumps({'no.such': 1, 'camera.hfov_deg': -1.0, 'camera.compressed': True})
    problems: list[str] = []
    config = about_from({'settings': settings, 'weights': '{'}).config(problems)
    assert config.camera.compressed and config.camera.hfov_deg == 65.0
    assert len(problems) == 2
    assert about_from({'settings': '{', 'model': 3}).settings == ()
    assert about_from('nonsense') == About()


def test_differences_name_version_model_and_settings():
    before = About('1', 'a', (('x.y', 1),), '')
    assert differences(before, before) == ()
    assert differences(before, About('2', 'a', (('x.y', 2),), '')) == (
        'version: 1 -> 2',
        'x.y: 1 -> 2',
    )


# --------------------------------------------------------------------------- compare
def silent(at_sec, reason='nobody is in view'):
    """A silence."""
    return at_sec, Decision(False, reason, at_sec)


def test_spans_that_differ_in_one_way_are_told_once():
    before = [silent(0.1 * n) for n in range(10)]
    now = [silent(0.1 * n, 'too far' if 3 <= n < 6 else 'nobody is in view') for n in range(10)]
    result = compare(paired(before, now))
    assert (result.exact, result.differing, result.total) == (7, 3, 10)
    (difference,) = result.differences
    assert difference.text.startswith('0.3 to 0.5 s: before silent: nobody')


def test_numbers_alone_are_no_difference_and_clocks_may_differ():
    before = [silent(100 + n, f'person_1 was spoken to {n} s ago') for n in range(5)]
    now = [silent(7 + n, f'person_1 was spoken to {n + 1} s ago') for n in range(5)]
    result = compare(paired(before, now))
    assert not result.differing and result.close == 5
    assert 'other numbers' in result.verdict


def test_a_decision_without_a_partner_differs():
    result = compare(paired([silent(0.0), silent(1.0)], [silent(0.0)]))
    assert result.differing == 1 and 'no decision' in result.differences[0].text
    assert compare(()).verdict == 'there is no decision to compare'


# --------------------------------------------------------------------------- the file
reading = pytest.importorskip('mcap') and __import__(
    'robochat.recording.reading', fromlist=['Reading']
)


def string(text):
    """A std_msgs/String as it goes over the wire."""
    data = text.encode() + b'\0'
    return b'\0\1\0\0' + struct.pack('<I', len(data)) + data


def written(path, count=3000):
    """Write a file of some messages."""
    from robochat.recording.writing import RecordingFile

    file = RecordingFile(path)
    channel = file.channel('/robochat/tape', 'std_msgs/msg/String', 'string data\n')
    for number in range(count):
        text = f'message {number} {os.urandom(100).hex()}'
        file.write(channel, string(text), 1_000_000 * number + 1)
        if number % 500 == 0:
            file.flush()
    file.describe('robochat', {'version': '1'})
    file.close()
    file.close()


def test_messages_and_metadata_come_back_and_only_the_owner_may_read(tmp_path):
    path = tmp_path / 'a.mcap'
    written(path)
    read = reading.Reading(path)
    messages = list(read.messages())
    assert len(messages) == 3000 and messages[7].text.startswith('message 7 ')
    assert read.metadata == {'robochat': {'version': '1'}} and not read.cut
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize('share', [0.02, 0.3, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_is_read_up_to_the_cut(tmp_path, share):
    path = tmp_path / 'a.mcap'
    written(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    read = reading.Reading(path)
    messages = list(read.messages())
    assert 'cut after' in read.cut
    assert [m.text.split()[1] for m in messages] == [str(n) for n in range(len(messages))]
    assert len(messages) > 3000 * (share - 0.4)


def test_bytes_that_rotted_end_the_walk_with_a_note(tmp_path):
    path = tmp_path / 'a.mcap'
    written(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b'\xff' * 40
    path.write_bytes(data)
    read = reading.Reading(path)
    assert len(list(read.messages())) < 3000 and read.cut


def test_what_is_no_recording_is_refused(tmp_path):
    other = tmp_path / 'notes.txt'
    other.write_text('hello')
    for path in (other, tmp_path / 'missing.mcap', tmp_path):
        with pytest.raises(reading.RecordingError, match=str(path)):
            reading.Reading(path)


def test_a_file_is_not_written_over(tmp_path):
    from robochat.recording.writing import RecordingFile

    path = tmp_path / 'a.mcap'
    path.write_text('mine')
    with pytest.raises(reading.RecordingError, match='exists already'):
        RecordingFile(path)
    assert path.read_text() == 'mine'


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, 'test')
from test_recording import written
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    written(Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_is_a_clear_error_and_leaves_a_whole_file(tmp_path):
    assert resource.RLIM_INFINITY != 200_000 and signal.SIGXFSZ
    path = tmp_path / 'a.mcap'
    done = subprocess.run(
        [sys.executable, '-c', FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith('DiskFullError'), done.stderr
    assert 'the disk is full' in done.stdout and '--topics' in done.stdout
    assert path.stat().st_size <= 200_000
    read = reading.Reading(path)
    assert len(list(read.messages())) > 500
    assert not read.cut  # it was ended well


# --------------------------------------------------------------------------- the spool
def test_a_slow_disk_drops_and_counts_and_never_grows():
    go = threading.Event()
    spool = Spool(lambda heard: go.wait(5) and None, lambda: None, most_bytes=2500)
    kept = [spool.put(Heard('/a', b'x' * 300, n)) for n in range(20)]
    go.set()
    assert spool.close()
    assert sum(kept) == 5 == spool.written['/a']
    assert spool.dropped['/a'] == 15


def test_a_disk_that_fails_ends_the_spool_with_the_reason():
    def fail(heard):
        raise reading.RecordingError('the disk is full')

    spool = Spool(fail, lambda: None)
    spool.put(Heard('/a', b'', 0))
    assert spool.close()
    assert str(spool.failure) == 'the disk is full'
    assert not spool.put(Heard('/a', b'', 0))
