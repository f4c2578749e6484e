"""Values of timeline files, read with their ranges; what is wrong is noted with its line."""

from __future__ import annotations

from robochat.plan.marked import Reader
import yaml

LONGEST_SEC = 3600.0
FAR_M = 30.0
YES_NO = ('true', 'false')


def items(reader: Reader, node: yaml.Node | None, what: str = 'the file') -> list[yaml.Node]:
    """Return the entries of a list."""
    if node is None or isinstance(node, yaml.SequenceNode):
        return list(node.value) if node is not None else []
    reader.wrong(node, f'{what} is no list', 'a list', 'write it as `- entry`')
    return []


class Entries:
    """Reads single values; times end with the timeline, at `last_sec`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.last_sec = LONGEST_SEC

    def _list(self, keys: dict[str, yaml.Node], name: str) -> list[yaml.Node]:
        return items(self.reader, keys.get(name), name)

    def _time(self, keys: dict[str, yaml.Node], name: str) -> float:
        return self._number(keys.get(name), name, 0.0, 0.0, self.last_sec)

    def _end(self, keys: dict[str, yaml.Node]) -> float:
        return self._number(keys.get('until'), 'until', self.last_sec, 0.0, self.last_sec)

    def _number(
        self,
        node: yaml.Node | None,
        what: str,
        default: float,
        low: float = -1e6,
        high: float = 1e6,
    ) -> float:
        value = self.reader.number(node, what, default, low, high)
        return default if value is None else value

    def _point(self, node: yaml.Node | None, what: str) -> tuple[float, float] | None:
        """Read a place as [x, y] in metres."""
        if node is None:
            return None
        numbers = [
            self._number(n, what, 0.0, -FAR_M, FAR_M) for n in items(self.reader, node, what)
        ]
        if len(numbers) != 2:
            self.reader.wrong(node, f'{what} has {len(numbers)} numbers', '2', 'write [x, y]')
            return None
        return numbers[0], numbers[1]

    def _flag(self, node: yaml.Node | None, what: str, default: bool) -> bool:
        return self.reader.choice(node, what, YES_NO, str(default).lower()) == 'true'
