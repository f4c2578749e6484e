"""Chooses the steps of a plan by their likelihood, one after another.

After SayCan (Ahn et al., arXiv 2204.01691): the skill table says which steps are possible after
those chosen so far, the language model which of them is the likeliest for what was asked. Here the
model writes under a grammar that holds exactly the possible calls, so a plan always parses and
always runs on the world as known.

A model this small likes some things whether they were asked for or not, and stops too early. So
only steps about what was mentioned are offered to it, the rules say when the task is complete, and
what can't be completed isn't planned at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import re

from robochat.plan.grammar import ReplySchema
from robochat.prompt import clean, quoted
from robochat.sentence import Sentence
from robochat.values import PlanStep, Thing, Trigger, WorldView

MAX_HERE = 8
# What the robot may offer to bring to someone who looks down.
COMFORTS = ('teddy bear', 'cup', 'apple', 'book')
_SELF = frozenset(('me', 'my', 'mine', 'us', 'here', 'i'))
_FETCH = frozenset(('bring', 'fetch', 'give', 'hand', 'get', 'deliver', 'carry', 'pass', 'take'))
_TOWARD = frozenset(('come', 'follow', 'look', 'approach', 'drive', 'go', 'move'))
_PUT = frozenset(('put', 'place', 'move', 'set'))
_HANDLE = _FETCH | _PUT | {'pick', 'grab', 'lift', 'hold'}
_PRONOUNS = frozenset(('it', 'that', 'this'))
_SMALL = frozenset(('to', 'at', 'for', 'up', 'over'))
_SYNONYMS = {
    'mug': 'cup',
    'glass': 'wine glass',
    'phone': 'cell phone',
    'sofa': 'couch',
    'table': 'dining table',
    'fridge': 'refrigerator',
    'plant': 'potted plant',
    'teddy': 'teddy bear',
    'television': 'tv',
    'charge': 'dock',
    'charger': 'dock',
}

_RULES = 'You plan for a robot. Write only the steps that are needed for what is asked, then done.'
_EXAMPLES = (
    (
        'Here: cup_1 on dining table_1, book_1. person_1 asks: "Bring me the cup."',
        'navigate_to(cup_1); pick(cup_1); navigate_to(person_1); hand_over(cup_1, person_1); done',
    ),
    (
        'Here: bottle_1, cup_2. person_2 asks: "Put the bottle on the shelf."',
        'navigate_to(bottle_1); pick(bottle_1); navigate_to(shelf); place(bottle_1, shelf); done',
    ),
    ('Here: couch_1, tv_1. person_1 asks: "Go to the kitchen."', 'navigate_to(kitchen); done'),
    (
        'Here: apple_1 on chair_1, cup_1. person_3 asks: "Can you give me the apple?"',
        'navigate_to(apple_1); pick(apple_1); navigate_to(person_3); '
        'hand_over(apple_1, person_3); done',
    ),
    ('Here: book_1, tv_1. person_2 asks: "Look at the tv."', 'look_at(tv_1); done'),
    ('Here: cup_1. person_1 asks: "Come here."', 'approach(person_1); done'),
    (
        'Here: remote_1, couch_1. person_1 asks: "Pick up the remote."',
        'navigate_to(remote_1); pick(remote_1); done',
    ),
)


def plan_beginning() -> str:
    """Write the fixed part of the prompt."""
    turns = [('system', _RULES)]
    for asked, steps in _EXAMPLES:
        turns += [('user', asked), ('assistant', steps)]
    return ''.join(f'<|im_start|>{role}\n{text}<|im_end|>\n' for role, text in turns)


def plan_prompt(sentence: Sentence, steps: tuple[PlanStep, ...]) -> str:
    """Write the prompt that the next step continues."""
    here = ', '.join(_here(sentence.view.things)) or 'nothing'
    who = clean(sentence.turn.decision.addressee, 40) or 'someone'
    user = f'Here: {here}. {who} asks: {quoted(asked_for(sentence), 200)}'
    written = ''.join(f'{step.call}; ' for step in steps)
    return (
        f'{plan_beginning()}<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{written}'
    )


def asked_for(sentence: Sentence) -> str:
    """Say what the plan is for: an instruction, words heard, or what an opening calls for."""
    turn = sentence.turn
    return turn.instruction or turn.heard or _called_for(sentence)


def _called_for(sentence: Sentence) -> str:
    """Put into words what the robot could do, unasked, about what it speaks of."""
    decision = sentence.turn.decision
    subject = clean(decision.topic.partition(':')[2], 40)
    if decision.trigger is Trigger.HELP and subject:
        return f'Pick up {subject}.'
    if decision.trigger is Trigger.HAZARD:
        return f'Look at {subject}.'
    if decision.trigger is Trigger.CARE:
        visible = [t.label for t in sentence.view.things if t.visible]
        comfort = next((label for label in COMFORTS if label in visible), '')
        return f'Bring me the {comfort}.' if comfort else 'Come here.'
    return 'Look at me.' if decision.trigger is Trigger.GREETING else ''


def step_grammar(steps: tuple[PlanStep, ...]) -> str:
    """Write a GBNF grammar with these calls and nothing else."""
    return 'root ::= ' + ' | '.join(f'"{_literal(step.call)}"' for step in steps)


class Task:
    """What was asked for: things to be moved, where they are wanted, and the skills named.

    First a thing is fetched, then taken where it is wanted. The plan is complete when everything
    that was mentioned has had its step and nothing that was wanted elsewhere is left in the hand.
    """

    def __init__(self, sentence: Sentence, schema: ReplySchema) -> None:
        self._schema = schema
        self._words = _words(asked_for(sentence))
        state = schema.state
        named = set(_mentioned(self._words, sentence.view))
        named |= {
            r.name for r in state.referents if r.kind == 'place' and _spoken(r.name) <= self._words
        }
        self._movable = {name for name in named if state.holds(('graspable', name))}
        if self._words & _PRONOUNS and state.held:
            self._movable.add(state.held)
        self._wanted_at = {name for name in named - self._movable if not self._is_under(name)}
        if self._words & (_FETCH if self._movable else _TOWARD) and self._words & _SELF:
            self._wanted_at = {sentence.turn.decision.addressee}

    @property
    def is_vague(self) -> bool:
        """Tell whether a thing is to be put somewhere that isn't known."""
        return bool(self._words & _PUT) and not (self._movable and self._wanted_at)

    def offers(self, steps: tuple[PlanStep, ...]) -> tuple[PlanStep, ...]:
        """List the possible next steps that are about the task, none of them twice."""
        about, used = self._about(steps), {step.call for step in steps}
        possible = () if self.is_vague else self._schema.next_steps(steps)
        return tuple(s for s in possible if s.call not in used and self._fits(s, about))

    def is_complete(self, steps: tuple[PlanStep, ...]) -> bool:
        """Tell whether the plan does what was asked, as far as the rules can tell."""
        named, held = _named(steps), self._held_after(steps)
        if self._movable - (self._ever_held(steps) if self._words & _HANDLE else named):
            return False
        arrived = not self._wanted_at or bool(self._wanted_at & named)
        return bool(steps) and arrived and not (held and self._wanted_at)

    def _about(self, steps: tuple[PlanStep, ...]) -> set[str]:
        """Name what the next step may be about."""
        held = self._held_after(steps)
        if held or not self._movable:
            return {held} | self._wanted_at
        return self._movable - _named([s for s in steps if len(s.arguments) > 1])

    def _held_after(self, steps: tuple[PlanStep, ...]) -> str:
        """Name what the robot holds after the steps."""
        state = self._schema.state
        for step in steps:
            state = state.apply(step, self._schema.table)
        return state.held

    def _ever_held(self, steps: tuple[PlanStep, ...]) -> set[str]:
        """Name everything that the robot holds at some time during the steps."""
        return {self._held_after(steps[:count]) for count in range(len(steps) + 1)}

    def _is_under(self, name: str) -> bool:
        """Tell whether the thing already is on or at `name`, which then only says which one."""
        holds = self._schema.state.holds
        bases = {f[2] for f in self._schema.state.facts if f[0] == 'on' and f[1] in self._movable}
        moved = self._words & (_PUT | _FETCH)
        return not moved and (name in bases or any(holds(('at', base, name)) for base in bases))

    def _fits(self, step: PlanStep, about: set[str]) -> bool:
        """Tell whether the step names what it may be about, or its skill was asked for by name."""
        values = [value for _, value in step.arguments]
        if values and all(self._schema.state.referent(value) for value in values):
            return set(values) <= about and values != [self._schema.state.held]
        return set(step.skill.split('_')) - _SMALL <= self._words


