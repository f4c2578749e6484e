"""The rows of the report: which answers count for which, and what they must reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from robochat.evaluation.judge import Verdict
from robochat.training.lesson import Lesson

REFERRING = ('where side', 'where on', 'bring', 'take', 'put')

Part = Callable[[Lesson, Verdict], bool | None]


@dataclass(frozen=True)
class Measure:
    """One row: what it measures, the bar, what it depends on, and how an answer counts.

    `part` returns None for answers that don't count. `needs` is `image` or `state` where taking
    that away must cost something.
    """

    name: str
    bar: float | None
    needs: str
    part: Part


@dataclass(frozen=True)
class Graded:
    """One answer with its lesson."""

    lesson: Lesson
    verdict: Verdict
    text: str
    seconds: float


def _words(*rows: str) -> Part:
    """Count the words of lessons of these rows."""
    return lambda lesson, verdict: verdict.words if lesson.row in rows else None


def _moods(lesson: Lesson, verdict: Verdict) -> bool | None:
    """Count looks that there is something to say about."""
    plain = lesson.kind.endswith('neutral')
    return verdict.words if lesson.row == 'mood' and not plain else None


def _referents(lesson: Lesson, verdict: Verdict) -> bool | None:
    """Count answers that name or choose among people and things."""
    if lesson.row == 'referent' or lesson.kind in REFERRING:
        return verdict.words if verdict.plan is None else verdict.plan
    return None


def _goals(lesson: Lesson, verdict: Verdict) -> bool | None:
    wanted = lesson.expected.goal or lesson.expected.call
    return verdict.plan if lesson.skilled and wanted else None


def _valid(lesson: Lesson, verdict: Verdict) -> bool | None:
    return verdict.valid


def _idle(lesson: Lesson, verdict: Verdict) -> bool | None:
    """Count what must not be done: no plan, and words that say so."""
    if lesson.row != 'refusal':
        return None
    return verdict.words and verdict.plan is not False


def _speaks(lesson: Lesson, verdict: Verdict) -> bool | None:
    """Count openings that are worth it, where silence would be wrong."""
    opening = not lesson.sentence.turn.heard and not lesson.expected.silent
    return not verdict.silent if opening else None


MEASURES = (
    Measure('mood named or fittingly answered', 0.90, 'state', _moods),
    Measure('no mood claimed where none is sure', None, '', _words('unsure')),
    Measure('person and thing right', 0.95, 'state', _referents),
    Measure('plan accepted by the checker', 1.0, '', _valid),
    Measure('goal reached in simulation', 0.90, '', _goals),
    Measure('silent where silence is due', 0.95, 'state', _words('silence')),
    Measure('speaks where it should', None, '', _speaks),
    Measure('questions about the picture', 0.80, 'image', _words('picture question')),
    Measure('questions about the state', None, 'state', _words('state question')),
    Measure('questions about names and words', None, '', _words('text question')),
    Measure('follows a correction', None, '', _words('correction')),
    Measure('uses examples', None, '', _words('few-shot')),
    Measure('refuses what must or can not be done', None, '', _idle),
    Measure('small talk', None, '', _words('talk')),
    Measure('help and hazards', None, '', _words('help')),
)


@dataclass(frozen=True)
class Score:
    """How often it was right."""

    right: int
    count: int

    @property
    def share(self) -> float:
        """Share of right answers; 0 where there is none."""
        return self.right / self.count if self.count else 0.0


def scores(
    graded: Iterable[Graded], measures: Sequence[Measure] = MEASURES
) -> Mapping[str, Score]:
    """Count each row."""
    answers = list(graded)
    found = {}
    for measure in measures:
        counted = [measure.part(g.lesson, g.verdict) for g in answers]
        known = [bool(c) for c in counted if c is not None]
        found[measure.name] = Score(sum(known), len(known))
    return found
