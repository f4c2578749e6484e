"""The content gate: what may leave the robot as words, and how words that come in are cleaned.

Flow: `judge_utterance` normalises a text, judges its form (length, characters, language), then its
content (`robochat.taboos`), then the names in it. `clean_speech` cleans what people said before
anything reads it.

Safety: the text is a model's and so untrusted. It is folded before it is matched (compatibility
forms, accents, invisible characters, digits for letters), and letters that only look like ours are
refused, so that a disguise doesn't help. The gate judges words alone; whether the robot may
speak at all is the engagement policy's business.

What this doesn't do: judge whether a harmless sentence is true.
"""

from __future__ import annotations

from collections.abc import Iterator
import re
import unicodedata

from robochat.config import Config
from robochat.folding import cleaned, folded, without_accents
from robochat.lexicon import ENGLISH, FOREIGN, NO_NAMES
from robochat.settings import SafetySettings
from robochat.taboos import taboos
from robochat.values import Refusal, WorldView

TEMPLATE_TOKEN = re.compile(
    r'<\|[^|>\s]{0,40}\|?>?|</?s>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<(?:bos|eos|pad'
    r'|image)>'
    r'|\|>',
    re.IGNORECASE,
)
FORMS = (
    ('chat-template tokens', TEMPLATE_TOKEN),
    (
        'a link or address',
        re.compile(r'https?:|www\.|\S@\S|\w\.(?:com|org|net|io|edu|gov)\b', re.I),
    ),
    (
        'a role or section mark',
        re.compile(r'(?:^|\s)(?:user|assistant|system|say|plan|human|ai)\s*:', re.I),
    ),
    ('letters set apart', re.compile(r'\b(?:[^\W\d][ .*_-]){2,}[^\W\d]\b')),
    ('signs for letters', re.compile(r'[^\W\d][\d@$]+[^\W\d]|[^\W\d][@$]')),
    ('an identifier', re.compile(r'\w_\w')),
    ('code or markup', re.compile(r'[<>{}\[\]|\\^~`#=*/_]|&\w+;|\w\(|\(\)|;\s*$')),
    ('a letter repeated without end', re.compile(r'([^\W\d])\1{3}|([!?.,-])\2{4}')),
)
NAME_AFTER = re.compile(
    r'\b(?:[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear|[Ww]elcome(?: back)?|[Mm]orning|[Aa]fternoon|[Ee]vening'
    r'|[Tt]hanks|[Tt]hank you|[Gg]oodbye|[Bb]ye|[Ss]orry|[Yy]ou are|[Yy]ou\'re|[Yy]ou must be'
    r'|[Yy]ou look like|[Ii]s that|[Aa]re you|[Cc]alled|[Nn]amed|[Mm]r\.?|[Mm]rs\.?|[Mm]s\.?'
    r'|[Dd]r\.?)'
    r',? (?!I\b)([A-Z][a-z]+)'
)
NAME_AT_END = re.compile(r', ([A-Z][a-z]+)\s*(?:[.!?]|$)')
SMALL_NAME = re.compile(
    r'\b(?:you are|you must be|hi|hello|hey|dear|welcome back),? (john|james|robert|michael|david'
    r'|william|peter|paul|thomas|george|mary|maria|anna|emma|sarah|laura|linda|susan|jane|lisa)\b'
)
NOT_LETTERS_SHARE = 0.35


def judge_utterance(
    text: str, settings: Config, view: WorldView | None = None
) -> tuple[str, Refusal | None]:
    """Return the cleaned text and None, or the text and why it may not be said.

    Limits are `safety.max_chars`, `dialogue.max_words` and `dialogue.language`. `view` tells which
    names are known and stamps the refusal.
    """
    clean = cleaned(text[: 4 * settings.safety.max_chars])
    reason = _reason(text, clean, settings, view)
    if not reason:
        return clean, None
    return clean, Refusal('utterance', reason, view.now_sec if view else 0.0)


