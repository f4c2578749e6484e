"""What `robochat doctor` found: one line each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """How bad it is: `NOTE` is missing and can be done without, `MISSING` can't."""

    OK = 'ok'
    NOTE = 'note'
    MISSING = 'missing'


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `remedy` says how to get it."""

    what: str
    state: State
    detail: str
    remedy: str = ''
    group: str = ''


def ok(what: str, detail: str) -> Finding:
    """Report what is there."""
    return Finding(what, State.OK, detail)


def note(what: str, detail: str, remedy: str) -> Finding:
    """Report what is missing and can be done without."""
    return Finding(what, State.NOTE, detail, remedy)


def missing(what: str, detail: str, remedy: str) -> Finding:
    """Report what is missing and essential."""
    return Finding(what, State.MISSING, detail, remedy)
