"""What is to happen: scenario files in `scenarios/*.yaml`, read and checked as a whole.

Times are in the scenario's seconds, lengths in metres, headings in degrees in the file and in
radians in the values. The shipped files show every key.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from pathlib import Path
from typing import Any

from robochat.config import config_from, ConfigError

from .people import BODIES
from .reading import load_tree, Node, SceneError
from .room import load_scene, Scene, with_more
from .script import Act, Expectation, PersonSpec, Reply, Scenario, STROLL_MPS

SCENARIOS = Path(__file__).resolve().parent / 'scenarios'
MOODS = ('neutral', 'happy', 'sad', 'angry', 'surprise', 'fear', 'disgust')
TRIGGERS = ('hazard', 'reply', 'greeting', 'care', 'help', 'small_talk', 'task')
CHECKS = ('speaks', 'silent', 'plan', 'utterances', 'model_calls')


def scenario_names() -> tuple[str, ...]:
    """Return the names of the shipped scenarios."""
    return tuple(sorted(path.stem for path in SCENARIOS.glob('*.yaml')))


def load_scenario(name: str | Path) -> Scenario:
    """Read a shipped scenario by its name, or any file that ends in .yaml.

    Raises SceneError with one line for every mistake.
    """
    path = Path(name) if str(name).endswith('.yaml') else SCENARIOS / f'{name}.yaml'
    if not path.is_file():
        known = ', '.join(scenario_names())
        raise SceneError([f'scenario {str(name)!r}: no such file {path}; shipped ones: {known}'])
    root = load_tree(path)
    scenario = _scenario(root)
    root.finish()
    if root.problems:
        raise SceneError(root.problems)
    return scenario


def _scenario(root: Node) -> Scenario:
    """Read the parts in the order in which they need each other."""
    scene = _scene(root)
    robot = root.node('robot')
    people = tuple(_person(node) for node in root.nodes('people'))
    ids = tuple(p.id for p in people)
    things = tuple(t.id for t in scene.things)
    _unique(root, ids)
    scenario = Scenario(
        name=root.text('name'),
        about=root.text('about'),
        duration_sec=root.number('duration_sec', low=1.0, high=3600.0),
        scene=scene,
        robot_at=robot.point('at', (0.0, 0.0)),
        robot_heading_rad=math.radians(robot.number('heading_deg', 0.0, -360.0, 360.0)),
        robot_tilt_rad=math.radians(robot.number('tilt_deg', 4.0, -30.0, 45.0)),
        robot_place=robot.text('place', 'living_room', choices=[p.name for p in scene.places]),
        settings=_settings(root),
        people=people,
        script=tuple(_act(node, ids, things) for node in root.nodes('script')),
        replies=tuple(_reply(node, ids) for node in root.nodes('replies')),
        expect=tuple(_expectation(node, ids) for node in root.nodes('expect')),
    )
    robot.finish()
    _check_gazes(root, scenario, (*ids, *things))
    return scenario


def _scene(root: Node) -> Scene:
    """Load the scene that is named (the shipped one when the name is wrong) and add to it."""
    try:
        scene = load_scene(root.text('scene', 'home'))
    except SceneError as error:
        root.problems.extend(error.problems)
        scene = load_scene('home')
    return with_more(scene, root)


def _unique(root: Node, ids: Iterable[str]) -> None:
    known: set[str] = set()
    for number, name in enumerate(ids):
        if name in known:
            root.problems.append(f'people[{number}].id: {name!r}; must differ from the others')
        known.add(name)


def _settings(root: Node) -> tuple[tuple[str, Any], ...]:
    """Check flat robochat settings against their declarations."""
    node = root.node('settings')
    values = {key: node.raw(key) for key in node.names()}
    try:
        config_from(values)
    except ConfigError as error:
        root.problems.extend(f'settings.{problem}' for problem in error.problems)
    return tuple(values.items())


def _person(node: Node) -> PersonSpec:
    person = PersonSpec(
        id=node.text('id'),
        body=node.text('body', choices=BODIES),
        at=node.point('at'),
        heading_rad=math.radians(node.number('heading_deg', 180.0, -360.0, 360.0)),
        mood=node.text('mood', 'neutral', choices=MOODS),
        gaze=_gaze(node, 'robot'),
        seated=node.flag('seated'),
        present=node.flag('present', True),
    )
    node.finish()
    return person


def _gaze(node: Node, default: str) -> str:
    """Return `robot`, `away`, `ahead`, an id, or a point as `x,y`."""
    value = node.raw('gaze', default)
    if isinstance(value, list):
        x, y = node.point('gaze')
        return f'{x:g},{y:g}'
    return node.text('gaze', default)


def _check_gazes(root: Node, scenario: Scenario, ids: Iterable[str]) -> None:
    """Complain about gazes at somebody who isn't there."""
    known = ('robot', 'away', 'ahead', *ids)
    gazes = [(f'people[{n}].gaze', p.gaze) for n, p in enumerate(scenario.people)]
    gazes += [(f'script[{n}].gaze', act.gaze) for n, act in enumerate(scenario.script)]
    gazes += [(f'replies[{n}].gaze', reply.act.gaze) for n, reply in enumerate(scenario.replies)]
    for where, gaze in gazes:
        if gaze and gaze not in known and ',' not in gaze:
            root.problems.append(
                f'{where}: {gaze!r}; must be a point [x, y] or one of {", ".join(known)}'
            )