def _named(steps: Iterable[PlanStep]) -> set[str]:
    """Everything that steps name."""
    return {value for step in steps for _, value in step.arguments}


def _mentioned(words: frozenset[str], view: WorldView) -> Iterator[str]:
    """Yield the ids of things whose label was said, the surest of each label first."""
    for thing in sorted(view.things, key=lambda t: (not t.visible, -t.score)):
        if thing.id.lower() in words or set(thing.label.lower().split()) <= words:
            yield thing.id


def _words(text: str) -> frozenset[str]:
    """Split into lower-case words, singular forms and synonyms beside them."""
    words = set(re.findall(r'[a-z0-9_]+', text.lower()))
    words |= {word[:-1] for word in words if word.endswith('s') and len(word) > 3}
    extra = {part for word in words for part in _SYNONYMS.get(word, '').split()}
    return frozenset(words | extra)


def _spoken(name: str) -> set[str]:
    """Split the name of a place into the words people say."""
    return {part for part in re.split(r'[_ ]+', name.lower()) if part}


def _here(things: tuple[Thing, ...]) -> Iterator[str]:
    for thing in sorted(things, key=lambda t: (not t.visible, -t.score))[:MAX_HERE]:
        on = next((r for r in thing.relations if r.startswith('on ')), '')
        yield f'{clean(thing.id, 40)}{" " + clean(on, 40) if on else ""}'


def _literal(text: str) -> str:
    """Escape a text for a GBNF literal."""
    return ''.join(
        c if c.isprintable() and c not in '"\\' else f'\\x{ord(c) & 255:02x}' for c in text
    )
