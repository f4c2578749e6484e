"""Words for training: templates of a YAML file, filled at random.

In a template `<name>` is one line of the list `name`, filled in turn, and `{slot}` something of
the scene. What people say has `train` lines and `held` lines; held lines are for evaluation only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import random
import re
from typing import Any

SPLITS = ('train', 'held')
_FILE = Path(__file__).with_name('wordings.yaml')
_SKILLS = Path(__file__).with_name('extra_skills.yaml')
_LIST = re.compile(r'<(\w+)>')
_SLOT = re.compile(r'\{(\w+)\}')


@cache
def wordings() -> Mapping[str, Any]:
    """Read the file once."""
    return _tree(_FILE)


@cache
def extra_skills() -> Mapping[str, Any]:
    """Read once the skills that only some robots have, by split."""
    return _tree(_SKILLS)


def _tree(path: Path) -> Mapping[str, Any]:
    import yaml

    tree: Mapping[str, Any] = yaml.safe_load(path.read_text('utf-8'))
    return tree


@dataclass(frozen=True)
class Voice:
    """Picks lines of one split with one random generator."""

    rng: random.Random
    split: str

    def line(self, lines: Sequence[str], **slots: str) -> str:
        """Fill one of `lines`, each equally likely."""
        return self.fill(self.rng.choice(list(lines)), **slots)

    def asked(self, lines: Mapping[str, Sequence[str]], **slots: str) -> str:
        """Fill one of the lines of this split; raises KeyError when a slot is missing."""
        return self.line(lines[self.split], **slots)

    def fill(self, template: str, **slots: str) -> str:
        """Fill a template; `{mood}` within `<mood>` becomes one of the words for that mood."""
        lists = wordings()['lists']

        def one(match: re.Match[str]) -> str:
            name = slots.get(match[1], match[1])
            return str(self.rng.choice(lists[name]))

        while _LIST.search(template):
            template = _LIST.sub(one, template)
        text = _SLOT.sub(lambda match: slots[match[1]], template)
        return articled(text)

    def one_of(self, names: Mapping[str, Sequence[str]]) -> str:
        """Pick a name of this split."""
        return self.rng.choice(list(names[self.split]))


def articled(text: str) -> str:
    """Write `an` before a vowel."""
    return re.sub(r'\b([Aa]) (?=[aeiou])', r'\1n ', text)


def listed(names: Sequence[str]) -> str:
    """Write names as `a cup, a book and an apple`."""
    each = [articled(f'a {name}') for name in names]
    return ' and '.join(', '.join(each).rsplit(', ', 1)) if each else 'nothing'
