"""Personas: the words a model is given, and the phrases that are said when no model answers.

A persona is one YAML file in `config/personas` (or the user's own). `load_persona` checks all of
it and reports every problem at once. Slots in phrases such as `{thing}` are filled by
`robochat.mllm.phrases`; a phrase whose slot can't be filled is never picked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
import string
from typing import Any

from robochat.dialogue import Intent
from robochat.resources import named_file
from robochat.values import EMOTIONS, Trigger

DAY_PARTS = ('morning', 'afternoon', 'evening', 'night')
ANY = 'any'
INTENTS = tuple(intent.value for intent in Intent)
CASES = ('you', 'thing', 'battery', 'able', 'unable')
WHENS = (ANY, *DAY_PARTS, *EMOTIONS, *INTENTS, *CASES)
SLOTS = ('day', 'robot', 'thing', 'what')
SPOKEN = tuple(t for t in Trigger if t is not Trigger.NONE)
KEYS = ('name', 'language', 'system', 'rules', 'never', 'examples', 'phrases')
MAX_PHRASE_CHARS = 200

_Check = Callable[[str, list[Any]], Iterator[str]]


class PersonaError(ValueError):
    """A persona file is wrong; `problems` has a line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__('\n'.join(problems))


@dataclass(frozen=True)
class Example:
    """What was the case, and what this persona said then; `when` as in Phrase."""

    trigger: Trigger
    when: str
    situation: str
    say: str


@dataclass(frozen=True)
class Phrase:
    """One thing to say for a trigger; `when` is one of WHENS."""

    trigger: Trigger
    when: str
    text: str

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots in the text."""
        return tuple(_slots(self.text))


@dataclass(frozen=True)
class Persona:
    """Who the robot is: `rules` are given to the model, phrases in `never` are never said."""

    name: str
    language: str
    system: str
    rules: tuple[str, ...]
    never: tuple[str, ...]
    examples: tuple[Example, ...]
    phrases: tuple[Phrase, ...]

    def examples_for(self, trigger: Trigger, when: str = ANY) -> tuple[Example, ...]:
        """Return one group of examples, in the order of the file; of `any` where there is none."""
        of_trigger = [example for example in self.examples if example.trigger is trigger]
        group = tuple(example for example in of_trigger if example.when == when)
        return group or tuple(example for example in of_trigger if example.when == ANY)

    @property
    def example_groups(self) -> tuple[tuple[Trigger, str], ...]:
        """Name the groups of examples, in the order of the file."""
        return tuple(dict.fromkeys((e.trigger, e.when) for e in self.examples))

    def phrases_for(self, trigger: Trigger) -> tuple[Phrase, ...]:
        """Return the phrases of one trigger, in the order of the file."""
        return tuple(phrase for phrase in self.phrases if phrase.trigger is trigger)

    def forbids(self, text: str) -> str:
        """Return the first phrase in `text` that this persona never says, or an empty string."""
        plain = text.lower()
        return next((word for word in self.never if word in plain), '')


def load_persona(name: str) -> Persona:
    """Load a shipped persona by its name, or a user's own by its path.

    Raises MissingFileError when there is none, PersonaError when its file is wrong.
    """
    import yaml

    path = named_file(name, 'config/personas')
    try:
        tree = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PersonaError([f"{path}: can't be read as YAML: {error}"]) from error
    try:
        return persona_from(tree)
    except PersonaError as error:
        raise PersonaError([f'{path}: {problem}' for problem in error.problems]) from error


def persona_from(tree: Any) -> Persona:
    """Make a persona from what a YAML file holds; raises PersonaError with every problem."""
    if not isinstance(tree, Mapping):
        raise PersonaError([f'must be a mapping with {", ".join(KEYS)}'])
    problems = list(_problems(tree))
    if problems:
        raise PersonaError(problems)
    return Persona(
        name=tree['name'],
        language=tree['language'],
        system=' '.join(tree['system'].split()),
        rules=tuple(tree['rules']),
        never=tuple(word.lower() for word in tree['never']),
        examples=tuple(_examples(tree['examples'])),
        phrases=tuple(_phrases(tree['phrases'])),
    )


def _examples(tree: Mapping[str, Any]) -> Iterator[Example]:
    for trigger, groups in tree.items():
        for when, items in groups.items():
            for item in items:
                yield Example(Trigger(trigger), when, item['situation'], item['say'])


def _phrases(tree: Mapping[str, Any]) -> Iterator[Phrase]:
    for trigger, groups in tree.items():
        for when, texts in groups.items():
            for text in texts:
                yield Phrase(Trigger(trigger), when, text)


def _problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that is wrong with a file."""
    for key in tree:
        if key not in KEYS:
            yield f'{key}: unknown; known are {", ".join(KEYS)}'
    for key in ('name', 'language', 'system'):
        if not isinstance(tree.get(key), str) or not tree[key].strip():
            yield f'{key}: must be a text that is not empty'
    for key in ('rules', 'never'):
        yield from _problems_of_texts(key, tree.get(key))
    yield from _problems_of_triggers('examples', tree.get('examples'), _problems_of_examples)
    yield from _problems_of_triggers('phrases', tree.get('phrases'), _problems_of_phrases)


