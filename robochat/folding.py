"""Brings untrusted words into plain forms: one to be spoken, one to be matched."""

from __future__ import annotations

import re
import unicodedata

from robochat.lexicon import CONTRACTIONS, LEET


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
    unspoken = category[0] in 'CZ' or category == 'So' or (category == 'Sk' and character > '\x7f')
    return ' ' if unspoken else character


def folded(clean: str) -> str:
    """Bring a text into the form that taboos are matched against.

    Small letters without accents, disguises undone, contractions written out, one blank
    between words, and sentence marks kept as ` .`.
    """
    plain = without_accents(clean.casefold())
    plain = re.sub(r'\b[013457@$](?=[a-z]{2})', lambda m: m[0].translate(LEET), plain)
    plain = re.sub(r'([a-z])\1{2,}', r'\1', plain)
    for pattern, words in CONTRACTIONS:
        plain = re.sub(pattern, words, plain)
    plain = re.sub(r'[.!?;:]+', ' . ', plain.replace(',', ' , '))
    plain = re.sub(r"[^a-z0-9.,' ]+", ' ', plain).replace("'", ' ')
    return ' '.join(plain.split()).replace(' ,', ',')


def without_accents(text: str) -> str:
    """Drop accents."""
    return ''.join(
        c for c in unicodedata.normalize('NFD', text) if unicodedata.category(c) != 'Mn'
    )
