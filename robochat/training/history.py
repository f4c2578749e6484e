"""What was said before, which is part of most questions on a robot and of hardly any answer."""

from __future__ import annotations

from robochat.persona import day_part
from robochat.training.situations import CARE_MOODS, Situation
from robochat.training.wordings import Voice, wordings
from robochat.values import Person

Talk = list[tuple[str, str]]
TALKED_OF = (
    'how_are_you', 'who_are_you', 'what_can_you', 'thanks', 'hello', 'unknown', 'statement',
)  # fmt: skip
SHARE = 0.6


def slots(situation: Situation, thing: str = '') -> dict[str, str]:
    """Return what the words may speak of."""
    day = day_part(situation.view.hour)
    day = 'evening' if day == 'night' else day
    return {'day': day, 'robot': situation.persona.name, 'thing': thing}


def talk_before(situation: Situation, voice: Voice, person: Person) -> Talk:
    """Recall a little talk, in some cases: an opening of the robot, or a small exchange, or both.

    Pairs of who spoke (`robot` or an id) and words.
    """
    rng = voice.rng
    if rng.random() > SHARE:
        return []
    opening = [('robot', voice.line(_lines(person, voice), **slots(situation)))]
    told = wordings()['talk'][rng.choice(TALKED_OF)]
    exchange = [
        (person.id or 'someone', voice.asked(told['ask'])),
        ('robot', voice.line(told['say'], **slots(situation))),
    ]
    return rng.choice([opening, exchange, [*opening, *exchange]])


def _lines(person: Person, voice: Voice) -> list[str]:
    """Choose how the robot may have begun: as the person looks, or whatever they look like."""
    openings = wordings()['openings']
    emotion = person.emotion
    looks = person.mood if emotion is not None and emotion.certain else ''
    if looks in CARE_MOODS and voice.rng.random() < 0.5:
        return list(openings['care'][looks])
    known = looks if looks in openings['greeting'] and voice.rng.random() < 0.5 else 'neutral'
    return list(openings['greeting'][known])
