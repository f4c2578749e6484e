"""The shipped recording played again: the same decisions, what differs, what is cut or foreign."""

from __future__ import annotations

import json
from pathlib import Path
import shutil

import pytest

pytest.importorskip('mcap', reason='recordings need the extra "record"')

from robochat.cli import main
from robochat.recording.answers import responder_for
from robochat.recording.player import Manner, Player
from robochat.recording.reading import Reading, RecordingError
from robochat.recording.recorded import load
from robochat.values import Decision, Utterance

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / 'sim' / 'recordings' / 'sad_homecoming.mcap'


@pytest.fixture(scope='module')
def recording():
    """Load the shipped recording once."""
    return load(RECORDING)


@pytest.fixture
def command(capsys):
    """Give a function that runs `robochat replay`: exit status, output, what was said beside."""

    def run(*words):
        status = main(['replay', *map(str, words)])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


def settings(tmp_path, text):
    """Write a parameter file."""
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n' + text)
    return path


def test_it_is_small_whole_and_tells_what_decided(recording):
    assert RECORDING.stat().st_size < 3_000_000
    assert recording.notes == ()
    assert recording.about.model == 'phrases'
    assert dict(recording.about.settings)['plan.execute'] is True


def test_the_same_inputs_give_the_same_decisions_to_the_last_digit(recording):
    problems: list[str] = []
    config = recording.about.config(problems)
    weights = recording.about.decision_model(problems)
    player = Player(Manner(config, responder_for(config), weights))
    happened = list(player.play(recording.calls))
    decisions = [h for h in happened if isinstance(h.value, Decision)]
    assert problems == [] and player.skipped == 0
    assert len(decisions) > 200 and [h for h in happened if isinstance(h.value, Utterance)]
    assert [h.value for h in decisions] == [h.recorded for h in decisions]


def test_the_command_says_so_and_that_it_is_fast(command, tmp_path):
    status, out, err = command(RECORDING, '--as-fast-as-possible')
    assert status == 0
    assert 'decisions are the same, to the last digit' in out
    assert 'decides to speak to person_1: looks sad' in out and 'times real time' in err


def test_another_threshold_is_told_when_what_and_why(command, tmp_path):
    params = settings(tmp_path, '    engagement:\n      mood_dwell_sec: 5.0\n')
    status, out, _ = command(RECORDING, '--params', params, '--quiet')
    assert status == 1
    assert 'engagement.mood_dwell_sec: 1.5 -> 5.0' in out
    assert 'before speaks to person_1: looks sad' in out
    assert 'plan.execute' not in out  # all else is as it was recorded


def test_do_not_disturb_keeps_the_robot_silent(command, tmp_path):
    params = settings(tmp_path, '    engagement:\n      do_not_disturb: true\n')
    lines = tmp_path / 'out.jsonl'
    status, _, _ = command(RECORDING, '--params', params, '--json', lines, '--quiet')
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert status == 1 and events[0]['kind'] == 'about'
    assert not [e for e in events if e['kind'] == 'utterance']
    assert not [e for e in events if e['kind'] == 'decision' and e['speak']]


def test_a_replay_is_compared_with_an_earlier_one(command, tmp_path):
    lines = tmp_path / 'before.jsonl'
    assert command(RECORDING, '--json', lines, '--quiet')[0] == 0
    status, out, _ = command(RECORDING, '--against', lines, '--quiet')
    assert status == 0 and 'to the last digit' in out
    params = settings(tmp_path, '    engagement:\n      proactive: false\n')
    status, out, _ = command(RECORDING, '--against', lines, '--params', params, '--quiet')
    assert status == 1 and 'proactive speech is off' in out


def test_two_recordings_are_compared(command, tmp_path):
    other = tmp_path / 'other.mcap'
    shutil.copy(RECORDING, other)
    status, out, _ = command(RECORDING, '--diff', other, '--quiet')
    assert status == 0 and 'to the last digit' in out


def test_a_recording_that_was_cut_is_played_up_to_the_cut(command, tmp_path):
    cut = tmp_path / 'cut.mcap'
    data = RECORDING.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    status, out, err = command(cut, '--quiet')
    assert status == 0 and 'to the last digit' in out
    assert f'{cut}: cut after ' in err