def _act(node: Node, people: tuple[str, ...], things: tuple[str, ...]) -> Act:
    """Read one line of the script."""
    at_sec = node.number('at', low=0.0, high=3600.0)
    if 'thing' in node:
        thing = node.text('thing', choices=things)
        act = Act(at_sec, thing=thing, fall_to=node.point('fall_to'), upright=node.flag('upright'))
    else:
        act = _doing(node, at_sec, node.text('person', choices=people))
    node.finish()
    return act


def _doing(node: Node, at_sec: float, person: str) -> Act:
    """Read what a person does."""
    leaves = 'leave' in node
    way = 'leave' if leaves else 'walk_to'
    return Act(
        at_sec=at_sec,
        person=person,
        walk_to=node.point(way) if way in node else None,
        leave=leaves,
        speed_mps=node.number('speed_mps', STROLL_MPS, 0.1, 3.0),
        gaze=_gaze(node, ''),
        mood=node.text('mood', choices=MOODS) if 'mood' in node else '',
        say=node.text('say', ''),
        sit=node.flag('sit') if 'sit' in node else None,
    )


def _reply(node: Node, people: tuple[str, ...]) -> Reply:
    person = node.text('person', choices=people)
    reply = Reply(
        person=person,
        to=node.pattern('to') or 'any',
        after_sec=node.number('after_sec', 1.0, 0.0, 60.0),
        once=node.flag('once'),
        act=_doing(node, 0.0, person),
    )
    node.finish()
    return reply


def _expectation(node: Node, people: tuple[str, ...]) -> Expectation:
    """Read one expectation; its only key names its kind."""
    kind = next((key for key in CHECKS if key in node), '')
    if not kind:
        node.problems.append(f'{node.where("")}: must have one of {", ".join(CHECKS)}')
        return Expectation('silent')
    if kind == 'model_calls':
        most = int(node.number(kind, low=0, high=1000))
        node.finish()
        return Expectation(kind, at_most=most)
    inner = node.node(kind)
    node.finish()
    start, end = inner.numbers('between' if kind == 'silent' else 'within', 2, (0.0, math.inf))
    expectation = Expectation(
        kind=kind,
        start_sec=start,
        end_sec=end,
        triggers=inner.texts('trigger', (), TRIGGERS) if kind == 'speaks' else (),
        to=inner.text('to', '', choices=('', *people)) if kind == 'speaks' else '',
        matching=inner.pattern('matching') if kind == 'speaks' else '',
        not_matching=inner.pattern('not_matching') if kind == 'speaks' else '',
        any_skill=inner.texts('any_skill', ()) if kind == 'plan' else (),
        at_least=int(inner.number('at_least', 0, 0, 1000)) if kind == 'utterances' else 0,
        at_most=_most(inner) if kind == 'utterances' else None,
    )
    inner.finish()
    return expectation


def _most(node: Node) -> int | None:
    return int(node.number('at_most', low=0, high=1000)) if 'at_most' in node else None
