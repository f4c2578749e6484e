"""Situations for the tests of prompt, reply and models."""

from __future__ import annotations

from robochat.dialogue import Dialogue
from robochat.persona import load_persona
from robochat.plan.grammar import ReplySchema, schema_for
from robochat.plan.skills import load_skills
from robochat.prompt import build_sentence
from robochat.resources import named_file
from robochat.sentence import Sentence
from robochat.values import (
    Box,
    Decision,
    Emotion,
    EMOTIONS,
    Person,
    RobotState,
    Speech,
    Thing,
    Trigger,
    Turn,
    Utterance,
    WorldView,
)

PERSONA = load_persona('companion')
SKILLS = load_skills(named_file('home', 'config/skills'))
REASONS = {
    Trigger.HAZARD: 'hazard: knife on the floor',
    Trigger.HELP: 'book fell',
    Trigger.GREETING: 'came and faces the robot',
}


def person(mood: str = '', certain: bool = True, name: str = 'person_1') -> Person:
    """Someone in front of the robot, with a lasting look or none."""
    scores = tuple(0.88 if label == mood else 0.02 for label in EMOTIONS)
    emotion = Emotion(mood or 'neutral', 0.88, scores, -0.4, 0.2, certain)
    box = Box(200, 100, 120, 120)
    return Person(
        name, 0.0, 10.0, box, 0.1, distance_m=1.4, facing=True, emotion=emotion,
        mood=mood, mood_since_sec=4.0,
    )  # fmt: skip


def thing(name: str, *relations: str) -> Thing:
    """Something in view; its label is its id without the number."""
    return Thing(
        name, name.rsplit('_', 1)[0], 0.8, Box(10, 10, 50, 50), 0.0, 10.0, True, relations
    )


def view_of(*things: Thing, mood: str = '', certain: bool = True, hour: float = 9.0) -> WorldView:
    """A world with one person."""
    return WorldView(10.0, hour, (person(mood, certain),), things, robot=RobotState('', '', 0.8))


def sentence_of(
    trigger: Trigger,
    view: WorldView | None = None,
    *,
    heard: str = '',
    instruction: str = '',
    said: tuple[str, ...] = (),
) -> Sentence:
    """The sentence of a turn with person_1."""
    view = view or view_of()
    dialogue = Dialogue(6)
    for text in said:
        dialogue.said(Utterance('u', text, 5.0, addressee='person_1'))
    if heard:
        dialogue.heard(Speech('person_1', heard, 9.5))
    decision = Decision(True, REASONS.get(trigger, 'a reason'), 10.0, trigger, 'person_1')
    turn = Turn('turn_1', decision, heard, instruction)
    return build_sentence(turn, view, dialogue, PERSONA)


def schema_of(sentence: Sentence, want_plan: bool = False, max_words: int = 28) -> ReplySchema:
    """The schema of an answer to a sentence."""
    return schema_for(sentence.view, SKILLS, want_plan=want_plan, max_words=max_words)
