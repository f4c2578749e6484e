"""Reads what a model answered: words and steps, from the line format or from JSON.

Safety: the text is untrusted. Whatever it is, `parse` returns words and steps that the schema's
table knows, with a problem for everything it dropped, or raises ReplyError. Whether steps are
possible is judged by `robochat.plan.checker`, and words by `robochat.safety`, on the newest world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import json
import re
from typing import Any

from robochat.plan.grammar import CallError, ReplySchema
from robochat.prompt import clean
from robochat.values import PlanStep

MAX_RAW_CHARS = 20_000
MAX_TEXT_CHARS = 2000
MAX_SHOWN_CHARS = 80
_SAY = re.compile(r'^\s*say\s*:\s*(.*)$', re.IGNORECASE)
_PLAN = re.compile(r'^\s*plan\s*:\s*(.*)$', re.IGNORECASE)
_FENCE = re.compile(r'^\s*```(?:json)?\s*|\s*```\s*$')
_NOTHING = ('', 'none', 'nothing', 'done', '-')


class ReplyError(ValueError):
    """An answer holds neither words nor steps; the message says what was expected."""


@dataclass(frozen=True)
class Reply:
    """What can be used of an answer; `problems` tells what couldn't, and why."""

    text: str
    steps: tuple[PlanStep, ...] = ()
    problems: tuple[str, ...] = ()


def parse(raw: str, schema: ReplySchema) -> Reply:
    """Read an answer; raises ReplyError when nothing in it can be used."""
    text, calls, problems = _parts(raw[:MAX_RAW_CHARS])
    words = clean(text, MAX_TEXT_CHARS)
    if len(raw) > MAX_RAW_CHARS:
        problems.append(f'answer of {len(raw)} characters was cut at {MAX_RAW_CHARS}')
    steps = _steps(calls, schema, problems)
    if not words and not steps:
        detail = f' ({"; ".join(problems)})' if problems else ''
        raise ReplyError(f'answer {_shown(raw)} has no words and no usable step{detail}')
    return Reply(words, steps, tuple(problems))


def _parts(raw: str) -> tuple[str, list[Any], list[str]]:
    """Split an answer into words, calls and problems."""
    stripped = _FENCE.sub('', raw).strip()
    if stripped.startswith('{'):
        return _json_parts(stripped)
    return _line_parts(stripped)


def _line_parts(raw: str) -> tuple[str, list[Any], list[str]]:
    """Read `Say:` and `Plan:` lines; an answer without either is all words."""
    words, calls, marked = [], [], False
    for line in raw.splitlines():
        if said := _SAY.match(line):
            words.append(said[1])
            marked = True
        elif planned := _PLAN.match(line):
            calls += [call.strip() for call in planned[1].split(';')]
            marked = True
        elif not marked:
            words.append(line)
    return ' '.join(words), [c for c in calls if c.lower().rstrip('.') not in _NOTHING], []


def _json_parts(raw: str) -> tuple[str, list[Any], list[str]]:
    """Read `{"say": ..., "plan": [...]}`."""
    try:
        tree = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return '', [], [f'not JSON: {_shown(str(error))}']
    said, plan, problems = tree.get('say', ''), tree.get('plan', []), []
    if not isinstance(said, str):
        problems.append(f'say = {_shown(repr(said))}: must be a text')
    if not isinstance(plan, list):
        problems.append(f'plan = {_shown(repr(plan))}: must be a list of steps')
    return said if isinstance(said, str) else '', plan if isinstance(plan, list) else [], problems


def _steps(calls: list[Any], schema: ReplySchema, problems: list[str]) -> tuple[PlanStep, ...]:
    """Read the calls, and note those that are refused."""
    limit = schema.max_steps
    if calls and not schema.want_plan:
        problems.append(f'{len(calls)} steps refused: no plan was wanted')
        return ()
    if len(calls) > limit:
        problems.append(f'{len(calls) - limit} steps refused: at most {limit} are allowed')
    return tuple(_read(calls[:limit], schema, problems))


def _read(calls: list[Any], schema: ReplySchema, problems: list[str]) -> Iterator[PlanStep]:
    """Yield the steps whose skill is declared and whose referents are in the world."""
    for number, call in enumerate(calls, 1):
        try:
            step = _step(call, schema)
        except CallError as error:
            problems.append(f'step {number} refused: {error}')
            continue
        strangers = ', '.join(_strangers(step, schema))
        if strangers:
            shown = f'step {number} {_shown(step.call)}'
            problems.append(f'{shown} refused: {strangers} not in the world')
        else:
            yield step


def _step(call: Any, schema: ReplySchema) -> PlanStep:
    """Read one call, as a text or as a JSON object."""
    if isinstance(call, Mapping):
        return schema.parse_step(call)
    if isinstance(call, str):
        return schema.parse_call(call)
    raise CallError(f'{_shown(repr(call))}: must be a call or an object with skill and arguments')


def _strangers(step: PlanStep, schema: ReplySchema) -> Iterator[str]:
    """Name arguments that should be in the world and aren't."""
    skill = schema.table.skill(step.skill)
    names = {p.name for p in skill.parameters if p.is_referent} if skill else set()
    for name, value in step.arguments:
        if name in names and schema.state.referent(value) is None:
            yield _shown(value)


def _shown(text: str) -> str:
    """Show untrusted text in a message, cleaned and cut."""
    return repr(clean(text, MAX_SHOWN_CHARS))
