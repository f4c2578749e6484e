"""What happens in a replay as JSON lines, in the form that `robochat demo --json` writes.

Every line has `t` (seconds since the recording began), `kind` and the fields of the message that
it mirrors. The first line, `about`, tells what decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
import json
from pathlib import Path
from typing import Any

from robochat.recording.about import About, about_from
from robochat.recording.codec import CodecError, from_json, to_json
from robochat.recording.player import Happened
from robochat.recording.reading import RecordingError
from robochat.values import ActionPlan, Decision, ModelCall, Refusal, Speech, Utterance

Event = dict[str, Any]
KINDS: dict[type[Any], str] = {
    Decision: 'decision',
    Utterance: 'utterance',
    ActionPlan: 'plan',
    Refusal: 'refusal',
    ModelCall: 'turn',
    Speech: 'speech',
}
# Fields of values that messages call otherwise.
RENAMED = {'stamp_sec': 'stamp', 'onset_sec': 'onset', 'lifetime_sec': 'lifetime', 'turn': 'id'}
TIMES = ('stamp', 'onset')
PLAIN_NAMES = {new: old for old, new in RENAMED.items() if old != 'turn'}
MAX_LINE = 1_000_000


def event_of(happened: Happened, start_sec: float) -> Event:
    """Write something that happened, with times since the start."""
    value = happened.value
    written = to_json(value)
    del written['is']
    fields = {RENAMED.get(name, name): field for name, field in written.items()}
    for name in TIMES:
        if fields.get(name) is not None:
            fields[name] = round(fields[name] - start_sec, 6)
    if isinstance(value, ActionPlan):
        fields['steps'] = [_step(step) for step in fields['steps']]
    t = round(happened.at_sec - start_sec, 6)
    return {'t': t, 'kind': KINDS[type(value)], **fields}


def _step(step: Event) -> Event:
    """Write a step with named arguments, as its message has them."""
    arguments = [{'key': key, 'value': value} for key, value in step['arguments']]
    return {**{k: v for k, v in step.items() if k != 'is'}, 'arguments': arguments}


def about_event(about: About) -> Event:
    """Write what decided."""
    return {'t': 0.0, 'kind': 'about', **about.metadata()}


def read_events(path: Path) -> tuple[About, tuple[tuple[float, Decision], ...]]:
    """Read what `robochat replay --json` wrote: what decided, and the decisions by time.

    Raises RecordingError.
    """
    about, decisions = About(), []
    for number, event in _lines(path):
        if event.get('kind') == 'about':
            about = about_from(event)
        elif event.get('kind') == 'decision':
            try:
                decisions.append(_decision(event))
            except CodecError as error:
                raise RecordingError(f'{path}:{number}: {error}') from error
    if not decisions:
        raise RecordingError(f'{path}: has no decisions; `robochat replay FILE --json` writes it')
    return about, tuple(decisions)


def _decision(event: Mapping[str, Any]) -> tuple[float, Decision]:
    """Read one decision; raises CodecError."""
    fields = {PLAIN_NAMES.get(name, name): field for name, field in event.items()}
    decision: Decision = from_json(Decision, fields, 'decision')
    return from_json(float, event.get('t'), 't'), decision


def _lines(path: Path) -> Iterator[tuple[int, Event]]:
    """Yield the lines with their numbers."""
    try:
        with path.open(encoding='utf-8') as file:
            for number, line in enumerate(_limited(file), 1):
                event = json.loads(line)
                if not isinstance(event, dict):
                    raise ValueError(f'line {number} is no object')
                yield number, event
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingError(
            f"{path}: can't be read as JSON lines: {error}; `robochat replay FILE --json` "
            'writes such a file'
        ) from error


def _limited(file: Any) -> Iterable[str]:
    """Read lines of bearable length."""
    while line := file.readline(MAX_LINE):
        yield line
