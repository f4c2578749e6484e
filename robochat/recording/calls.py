"""Calls on the tape as lines of JSON, and back.

Flow: `line_of` writes a call, `call_of` reads it by the declared types of the pipeline's method.

*Safety*: a line is untrusted. It names one of the pipeline's taped methods and fits its types, or
raises CodecError.
"""

from __future__ import annotations

import functools
import inspect
import json
from typing import Any, get_type_hints

from robochat.pipeline import Pipeline
from robochat.recording.codec import CodecError, from_json, to_json
from robochat.recording.tape import Call, TurnId
from robochat.values import Decision, Frame, Turn

MAX_LINE = 1_000_000
STAND_INS = {Turn: TurnId, Frame: type(None), Frame | None: type(None)}
RESULTS: dict[str, Any] = {
    'decide': tuple[Decision, TurnId | None],
    'task': TurnId,
    'question': TurnId,
}


def line_of(call: Call) -> str:
    """Write a call."""
    line = {
        'n': call.number,
        'call': call.name,
        'args': [to_json(argument) for argument in call.arguments],
        'hour': call.hour,
    }
    if call.result is not None:
        line['result'] = to_json(call.result)
    return json.dumps(line, separators=(',', ':'))


def call_of(line: str) -> Call:
    """Read a call; raises CodecError."""
    if len(line) > MAX_LINE:
        raise CodecError(f'a line of {len(line)} characters: at most {MAX_LINE} are read')
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CodecError(f'no JSON: {error}') from error
    if not isinstance(data, dict):
        raise CodecError('no call: must be an object with n, call, args, hour')
    name, given = data.get('call'), data.get('args')
    kinds = parameters_of(name) if isinstance(name, str) else None
    if kinds is None or not isinstance(given, list) or len(given) > len(kinds):
        raise CodecError(f'call {str(name)[:40]!r}: no call of this version, or too many args')
    arguments = (from_json(k, v, str(name)) for k, v in zip(kinds, given, strict=False))
    result = data.get('result')
    return Call(
        number=from_json(int, data.get('n'), 'n'),
        name=str(name),
        arguments=tuple(arguments),
        hour=_hour(data.get('hour')),
        result=None if result is None else from_json(RESULTS.get(str(name)), result, 'result'),
    )


def _hour(data: Any) -> float:
    """Read a time of day."""
    hour = from_json(float, data, 'hour')
    if not 0 <= hour <= 24:
        raise CodecError(f'hour = {hour}: must lie in 0 to 24')
    return float(hour)


@functools.cache
def parameters_of(name: str) -> tuple[Any, ...] | None:
    """Types of the arguments of a taped method; None when there is no such method."""
    method = getattr(Pipeline, name, None)
    if not getattr(method, 'is_taped', False):
        return None
    assert method is not None
    hints = get_type_hints(method)
    names = list(inspect.signature(method).parameters)[1:]
    return tuple(STAND_INS.get(hints[n], hints[n]) for n in names)


def time_of(call: Call) -> float | None:
    """When a call was made, in seconds on the recorded clock; None where it has no time.

    Raises ValueError where that is no number.
    """
    at = _place_of_time(call.name)
    return float(call.arguments[at]) if at is not None and at < len(call.arguments) else None


@functools.cache
def _place_of_time(name: str) -> int | None:
    """Which argument of a call is its time."""
    names = list(inspect.signature(getattr(Pipeline, name)).parameters)[1:]
    return names.index('now_sec') if 'now_sec' in names else None
