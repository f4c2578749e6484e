"""`robochat replay`: a recording played again, and how another version differs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
import json
from pathlib import Path
import sys
import time
from typing import Any, IO, TYPE_CHECKING

if TYPE_CHECKING:
    from robochat.recording.about import About
    from robochat.recording.compare import Comparison, Timed
    from robochat.recording.player import Happened, Manner
    from robochat.recording.recorded import Recording
    from robochat.recording.rerun import RerunFile
    from robochat.values import Frame

MOST_SHOWN = 20
SEE = ('estimates', 'images')
WORDS = ('recorded', 'phrases', 'model')


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'replay',
        help='play a recording again: the same decisions, or how another version differs',
        description='Play a recording of `robochat record` without ROS nodes: the same inputs at '
        'the same times, so with the same settings the same decisions. Without --params the '
        'settings are those of the recording. Exits with 1 when decisions differ.',
    )
    parser.add_argument('file', metavar='FILE', help='an MCAP file')
    parser.add_argument(
        '--speed', type=float, metavar='X', help='X times real time; 1 is as it was'
    )
    parser.add_argument(
        '--as-fast-as-possible', action='store_true', help='wait for nothing (the default)'
    )
    parser.add_argument('--json', metavar='FILE', help='write what happens as JSON lines')
    parser.add_argument('--params', metavar='FILE', help='other settings, a ROS parameter file')
    parser.add_argument(
        '--see',
        choices=SEE,
        default=SEE[0],
        help='take the recorded faces and things, or look at the recorded pictures anew',
    )
    parser.add_argument(
        '--words',
        choices=WORDS,
        default=WORDS[0],
        help='what the robot says: as recorded, and phrases where it did not speak then; only '
        'phrases; or by the model of the settings',
    )
    parser.add_argument('--quiet', action='store_true', help='print the result alone')
    _add_other_uses(parser)
    parser.set_defaults(run=run)


def _add_other_uses(parser: argparse.ArgumentParser) -> None:
    """Add what to compare with, and what else a recording is good for."""
    other = parser.add_mutually_exclusive_group()
    other.add_argument('--diff', metavar='FILE', help='compare with the decisions in another MCAP')
    other.add_argument('--against', metavar='FILE', help='compare with what --json wrote before')
    parser.add_argument(
        '--publish',
        action='store_true',
        help='instead publish the recorded inputs on their ROS 2 topics, for a running node',
    )
    parser.add_argument(
        '--clock',
        action='store_true',
        help='with --publish, publish the time of the recording on /clock, for nodes with '
        'use_sim_time',
    )
    parser.add_argument(
        '--rerun', metavar='OUT.rrd', help='write it all for the Rerun viewer, pictures included'
    )


def run(args: argparse.Namespace) -> int:
    """Play, print, compare."""
    from robochat.recording.reading import RecordingError

    if args.speed is not None and not 0.01 <= args.speed <= 1000:
        raise RecordingError(f'--speed {args.speed}: must lie in 0.01 to 1000')
    if args.speed and args.as_fast_as_possible:
        raise RecordingError('--speed and --as-fast-as-possible exclude each other')
    if args.clock and not args.publish:
        raise RecordingError('--clock is for --publish: a replay without ROS has its own time')
    if args.publish:
        from robochat.ros.publish import main

        return main(Path(args.file), args.speed or 1.0, args.ros_args, _say, args.clock)
    recording = _load(Path(args.file))
    about, manner = _manner(args, recording)
    rerun = _rerun_file(args.rerun)
    started_sec = time.perf_counter()
    happened, complaint = _play(args, recording, about, manner)
    _tell_speed(happened, time.perf_counter() - started_sec)
    if rerun is not None:
        rerun.write(recording.calls, happened, _frames(Path(args.file)))
    if complaint:
        _say(complaint)
    comparison, before = _compare(args, recording, happened)
    return _verdict(comparison, before, about)


def _load(path: Path) -> Recording:
    """Read the tape, or make one from the topics of a file that has none."""
    from robochat.recording.reading import RecordingError
    from robochat.recording.recorded import load

    recording = load(path)
    if not recording.calls:
        from robochat.ros.intake import recording_of_topics

        recording = recording_of_topics(path, recording)
    for note in recording.notes:
        _say(note)
    if not recording.calls:
        raise RecordingError(
            f'{path}: nothing to play: neither robochat/tape nor any topic that robochat takes in'
        )
    return recording


def _manner(args: argparse.Namespace, recording: Recording) -> tuple[About, Manner]:
    """Decide with what to play."""
    from robochat.config import load_config
    from robochat.recording.about import About
    from robochat.recording.answers import responder_for
    from robochat.recording.pictures import RecordedEyes
    from robochat.recording.player import Manner
    from robochat.recording.reading import RecordingError

    problems: list[str] = []
    config = recording.about.config(problems)
    if args.params:
        config = load_config(args.params, config)
    weights = recording.about.decision_model(problems)
    for problem in problems:
        _say(f'setting of the recording left out: {problem}')
    eyes = None
    if args.see == 'images':
        from robochat.perception.perceiver import Perceiver

        eyes = RecordedEyes(Path(args.file), Perceiver(config))
        if not eyes.has_pictures:
            raise RecordingError(
                f'{args.file}: has no pictures; record with --images compressed, or leave --see'
            )
    responder = responder_for(config, with_model=args.words == 'model')
    model = '' if args.words == 'recorded' else responder.model.name
    manner = Manner(
        config=config,
        decision_model=weights,
        responder=responder,
        eyes=eyes,
        answer_all=args.words != 'recorded',
        chosen=bool(args.params),
    )
    return About.of(config, model or recording.about.model, weights), manner


def _play(
    args: argparse.Namespace, recording: Recording, about: About, manner: Manner
) -> tuple[list[Happened], str]:
    """Play everything, print and write it, and return what happened and what went wrong."""
    from robochat.cli.demo import Printer
    from robochat.recording.events import about_event, event_of
    from robochat.recording.player import Player

    player = Player(manner)
    happened: list[Happened] = []
    printer = Printer(sys.stdout, colour=sys.stdout.isatty())
    with _lines_to(args.json) as lines:
        lines.write(json.dumps(about_event(about)) + '\n')
        for one in _paced(player.play(recording.calls), args.speed):
            happened.append(one)
            event = event_of(one, happened[0].at_sec)
            lines.write(json.dumps(event) + '\n')
            if not args.quiet:
                printer.show(event)
    complaints = []
    if player.skipped:
        complaints.append(f'{player.skipped} calls did not fit; the last: {player.complaint}')
    if player.unseen:
        complaints.append(f'{player.unseen} pictures are missing; the recorded faces stood in')
    return happened, '; '.join(complaints)


def _rerun_file(path: str | None) -> RerunFile | None:
    """Make the file for the Rerun viewer, where one is wanted."""
    if path is None:
        return None
    from robochat.recording.rerun import RerunFile

    return RerunFile(Path(path))


def _frames(path: Path) -> Iterator[Frame]:
    """Read the recorded pictures."""
    from robochat.recording.pictures import frames_of
    from robochat.recording.reading import Reading

    return frames_of(Reading(path))


def _lines_to(path: str | None) -> IO[str]:
    """Open the file of JSON lines, or nothing."""
    from robochat.recording.reading import RecordingError

    try:
        return Path(path or '/dev/null').open('w', encoding='utf-8')
    except OSError as error:
        raise RecordingError(f"{path}: can't be written: {error.strerror}") from error


def _paced(happened: Iterable[Happened], speed: float | None) -> Iterator[Happened]:
    """Wait until it is time for each, where a speed is wanted."""
    start_sec, began_sec = None, time.monotonic()
    for one in happened:
        start_sec = one.at_sec if start_sec is None else start_sec
        if speed:
            due_sec = began_sec + (one.at_sec - start_sec) / speed
            time.sleep(max(0.0, min(due_sec - time.monotonic(), 3600.0)))
        yield one


def _tell_speed(happened: list[Happened], seconds: float) -> None:
    """Say how fast it went."""
    span_sec = max((h.at_sec for h in happened), default=0.0) - (
        happened[0].at_sec if happened else 0.0
    )
    times = span_sec / seconds if seconds > 0 else 0.0
    _say(f'{span_sec:.1f} s played in {seconds:.2f} s, {times:.0f} times real time')


def _compare(
    args: argparse.Namespace, recording: Recording, happened: list[Happened]
) -> tuple[Comparison, About]:
    """Compare with the recorded decisions, those of another recording, or of another replay."""
    from robochat.recording.compare import compare, Pair, paired
    from robochat.recording.events import read_events
    from robochat.recording.recorded import load
    from robochat.values import Decision

    decided = [h for h in happened if isinstance(h.value, Decision)]
    start_sec = decided[0].at_sec if decided else 0.0
    now: list[Timed] = [
        (h.at_sec - start_sec, h.value) for h in decided if isinstance(h.value, Decision)
    ]
    if args.against:
        about, before = read_events(Path(args.against))
        return compare(paired(before, now)), about
    if args.diff:
        other = load(Path(args.diff))
        return compare(paired(other.decisions(), now)), other.about
    if all(h.recorded is None for h in decided):  # a file without a tape
        return compare(paired(recording.decisions(), now)), recording.about
    pairs = (Pair(at, h.recorded, d) for h, (at, d) in zip(decided, now, strict=True))
    return compare(p for p in pairs if p.before is not None), recording.about


def _verdict(comparison: Comparison, before: About, now: About) -> int:
    """Print how the decisions compare; 1 when they differ."""
    from robochat.recording.about import differences

    _out(comparison.verdict)
    for difference in comparison.differences[:MOST_SHOWN]:
        _out(f'  {difference.text}')
    more = len(comparison.differences) - MOST_SHOWN
    if more > 0:
        _out(f'  and {more} more spans')
    if comparison.differing and (changed := differences(before, now)):
        _out('what decided differs:')
        for change in changed:
            _out(f'  {change}')
    return 1 if comparison.differing else 0


def _out(text: str) -> None:
    sys.stdout.write(f'{text}\n')


def _say(text: str) -> None:
    """Say something that is no result."""
    sys.stderr.write(f'{text}\n')
