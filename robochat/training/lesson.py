"""One thing to learn: what the model is asked in a situation, what it should answer, how to judge.

An `Expected` answer is judged by what must hold of any good answer, not by equality, so that the
same lessons serve training and held-out evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from robochat.dialogue import Dialogue
from robochat.mllm.palm_e.layout import DONE, GOAL, lay_out, Layout, NOTHING
from robochat.persona import Example
from robochat.plan.goals import Goal, goal_lines, plan_for
from robochat.plan.grammar import ReplySchema, schema_for
from robochat.plan.predicates import Fact
from robochat.prompt import build_sentence
from robochat.response import WITH_PLAN
from robochat.sentence import Sentence
from robochat.training.history import talk_before
from robochat.training.situations import NOW_SEC, Situation
from robochat.training.wordings import Voice
from robochat.values import (
    Decision,
    Event,
    PlanStep,
    Speech,
    Thing,
    Trigger,
    Turn,
    Utterance,
)

OFFSIDE_RAD = 0.17


@dataclass(frozen=True)
class Expected:
    """What a good answer is like.

    All patterns of `says` match the words and none of `never`; `silent` wants no words at all.
    Facts of `goal` hold after the plan, `call` is one of its steps; `idle` wants an empty plan.
    """

    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    silent: bool = False
    goal: tuple[Fact, ...] = ()
    call: str = ''
    idle: bool = False


@dataclass(frozen=True, eq=False)
class Lesson:
    """A question to the model; `row` is the line of the report that it counts for.

    `needs` names what the answer depends on: `image`, `state` or `text`.
    """

    row: str
    kind: str
    needs: str
    sentence: Sentence
    schema: ReplySchema
    examples: tuple[Example, ...]
    answer: str
    expected: Expected
    skilled: bool

    @property
    def layout(self) -> Layout:
        """The sentence as the model reads it."""
        skills = goal_lines(self.schema.table) if self.skilled else ()
        return lay_out(self.sentence, skills, self.examples)


@dataclass
class Desk:
    """Makes lessons about one situation."""

    situation: Situation
    voice: Voice
    lessons: list[Lesson] = field(default_factory=list)

    def add(  # noqa: PLR0913  a lesson has that many sides, all named
        self,
        row: str,
        kind: str,
        turn: Turn,
        words: str,
        expected: Expected,
        *,
        needs: str = 'text',
        goals: Iterable[str] | None = None,
        talk: Iterable[tuple[str, str]] = (),
        events: tuple[Event, ...] = (),
        examples: tuple[Example, ...] = (),
    ) -> None:
        """Write a lesson down; `goals` is None where no plan is wanted."""
        view = replace(self.situation.view, events=events)
        lines = list(talk) or self._said_before(turn)
        dialogue = _dialogue(turn.decision.addressee, lines)
        frames = self.situation.frames
        persona = replace(self.situation.persona, examples=examples)
        sentence = build_sentence(turn, view, dialogue, persona, '', frames)
        wanted = turn.decision.trigger in WITH_PLAN or bool(turn.instruction)
        schema = schema_for(view, self.situation.table, want_plan=wanted)
        answer = written(words, goals if self.situation.skilled else None, turn)
        self.lessons.append(
            Lesson(
                row,
                kind,
                needs,
                sentence,
                schema,
                examples,
                answer,
                expected,
                self.situation.skilled,
            )
        )

    def _said_before(self, turn: Turn) -> list[tuple[str, str]]:
        """Recall a little talk before most words that are answered."""
        person = self.situation.view.person(turn.decision.addressee)
        if not turn.heard or person is None:
            return []
        return talk_before(self.situation, self.voice, person)

    def opening(self, trigger: Trigger, addressee: str, topic: str = '') -> Turn:
        """Make the turn of an opening."""
        decision = Decision(True, trigger.value, NOW_SEC, trigger, addressee, topic)
        return Turn('t', decision)

    def says(self, addressee: str, words: str) -> Turn:
        """Make the turn of a reply to words."""
        decision = Decision(True, 'someone spoke', NOW_SEC, Trigger.REPLY, addressee)
        return Turn('t', decision, heard=words)

    def asks(self, addressee: str, words: str) -> Turn:
        """Make the turn of an instruction."""
        decision = Decision(True, 'someone asked', NOW_SEC, Trigger.TASK, addressee)
        return Turn('t', decision, heard=words, instruction=words)

    def steps_to(self, goal: Goal) -> tuple[PlanStep, ...]:
        """Plan for a goal; nothing where it is reached already, or can't be."""
        return plan_for(goal, schema_for(self.situation.view, self.situation.table)) or ()

    def worth(self, *facts: Fact) -> list[str]:
        """Write those facts as goals for which there is a plan."""
        goals = map(Goal, facts)
        return [goal.text for goal in goals if self.steps_to(goal)]

    @property
    def singles(self) -> list[Thing]:
        """The things that are the only ones of their kind, so that the kind names them."""
        things = self.situation.view.things
        labels = [thing.label for thing in things]
        return [thing for thing in things if labels.count(thing.label) == 1]

    def side(self, person: str) -> str:
        """Name the third of the picture in which a person stands."""
        return str(self.situation.people[person].column)

    def only(self, side: str) -> str:
        """Return the only person on a side, or nobody."""
        found = [name for name in self.situation.people if self.side(name) == side]
        return found[0] if len(found) == 1 else ''


def written(words: str, goals: Iterable[str] | None, turn: Turn) -> str:
    """Write an answer: the goals first where something was asked for, else the words first."""
    say = f'Say: {words or NOTHING}'
    if goals is None:
        return say
    line = f'{GOAL} {"; ".join([*goals, DONE])}'
    return f'{line}\n{say}' if turn.instruction else f'{say}\n{line}'


def _dialogue(addressee: str, talk: Iterable[tuple[str, str]]) -> Dialogue:
    """Write down what was said before: pairs of speaker (`robot` or an id) and words."""
    dialogue = Dialogue(6)
    lines = list(talk)
    for number, (speaker, words) in enumerate(lines):
        stamp_sec = NOW_SEC - 5.0 * (len(lines) - number)
        if speaker == 'robot':
            dialogue.said(Utterance(f'u{number}', words, stamp_sec, addressee=addressee))
        else:
            dialogue.heard(Speech(addressee, words, stamp_sec))
    return dialogue
