"""The journal of openings: a line for each, in numbers.

A line has `run` and `opening` (which together name the opening), `time` in seconds on the node's
clock, `trigger`, `features` by name, `score`, `reaction`, `rating` and `corrected`. It has no
words, no names and no ids of people. An outcome that was corrected by a late rating is written
again; the reader keeps the newest.

Threads: `write` may be called from any thread and never waits; the disk has a thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math
from pathlib import Path
import secrets
from typing import Any

from robochat.learning.lines import Line, LineFile, Reading, Writer
from robochat.learning.outcomes import Outcome, Reaction
from robochat.resources import data_folder
from robochat.settings import LearningSettings
from robochat.values import Trigger

FILE = 'outcomes.jsonl'
MAX_OUTCOMES = 200_000
MAX_FEATURES = 100
MAX_NAME = 60


class JournalError(ValueError):
    """There is no journal to read; the message says what to do."""


def journal_path(settings: LearningSettings) -> Path:
    """Where the journal lies: as set, else in the user's data folder."""
    named = settings.journal_file
    return Path(named).expanduser() if named else data_folder() / FILE


class Journal:
    """Writes outcomes down; `run` tells the openings of one start from those of the next."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._file = LineFile(path, most_bytes)
        self._run = secrets.token_hex(4)
        self._writer = Writer[Outcome]('journal', self._append)

    def write(self, outcome: Outcome) -> bool:
        """Leave an outcome to be written; false when it was dropped, because too many wait."""
        return self._writer.put(outcome)

    @property
    def counts(self) -> tuple[tuple[str, str], ...]:
        """How many were written, dropped and failed, and the last failure, for diagnostics."""
        writer = self._writer
        lost = (('outcomes dropped', writer.dropped), ('outcomes not written', writer.failed))
        told = [(name, str(count)) for name, count in lost if count]
        if writer.complaint:
            told.append(('journal', writer.complaint))
        return (('outcomes written', str(writer.written)), *told)

    def close(self) -> bool:
        """Write what waits; true when all was written in time."""
        return self._writer.close()

    def _append(self, outcome: Outcome) -> None:
        self._file.append({'run': self._run, **line_of(outcome)})


@dataclass(frozen=True)
class Entries:
    """What a journal has, the oldest first, and how many lines were torn or no use."""

    outcomes: tuple[Outcome, ...]
    torn: int = 0
    skipped: int = 0


def read_journal(path: Path) -> Entries:
    """Read a journal with the files before it; raises JournalError when there is none."""
    file, reading = LineFile(path, 0), Reading()
    if not file.files():
        raise JournalError(
            f'{path}: no such journal; the node writes one while it runs with learning.journal, '
            'a line for each opening, or name one with --journal'
        )
    found: dict[tuple[str, str], Outcome] = {}
    try:
        for line in file.lines(reading):
            _fold(line, found, reading)
    except OSError as error:
        raise JournalError(f"{path}: can't be read: {error}") from error
    return Entries(tuple(found.values()), reading.torn, reading.skipped)


def _fold(line: Line, found: dict[tuple[str, str], Outcome], reading: Reading) -> None:
    """Take a line in: the newest about an opening counts, and the oldest are let go."""
    try:
        outcome = outcome_of(line)
        found[(str(line['run'])[:MAX_NAME], outcome.opening)] = outcome
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        reading.skipped += 1
        return
    if len(found) > MAX_OUTCOMES:
        del found[next(iter(found))]


def line_of(outcome: Outcome) -> Line:
    """Write an outcome as JSON can say it."""
    return {
        'opening': outcome.opening,
        'time': round(outcome.stamp_sec, 3),
        'trigger': outcome.trigger.value,
        'features': {name: round(value, 4) for name, value in outcome.features},
        'score': round(outcome.score, 4),
        'reaction': outcome.reaction.value,
        'rating': outcome.rating,
        'corrected': outcome.corrected,
    }


def outcome_of(line: Line) -> Outcome:
    """Read an outcome; raises KeyError, TypeError, ValueError or AttributeError."""
    rating = line['rating']
    if rating is not None and (type(rating) is not int or rating not in (-1, 0, 1)):
        raise ValueError(f'rating {rating!r}: must be -1, 0, 1 or null')
    if len(line['features']) > MAX_FEATURES:
        raise ValueError(f'{len(line["features"])} features: at most {MAX_FEATURES}')
    return Outcome(
        opening=str(line['opening'])[:MAX_NAME],
        stamp_sec=_number(line['time']),
        trigger=Trigger(line['trigger']),
        features=tuple(_features(line['features'])),
        score=_number(line['score']),
        reaction=Reaction(line['reaction']),
        rating=rating,
        corrected=line['corrected'] is True,
    )


def _features(values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield names and values, clipped to the range that features have."""
    for name, value in values.items():
        yield str(name)[:MAX_NAME], max(-1.0, min(1.0, _number(value)))


def _number(value: Any) -> float:
    """Read a finite number; raises ValueError or TypeError."""
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise ValueError(f'{value!r}: must be a finite number')
    return number
