"""Reads what a skill file declares of one skill, and notes every mistake."""

from __future__ import annotations

from dataclasses import dataclass
import re

from robochat.plan.mapping import POSE_SLOTS, SLOT
from robochat.plan.marked import Reader
from robochat.plan.predicates import allowed, parse_predicate, Predicate, PredicateError
from robochat.plan.table import KINDS, ON_FAILURE, Parameter, REFERENTS, RosTarget, Skill
import yaml

SKILL_KEYS = (
    'text',
    'parameters',
    'preconditions',
    'effects',
    'limits',
    'timeout_sec',
    'retry_budget',
    'on_failure',
    'ros',
)
PARAMETER_KEYS = {
    'text': ('type', 'text', 'max_chars', 'values'),
    'number': ('type', 'text', 'unit', 'low', 'high', 'values'),
    'choice': ('type', 'text', 'values'),
}
INTERFACES = {'action': 'action', 'service': 'srv', 'topic': 'msg'}
ROS_NAME = re.compile(r'[~/]?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
FIELD_NAME = re.compile(r'[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*')
MAX_TIMEOUT_SEC = 3600.0


@dataclass
class SkillReader:
    """Reads one skill; its name goes into every message."""

    reader: Reader
    name: str
    places: frozenset[str]

    def read(self, node: yaml.Node) -> Skill:
        """Read everything below the skill's name."""
        keys = self.reader.section(node, self.name, SKILL_KEYS, needed=('text', 'ros'))
        parameters = tuple(
            self._parameter(name, value)
            for name, value in self.reader.entries(keys.get('parameters'), 'parameters')
            if self.reader.name(value, name, f'a parameter of {self.name}')
        )
        limits = self.reader.section(
            keys.get('limits'), f'limits of {self.name}', ('per_plan', 'same_call')
        )
        return Skill(
            name=self.name,
            text=self.reader.word(keys.get('text'), f'text of {self.name}'),
            parameters=parameters,
            preconditions=self._predicates(keys, 'preconditions', parameters),
            effects=self._predicates(keys, 'effects', parameters),
            ros=self._ros(keys.get('ros'), parameters),
            per_plan=self._count(limits, 'per_plan', 0, 100),
            same_call=self._count(limits, 'same_call', 0, 100),
            timeout_sec=self._timeout(keys),
            retry_budget=self._count(keys, 'retry_budget', 0, 10),
            on_failure=self.reader.choice(
                keys.get('on_failure'), f'on_failure of {self.name}', ON_FAILURE, 'fail'
            ),
        )

    def _count(self, keys: dict[str, yaml.Node], key: str, default: int, high: int) -> int:
        """Read a whole number from 0."""
        return self.reader.count(keys.get(key), f'{key} of {self.name}', default, 0, high)

    def _timeout(self, keys: dict[str, yaml.Node]) -> float:
        """Read the timeout."""
        what = f'timeout_sec of {self.name}'
        value = self.reader.number(keys.get('timeout_sec'), what, 30.0, 0.1, MAX_TIMEOUT_SEC)
        return 30.0 if value is None else value

    def _parameter(self, name: str, node: yaml.Node) -> Parameter:
        """Read one parameter, written as its type alone or as a mapping with `type`."""
        what = f'parameter {name} of {self.name}'
        if isinstance(node, yaml.ScalarNode):
            return self._typed(name, what, node, self._kinds(node, what), {})
        keys = dict(self.reader.entries(node, what))
        kinds = self._kinds(keys.get('type', node), what)
        known = PARAMETER_KEYS.get(kinds[0], ('type', 'text'))
        found = {key: value for key, value in keys.items() if key in known}
        for key in keys.keys() - found.keys():
            remedy = 'remove it, or change the type'
            self.reader.wrong(keys[key], f'{what} has no {key!r}', ', '.join(known), remedy)
        return self._typed(name, what, node, kinds, found)

    def _kinds(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Read a type such as `thing` or `place|person`."""
        words = node.value if isinstance(node, yaml.ScalarNode) else ''
        kinds = tuple(dict.fromkeys(word.strip() for word in str(words).split('|')))
        fits = all(k in REFERENTS for k in kinds) or (len(kinds) == 1 and kinds[0] in KINDS)
        if fits:
            return kinds
        remedy = 'write `type: thing`, or join place, person and thing with |'
        self.reader.wrong(node, f'{what} has the type {words!r}', ', '.join(KINDS), remedy)
        return ('text',)

    def _typed(
        self,
        name: str,
        what: str,
        node: yaml.Node,
        kinds: tuple[str, ...],
        keys: dict[str, yaml.Node],
    ) -> Parameter:
        """Read what belongs to the type and judge the offered values by it."""
        parameter = Parameter(
            name=name,
            kinds=kinds,
            text=self.reader.word(keys.get('text'), f'text of {what}'),
            unit=self.reader.word(keys.get('unit'), f'unit of {what}'),
            low=self.reader.number(keys.get('low'), f'low of {what}'),
            high=self.reader.number(keys.get('high'), f'high of {what}'),
            values=tuple(w for _, w in self.reader.words(keys.get('values'), f'values of {what}')),
            max_chars=self.reader.count(
                keys.get('max_chars'), f'max_chars of {what}', 120, 1, 10_000
            ),
        )
        self._judge(parameter, what, node)
        return parameter

    def _judge(self, parameter: Parameter, what: str, node: yaml.Node) -> None:
        """Note ranges that are empty and offered values that the parameter doesn't take."""
        low, high = parameter.low, parameter.high
        if low is not None and high is not None and low > high:
            fact = f'{what} has low {low:g} above high {high:g}'
            self.reader.wrong(node, fact, 'low up to high', 'swap or change them')
        if parameter.kinds[0] == 'choice' and not parameter.values:
            self.reader.wrong(node, f'{what} has no values', 'one or more', 'add `values: [...]`')
        for value in parameter.values:
            if parameter.problem(value):
                remedy = 'change the value or the limits'
                self.reader.wrong(node, f'{what} offers {value!r}', parameter.allows, remedy)

    def _predicates(
        self, keys: dict[str, yaml.Node], key: str, parameters: tuple[Parameter, ...]
    ) -> tuple[Predicate, ...]:
        """Read preconditions or effects."""
        kinds = {p.name: frozenset(p.kinds) for p in parameters}
        effect, found = key == 'effects', []
        for node, text in self.reader.words(keys.get(key), f'{key} of {self.name}'):
            try:
                found.append(parse_predicate(text, kinds, self.places, effect=effect))
            except PredicateError as error:
                fact = f'{key} of {self.name} have {text!r}: {error}'
                self.reader.wrong(node, fact, allowed(effect), 'write one of these')
        return tuple(found)

    def _ros(self, node: yaml.Node | None, parameters: tuple[Parameter, ...]) -> RosTarget:
        """Read the mapping to an action, a service or a topic."""
        what = f'ros of {self.name}'
        keys = self.reader.section(node, what, (*INTERFACES, 'type', 'fields'), needed=('type',))
        chosen = [key for key in INTERFACES if key in keys]
        if node is not None and len(chosen) != 1:
            fact = f'{what} names {len(chosen)} interfaces'
            self.reader.wrong(node, fact, 'one of action, service, topic', 'name exactly one')
        interface = chosen[0] if chosen else 'action'
        name = self.reader.word(keys.get(interface), f'{interface} of {self.name}')
        if interface in keys and not ROS_NAME.fullmatch(name):
            fact = f'{interface} of {self.name} is {name!r}'
            self.reader.wrong(keys[interface], fact, 'a ROS name such as arm/pick', 'rename it')
        fields = self._fields(keys.get('fields'), parameters)
        return RosTarget(interface, name, self._ros_type(keys.get('type'), interface), fields)

    def _ros_type(self, node: yaml.Node | None, interface: str) -> str:
        """Read a type such as `std_msgs/msg/String` that fits the interface."""
        text = self.reader.word(node, f'ros type of {self.name}')
        middle = INTERFACES[interface]
        fits = re.fullmatch(rf'[a-z][a-z0-9_]*/{middle}/[A-Z][A-Za-z0-9]*', text)
        if node is not None and not fits:
            form = f'package/{middle}/Name, for the key {interface}'
            fact = f'ros type of {self.name} is {text!r}'
            self.reader.wrong(node, fact, form, 'see `ros2 interface list`')
        return text

    def _fields(
        self, node: yaml.Node | None, parameters: tuple[Parameter, ...]
    ) -> tuple[tuple[str, str], ...]:
        """Read the templates of message fields."""
        slots = slots_of(parameters)
        found = []
        for field, value in self.reader.entries(node, f'fields of {self.name}'):
            template = self.reader.word(value, f'field {field}')
            if not FIELD_NAME.fullmatch(field):
                fact = f'a field of {self.name} is called {field!r}'
                self.reader.wrong(value, fact, 'names such as pose.position.x', 'rename it')
            for slot in sorted(set(SLOT.findall(template)) - slots):
                fact = f'field {field} of {self.name} uses {{{slot}}}'
                remedy = 'use a parameter of the skill'
                self.reader.wrong(value, fact, ', '.join(sorted(slots)) or 'no slot', remedy)
            found.append((field, template))
        return tuple(found)


def slots_of(parameters: tuple[Parameter, ...]) -> set[str]:
    """List what a template may use: each parameter, and the pose of one that may be a place."""
    slots = {p.name for p in parameters}
    for parameter in parameters:
        if parameter.kinds == ('place',):
            slots |= {f'{parameter.name}.{key}' for key in POSE_SLOTS}
    return slots