def clean_speech(text: str, settings: SafetySettings) -> str:
    """Clean what someone said: no control characters or template tokens, blanks squeezed, cut.

    Returns an empty string when no letter or digit is left.
    """
    plain = cleaned(text[: 4 * settings.max_speech_chars])
    while TEMPLATE_TOKEN.search(plain):
        plain = ' '.join(TEMPLATE_TOKEN.sub('', plain).split())
    plain = plain[: settings.max_speech_chars].strip()
    return plain if any(c.isalnum() for c in plain) else ''


def _reason(raw: str, clean: str, settings: Config, view: WorldView | None) -> str:
    """Say why a text may not be said, or return an empty string."""
    return (
        _problem_of_length(clean, settings)
        or _problem_of_characters(raw, clean)
        or _problem_of_language(clean)
        or _problem_of_content(folded(clean))
        or _problem_of_names(clean, view)
    )


def _problem_of_length(clean: str, settings: Config) -> str:
    """Judge the length."""
    words = len(clean.split())
    if not any(c.isalpha() for c in clean):
        return 'form: there are no words'
    if len(clean) > settings.safety.max_chars:
        return f'form: more than {settings.safety.max_chars} characters'
    most = settings.dialogue.max_words
    return f'form: {words} words, at most {most} may be' if words > most else ''


def _problem_of_characters(raw: str, clean: str) -> str:
    """Judge the characters, before and after cleaning."""
    if any(unicodedata.category(c) == 'Cc' and not c.isspace() for c in raw):
        return 'form: has control characters'
    if any('\u202a' <= c <= '\u202e' or '\u2066' <= c <= '\u2069' for c in raw):
        return 'form: has characters that turn the direction of writing'
    for what, pattern in FORMS:
        if pattern.search(clean):
            return f'form: has {what}'
    return ''


def _problem_of_language(clean: str) -> str:
    """Judge whether this is plausibly English, by its letters and its commonest words."""
    letters = [c for c in clean if c.isalpha()]
    if any(c > 'z' for c in without_accents(''.join(letters))):
        return 'language: has letters that English lacks'
    signs = sum(not c.isalpha() and not c.isspace() for c in clean)
    if signs > NOT_LETTERS_SHARE * len(clean):
        return 'language: is mostly signs and digits'
    words = re.findall(r"[a-z']+", without_accents(clean.casefold()))
    if _is_gibberish(words):
        return 'language: has words that nobody can say'
    if len(words) >= 8 and len(set(words)) < 0.4 * len(words):
        return 'language: says the same again and again'
    return _problem_of_words(words)


def _problem_of_words(words: list[str]) -> str:
    """Count the commonest words of English and of its neighbours."""
    english = sum(w in ENGLISH or "'" in w for w in words)
    foreign = sum(w in FOREIGN for w in words)
    if foreign > english:
        return 'language: is not English'
    return 'language: is hardly English' if len(words) >= 4 and 8 * english < len(words) else ''


def _is_gibberish(words: list[str]) -> bool:
    """Tell whether a word has no vowel, or too many letters."""
    return any(len(w) > 24 or (len(w) > 4 and not re.search('[aeiouy]', w)) for w in words)


def _problem_of_content(words: str) -> str:
    """Look the folded words up in the table of taboos."""
    for row, pattern in taboos():
        if pattern.search(words):
            return f'{row.category}: {row.because}'
    return ''


def _problem_of_names(clean: str, view: WorldView | None) -> str:
    """Allow only names that someone reported or said."""
    known = {name.casefold() for name in _known_names(view)} | NO_NAMES
    found = [
        *NAME_AFTER.findall(clean),
        *NAME_AT_END.findall(clean),
        *SMALL_NAME.findall(folded(clean)),
    ]
    strange = [name for name in found if name.casefold() not in known]
    return 'identity: has a name that nobody gave' if strange else ''


def _known_names(view: WorldView | None) -> Iterator[str]:
    """Yield the words of reported names, and those that people said."""
    if view is not None:
        for person in view.people:
            yield from person.name.split()
        for speech in view.speech:
            if not speech.by_robot:
                yield from re.findall(r'\w+', speech.text)
