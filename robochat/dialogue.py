"""What was said: by whom, to whom, when; and what the words of a person ask for.

`Dialogue` remembers a bounded number of lines and openings for each person. `intent_of` recognises
by rules the few intents that manners and safety depend on, because a language model must not be
asked whether someone wants to be left alone.

The rules look at one clause at a time and from its beginning, so that `I can't stop talking about
it` isn't taken for `stop talking`. The most serious intent of all clauses counts. Pleas for quiet
are understood by `robochat.quiet`.

Threads: not safe by itself; the pipeline holds one lock around every call.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum
import re

from robochat.quiet import asks_for_quiet, DONT, OPENER
from robochat.values import Speech, Utterance

MAX_PEOPLE = 64
MAX_LINE_CHARS = 1000
MAX_OPENINGS = 40


class Intent(str, Enum):
    """What someone's words ask for, the most serious first."""

    INJECTION = 'injection'
    NOT_NOW = 'not_now'
    REQUEST = 'request'
    QUESTION = 'question'
    NO = 'no'
    YES = 'yes'
    THANKS = 'thanks'
    FAREWELL = 'farewell'
    GREETING = 'greeting'
    STATEMENT = 'statement'


_INJECTION = re.compile(
    r'<\||\|>|\[/?inst\]|</?(?:system|assistant)>|system prompt|jailbreak|developer mode'
    r'|^\s*(?:system|assistant)\s*:'
    r'|\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|the|of|these|those)\s+)*'
    r'(?:your|my|previous|prior|earlier|above|safety)\s+(?:\w+\s+){0,2}?'
    r'(?:rules?|instructions?|prompts?|guidelines?|restrictions?|programming|orders)'
    r'|\b(?:ignore|disregard)\s+(?:all|any)\s+(?:rules|instructions|guidelines)'
    r'|\b(?:ignore|disregard|forget)\s+(?:everything|all)\s+(?:above|before|you were told)'
    r'|\byou are now\s+(?:an?|the|in|dan|root|free)\b|\bnew instructions\s*:'
    r'|\b(?:reveal|repeat|print|show|tell)\s+(?:me\s+)?(?:your|the)\s+(?:\w+\s+)?'
    r'(?:instructions|prompt)\b'
    r'|\bpretend\s+(?:that\s+)?(?:to have|you have)\s+no\s+(?:rules|limits|restrictions)'
)

_DO = (
    'bring|fetch|get|give|take|put|place|pick|grab|hand|carry|move|go|come|follow|clean|wipe|tidy|'
    'clear|sweep|open|close|shut|turn|switch|find|search|drop|throw|pour|water|lift|wait|help|'
    'point|show|guide|lead|drive|return|deliver|start|set|look for|look at|say hello'
)
_KNOW = (
    'see|hear|tell|explain|say|feel|smell|understand|remember|know|think|talk|speak|guess|'
    'describe|count'
)
_REQUEST = re.compile(
    rf'{OPENER}(?:(?:can|could|would|will) you (?:please |just |maybe )*(?!(?:{_KNOW})\b)\w+'
    r"|would you mind \w+ing|(?:i want|i need|i'd like|i would like) you to \w+"
    rf"|(?:let's |and |then |now |go and )?(?:{_DO})\b(?! (?:on|well|lucky|away|alone)\b))"
)
_QUESTION = re.compile(
    rf'{OPENER}(?:and |so |but )?(?:what|who|whose|whom|where|when|why|how|which|do|does|did|is'
    r'|are|am|was|were|can|could|would|will|should|may|have|has|tell me)'
    r"(?:'s|'re)?\b(?! a (?:nice|lovely|great|beautiful|day))"
)
_NO = re.compile(
    r'(?:no|nope|nah|never|no way|not really|not at all|absolutely not|no thanks|no thank you'
    rf'|i {DONT} (?:think so|want (?:it|that|any)))(?: please| robot)?'
)
_YES = re.compile(
    r'(?:oh )?(?:yes|yeah|yep|yup|sure|certainly|absolutely|definitely|of course|ok|okay|go ahead'
    r"|please do|i'd love (?:to|that|one)|that would be (?:nice|great|lovely)|sounds good|why not)"
    r'(?: please| robot| i would| sure)?'
)
_THANKS = re.compile(
    rf'{OPENER}(?:thanks|thank you|cheers|many thanks|much appreciated|i appreciate'
    r'|(?:that is|that\'s|how|you are|you\'re) (?:very |so |really )?'
    r'(?:kind|nice|sweet|thoughtful))\b.*'
)
_GREETING = re.compile(
    r'(?:oh )?(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings|howdy|welcome back'
    r'|nice to (?:see|meet) you)'
    r'(?: (?:there|robot|again|everyone|you|to you|my friend|little friend))*'
)
_FAREWELL = re.compile(
    r'(?:good ?bye|bye(?: bye)?|good ?night|see you|farewell)'
    r'(?: (?:later|soon|tomorrow|then|robot|for now))*'
    r"|i (?:have|need|must|'ve got)(?: to)? (?:go|leave)(?: now)?|i'm (?:leaving|off)(?: now)?"
)
_WHOLE_CLAUSE = (
    (_NO, Intent.NO),
    (_YES, Intent.YES),
    (_FAREWELL, Intent.FAREWELL),
    (_GREETING, Intent.GREETING),
    (_THANKS, Intent.THANKS),
)


