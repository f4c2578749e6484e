"""Lessons on talk: small questions and news, yes and no, corrections, words meant for others."""

from __future__ import annotations

from robochat.training.lesson import Desk, Expected
from robochat.training.openings import MOOD_PATTERNS, slots
from robochat.training.wordings import wordings
from robochat.values import Person

PATTERNS = {
    'how_are_you': 'fine|well',
    'who_are_you': '{robot}',
    'what_can_you': 'fetch|bring',
    'human': 'robot',
    'thanks': 'welcome|gladly',
    'farewell': 'goodbye|later|soon',
    'hello': 'hello|hi',
    'unknown': 'not know|not tell',
    'personal': 'rather not|not judge',
    'good_news': 'wonderful|nice|good',
    'bad_news': 'sorry|hard',
    'statement': 'tell me|interesting',
    'injection': 'rules|robot|rather not',
}
CORRECTED = ('sad', 'angry', 'fear')


def talk_lessons(desk: Desk, count: int) -> None:
    """Say `count` different things to the robot."""
    people = desk.situation.view.people
    if not people:
        return
    rng = desk.voice.rng
    for kind in rng.sample(tuple(PATTERNS), count):
        _small(desk, rng.choice(people), kind)
    person = rng.choice(people)
    if rng.random() < 0.35:
        _yes_no(desk, person)
    if rng.random() < 0.35:
        _correction(desk, person)
    for other in people:
        if other.with_others > 0.35 and not other.facing:
            words = desk.voice.asked(wordings()['to_others'])
            silent = Expected(silent=True)
            turn = desk.says(other.id, words)
            desk.add('silence', 'words to others', turn, '', silent, needs='state')


def _small(desk: Desk, person: Person, kind: str) -> None:
    told = wordings()['talk'][kind]
    words = desk.voice.line(told['say'], **slots(desk))
    pattern = PATTERNS[kind].format(**slots(desk))
    row = 'refusal' if kind in ('injection', 'personal') else 'talk'
    expected = Expected((pattern,))
    desk.add(row, kind, desk.says(person.id, desk.voice.asked(told['ask'])), words, expected)


def _yes_no(desk: Desk, person: Person) -> None:
    """Take up an offer, or leave it."""
    voice = desk.voice
    told = voice.rng.choice(wordings()['yes_no'])
    answer = voice.rng.choice(['yes', 'no'])
    words = voice.asked(told[answer])
    pattern = 'listening|stay' if answer == 'yes' else 'fine|all right'
    talk = [('robot', voice.line(told['before'], **slots(desk))), (person.id, words)]
    answer_words = voice.line(told[f'say_{answer}'])
    expected = Expected((pattern,))
    desk.add(
        'talk', f'said {answer}', desk.says(person.id, words), answer_words, expected, talk=talk
    )


def _correction(desk: Desk, person: Person) -> None:
    """Believe a person who says that they feel otherwise than they look."""
    told, voice = wordings()['corrections'], desk.voice
    words = voice.asked(told['ask'])
    talk = [('robot', voice.line(told['before'], **slots(desk))), (person.id, words)]
    never = tuple(f'(?:look|seem).*(?:{MOOD_PATTERNS[mood]})' for mood in CORRECTED)
    expected = Expected(('thank|glad|wrong|misread|good to know',), never)
    turn = desk.says(person.id, words)
    desk.add('correction', 'mood', turn, voice.line(told['say']), expected, talk=talk)
