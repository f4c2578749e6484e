"""A home as read from `scenes/*.yaml`: the room, its furniture, its things, its places.

Units and frames: metres; x and y lie on the floor, z is up; headings are in degrees in the file
and in radians here. A model's front looks along its heading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math
from pathlib import Path
from typing import Any

from .people import ASSETS
from .reading import load_tree, Node, Point, SceneError

SCENES = Path(__file__).resolve().parent / 'scenes'
WALLS = ('front', 'back', 'left', 'right')
DECOR = ('window', 'painting', 'door')


@dataclass(frozen=True)
class Model:
    """A card of `assets/things.yaml`: COCO class (may be empty) and size (deep, wide, high)."""

    name: str
    label: str
    size_m: tuple[float, float, float]


@dataclass(frozen=True)
class Furniture:
    """Something that stays; things may lie at `surface_m` above the floor (0 where they can't)."""

    id: str
    model: Model
    x: float
    y: float
    z: float
    heading_rad: float
    surface_m: float


@dataclass(frozen=True)
class Thing:
    """Something that can be carried, where it is at the start; `on` names its furniture."""

    id: str
    model: Model
    x: float
    y: float
    z: float
    heading_rad: float
    on: str


@dataclass(frozen=True)
class Decor:
    """A window, painting or door on a wall: its middle along the wall, its foot, its size."""

    kind: str
    wall: str
    along_m: float
    foot_m: float
    width_m: float
    height_m: float


@dataclass(frozen=True)
class Rug:
    """A rug on the floor."""

    x: float
    y: float
    deep_m: float
    wide_m: float


@dataclass(frozen=True)
class Place:
    """Where the robot stands when it is at a named place; `surface` is the furniture there."""

    name: str
    x: float
    y: float
    heading_rad: float
    kind: str
    surface: str


@dataclass(frozen=True)
class Room:
    """The room's extent and its wall colours (0 to 1)."""

    x: Point
    y: Point
    height_m: float
    colors: tuple[tuple[str, tuple[float, float, float]], ...]
    decor: tuple[Decor, ...] = ()
    rugs: tuple[Rug, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A home with everything in it."""

    name: str
    room: Room
    furniture: tuple[Furniture, ...]
    things: tuple[Thing, ...]
    places: tuple[Place, ...]

    def place(self, name: str) -> Place | None:
        """Return the place with this name, or None."""
        return next((p for p in self.places if p.name == name), None)

    def piece(self, furniture_id: str) -> Furniture | None:
        """Return the piece of furniture with this id, or None."""
        return next((f for f in self.furniture if f.id == furniture_id), None)


def load_models() -> dict[str, Model]:
    """Read the cards of the packed models; table and stool are built from boxes."""
    import yaml

    cards = yaml.safe_load((ASSETS / 'things.yaml').read_text(encoding='utf-8'))
    models = {
        name: Model(name, card['label'], _size(card['size_m'])) for name, card in cards.items()
    }
    models['table'] = Model('table', 'dining table', (0.8, 1.1, 0.72))
    models['stool'] = Model('stool', '', (0.36, 0.36, 0.3))
    return models


def load_scene(name: str) -> Scene:
    """Read `scenes/NAME.yaml`, or a file when `name` ends in .yaml.

    Raises SceneError with one line for every mistake.
    """
    path = Path(name) if name.endswith('.yaml') else SCENES / f'{name}.yaml'
    if not path.is_file():
        shipped = ', '.join(sorted(p.stem for p in SCENES.glob('*.yaml')))
        raise SceneError([f'scene {name!r}: no such file {path}; shipped ones: {shipped}'])
    root = load_tree(path)
    scene = _scene(root, load_models())
    root.finish()
    if root.problems:
        raise SceneError(root.problems)
    return scene


def with_more(scene: Scene, root: Node) -> Scene:
    """Return the scene with the furniture and things that a scenario adds; notes its mistakes."""
    models = load_models()
    added = tuple(_furniture(node, models) for node in root.nodes('furniture'))
    furniture = (*scene.furniture, *added)
    pieces = {f.id: f for f in furniture}
    things = {
        t.id: t
        for t in (*scene.things, *(_thing(n, models, pieces) for n in root.nodes('things')))
    }
    return replace(scene, furniture=furniture, things=tuple(things.values()))


def _scene(root: Node, models: Mapping[str, Model]) -> Scene:
    name = root.text('name')
    room = _room(root.node('room'))
    furniture = tuple(_furniture(node, models) for node in root.nodes('furniture'))
    pieces = {f.id: f for f in furniture}
    things = tuple(_thing(node, models, pieces) for node in root.nodes('things'))
    places = root.node('places')
    found = tuple(_place(key, places.node(key)) for key in places.names())
    return Scene(name, room, furniture, things, found)


def _room(node: Node) -> Room:
    colors = node.node('walls')
    room = Room(
        x=node.point('x'),
        y=node.point('y'),
        height_m=node.number('height_m', 2.6, 2.0, 5.0),
        colors=tuple((wall, _rgb(colors.numbers(wall, 3, (0.8, 0.78, 0.72)))) for wall in WALLS),
        decor=tuple(_decor(n) for n in node.nodes('decor')),
        rugs=tuple(_rug(n) for n in node.nodes('rugs')),
    )
    colors.finish()
    node.finish()
    return room


def _decor(node: Node) -> Decor:
    wide, high = node.numbers('size_m', 2)
    kind = node.text('kind', choices=DECOR)
    wall = node.text('wall', choices=WALLS)
    decor = Decor(
        kind, wall, node.number('along_m'), node.number('foot_m', 0.0, 0.0, 3.0), wide, high
    )
    node.finish()
    return decor


def _rug(node: Node) -> Rug:
    x, y = node.point('at')
    deep, wide = node.numbers('size_m', 2)
    node.finish()
    return Rug(x, y, deep, wide)


def _furniture(node: Node, models: Mapping[str, Model]) -> Furniture:
    model = _model(node, models)
    x, y = node.point('at')
    z = node.number('z', 0.0, 0.0, 3.0)
    piece = Furniture(
        id=node.text('id'),
        model=model,
        x=x,
        y=y,
        z=z,
        heading_rad=math.radians(node.number('heading_deg', 0.0, -360.0, 360.0)),
        surface_m=node.number('surface_m', z + model.size_m[2], 0.0, 3.0),
    )
    node.finish()
    return piece


def _thing(node: Node, models: Mapping[str, Model], pieces: Mapping[str, Furniture]) -> Thing:
    model = _model(node, models)
    x, y = node.point('at')
    on = node.text('upon', 'floor', choices=('floor', *pieces))
    heading = math.radians(node.number('heading_deg', 0.0, -360.0, 360.0))
    z = pieces[on].surface_m if on in pieces else 0.0
    thing = Thing(node.text('id'), model, x, y, z, heading, on)
    node.finish()
    return thing


def _model(node: Node, models: Mapping[str, Model]) -> Model:
    """Return the model that a node names; a harmless one where the name is wrong."""
    return models.get(node.text('model', choices=models), models['table'])


def _place(name: str, node: Node) -> Place:
    x, y = node.point('at')
    heading = math.radians(node.number('heading_deg', 0.0, -360.0, 360.0))
    place = Place(name, x, y, heading, node.text('kind', ''), node.text('surface', ''))
    node.finish()
    return place


def _rgb(values: tuple[float, ...]) -> tuple[float, float, float]:
    r, g, b = values
    return r, g, b


def _size(values: Any) -> tuple[float, float, float]:
    deep, wide, high = (float(x) for x in values)
    return deep, wide, high
