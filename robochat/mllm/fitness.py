"""Judges a sentence that a small model wrote before anyone hears it.

This is the model's own care for its words, so that it can try again or leave it to a phrase. The
gate that every utterance passes, whatever wrote it, is `robochat.safety`.
"""

from __future__ import annotations

import re

from robochat.mllm.fewshot import things_seen
from robochat.sentence import Sentence
from robochat.values import Trigger

LOOK_WORDS = {
    'happy': r'\bhappy|cheerful|smil|joy|spirits|good mood|enjoy|wonderful|\bglad',
    'sad': r'\bsad|down|low|blue|unhappy|gloomy|not .*cheerful',
    'angry': 'angry|upset|annoyed|frustrat|cross|bother|irritat|mad',
    'fear': 'scared|worried|tense|afraid|uneasy|anxious|fright|alarmed|nervous',
    'surprise': 'surpris|startle|astonish',
    'disgust': 'disgust|displeased|put off',
    'neutral': 'calm|relaxed',
}
_LOOKS = re.compile(
    r"\b(?:you(?:'re| are| do not)? (?:look|seem|appear)|that looks)\b|\bnice smile\b"
)
_SEES = re.compile(
    r'\bi (?:can )?see (?:a|an|the|your) ([a-z ]+?)'
    r'(?: (?:on|over|here|there|at|in|just)\b|[,.!?]|$)'
)
_DENIES = re.compile(
    r'\b(?:do not|can ?not) see (?:a|an|the|your) ([a-z ]+?)(?: (?:here|there|on|in)\b|[,.!?]|$)'
)
_PROMISES = re.compile(r'\bi will (?:pick|bring|fetch|get|put|take|go|come|give|place|move)\b')
_LOOKED_FOR = re.compile(r'\b(?:where|(?:do|can) you see (?!anything|something))\b')
_REPEATED = re.compile(
    r'\b(\w+(?: \w+){2,})\b.*\b\1\b|\b(\w+)(?:,? \2\b){2,}|(?:^|[.!?] )([^.!?]+)[.!?] \3[.!?]'
)
_DANGLING = re.compile(
    r'\b(?:a|an|the|and|or|but|if|to|of|for|with|my|your|some|is|are|am|because|that it|so'
    r'|very|would you like|do you want'
    r'|can i|shall i|if you need|would you)[.!?]$'
)


def unfit(text: str, sentence: Sentence, planned: bool = False, *, sees: bool = False) -> str:
    """Say why `text` must not be said in this case, or return an empty string.

    `planned` tells that there is a plan which does what was asked, `sees` that the model looks at
    the picture itself, so that it may speak of what perception has no name for.
    """
    plain = text.lower()
    forbidden = sentence.persona.forbids(plain)
    if forbidden:
        return f'the persona never says {forbidden!r}'
    if _REPEATED.search(plain):
        return 'it repeats itself'
    if _DANGLING.search(plain):
        return 'it breaks off'
    answers = sentence.turn.decision.trigger in (Trigger.REPLY, Trigger.TASK)
    if answers and not planned and _PROMISES.search(plain):
        return 'it promises what is not planned'
    return (
        _false_look(plain, sentence)
        or ('' if sees else _false_sight(plain, sentence))
        or _beside_the_point(plain, sentence)
    )


def _false_look(plain: str, sentence: Sentence) -> str:
    """Refuse a remark on looks that perception doesn't bear out."""
    if not _LOOKS.search(plain):
        return ''
    if sentence.mood not in LOOK_WORDS:
        return 'it speaks of a look that is not certain'
    if not re.search(LOOK_WORDS[sentence.mood], plain):
        return f'it does not say that they look {sentence.mood}'
    return ''


def _false_sight(plain: str, sentence: Sentence) -> str:
    """Refuse to see what isn't in view, and to deny what is.

    What a hazard or a fall is about counts as seen.
    """
    if sentence.turn.decision.trigger in (Trigger.HAZARD, Trigger.HELP):
        return ''
    known = ' '.join(things_seen(sentence, limit=100))
    for name in _SEES.findall(plain):
        if name not in known:
            return f'it sees a {name}, which is not there'
    for name in _DENIES.findall(plain):
        if name in known:
            return f'it denies a {name}, which is there'
    return ''


def _beside_the_point(plain: str, sentence: Sentence) -> str:
    """Refuse to name what is seen when something else was looked for."""
    heard = sentence.turn.heard.lower()
    if sentence.turn.decision.trigger is not Trigger.REPLY or not _LOOKED_FOR.search(heard):
        return ''
    seen = _SEES.findall(plain)
    beside = [name for name in seen if not set(name.split()) & set(re.findall(r'[a-z]+', heard))]
    return f'it sees a {beside[0]}, which nobody looked for' if beside else ''
