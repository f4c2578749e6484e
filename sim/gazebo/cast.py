"""People as models: one for each look, shown where the person is or hidden under the floor."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from . import sdf
from .looks import BodyLook, HeadLook, Wardrobe
from .worlds import PREFIX

HIDDEN = sdf.Pose6(z=-20.0)
PERSON_WIDE_M, PERSON_HIGH_M = 0.4, 1.6
COLLIDES = sdf.Body(
    (((0.0, 0.0, PERSON_HIGH_M / 2), (PERSON_WIDE_M, PERSON_WIDE_M, PERSON_HIGH_M)),)
)


def person_folder(body: str) -> str:
    """Return the name of the model that a person is."""
    return PREFIX + body


def look_mesh(body: str, look: HeadLook | BodyLook) -> str:
    """Return the URI of the mesh of a look."""
    return f'model://{person_folder(body)}/{look.name}.obj'


def part(person: str, look: HeadLook | BodyLook) -> str:
    """Return the name of the model that shows a look of a person."""
    return f'{person}__{look.name}'


def parts(person: str, wardrobe: Wardrobe) -> tuple[Element, ...]:
    """Return the models of all looks of a person, hidden; a body collides, a head doesn't."""
    looks: list[tuple[HeadLook | BodyLook, sdf.Body]] = [(h, sdf.Body()) for h in wardrobe.heads]
    looks += [(body, COLLIDES) for body in wardrobe.bodies]
    return tuple(
        sdf.model(part(person, look), look_mesh(wardrobe.body, look), body, HIDDEN)
        for look, body in looks
    )
