"""What perception's findings want of an answer, where nobody wrote down what a picture shows.

Flow: a world view gives the `Expected` answer to a greeting or a question, `MEASURES` count the
answers, and `FAULTS` are looked for in the words of all. What perception did not find, or is not
sure of, must not be claimed.

What this doesn't do: tell whether perception is right, or judge colours, which it does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
import re

from robochat.config import Config
from robochat.evaluation.judge import Verdict
from robochat.evaluation.rows import Graded, Measure, Part, Score
from robochat.mllm.fitness import unfit
from robochat.perception.objects import read_labels
from robochat.persona import day_part
from robochat.resources import model_path
from robochat.safety import judge_utterance
from robochat.training.lesson import Expected, Lesson
from robochat.training.openings import MOOD_PATTERNS
from robochat.values import EventKind, Person, WorldView

COUNTS = ('nobody|no one|no people|not see any', 'one|only you|just you', 'two', 'three', 'four')
ANYTHING = Expected()
# An orange is also a colour, and people are counted by themselves.
NO_THINGS = ('orange', 'person')
_EVENT_CLAIMS = (
    ((EventKind.ARRIVED,), r'came in|come in|arrived|entered'),
    ((EventKind.OBJECT_APPEARED, EventKind.ARRIVED), r'appeared'),
    ((EventKind.APPROACHED,), r'came (?:nearer|closer)|approached'),
    ((EventKind.LEFT, EventKind.OBJECT_VANISHED), r'has left|went away|(?:is|are) gone|vanished'),
    ((EventKind.OBJECT_FELL,), r'fell|fallen|dropped'),
    ((EventKind.HAZARD,), r'broke|broken|dangerous'),
    ((EventKind.MOOD_TURNED,), r'looks? different'),
    # Nothing that perception reports: no still picture shows these.
    ((), r'moved|sat down|stood up|(?:picked|put) up|taken away'),
)
_NOT_DENIED = r'(?<!nothing )(?<!nothing has )(?<!nobody )(?<!nobody has )(?<!not )'


# --------------------------------------------------------------------------- what is wanted
def sure_mood(person: Person) -> str:
    """Return the lasting look that perception is certain of, or an empty string."""
    sure = person.emotion is not None and person.emotion.certain
    return person.mood if sure else ''


def greeted(_: WorldView, person: Person) -> Expected:
    """Expect a greeting that claims no look but the sure one; it need not name that."""
    return Expected(never=_other_moods(sure_mood(person)))


def looks(_: WorldView, person: Person) -> Expected:
    """Expect the sure look, or that the face can't be read."""
    mood = sure_mood(person)
    says = MOOD_PATTERNS[mood] if mood else r"\bnot\b|n't\b|\bhard\b"
    return Expected((says,), _other_moods(mood))


def _other_moods(mood: str) -> tuple[str, ...]:
    return tuple(pattern for name, pattern in MOOD_PATTERNS.items() if name != mood)


def counted(view: WorldView, _: Person) -> Expected:
    """Expect the number of people in view."""
    number = min(sum(p.visible for p in view.people), len(COUNTS) - 1)
    others = (c for n, c in enumerate(COUNTS) if n not in (0, number))
    never = [rf'\b(?:{c}) (?:people|persons?)\b' for c in others]
    never += [rf'\b(?:{COUNTS[0]})\b'] if number else []
    return Expected((rf'\b(?:{COUNTS[number]})\b',), tuple(never))


def found(label: str) -> Callable[[WorldView, Person], Expected]:
    """Expect yes for a kind of thing that is in view, and no for one that is not."""
    yes = (
        r'^yes|^there is an?\b|^it is (?:on|in|at|to)\b|\bi (?:can )?see (?:an?|the|one|your)\b'
        rf'|\b(?:a|the) {label} (?:is|stands)\b(?! not)'
    )
    no = rf"^no\b|\b(?:not|n't) see\b|\bno {label}\b|\b(?:is|are)(?: not|n't)\b"

    def expected(view: WorldView, _: Person) -> Expected:
        is_there = any(t.label == label and t.visible for t in view.things)
        return Expected((yes,), (no,)) if is_there else Expected((no,), (yes,))

    return expected


