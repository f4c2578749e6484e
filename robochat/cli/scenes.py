"""Reads a scene file: who and what is there, in YAML or JSON, for commands that have no camera.

people: [{id: person_1, distance_m: 1.2, mood: happy}]
things: [dining table, {id: cup_1, label: cup, on: dining table_1}]
robot: {place: door, holding: "", battery: 0.8}
place: kitchen
hour: 14
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from robochat.plan.marked import Reader
from robochat.values import Box, EMOTIONS, Person, Place, RobotState, Thing, WorldView
import yaml

KEYS = ('people', 'things', 'robot', 'place', 'hour')
PERSON_KEYS = ('id', 'name', 'distance_m', 'mood', 'facing', 'visible')
THING_KEYS = ('id', 'label', 'on', 'visible')
ROBOT_KEYS = ('place', 'holding', 'battery')
NOWHERE = Box(0.0, 0.0, 0.0, 0.0)


class SceneError(ValueError):
    """A scene file has mistakes; the message has a line for each."""


def load_scene(path: str | Path) -> WorldView:
    """Read a scene file; raises SceneError with every mistake."""
    try:
        text = Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f'{path}: unreadable: {error}') from error
    return read_scene(text, str(path))


def read_scene(text: str, source: str = 'scene') -> WorldView:
    """Read the text of a scene file; raises SceneError with every mistake."""
    reader = Reader()
    view = _SceneReader(reader).read(reader.compose(text))
    if reader.problems:
        raise SceneError('\n'.join([f'{source}:', *(f'  {p}' for p in reader.problems)]))
    return view


@dataclass
class _SceneReader:
    """Reads a scene and gives ids to what has none: `cup_1`, `cup_2`."""

    reader: Reader
    counts: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)

    def read(self, node: yaml.Node | None) -> WorldView:
        """Read the whole file."""
        keys = self.reader.section(node, 'the scene', KEYS)
        hour = self.reader.number(keys.get('hour'), '`hour`', 12.0, 0.0, 24.0)
        place = self.reader.word(keys.get('place'), '`place`')
        return WorldView(
            now_sec=0.0,
            hour=12.0 if hour is None else hour,
            people=tuple(self._person(n) for n in self._items(keys.get('people'), '`people`')),
            things=tuple(self._thing(n) for n in self._items(keys.get('things'), '`things`')),
            place=Place(place, 1.0 if place else 0.0),
            robot=self._robot(keys.get('robot')),
        )

    def _items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """Return the entries of a list."""
        if node is None or isinstance(node, yaml.SequenceNode):
            return list(node.value) if node is not None else []
        self.reader.wrong(node, f'{what} is no list', 'a list', 'write it as `- entry`')
        return []

    def _person(self, node: yaml.Node) -> Person:
        """Read one person."""
        keys = self.reader.section(node, 'a person', PERSON_KEYS)
        mood = self.reader.choice(keys.get('mood'), 'mood', ('', *EMOTIONS), '')
        return Person(
            id=self._id(node, self.reader.word(keys.get('id'), 'id'), 'person'),
            first_seen_sec=0.0,
            last_seen_sec=0.0,
            box=NOWHERE,
            bearing_rad=0.0,
            visible=self._flag(keys.get('visible'), 'visible', True),
            distance_m=self.reader.number(keys.get('distance_m'), 'distance_m', None, 0.0, 100.0),
            facing=self._flag(keys.get('facing'), 'facing', True),
            mood=mood,
            name=self.reader.word(keys.get('name'), 'name'),
        )

    def _thing(self, node: yaml.Node) -> Thing:
        """Read one thing, written as its label alone or as a mapping."""
        if isinstance(node, yaml.ScalarNode):
            return self._made_thing(node, '', node.value, (), True)
        keys = self.reader.section(node, 'a thing', THING_KEYS, needed=('label',))
        base = self.reader.word(keys.get('on'), 'on')
        label = self.reader.word(keys.get('label'), 'label')
        seen = self._flag(keys.get('visible'), 'visible', True)
        name = self.reader.word(keys.get('id'), 'id')
        return self._made_thing(node, name, label, (f'on {base}',) if base else (), seen)

    def _made_thing(
        self, node: yaml.Node, name: str, label: str, relations: tuple[str, ...], visible: bool
    ) -> Thing:
        """Make a thing with an id of its own."""
        thing = self._id(node, name, label)
        return Thing(thing, label, 1.0, NOWHERE, 0.0, 0.0, visible, relations)

    def _id(self, node: yaml.Node, name: str, label: str) -> str:
        """Take the id, or number the things of this label."""
        if not name:
            self.counts[label] += 1
            name = f'{label}_{self.counts[label]}'
        if name in self.names:
            self.reader.wrong(node, f'{name!r} is there twice', 'each id once', 'rename one')
        self.names.add(name)
        return name

    def _robot(self, node: yaml.Node | None) -> RobotState:
        """Read the robot's own state."""
        keys = self.reader.section(node, 'robot', ROBOT_KEYS)
        return RobotState(
            place=self.reader.word(keys.get('place'), 'place of the robot'),
            holding=self.reader.word(keys.get('holding'), 'holding'),
            battery=self.reader.number(keys.get('battery'), 'battery', None, 0.0, 1.0),
        )

    def _flag(self, node: yaml.Node | None, what: str, default: bool) -> bool:
        """Read true or false."""
        words = ('true', 'false')
        return self.reader.choice(node, what, words, str(default).lower()) == 'true'
