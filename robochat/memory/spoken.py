"""What people say about how they want to be treated: rules for English, one clause at a time.

Rules, not a language model, because a wrong name or a forgotten wish is worse than a missed one.
`I'm X` is believed only where X is written like a name and is not a word for a state, a people or
a trade; `my name is X` is believed more readily.
"""

from __future__ import annotations

import re

from robochat.dialogue import Intent, intent_of
from robochat.lexicon import ENGLISH, NO_NAMES, PHRASES
from robochat.memory.durable import MAX_NAME_CHARS

MAX_CHARS = 1000
MAX_TOPIC_WORDS = 4
GREETING, MOOD, SMALL_TALK = 'greeting', 'mood', 'small talk'


def _words(text: str) -> frozenset[str]:
    """Make a set of the words of a text."""
    return frozenset(text.split())


_NOT_FOR_NAMES = _words('clinical ill feeling person beauty body origin belief insult')
_SOFT = r'(?:(?:please|robot|hey|hi|hello|oh|ok|okay|well|sorry|no|yes|just|and|by the way)\s+)*'
_END = (
    r'(?:\s+(?:please|robot|thanks|thank you|again|anymore|any more|now|today|ever|by the way))*'
)
_NAME = r"(?P<name>[^\W\d_][\w'\u2019-]*(?:\s+[^\W\d_][\w'\u2019-]*){0,2}?)"
_TAIL = rf'(?:\s+(?:and|but|from|nice to|pleased to|what|who|how)\b.*)?{_END}'
_SURE = re.compile(
    rf"{_SOFT}(?:my name is|my name's|my name ist|you (?:can|may) call me|call me"
    rf'|(?:everyone|everybody|people|friends|they) calls? me)\s+{_NAME}{_TAIL}',
    re.IGNORECASE,
)
_PERHAPS = re.compile(rf"{_SOFT}(?:i'm|i am|this is)\s+{_NAME}{_TAIL}", re.IGNORECASE)

_NEVER = r"(?:do not|don't|dont|never|please stop|stop|no need to)"
_NOT_TO_TELL = re.compile(
    rf'{_SOFT}(?:{_NEVER} (?:ever )?(?:tell(?:ing)?|talk(?:ing)? to|speak(?:ing)? to'
    rf'|remind(?:ing)?|ask(?:ing)?) (?:me|us) (?:about|of)'
    rf'|{_NEVER} (?:ever )?(?:mention(?:ing)?|bring(?:ing)? up|comment(?:ing)? on'
    rf'|talk(?:ing)? about|speak(?:ing)? (?:about|of))'
    r"|(?:i|we) (?:do not|don't|dont|never) (?:want|wish|like) to (?:hear|know|be told"
    r'|be reminded|talk|speak) (?:anything )?(?:about|of))'
    rf'\s+(?P<topic>.+?)(?: to (?:me|us))?{_END}',
)
_NO_GREETING = re.compile(
    rf'{_SOFT}(?:{_NEVER} (?:ever )?(?:greet(?:ing)?(?: (?:me|us))?'
    rf'|say(?:ing)? (?:hello|hi|good morning)(?: to (?:me|us))?)|no (?:more )?greetings?){_END}'
)
_NO_SMALL_TALK = re.compile(
    rf'{_SOFT}(?:no (?:more )?small talk|{_NEVER} (?:make|making|do) small talk.*'
    rf"|i (?:do not|don't) like small talk){_END}"
)
_FORGET_ME = re.compile(
    rf'{_SOFT}(?:(?:can|could|will|would) you )?(?:{_NEVER} (?:remember|store|save|keep)'
    r'|forget|delete|erase) (?:me|my name|(?:everything|all|anything|what) (?:that )?(?:you )?'
    rf'(?:(?:know|have|remember|stored|saved) )?(?:about|of|on) me){_END}'
)