def intent_of(text: str) -> Intent:
    """Recognise what `text` asks for; rules for English."""
    plain = _plain(text)
    if _INJECTION.search(plain):
        return Intent.INJECTION
    found = {_intent_of_clause(clause) for clause in _clauses(plain)}
    return next((intent for intent in Intent if intent in found), Intent.STATEMENT)


def _plain(text: str) -> str:
    """Lower the case, straighten quotes and squeeze blanks."""
    straight = text[:MAX_LINE_CHARS].lower().replace('\u2019', "'").replace('\u2018', "'")
    return re.sub(r'\s+', ' ', straight).strip()


def _clauses(plain: str) -> list[str]:
    """Split at punctuation and before `but`; a question keeps its mark."""
    parts = re.findall(r'[^.,;:!?]+\??', re.sub(r' (?:but|because) ', ', ', plain))
    return [part.strip() for part in parts if part.strip()]


def _intent_of_clause(clause: str) -> Intent:
    """Match the rules from the beginning of one clause."""
    words = clause.rstrip('?').strip()
    if asks_for_quiet(words):
        return Intent.NOT_NOW
    for pattern, intent in _WHOLE_CLAUSE:
        if pattern.fullmatch(words):
            return intent
    if _REQUEST.match(words):
        return Intent.REQUEST
    return Intent.QUESTION if clause.endswith('?') or _QUESTION.match(words) else Intent.STATEMENT


@dataclass
class _Memory:
    """What was said with one person."""

    lines: deque[Speech]
    openings: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_OPENINGS))
    last_sec: float = 0.0


@dataclass(frozen=True)
class _Key:
    """Compares openings without case, blanks and punctuation."""

    letters: str

    @classmethod
    def of(cls, text: str) -> _Key:
        return cls(re.sub(r'[^a-z0-9]+', '', text.lower()))


class Dialogue:
    """Lines and openings for each person; the least recently active person is forgotten first.

    `history` is how many lines `lines_with` returns at most. Words of an unknown speaker belong to
    the conversation with everybody.
    """

    def __init__(self, history: int) -> None:
        self.history = max(0, history)
        self._people: dict[str, _Memory] = {}

    def heard(self, speech: Speech) -> None:
        """Remember words of a person; those of the robot come through `said`."""
        if not speech.by_robot:
            self._add(speech.speaker, speech)

    def said(self, utterance: Utterance) -> None:
        """Remember words of the robot, as an opening too where nobody had asked for them."""
        words = Speech('robot', utterance.text, utterance.stamp_sec, by_robot=True)
        memory = self._add(utterance.addressee, words)
        if utterance.proactive:
            memory.openings.append(utterance.text[:MAX_LINE_CHARS])

    def lines_with(self, person_id: str) -> tuple[Speech, ...]:
        """Return the newest lines with this person, oldest first, at most `history`."""
        known = [self._people[name].lines for name in {person_id, ''} if name in self._people]
        lines = sorted((line for one in known for line in one), key=lambda line: line.stamp_sec)
        return tuple(lines[-self.history :]) if self.history else ()

    def openings_with(self, person_id: str) -> tuple[str, ...]:
        """Return the openings already used with this person, oldest first."""
        memory = self._people.get(person_id)
        return tuple(memory.openings) if memory else ()

    def is_used(self, person_id: str, text: str) -> bool:
        """Tell whether this person was already addressed with these words."""
        return any(_Key.of(text) == _Key.of(used) for used in self.openings_with(person_id))

    def forget(self, person_id: str | None = None) -> None:
        """Forget one person, or everybody."""
        if person_id is None:
            self._people.clear()
        else:
            self._people.pop(person_id, None)

    def shift(self, by_sec: float) -> None:
        """Keep what was said over a step of the clock."""
        for memory in self._people.values():
            moved = [replace(line, stamp_sec=line.stamp_sec + by_sec) for line in memory.lines]
            memory.lines = deque(moved, maxlen=memory.lines.maxlen)
            memory.last_sec += by_sec

    def forget_before(self, stamp_sec: float) -> None:
        """Forget everybody with whom no word was spoken since `stamp_sec`."""
        self._people = {name: m for name, m in self._people.items() if m.last_sec >= stamp_sec}

    def _add(self, person_id: str, line: Speech) -> _Memory:
        """Append a line, cut to its longest length, and forget who was silent longest."""
        memory = self._people.pop(person_id, None) or _Memory(deque(maxlen=max(1, self.history)))
        cut = Speech(line.speaker, line.text[:MAX_LINE_CHARS], line.stamp_sec, line.by_robot)
        memory.lines.append(cut)
        memory.last_sec = max(memory.last_sec, line.stamp_sec)
        self._people[person_id] = memory
        while len(self._people) > MAX_PEOPLE:
            self._people.pop(next(iter(self._people)))
        return memory
