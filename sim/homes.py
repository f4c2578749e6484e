"""Random homes: rooms, walls, furniture and colours that `Shots` takes its pictures in.

Flow: `random_home(rng, bodies, models)` lays out a `Scene` and chooses its colours; `Renderer`
makes both into pictures. Furniture stands along the walls, tables and rugs in the middle.
Units and frames: as in `room`; the room's middle is near the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import colors, textures
from .colors import Paint, Rng
from .decor import hang
from .furnish import Area, furnish, is_movable, Plan, rugs_of
from .people import BODIES
from .room import load_models, Model, Room, Scene, Thing, WALLS

RECOLORED = frozenset({'cup', 'bottle', 'vase', 'book', 'teddy bear', 'chair', 'couch'})


@dataclass(frozen=True)
class Home:
    """A home with the words for its colours.

    `walls` maps walls, `tops` bodies, `tints` recoloured things and furniture to colour words;
    `taken` are the floor areas (x0, x1, y0, y1) of furniture.
    """

    scene: Scene
    walls: Mapping[str, str]
    tops: Mapping[str, str]
    tints: Mapping[str, str]
    paints: Mapping[str, Paint]
    taken: tuple[Area, ...] = ()


def random_home(rng: Rng, bodies: tuple[str, ...], models: tuple[str, ...] | None = None) -> Home:
    """Return a home for people with these bodies, furnished with some of these models.

    `models` None allows all of `load_models`. Raises ValueError for unknown names.
    """
    allowed = _allowed(bodies, models)
    half_x, half_y = rng.uniform(2.2, 3.6), rng.uniform(1.9, 2.9)
    plan = Plan(rng, (-half_x, half_x), (-half_y, half_y), allowed)
    furnish(plan)
    things = _things(plan)
    walls = _wall_words(rng)
    room = Room(
        x=plan.x,
        y=plan.y,
        height_m=float(rng.uniform(2.4, 2.9)),
        colors=tuple((w, colors.near(rng, colors.WALL_COLORS[walls[w]])) for w in WALLS),
        decor=hang(rng, plan.x, plan.y, tuple(plan.furniture)),
        rugs=rugs_of(plan),
    )
    scene = Scene('random', room, tuple(plan.furniture), things, ())
    return _colored(rng, scene, bodies, walls, tuple(plan.areas))


def _allowed(bodies: tuple[str, ...], models: tuple[str, ...] | None) -> dict[str, Model]:
    """Return the models that may occur."""
    known = load_models()
    strange = sorted(set(bodies) - set(BODIES))
    if strange:
        raise ValueError(f'bodies {strange} are unknown: choose from {", ".join(BODIES)}')
    if models is None:
        return known
    strange = sorted(set(models) - set(known))
    if strange:
        raise ValueError(f'models {strange} are unknown: choose from {", ".join(sorted(known))}')
    return {name: known[name] for name in models}


def _things(plan: Plan) -> tuple[Thing, ...]:
    """Return the movable things of a home, one or two of a kind; each picture places them."""
    found = []
    for name, model in plan.models.items():
        if is_movable(model):
            count = int(plan.rng.choice((0, 1, 2), p=(0.15, 0.6, 0.25)))
            found += [Thing(f'{name}_{n}', model, 0, 0, 0, 0, 'floor') for n in range(count)]
    return tuple(found)


# --------------------------------------------------------------------------- colours
def _wall_words(rng: Rng) -> dict[str, str]:
    """Choose a colour for all walls, and often another one for some."""
    main = colors.pick(rng, colors.WALL_COLORS)
    words = dict.fromkeys(WALLS, main)
    if rng.random() < 0.6:
        for wall in WALLS:
            if rng.random() < 0.4:
                words[wall] = colors.pick(rng, colors.WALL_COLORS)
    return words


def _colored(
    rng: Rng,
    scene: Scene,
    bodies: tuple[str, ...],
    walls: Mapping[str, str],
    areas: tuple[Area, ...],
) -> Home:
    """Choose the colours of clothes, things, floor and pictures."""
    paints: dict[str, Paint] = {'floor': _floor(rng)}
    tops = dict(zip(bodies, rng.permutation(list(colors.TOP_COLORS)), strict=False))
    for body in bodies:
        tops.setdefault(body, colors.pick(rng, colors.TOP_COLORS))
        legs = colors.LEG_COLORS[int(rng.integers(len(colors.LEG_COLORS)))]
        top = colors.near(rng, colors.TOP_COLORS[str(tops[body])])
        paints[f'person:{body}'] = colors.clothes(top, legs, float(rng.uniform(0.9, 1.07)))
    pieces = [(f'furniture:{f.id}', f.id, f.model) for f in scene.furniture]
    pieces += [(f'thing:{t.id}', t.id, t.model) for t in scene.things]
    tints = {}
    for name, piece_id, model in pieces:
        if model.label in RECOLORED and rng.random() < 0.45:
            tints[piece_id] = colors.pick(rng, colors.TOP_COLORS)
            color = colors.near(rng, colors.TOP_COLORS[tints[piece_id]])
            paints[name] = colors.tinted(color)
        elif not model.label and rng.random() < 0.5:
            r, g, b = rng.uniform(0.75, 1.15, 3)
            paints[name] = colors.scaled((r, g, b))
    for number, decor in enumerate(scene.room.decor):
        if decor.kind != 'door':
            draw = textures.view if decor.kind == 'window' else textures.painting
            paints[f'decor:{number}'] = colors.swapped(draw(int(rng.integers(1 << 30))))
    paints['rug:0'] = colors.turned(float(rng.uniform(0, 360)))
    return Home(scene, dict(walls), {b: str(t) for b, t in tops.items()}, tints, paints, areas)


def _floor(rng: Rng) -> Paint:
    """Choose planks of some wood, or tiles."""
    if rng.random() < 0.3:
        return colors.tiles(
            colors.near(rng, ((0.75, 0.74, 0.72), (0.55, 0.5, 0.45))[int(rng.integers(2))])
        )
    tint = colors.FLOOR_TINTS[int(rng.integers(len(colors.FLOOR_TINTS)))]
    r, g, b = np.array(tint) * rng.uniform(0.9, 1.05)
    return colors.scaled((float(r), float(g), float(b)))
