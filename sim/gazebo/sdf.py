"""Elements of SDFormat 1.7 that Gazebo 11 and the new Gazebo both read.

Neither `<script>` nor `<pbr>` is used: what covers a mesh stands in its MTL file.
Written after http://sdformat.org/spec?ver=1.7. Units: metres, radians, kilograms, seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

VERSION = '1.7'
Triple = tuple[float, float, float]
Box = tuple[Triple, Triple]
UNITY: Triple = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Pose6:
    """A place and a turn: roll, pitch and yaw about the fixed axes x, y and z, in this order."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    roll_rad: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0


@dataclass(frozen=True)
class Body:
    """How a model behaves: its boxes collide; without a mass it is static."""

    boxes: tuple[Box, ...] = ()
    mass_kg: float = 0.0


def numbers(values: Iterable[float]) -> str:
    """Write numbers without needless digits."""
    return ' '.join(f'{round(value, 5) + 0.0:.6g}' for value in values)


def add(parent: Element, tag: str, text: str | float = '', **attributes: str) -> Element:
    """Add an element with a text or a number."""
    element = SubElement(parent, tag, attributes)
    if text != '':
        element.text = text if isinstance(text, str) else numbers((text,))
    return element


def add_pose(parent: Element, pose: Pose6) -> None:
    """Add where something is, unless it is at the origin."""
    if pose != Pose6():
        values = (pose.x, pose.y, pose.z, pose.roll_rad, pose.pitch_rad, pose.yaw_rad)
        add(parent, 'pose', numbers(values))


def model(name: str, mesh: str, body: Body, pose: Pose6 | None = None) -> Element:
    """Return a model that shows one mesh, named by its URI."""
    element = Element('model', name=name)
    if not body.mass_kg:
        add(element, 'static', 'true')
    add_pose(element, pose or Pose6())
    link = add(element, 'link', name='link')
    if body.mass_kg:
        _add_inertial(link, body)
    for number, (center, size) in enumerate(body.boxes):
        collision = add(link, 'collision', name=f'collision_{number}')
        add_pose(collision, Pose6(*center))
        geometry = add(add(collision, 'geometry'), 'box')
        add(geometry, 'size', numbers(size))
    geometry = add(add(link, 'visual', name='visual'), 'geometry')
    add(add(geometry, 'mesh'), 'uri', mesh)
    return element


def _add_inertial(link: Element, body: Body) -> None:
    """Add mass and inertia of a solid box."""
    center, size = body.boxes[0]
    inertial = add(link, 'inertial')
    add_pose(inertial, Pose6(*center))
    add(inertial, 'mass', body.mass_kg)
    inertia = add(inertial, 'inertia')
    square = [s * s for s in size]
    for axis, name in enumerate(('ixx', 'iyy', 'izz')):
        value = body.mass_kg / 12 * (sum(square) - square[axis])
        add(inertia, name, f'{value:.3e}')
    for name in ('ixy', 'ixz', 'iyz'):
        add(inertia, name, '0')


def include(folder: str, name: str, pose: Pose6) -> Element:
    """Return a model that is read from its folder on the model path."""
    element = Element('include')
    add(element, 'uri', f'model://{folder}')
    add(element, 'name', name)
    add_pose(element, pose)
    return element


def document(*elements: Element) -> str:
    """Return a whole file."""
    root = Element('sdf', version=VERSION)
    root.extend(elements)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding='unicode')
    return f'<?xml version="1.0"?>\n{text}\n'


def config(name: str, about: str) -> str:
    """Return the model.config that makes a folder a model."""
    root = Element('model')
    add(root, 'name', name)
    add(root, 'version', '1.0')
    add(root, 'sdf', 'model.sdf', version=VERSION)
    add(add(root, 'author'), 'name', 'robochat maintainers')
    add(root, 'description', about)
    ElementTree.indent(root)
    return f'<?xml version="1.0"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