@pytest.mark.parametrize(
    ('words', 'complaint'),
    [
        (['missing.mcap'], 'missing.mcap'),
        ([str(ROOT / 'README.md')], 'no MCAP file'),
        ([str(RECORDING), '--speed', '0'], 'must lie in'),
        ([str(RECORDING), '--speed', '2', '--as-fast-as-possible'], 'exclude each other'),
        ([str(RECORDING), '--clock'], '--clock is for --publish'),
        ([str(RECORDING), '--against', str(ROOT / 'README.md')], 'JSON lines'),
        ([str(RECORDING), '--json', '/no/such/folder/x'], "can't be written"),
        ([str(RECORDING), '--quiet', '--diff', str(ROOT / 'README.md')], 'no MCAP file'),
    ],
)
def test_mistakes_are_explained(command, words, complaint):
    status, _, err = command(*words)
    assert status == 2 and complaint in err


def test_speed_takes_the_time_that_it_should(command, recording):
    decisions = recording.decisions()
    _, _, err = command(RECORDING, '--speed', '50', '--quiet')
    took_sec = float(err.split(' s played in ')[1].split(' s')[0])
    assert took_sec > 0.9 * decisions[-1][0] / 50


def test_a_plain_reader_decodes_every_message_by_the_definitions_in_the_file():
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    kinds = {}
    with RECORDING.open('rb') as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == 'ros2'
        assert [m.name for m in reader.iter_metadata()] == ['robochat']
        for schema, channel, _, message in reader.iter_decoded_messages():
            assert (schema.encoding, channel.message_encoding) == ('ros2msg', 'cdr')
            kinds[channel.topic] = (schema.name, message)
    assert kinds['/robochat/decision'][0] == 'robochat_msgs/msg/Decision'
    assert kinds['/robochat/decision'][1].header.stamp.sec > 0
    assert kinds['/image/compressed'][1].format.endswith('jpeg compressed bgr8')
    assert kinds['/robochat/world'][0] == 'robochat_msgs/msg/WorldState'
    assert {'/speech', '/robochat/utterance', '/robochat/tape', '/robot_state'} <= set(kinds)


def without_tape(path, drop=('/robochat/tape',)):
    """Write the shipped recording as `ros2 bag record` of an older node would have."""
    from robochat.recording.writing import RecordingFile

    file, channels = RecordingFile(path), {}
    for message in Reading(RECORDING).messages():
        if message.topic in drop:
            continue
        if message.topic not in channels:
            text = message.schema.data.decode()
            channels[message.topic] = file.channel(message.topic, message.kind, text)
        file.write(channels[message.topic], message.data, message.log_ns)
    file.close()


def test_a_bag_of_somebody_else_gives_like_decisions_and_says_that_they_are_made_up(
    command, tmp_path
):
    pytest.importorskip('robochat_msgs', reason='robochat_msgs is not built')
    path, lines = tmp_path / 'bag.mcap', tmp_path / 'out.jsonl'
    without_tape(path)
    params = settings(tmp_path, "    engagement:\n      local_time: '12:00'\n")
    _, _, err = command(path, '--json', lines, '--quiet', '--params', params)
    assert 'no tape in it' in err
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    spoken = [e['trigger'] for e in events if e['kind'] == 'decision' and e['speak']]
    assert 'care' in spoken and 'reply' in spoken
    assert not {'hazard', 'small_talk'} & set(spoken)


def test_a_bag_without_anything_to_take_in_is_refused(tmp_path):
    from robochat.cli.replay import _load

    path = tmp_path / 'bag.mcap'
    topics = {m.topic for m in Reading(RECORDING).messages()}
    without_tape(path, drop=topics - {'/diagnostics'})
    with pytest.raises(RecordingError, match='nothing to play'):
        _load(path)


class Blind:
    """Eyes that find nobody, and count how often they looked."""

    def __init__(self):
        self.frames = []

    def see(self, frame):
        """Find nobody."""
        from robochat.values import Observation

        self.frames.append(frame)
        return Observation(frame.stamp_sec, frame.width_px, frame.height_px)

    def look(self, frame):
        """Find nothing."""
        from robochat.values import SceneObservation

        return SceneObservation(frame.stamp_sec, frame.width_px, frame.height_px)


def test_recorded_pictures_are_looked_at_anew(recording):
    from robochat.recording.pictures import RecordedEyes

    blind = Blind()
    eyes = RecordedEyes(RECORDING, blind)
    config = recording.about.config([])
    player = Player(Manner(config, responder_for(config), eyes=eyes))
    happened = list(player.play(recording.calls))
    assert eyes.has_pictures and len(blind.frames) > 30
    assert {f.image.shape for f in blind.frames} == {(480, 640, 3)}
    stamps = [f.stamp_sec for f in blind.frames]
    assert stamps == sorted(stamps)
    begun = next(h.at_sec for h in happened)
    # Who sees nobody greets nobody: only words that are heard are answered.
    openings = [h for h in happened if isinstance(h.value, Decision) and h.value.speak]
    assert all(h.value.trigger.value == 'reply' for h in openings if h.at_sec < begun + 30)
