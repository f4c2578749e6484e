"""YAML read with line numbers, so that every mistake in a file is reported at once and in place.

Scalars are taken as written: `no`, `on` and `1_0` stay words, whatever YAML's rules make of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import difflib
import math
import re

from robochat.plan.table import as_number
import yaml

MAX_CHARS = 1_000_000
NAME = re.compile(r'[a-z][a-z0-9_]*')


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what is wrong, what is allowed and what to do."""

    line: int
    fact: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        """Write the problem on one line."""
        return f'line {self.line}: {self.fact}; allowed: {self.allowed}; {self.remedy}'


@dataclass
class Reader:
    """Takes values out of YAML nodes and notes what is wrong with them."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, node: yaml.Node, fact: str, allowed: str, remedy: str) -> None:
        """Note a mistake at a node."""
        self.problems.append(Problem(node.start_mark.line + 1, fact, allowed, remedy))

    def compose(self, text: str) -> yaml.Node | None:
        """Parse a document; a syntax error becomes a problem."""
        if len(text) > MAX_CHARS:
            many = f'the file has {len(text)} characters'
            self.problems.append(Problem(1, many, f'up to {MAX_CHARS}', 'split it'))
            return None
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, 'problem_mark', None)
            line = mark.line + 1 if mark else 1
            fact = f'not YAML: {getattr(error, "problem", None) or error}'
            self.problems.append(Problem(line, fact, 'YAML 1.1', 'mend the syntax there'))
            return None

    def entries(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, yaml.Node]]:
        """Yield the entries of a mapping once each; an absent node has none."""
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f'{what} is {_kind(node)}', 'a mapping', 'write it as `key: value`')
            return
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = self.word(key, f'a key of {what}')
            if name in seen:
                fact = f'{what} has {name!r} twice, first in line {seen[name]}'
                self.wrong(key, fact, 'each once', 'rename or remove one')
            elif name:
                seen[name] = key.start_mark.line + 1
                yield name, value

    def section(
        self, node: yaml.Node | None, what: str, keys: Sequence[str], needed: Sequence[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return a mapping's values by key; unknown and missing keys are noted."""
        found = dict(self.entries(node, what))
        for name in [n for n in found if n not in keys]:
            near = difflib.get_close_matches(name, keys, n=1)
            remedy = f'did you mean {near[0]!r}?' if near else 'remove it'
            self.wrong(found.pop(name), f'{what} has no {name!r}', ', '.join(keys), remedy)
        for name in needed:
            if node is not None and name not in found:
                self.wrong(node, f'{what} lacks {name!r}', ', '.join(keys), f'add `{name}:`')
        return found

    def word(self, node: yaml.Node | None, what: str, default: str = '') -> str:
        """Return a scalar as it is written."""
        if node is None:
            return default
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.wrong(node, f'{what} is {_kind(node)}', 'one value', 'write a single word or text')
        return default

    def name(self, node: yaml.Node, name: str, what: str) -> bool:
        """Tell whether a name can be written in a call, and note when it can't."""
        if NAME.fullmatch(name):
            return True
        remedy = 'use small letters, digits and _, a letter first'
        self.wrong(node, f'{what} is called {name!r}', 'names such as pick_up', remedy)
        return False

    def choice(self, node: yaml.Node | None, what: str, known: Sequence[str], default: str) -> str:
        """Return one of the known words."""
        value = self.word(node, what, default)
        if node is None or value in known:
            return value
        self.wrong(node, f'{what} is {value!r}', ', '.join(known), 'choose one of these')
        return default

    def number(
        self,
        node: yaml.Node | None,
        what: str,
        default: float | None = None,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> float | None:
        """Return a finite number within the range."""
        if node is None:
            return default
        text = self.word(node, what)
        value = as_number(text)
        if value is not None and low <= value <= high:
            return value
        span = f'a number from {low:g} to {high:g}' if math.isfinite(low) else 'a finite number'
        self.wrong(node, f'{what} is {text!r}', span, 'write such a number')
        return default

    def count(self, node: yaml.Node | None, what: str, default: int, low: int, high: int) -> int:
        """Return a whole number within the range."""
        value = self.number(node, what, float(default), low, high)
        if node is not None and value is not None and value != int(value):
            self.wrong(node, f'{what} is {value:g}', f'whole from {low} to {high}', 'round it')
        return int(value) if value is not None else default

    def words(self, node: yaml.Node | None, what: str) -> list[tuple[yaml.Node, str]]:
        """Return the scalars of a list with their nodes."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, f'{what} is {_kind(node)}', 'a list', 'write it as `[a, b]`')
            return []
        return [(n, word) for n in node.value if (word := self.word(n, f'an entry of {what}'))]


def _kind(node: yaml.Node) -> str:
    """Name the shape of a node."""
    if isinstance(node, yaml.MappingNode):
        return 'a mapping'
    return 'a list' if isinstance(node, yaml.SequenceNode) else f'{node.value!r}'