_STATES = _words(
    'afraid alone angry asleep away awake back bored busy cold done dead early excited fine free'
    ' glad good great happy hot home hungry ill in interested late leaving lost lucky mad ok over'
    ' ready sad scared serious sick sleepy so stuck stressed sure thirsty tired upset very well'
    ' wrong working coming going trying looking talking joking kidding not nobody none no never'
    ' nothing secret private unknown unimportant old new here there only anytime whatever names'
    ' someone somebody crazy maybe tomorrow later soon when if his her our their who doctor nurse'
    ' teacher human robot english danish swedish finnish spanish polish turkish irish scottish'
    ' british welsh dutch german french greek czech swiss thai swede pole turk dane'
)
_PEOPLES = re.compile(r'\w{2,}(?:ish|ese|ian|ean)')
_NAMES_LIKE_PEOPLES = _words(
    'brian ian adrian julian sebastian vivian damian fabian florian dorian lilian lillian marian'
    ' gillian cillian killian kilian bastian sean dean jean'
)
_NO_PERSON = re.compile(
    '|'.join(f'(?:{pattern})' for name, pattern in PHRASES if name in _NOT_FOR_NAMES)
)
_SYNONYMS = (
    (
        MOOD,
        _words(
            'mood moods face feeling feelings feel emotion emotions look looks expression sad'
            ' sadness angry'
        ),
    ),
    (GREETING, _words('greeting greetings')),
)
_FILL = _words(
    'the a an my your our his her their its this that these those any some all how i it him them'
    ' me you us we of what is are about so'
)


def name_in(text: str) -> str:
    """Return the name that someone says is theirs, or an empty string."""
    if intent_of(text) is Intent.INJECTION:
        return ''
    for clause in _clauses(text):
        if sure := _SURE.fullmatch(clause):
            return _as_name(sure['name'])
        perhaps = _PERHAPS.fullmatch(clause)
        if perhaps and all(word[0].isupper() for word in perhaps['name'].split()):
            return _as_name(perhaps['name'])
    return ''


def not_to_tell_in(text: str) -> str:
    """Return what someone asks not to be told or asked, in few words, or an empty string."""
    for clause in _clauses(text.lower()):
        if _NO_GREETING.fullmatch(clause):
            return GREETING
        if _NO_SMALL_TALK.fullmatch(clause):
            return SMALL_TALK
        found = _NOT_TO_TELL.fullmatch(clause)
        if found and (topic := _as_topic(found['topic'])):
            return topic
    return ''


def wants_to_be_forgotten(text: str) -> bool:
    """Tell whether someone asks the robot to forget them."""
    return any(_FORGET_ME.fullmatch(clause) for clause in _clauses(text.lower()))


def is_about(text: str, topic: str) -> bool:
    """Tell whether a topic or a sentence has all words of a topic, in singular or plural."""
    words = _stems(topic)
    return bool(words) and words <= _stems(text)


def _clauses(text: str) -> list[str]:
    """Split at punctuation, straighten quotes, squeeze blanks."""
    straight = text[:MAX_CHARS].replace('\u2019', "'").replace('\u2018', "'")
    parts = (' '.join(part.split()) for part in re.split(r'[.,;:!?]+', straight))
    return [part for part in parts if part]


def _as_name(words: str) -> str:
    """Write words as a name; empty where one of them can't be part of a name."""
    plain = words.casefold()
    parts = plain.split()
    if len(words) > MAX_NAME_CHARS or any(map(_is_no_name, parts)) or _NO_PERSON.fullmatch(plain):
        return ''
    return ' '.join(w if w != w.lower() else w[0].upper() + w[1:] for w in words.split())


def _is_no_name(word: str) -> bool:
    """Tell whether a word is no part of a name, or may be something worse."""
    if word in _NAMES_LIKE_PEOPLES or word == 'will':
        return False
    common = word in ENGLISH or word in NO_NAMES or word in _STATES
    return common or bool(_NO_PERSON.fullmatch(word) or _PEOPLES.fullmatch(word))


def _as_topic(words: str) -> str:
    """Reduce words to their topic; empty for mere pronouns and for whole stories."""
    parts = re.findall(r"[^\W_]+(?:'[^\W_]+)?", words)
    kept = [word for word in parts if word not in _FILL]
    for topic, synonyms in _SYNONYMS:
        if kept and set(kept) <= synonyms:
            return topic
    return ' '.join(kept) if 0 < len(kept) <= MAX_TOPIC_WORDS else ''


def _stems(text: str) -> set[str]:
    """The words of a text without the plural's ending."""
    words = re.findall(r'[^\W_]+', text.casefold())
    return {
        w[:-1] if len(w) > 3 and w.endswith('s') and not w.endswith('ss') else w for w in words
    }
