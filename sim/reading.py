"""Read YAML mappings with checks, and report every problem at once.

A problem line has the path, the value, what is allowed and, where there is one, the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
import difflib
import math
from pathlib import Path
import re
from typing import Any

Point = tuple[float, float]
_MISSING: Any = object()


class SceneError(ValueError):
    """A scene or scenario file is wrong; `problems` has one line for each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__('\n'.join(self.problems))


def load_tree(path: Path) -> Node:
    """Read a YAML file whose top level is a mapping.

    Raises SceneError when it can't be read, isn't YAML or isn't a mapping.
    """
    import yaml

    try:
        tree = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SceneError([f"{path}: can't be read as YAML: {error}"]) from error
    if not isinstance(tree, Mapping):
        raise SceneError([f'{path}: must be a mapping with keys such as "name", not {tree!r}'])
    return Node(tree, '', [])


class Node:
    """One mapping of the file; getters check a key and remember that it was asked for."""

    def __init__(self, tree: Mapping[str, Any], path: str, problems: list[str]) -> None:
        self.problems = problems
        self._tree = tree
        self._path = path
        self._asked: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._tree

    def names(self) -> Iterator[str]:
        """Yield the keys of the mapping as text."""
        return (str(key) for key in self._tree)

    def where(self, key: str) -> str:
        """Return the path of a key, as `people[0].body`."""
        return f'{self._path}.{key}' if self._path else key

    def complain(self, key: str, allowed: str) -> None:
        """Note that the value of a key is wrong."""
        value = self._tree.get(key, _MISSING)
        shown = 'missing' if value is _MISSING else repr(value)
        self.problems.append(f'{self.where(key)}: {shown}; must be {allowed}')

    def _get(self, key: str, default: Any, allowed: str) -> Any:
        """Return the raw value; note when a required one is missing."""
        self._asked[key] = None
        value = self._tree.get(key, default)
        if value is _MISSING:
            self.complain(key, allowed)
        return value

    def text(self, key: str, default: str = _MISSING, choices: Iterable[str] = ()) -> str:
        """Return a string, one of `choices` where there are some."""
        known = tuple(choices)
        allowed = f'one of {", ".join(known)}' if known else 'text'
        value = self._get(key, default, allowed)
        if value is _MISSING or value is default:
            return '' if value is _MISSING else default
        if not isinstance(value, str) or (known and value not in known):
            self.complain(key, allowed + _near(value, known))
            return ''
        return value

    def number(
        self, key: str, default: float = _MISSING, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """Return a finite number between `low` and `high`."""
        allowed = f'a number from {low:g} to {high:g}'
        value = self._get(key, default, allowed)
        if value is _MISSING:
            return 0.0
        if not _is_number(value) or not low <= value <= high:
            self.complain(key, allowed)
            return 0.0
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._get(key, default, 'true or false')
        if not isinstance(value, bool):
            self.complain(key, 'true or false')
            return default
        return value

    def numbers(
        self, key: str, count: int, default: tuple[float, ...] = _MISSING
    ) -> tuple[float, ...]:
        """Return a tuple of `count` finite numbers."""
        allowed = f'a list of {count} numbers'
        value = self._get(key, default, allowed)
        if value is _MISSING or value is default:
            return (0.0,) * count if value is _MISSING else default
        if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
            self.complain(key, allowed)
            return (0.0,) * count
        return tuple(float(x) for x in value)

    def point(self, key: str, default: Point = _MISSING) -> Point:
        """Return a point [x, y] in metres."""
        x, y = self.numbers(key, 2, default)
        return x, y

    def texts(
        self, key: str, default: tuple[str, ...] = _MISSING, choices: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Return a tuple of strings; a single string counts as a list of one."""
        known = tuple(choices)
        allowed = f'text or a list of text{", each one of " + ", ".join(known) if known else ""}'
        value = self._get(key, default, allowed)
        if value is _MISSING or value is default:
            return () if value is _MISSING else default
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(
            isinstance(x, str) and (not known or x in known) for x in items
        ):
            self.complain(key, allowed)
            return ()
        return tuple(items)

    def pattern(self, key: str) -> str:
        """Return a regular expression, or an empty string where there is none."""
        value = self.text(key, '')
        try:
            re.compile(value)
        except re.error as error:
            self.complain(key, f'a regular expression ({error})')
            return ''
        return value

    def raw(self, key: str, default: Any = None) -> Any:
        """Return an unchecked value, for keys of several kinds."""
        return self._get(key, default, 'given')

    def node(self, key: str) -> Node:
        """Return the mapping under a key; an empty one where there is none."""
        value = self._get(key, {}, 'a mapping')
        if not isinstance(value, Mapping):
            self.complain(key, 'a mapping')
            value = {}
        return Node(value, self.where(key), self.problems)

    def nodes(self, key: str) -> list[Node]:
        """Return the mappings in the list under a key; none where there is no list."""
        value = self._get(key, [], 'a list of mappings')
        if not isinstance(value, list):
            self.complain(key, 'a list of mappings')
            return []
        for number, item in enumerate(value):
            if not isinstance(item, Mapping):
                self.problems.append(f'{self.where(key)}[{number}]: {item!r}; must be a mapping')
        return [
            Node(item, f'{self.where(key)}[{number}]', self.problems)
            for number, item in enumerate(value)
            if isinstance(item, Mapping)
        ]

    def finish(self) -> None:
        """Complain about keys that nobody asked for."""
        for key in self.names():
            if key not in self._asked:
                known = ', '.join(self._asked)
                self.problems.append(
                    f'{self.where(key)}: no such key{_near(key, self._asked)}; known: {known}'
                )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _near(value: Any, known: Iterable[str]) -> str:
    """Suggest the nearest known name."""
    near = difflib.get_close_matches(str(value), list(known), n=1, cutoff=0.6)
    return f' (did you mean {near[0]}?)' if near else ''
