"""Brings untrusted words into plain forms: one to be spoken, one to be matched."""

from __future__ import annotations

import re
import unicodedata

from robochat.lexicon import CONTRACTIONS, LEET, LOOKALIKES


def cleaned(text: str) -> str:
    """Normalise (NFKC), drop what can't be spoken, straighten quotes, squeeze blanks."""
    plain = unicodedata.normalize('NFKC', text)
    plain = plain.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2014: ', '})
    return ' '.join(''.join(_spoken(c) for c in plain).split())


def _spoken(character: str) -> str:
    """Keep letters, marks, digits and signs; drop what is invisible; pictures become blanks."""
    category = unicodedata.category(character)
    if category in ('Cf', 'Mn', 'Me'):
        return ''
    return ' ' if category[0] in 'CZ' or category in ('So', 'Sk') else character


def folded(clean: str) -> str:
    """Bring a text into the form that taboos are matched against.

    Small Latin letters without accents, disguises undone, contractions written out, one blank
    between words, and sentence marks kept as ` .`.
    """
    plain = without_accents(clean.casefold().translate(LOOKALIKES))
    plain = re.sub(r'\b(?:[a-z][ .*_-]+){3,}[a-z]\b', _joined, plain)
    plain = re.sub(r'[a-z]*(?:[a-z][013457@$!]|[013457@$][a-z])[a-z013457@$]*', _unleeted, plain)
    plain = re.sub(r'([a-z])\1{2,}', r'\1', plain)
    for pattern, words in CONTRACTIONS:
        plain = re.sub(pattern, words, plain)
    plain = re.sub(r'[.!?;:]+', ' . ', plain.replace(',', ' , '))
    plain = re.sub(r"[^a-z0-9.,' ]+", ' ', plain).replace("'", ' ')
    return ' '.join(plain.split()).replace(' ,', ',')


def _joined(match: re.Match[str]) -> str:
    """Close the gaps in `s t u p i d`."""
    return re.sub('[^a-z]', '', match[0])


def _unleeted(match: re.Match[str]) -> str:
    """Turn the digits in `1d10t` into letters; a trailing sign stays one."""
    word = match[0]
    return word.rstrip('!').translate(LEET) + '!' * (len(word) - len(word.rstrip('!')))


def without_accents(text: str) -> str:
    """Drop accents."""
    return ''.join(
        c for c in unicodedata.normalize('NFD', text) if unicodedata.category(c) != 'Mn'
    )
