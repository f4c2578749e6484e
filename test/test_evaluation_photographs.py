"""What perception finds in the shipped photographs, and how answers about them are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path

import pytest
from robochat.config import Config
from robochat.evaluation import grounding, photographs, report
from robochat.evaluation.judge import judge
from robochat.evaluation.photographs import Photograph, QUESTIONS
from robochat.evaluation.rows import Graded
from robochat.evaluation.run import Contest, OURS
from robochat.mllm.phrases import Phrases
from robochat.mllm.protocol import Answer
from robochat.perception.image import decode_compressed
from robochat.persona import load_persona
from robochat.plan.skills import load_skills
from robochat.resources import named_file
from robochat.response import Responder
from robochat.training.asking import NOBODY
from robochat.training.lesson import Lesson
from robochat.values import Event, EventKind, Person, WorldView

CARD = photographs.FOLDER / 'LICENSES.md'
MOST_BYTES = 80_000
SILENT = Answer('', 'x', silent=True)

Look = Callable[[str], Photograph]


@pytest.fixture(scope='module')
def look() -> Look:
    """See a shipped photograph, each only once."""
    seen: dict[str, Photograph] = {}

    def at(name: str) -> Photograph:
        if name not in seen:
            seen[name] = photographs.see(photographs.FOLDER / f'{name}.jpg', Config())
        return seen[name]

    return at


@pytest.fixture(scope='module')
def responder() -> Responder:
    persona, config = load_persona('companion'), Config()
    table = load_skills(named_file(config.plan.skills, 'config/skills'))
    phrases = Phrases(persona)
    return Responder(config, persona, table, phrases, phrases)


def only(photograph: Photograph) -> Person:
    (person,) = photograph.view.people
    return person


def lesson_on(photograph: Photograph, responder: Responder, words: str = '') -> Lesson:
    """The first lesson in which somebody says these words, or is greeted."""
    lessons = photographs.lessons_about(photograph, responder)
    return next(x for x in lessons if x.sentence.turn.heard == words)


def graded(lesson: Lesson, answer: Answer | str) -> Graded:
    answer = Answer(f'Say: {answer}', 'x') if isinstance(answer, str) else answer
    return Graded(lesson, judge(lesson, answer), answer.text or '(silent)', 0.0)


def right(lesson: Lesson, answer: Answer | str) -> bool:
    """Tell whether an answer counts as right in its row."""
    made = graded(lesson, answer)
    counts = [m.part(lesson, made.verdict) for m in grounding.MEASURES]
    (count,) = [c for c in counts if c is not None]
    return bool(count)


# ------------------------------------------------------------------ what is shipped
def test_every_photograph_is_small_and_has_a_licence() -> None:
    card = CARD.read_text(encoding='utf-8')
    assert len(photographs.shipped()) >= 6
    for path in photographs.shipped():
        (row,) = [line for line in card.splitlines() if line.startswith(f'| `{path.name}` |')]
        assert row.split('|')[4].strip() in ('public domain', 'CC0 1.0')
        assert path.stat().st_size < MOST_BYTES
        assert decode_compressed(path.read_bytes()).shape == (480, 640, 3)


def test_no_photograph_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(photographs, 'FOLDER', tmp_path)
    with pytest.raises(FileNotFoundError, match='--no-photographs'):
        photographs.shipped()


# ------------------------------------------------------------------ what is found
def test_the_astronaut_has_a_face_that_surely_smiles(look: Look) -> None:
    person = only(look('astronaut'))
    assert person.facing
    assert grounding.sure_mood(person) == 'happy'


def test_two_people_are_two(look: Look) -> None:
    assert [p.visible for p in look('two_people').view.people] == [True, True]


def test_who_looks_into_a_camera_has_no_mood(look: Look) -> None:
    person = only(look('photographer'))
    assert not person.facing
    assert grounding.sure_mood(person) == ''


def test_nobody_is_found_in_coffee_cat_and_wall(look: Look) -> None:
    assert [look(name).view.people for name in ('coffee', 'cat', 'wall')] == [(), (), ()]
    assert 'cup' in {thing.label for thing in look('coffee').view.things}
    assert {thing.label for thing in look('cat').view.things} == {'cat'}
    assert look('wall').view.things == ()


# ------------------------------------------------------------------ what is asked
def test_people_are_greeted_and_an_empty_picture_only_asked_about(
    look: Look, responder: Responder
) -> None:
    two = list(photographs.lessons_about(look('two_people'), responder))
    greeted = [x for x in two if not x.sentence.turn.heard]
    assert {x.sentence.turn.decision.addressee for x in greeted} == {'person_1', 'person_2'}
    none = list(photographs.lessons_about(look('wall'), responder))
    assert len(none) == sum(not question.personal for question in QUESTIONS)
    assert all(x.sentence.turn.heard and x.sentence.frames for x in none)
    assert {x.sentence.turn.decision.addressee for x in none} == {''}


# ------------------------------------------------------------------ judging moods
def test_a_sure_mood_is_to_be_named_and_no_other(look: Look, responder: Responder) -> None:
    lesson = lesson_on(look('astronaut'), responder, 'How do I look?')
    assert right(lesson, 'You look happy.')
    assert not right(lesson, 'You look happy and a little sad.')
    assert not right(lesson, 'You look upset.')
    assert not right(lesson, 'I can not tell for sure.')
    assert not right(lesson, SILENT)


def test_a_mood_that_is_not_sure_is_not_to_be_named(look: Look, responder: Responder) -> None:
    lesson = lesson_on(look('photographer'), responder, 'How do I look?')
    assert right(lesson, 'I am not sure, I can not read your face well.')
    assert right(lesson, "I can't tell.")
    for claim in ('happy', 'calm', 'worried'):
        assert not right(lesson, f'You look {claim}.')
        assert not right(lesson, f'I am not sure, but you look {claim}.')


def test_a_greeting_claims_no_other_mood(look: Look, responder: Responder) -> None:
    astronaut = lesson_on(look('astronaut'), responder)
    assert right(astronaut, 'Good afternoon! You look cheerful.')
    assert right(astronaut, 'Good afternoon!')
    assert not right(astronaut, 'Hello. You look a bit down.')
    assert not right(astronaut, SILENT)


def test_who_looks_elsewhere_need_not_be_greeted(look: Look, responder: Responder) -> None:
    photographer = lesson_on(look('photographer'), responder)
    assert right(photographer, SILENT)
    assert right(photographer, 'Good afternoon!')
    assert not right(photographer, 'Good afternoon! You look relaxed.')


# ------------------------------------------------------------------ judging the rest
@pytest.mark.parametrize(
    ('name', 'good', 'bad'),
    [
        ('astronaut', 'I see one person.', 'I see two people.'),
        ('astronaut', 'Only you.', 'There is no one here.'),
        ('two_people', 'Two people.', 'One person, two at most.'),
        ('coffee', 'There is nobody here.', 'I see one person.'),
        ('wall', 'I see no one.', 'Three people.'),
    ],
)
def test_people_are_counted_as_found(
    look: Look, responder: Responder, name: str, good: str, bad: str
) -> None:
    lesson = lesson_on(look(name), responder, 'How many people are here?')
    assert right(lesson, good)
    assert not right(lesson, bad)
    assert not right(lesson, 'I do not know.')
    assert not right(lesson, SILENT)


def test_a_cup_is_there_only_where_it_was_found(look: Look, responder: Responder) -> None:
    coffee = lesson_on(look('coffee'), responder, 'Is there a cup?')
    wall = lesson_on(look('wall'), responder, 'Is there a cup?')
    for words in ('Yes, there is a cup.', 'I see a cup.', 'The cup is on the dining table.'):
        assert right(coffee, words)
        assert not right(wall, words)
    for words in ('No, I see no cup.', 'I can not see a cup.', 'There is no cup here.'):
        assert right(wall, words)
        assert not right(coffee, words)
    assert not right(wall, 'Maybe.')


def test_an_event_that_did_not_happen_is_made_up(look: Look, responder: Responder) -> None:
    lesson = lesson_on(look('wall'), responder, 'What happened just now?')
    assert right(lesson, 'Nothing happened.')
    assert right(lesson, 'Nothing has moved, and nothing fell.')
    for claim in ('Someone came in.', 'The cup fell.', 'You sat down.', 'The cat is gone.'):
        assert not right(lesson, claim)
    assert not right(lesson, SILENT)


def test_an_event_that_was_noticed_may_be_told(look: Look) -> None:
    view = look('wall').view
    fell = replace(view, events=(Event(EventKind.OBJECT_FELL, 'cup_1', view.now_sec),))

    def claims(seen: WorldView) -> str:
        return ' '.join(grounding.happened(seen, NOBODY).never)

    assert 'fallen' in claims(view)
    assert 'fallen' not in claims(fell)
    assert 'arrived' in claims(fell)


def test_things_that_were_not_found_are_made_up(look: Look, responder: Responder) -> None:
    coffee = lesson_on(look('coffee'), responder, 'What colour is the wall?')
    assert grounding.invented('The wall is brown, behind a cup.', coffee) == ''
    made_up = grounding.invented('It is orange, like the clock and a vase.', coffee)
    assert made_up == 'not found: clock, vase'
    asked = lesson_on(look('wall'), responder, 'Is there a cup?')
    assert grounding.invented('I can not see a cup.', asked) == ''


@pytest.mark.parametrize(
    'words',
    [
        'You look old for your age.',
        'You are pretty.',
        'You look ill, see a doctor.',
        'Hi, Eileen!',
    ],
)
def test_what_may_not_be_said_of_a_person_is_told(
    look: Look, responder: Responder, words: str
) -> None:
    lesson = lesson_on(look('astronaut'), responder)
    assert grounding.forbidden(words, lesson)
    assert grounding.forbidden('Good afternoon! You look happy.', lesson) == ''


def test_another_time_of_day_is_made_up(look: Look, responder: Responder) -> None:
    lesson = lesson_on(look('astronaut'), responder)
    assert grounding.mistimed('Good morning! You look happy.', lesson) == 'it is afternoon'
    assert grounding.mistimed('Good afternoon! Nice to see you.', lesson) == ''


def test_silence_and_failure_have_no_faults(look: Look, responder: Responder) -> None:
    lesson = lesson_on(look('astronaut'), responder)
    assert grounding.faults_in(graded(lesson, SILENT)) == ()
    failed = Graded(lesson, judge(lesson, None), '(wrote a vase and nothing fit)', 0.0)
    assert grounding.faults_in(failed) == ()
    assert not failed.verdict.words


# ------------------------------------------------------------------ the report
@pytest.fixture(scope='module')
def answers(look: Look, responder: Responder) -> tuple[Graded, ...]:
    """Always the same words, but to a greeting in a picture with two."""
    lessons = [
        lesson
        for name in ('photographer', 'wall')
        for lesson in photographs.lessons_about(look(name), responder)
    ]
    first, *rest = lessons
    return (graded(first, SILENT), *(graded(x, 'I see one person and a vase.') for x in rest))


def test_rows_and_dialogue_are_told(answers: tuple[Graded, ...]) -> None:
    tree = photographs.as_json(answers)
    rows = {row['what']: (row['right'], row['asked']) for row in tree['rows']}
    assert rows == {
        'mood named only where it is sure': (1, 2),
        'people counted as found': (1, 2),
        'thing told as found': (0, 2),
        'no event made up': (2, 2),
        'no thing made up': (0, 10),
        'no wrong time of day': (10, 10),
        'nothing that may not be said': (10, 10),
    }
    assert len(tree['dialogue']) == len(answers) == 11
    assert [x['good'] for x in tree['dialogue'] if 'colour' in x['asked']] == [None] * 3
    assert 'person_1' in tree['dialogue'][0]['found'][0]
    assert '<' not in json.dumps(tree)


def test_a_report_has_a_section_of_photographs(answers: tuple[Graded, ...]) -> None:
    tree = report.as_json(Contest({OURS: ()}, 1.0, answers), {})
    lines = list(report.table(tree))
    assert '## Real photographs' in lines
    assert '| people counted as found | 1 | 2 |' in lines
    assert '- (greet person_1) (silent)' in lines
    said = 'I see one person and a vase.'
    assert f'- someone: “Is there a cup?” {said} **(not borne out; not found: vase)**' in lines


def test_a_report_without_photographs_has_no_such_section() -> None:
    tree = report.as_json(Contest({OURS: ()}, 1.0), {})
    assert 'photographs' not in tree
    assert not any('photograph' in line for line in report.table(tree))