def _problems_of_triggers(key: str, tree: Any, check: _Check) -> Iterator[str]:
    """Check a mapping that has every trigger, and each group of each with `check`."""
    if not isinstance(tree, Mapping):
        yield f'{key}: must be a mapping from triggers ({", ".join(t.value for t in SPOKEN)})'
        return
    known = [t.value for t in SPOKEN]
    yield from (f'{key}.{name}: missing' for name in known if name not in tree)
    for name, groups in tree.items():
        if name in known:
            yield from _problems_of_groups(f'{key}.{name}', groups, check)
        else:
            yield f'{key}.{name}: no such trigger; known are {", ".join(known)}'


def _problems_of_groups(where: str, groups: Any, check: _Check) -> Iterator[str]:
    """Check that groups have known names, and that there is one for any case."""
    if not isinstance(groups, Mapping) or ANY not in groups:
        yield f'{where}: must be a mapping with at least `{ANY}`'
        return
    for when, items in groups.items():
        if when not in WHENS:
            yield f'{where}.{when}: must be one of {", ".join(WHENS)} (quote yes and no)'
        elif isinstance(items, list) and items:
            yield from check(f'{where}.{when}', items)
        else:
            yield f'{where}.{when}: must be a list that is not empty'


def _problems_of_examples(where: str, items: list[Any]) -> Iterator[str]:
    for number, item in enumerate(items):
        if not isinstance(item, Mapping) or set(item) != {'situation', 'say'}:
            yield f'{where}[{number}]: must have situation and say, and nothing else'
        else:
            yield from _problems_of_texts(f'{where}[{number}]', list(item.values()))


def _problems_of_phrases(where: str, texts: list[Any]) -> Iterator[str]:
    """Check texts and slots; the group for any case needs a phrase that always can be said."""
    yield from _problems_of_texts(where, texts)
    for text in texts:
        yield from _problems_of_slots(where, text)
    if where.endswith(ANY) and all('{' in str(text) for text in texts):
        yield f'{where}: needs at least one phrase without slots'


def _problems_of_texts(where: str, texts: Any) -> Iterator[str]:
    if not isinstance(texts, list) or not texts:
        yield f'{where}: must be a list of texts that is not empty'
        return
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            yield f'{where}[{number}] = {text!r}: must be a text; quote it'
        elif len(text) > MAX_PHRASE_CHARS:
            yield f'{where}[{number}]: has {len(text)} characters; at most {MAX_PHRASE_CHARS}'


def _problems_of_slots(where: str, text: Any) -> Iterator[str]:
    try:
        unknown = sorted(set(_slots(str(text))) - set(SLOTS))
    except ValueError as error:
        yield f'{where}: {text!r}: {error}'
        return
    if unknown:
        yield f'{where}: {text!r}: no slot {", ".join(unknown)}; known are {", ".join(SLOTS)}'


def _slots(text: str) -> Iterator[str]:
    """Yield the names of the slots in a text; raises ValueError for braces that don't match."""
    return (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def day_part(hour: float) -> str:
    """Name the part of the day at a local time in hours."""
    borders = ((5.0, 'night'), (12.0, 'morning'), (17.5, 'afternoon'), (22.0, 'evening'))
    return next((name for until, name in borders if hour < until), 'night')
