"""Prompts for a small chat model: a fixed beginning for each trigger, then one short situation.

A model of 135 million parameters follows examples, not rules. So it is shown examples of the same
kind only (after Liu et al., arXiv 2101.06804: near examples work best), the situation is written
as they write theirs, and a grammar leaves only plain sentences to write. The beginning of a group
never changes, so that its cache is used again.
"""

from __future__ import annotations

from dataclasses import dataclass
import re

from robochat.dialogue import Intent, intent_of
from robochat.persona import ANY, day_part, Persona
from robochat.prompt import clean, quoted
from robochat.sentence import Sentence
from robochat.values import Trigger

MAX_SEEN = 4
SALUTE_WORDS = 3
LOOKS = {
    'happy': 'happy',
    'sad': 'sad',
    'angry': 'angry',
    'fear': 'scared',
    'surprise': 'surprised',
    'disgust': 'disgusted',
}
_SIGHT = re.compile(r'\b(?:where|see|look at|in front of|is there|are there)\b', re.IGNORECASE)
_YOU = re.compile(r'\byou(?:r|rs|rself)?\b', re.IGNORECASE)
_ME = re.compile(r'\b(?:i|me|my|am i)\b', re.IGNORECASE)


@dataclass(frozen=True)
class Group:
    """Which examples a case is like."""

    trigger: Trigger
    when: str = ANY


def group_of(sentence: Sentence, able: bool | None = None) -> Group:
    """Choose the examples by trigger, and by what was heard, is seen or shown on a face."""
    trigger = sentence.turn.decision.trigger
    known = sentence.persona.example_groups
    fits = (Group(trigger, when) for when in cases_of(sentence, able) if (trigger, when) in known)
    return next(fits, Group(trigger))


def cases_of(sentence: Sentence, able: bool | None = None) -> list[str]:
    """List what the case is, in the words of `robochat.persona.WHENS`, the most telling first."""
    trigger = sentence.turn.decision.trigger
    if able is not None and trigger in (Trigger.REPLY, Trigger.TASK):
        return ['able' if able else 'unable']
    if trigger is Trigger.REPLY:
        return _cases_of_words(sentence.turn.heard, sentence.mood)
    if trigger is Trigger.HELP:
        return ['battery'] if 'battery' in sentence.turn.decision.reason else []
    return [sentence.mood, *(['thing'] if things_seen(sentence) else [])]


def _cases_of_words(heard: str, mood: str) -> list[str]:
    """Go by the intent; a question is about something, a statement is said with a look."""
    intent = intent_of(heard)
    if intent is Intent.QUESTION:
        return [*_question_about(heard), intent.value]
    return [mood, intent.value] if intent is Intent.STATEMENT else [intent.value]


def _question_about(heard: str) -> tuple[str, ...]:
    """Tell whether a question is about what can be seen, or about the robot."""
    if _SIGHT.search(heard):
        return ('thing',)
    return ('you',) if _YOU.search(heard) and not _ME.search(heard) else ()


def groups_of(persona: Persona) -> tuple[Group, ...]:
    """Return every group of examples."""
    return tuple(Group(trigger, when) for trigger, when in persona.example_groups)


def beginning(persona: Persona, group: Group) -> str:
    """Write the fixed part of the prompt: who it is, and the examples of a group."""
    turns = [_turn('system', persona.system)]
    for example in persona.examples_for(group.trigger, group.when):
        turns += [_turn('user', example.situation), _turn('assistant', example.say)]
    return ''.join(turns)


def prompt(sentence: Sentence, able: bool | None = None) -> str:
    """Write the whole prompt; `able` says whether the robot will do what was asked."""
    group = group_of(sentence, able)
    situation = _turn('user', situation_of(sentence, group))
    return f'{beginning(sentence.persona, group)}{situation}<|im_start|>assistant\n'


def situation_of(sentence: Sentence, group: Group) -> str:
    """Describe the case in the manner of the persona's examples of this group."""
    if group.trigger is Trigger.HAZARD:
        return f'Danger: {what_happened(sentence)}.'
    if group.trigger is Trigger.HELP:
        low = group.when == 'battery'
        return 'Your battery is low.' if low else f'{_capital(what_happened(sentence))}.'
    if group.trigger is Trigger.TASK:
        asked = sentence.turn.instruction or sentence.turn.heard
        return f'They ask: {quoted(asked, 200)}'
    if group.trigger is Trigger.REPLY:
        return _reply(sentence, group)
    return _opening(sentence, group)