def happened(view: WorldView, _: Person) -> Expected:
    """Expect no event that perception did not notice; that nothing happened may always be said."""
    seen = {event.kind for event in view.events}
    claims = (pattern for kinds, pattern in _EVENT_CLAIMS if not seen & set(kinds))
    return Expected(never=tuple(rf'{_NOT_DENIED}\b(?:{claim})\b' for claim in claims))


def anything(_: WorldView, __: Person) -> Expected:
    """Expect words, whatever they are: perception has no finding to hold against them."""
    return ANYTHING


# --------------------------------------------------------------------------- how it counts
def spoken(graded: Graded) -> str:
    """Return the words that were said; none where it kept silent or failed."""
    line = graded.text.partition('\n')[0]
    said = line.startswith('Say:') and not graded.verdict.silent
    return line.removeprefix('Say:').strip() if said else ''


def invented(words: str, lesson: Lesson) -> str:
    """Name the things that words tell of though they were neither found nor asked about."""
    view, plain = lesson.sentence.view, words.lower()
    known = {t.label for t in view.things} | {view.robot.holding.rpartition('_')[0]}
    asked = lesson.sentence.turn.heard.lower()
    named = (label for label, pattern in _things() if pattern.search(plain))
    made_up = [label for label in named if label not in known and label not in asked]
    return f'not found: {", ".join(made_up)}' if made_up else ''


@cache
def _things() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Name every kind of thing that perception knows, as it stands in a sentence."""
    labels = read_labels(model_path('coco80_labels.txt'))
    forms = r'\b(?:an?|the|your|my|one|two|some) {}s?\b'
    return tuple((x, re.compile(forms.format(re.escape(x)))) for x in labels if x not in NO_THINGS)


def mistimed(words: str, lesson: Lesson) -> str:
    """Tell the part of the day where words greet with another one."""
    part = day_part(lesson.sentence.view.hour)
    named = re.findall(r'\bgood (morning|afternoon|evening)\b', words.lower())
    return f'it is {part}' if any(name != part for name in named) else ''


def forbidden(words: str, lesson: Lesson) -> str:
    """Say why words must not be said to this person here, or return an empty string."""
    refusal = judge_utterance(words, Config(), lesson.sentence.view)[1]
    return refusal.reason if refusal else unfit(words, lesson.sentence, sees=True)


def _row(name: str) -> Part:
    return lambda lesson, verdict: verdict.words if lesson.row == name else None


def _moods(lesson: Lesson, verdict: Verdict) -> bool | None:
    """Count greetings and looks; nobody has to greet who looks elsewhere."""
    person = lesson.sentence.addressee
    away = person is not None and not person.facing and not lesson.sentence.turn.heard
    return verdict.words or (away and verdict.silent) if lesson.row == 'mood' else None


MEASURES = (
    Measure('mood named only where it is sure', None, 'state', _moods),
    Measure('people counted as found', None, '', _row('people')),
    Measure('thing told as found', None, '', _row('thing')),
    Measure('no event made up', None, '', _row('event')),
)
# What must not be wrong with any words, whatever they answer; each tells what is, or nothing.
FAULTS: tuple[tuple[str, Callable[[str, Lesson], str]], ...] = (
    ('no thing made up', invented),
    ('no wrong time of day', mistimed),
    ('nothing that may not be said', forbidden),
)


def faults_in(graded: Graded) -> tuple[str, ...]:
    """Tell everything that is wrong with the words of an answer, whatever it answers."""
    words = spoken(graded)
    found = (fault(words, graded.lesson) for _, fault in FAULTS) if words else ()
    return tuple(text for text in found if text)


def fault_scores(answers: Sequence[Graded]) -> Mapping[str, Score]:
    """Count the answers with words, and those of them without each fault."""
    said = [(words, graded.lesson) for graded in answers if (words := spoken(graded))]
    return {
        what: Score(sum(not fault(words, lesson) for words, lesson in said), len(said))
        for what, fault in FAULTS
    }