def _opening(sentence: Sentence, group: Group) -> str:
    """Describe who came, looks a certain way or keeps the robot company."""
    look = LOOKS.get(sentence.mood, '')
    day = f'It is {day_part(sentence.view.hour)}. '
    if group.trigger is Trigger.CARE:
        return f'{day}Someone looks {look or "unsure"}.'
    does = 'arrives' if group.trigger is Trigger.GREETING else 'keeps you company'
    spoken_of = group.trigger is Trigger.SMALL_TALK and group.when == 'thing'
    here = f' There is {things_seen(sentence)[0].split(" on the ")[0]} here.' if spoken_of else ''
    return f'{day}Someone {does}{", looking " + look if look else ""}.{here}'


def _reply(sentence: Sentence, group: Group) -> str:
    """Give what was heard, and of the rest only what the examples of the group give."""
    before = next((line.text for line in reversed(sentence.lines) if line.by_robot), '')
    seen = things_seen(sentence) if group.when == 'thing' else []
    parts = [f'There is {_listed(seen)}.'] if seen else []
    parts += [f'You said: {quoted(before, 120)}'] if before and group.when in ('yes', 'no') else []
    parts += [f'They look {LOOKS[group.when]}.'] if group.when in LOOKS else []
    return ' '.join([*parts, f'They say: {quoted(sentence.turn.heard, 200)}'])


def what_happened(sentence: Sentence) -> str:
    """Say in a few words what happened, as the decision's reason has it."""
    reason = clean(sentence.turn.decision.reason, 80)
    return reason.removeprefix('hazard: ').rstrip('.') or 'something happened'


def things_seen(sentence: Sentence, limit: int = MAX_SEEN) -> list[str]:
    """Name what is in view, each label once, with what it stands on."""
    found: dict[str, str] = {}
    for thing in sentence.view.things:
        if thing.visible and thing.label != 'person':
            label = clean(thing.label, 30)
            found.setdefault(label, f'{_article(label)}{_on(thing.relations)}')
    return list(found.values())[:limit]


def _on(relations: tuple[str, ...]) -> str:
    """Write `on dining table_1` as `on the dining table`."""
    place = next((r for r in relations if r.startswith('on ')), '')
    return f' on the {re.sub(r"_[0-9]+$", "", clean(place[3:], 30))}' if place else ''


def _listed(names: list[str]) -> str:
    return ' and '.join(', '.join(names).rsplit(', ', 1))


def _article(label: str) -> str:
    return f'{"an" if label[:1] in "aeiou" else "a"} {label}'


def _capital(text: str) -> str:
    """Begin with an article and a capital: `cup fell` becomes `A cup fell`."""
    if text.startswith(('the ', 'a ', 'an ')):
        return text[0].upper() + text[1:]
    return _article(text).capitalize() if text else text


def _turn(role: str, text: str) -> str:
    """Write one turn in the chat format of SmolLM2; the text has no tokens of it by then."""
    return f'<|im_start|>{role}\n{text}<|im_end|>\n'


# --------------------------------------------------------------------------- the grammar of words
def words_grammar(max_words: int, name: str) -> str:
    """Write a GBNF grammar: a salute and a sentence, or one or two sentences, of `max_words`.

    Capitals stand only at the beginning of a sentence, in `I`, and in the robot's own `name`: the
    model can't call anyone by a name. There are no digits, quotes, lists or markup, and no
    apostrophes: after "I'm" this model drifts into the stock phrases of an assistant.
    """
    salute, half = _sentence_rule(SALUTE_WORDS), _sentence_rule(max_words // 2)
    long = _sentence_rule(max_words - SALUTE_WORDS)
    own = f' | "{name}"' if name.isalpha() else ''
    return '\n'.join(
        [
            f'root ::= {salute} " " {long} | {half} (" " {half})? | {long}',
            'start ::= "I" | "A" | [A-Z] [a-z]{1,14}',
            f'word ::= "I" | [a-z]{{1,15}}{own}',
            'end ::= "." | "?" | "!"',
        ]
    )


def _sentence_rule(max_words: int) -> str:
    """Write the rule of a sentence of at most `max_words`; commas never follow each other."""
    more = max(0, max_words - 1)
    return f'start (("," | "") " " word){{0,{more}}} end' if more else 'start end'


def whole_sentences(text: str, finished: bool = False) -> list[str]:
    """Split off the sentences that are complete; a mere salute stays with what follows it."""
    parts = [part.strip() for part in re.findall(r'[^.!?]+[.!?]', text)]
    if parts and len(parts[0].split()) <= SALUTE_WORDS:
        if len(parts) > 1:
            return [' '.join(parts[:2]), *parts[2:]]
        return parts if finished else []
    return parts
