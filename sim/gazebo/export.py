"""Write a scene and its people as a world and models: `export(out, scenarios)`.

Flow: scenario files -> scene and looks -> `out/worlds/NAME.sdf` and `out/models/robochat_*/`. A
scene's world has no people; a scenario's has all looks of its people, hidden under the floor. What
is there already is replaced; nothing else in `out` is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..room import Furniture, load_scene, Scene, Thing
from ..scenario import load_scenario
from .cast import COLLIDES, parts, person_folder
from .figures import Figure, SKIN
from .looks import BodyLook, HeadLook, joined, Wardrobe, wardrobes
from .meshes import write_looks, write_obj
from .sdf import Body, Box, config, document, model
from .solids import Solid, solids_of, WORLD
from .worlds import folder_of, plain, PREFIX, room_folder, world

WALL_M = 0.1
THING_KG_PER_M3 = 200.0
LIGHTEST_KG, HEAVIEST_KG = 0.05, 2.0


def export(out: Path, scenarios: Iterable[str]) -> tuple[Path, ...]:
    """Write the shipped scene, and what the scenarios need beyond it; return the worlds' files.

    Raises SceneError for an unknown or wrong scenario, canvas.RenderError without MuJoCo.
    """
    stories = [load_scenario(name) for name in scenarios]
    scenes = {s.name: s for s in (load_scene('home'), *(plain(story.scene) for story in stories))}
    models = out / 'models'
    written: set[str] = set()
    for scene in (*scenes.values(), *(story.scene for story in stories)):
        _write_scene(models, scene, written)
    casts = {story.name: wardrobes(story) for story in stories}
    for wardrobe in joined(w for cast in casts.values() for w in cast.values()).values():
        write_person(models, wardrobe)
    texts = {scene.name: world(scene) for scene in scenes.values()}
    for story in stories:
        people = [p for person, w in casts[story.name].items() for p in parts(person, w)]
        texts[story.name] = world(story.scene, people)
    return tuple(_write(out / 'worlds' / f'{name}.sdf', text) for name, text in texts.items())


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    return path


# --------------------------------------------------------------------------- rooms and things
def _write_scene(models: Path, scene: Scene, written: set[str]) -> None:
    """Write the models of a scene that aren't written yet."""
    pieces: Mapping[str, Furniture | Thing] = {
        **{f'furniture:{f.id}': f for f in scene.furniture},
        **{f'thing:{t.id}': t for t in scene.things},
    }
    wanted = {room_folder(scene), *(folder_of(p) for p in pieces.values())} - written
    if not wanted:
        return
    for solid in solids_of(scene):
        piece = pieces.get(solid.name)
        folder = room_folder(scene) if solid.name == WORLD or piece is None else folder_of(piece)
        if folder in wanted - written:
            body = Body(_walls(scene)) if piece is None else _body(piece, solid)
            _write_model(models / folder, solid, body)
            written.add(folder)


def _write_model(folder: Path, solid: Solid, body: Body) -> None:
    """Write the folder of one model."""
    name = folder.name
    _begin(folder, f'Part of the simulated home of robochat: {name.removeprefix(PREFIX)}.')
    write_looks(folder / f'{name}.mtl', dict(solid.looks))
    write_obj(folder / f'{name}.obj', solid.surfaces, f'{name}.mtl')
    text = document(model(name, f'model://{name}/{name}.obj', body))
    (folder / 'model.sdf').write_text(text, encoding='utf-8')


def _begin(folder: Path, about: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'model.config').write_text(config(folder.name, about), encoding='utf-8')


def _body(piece: Furniture | Thing, solid: Solid) -> Body:
    """Return what collides: the boxes that a piece is built from, else one around it."""
    deep, wide, high = piece.model.size_m
    if isinstance(piece, Thing):
        mass_kg = THING_KG_PER_M3 * deep * wide * high
        return Body((_box(deep, wide, high),), max(LIGHTEST_KG, min(HEAVIEST_KG, mass_kg)))
    if solid.boxes:
        return Body(tuple(((*center,), (*size,)) for center, size in solid.boxes))  # type: ignore[misc]
    # Things lie on the seat of a sofa, not on its back.
    top = piece.surface_m - piece.z if piece.surface_m > piece.z else high
    return Body((_box(deep, wide, top),))


def _box(deep: float, wide: float, high: float) -> Box:
    return (0.0, 0.0, high / 2), (deep, wide, high)


def _walls(scene: Scene) -> tuple[Box, ...]:
    """Return floor, ceiling and walls as boxes that lie outside the room."""
    (x0, x1), (y0, y1), top = scene.room.x, scene.room.y, scene.room.height_m
    x, y, z = (x0 + x1) / 2, (y0 + y1) / 2, top / 2
    deep, wide, half = x1 - x0, y1 - y0, WALL_M / 2
    return (
        ((x, y, -half), (deep, wide, WALL_M)),
        ((x, y, top + half), (deep, wide, WALL_M)),
        ((x0 - half, y, z), (WALL_M, wide, top)),
        ((x1 + half, y, z), (WALL_M, wide, top)),
        ((x, y0 - half, z), (deep, WALL_M, top)),
        ((x, y1 + half, z), (deep, WALL_M, top)),
    )


# --------------------------------------------------------------------------- people
def write_person(models: Path, wardrobe: Wardrobe) -> None:
    """Write a person's looks; the model itself stands and looks ahead, without expression."""
    folder = models / person_folder(wardrobe.body)
    _begin(folder, 'A person with a readable face; she or he does not exist.')
    figure = Figure(wardrobe.body)
    write_looks(folder / f'{SKIN}.mtl', figure.looks)
    heads: Sequence[HeadLook] = sorted({HeadLook(), *wardrobe.heads})
    bodies: Sequence[BodyLook] = sorted({BodyLook(), *wardrobe.bodies})
    for head in heads:
        write_obj(folder / f'{head.name}.obj', [figure.head(head)], f'{SKIN}.mtl')
    for body in bodies:
        write_obj(folder / f'{body.name}.obj', [figure.body(body)], f'{SKIN}.mtl')
    whole = [figure.body(BodyLook()), figure.head(HeadLook())]
    write_obj(folder / f'{folder.name}.obj', whole, f'{SKIN}.mtl')
    uri = f'model://{folder.name}/{folder.name}.obj'
    text = document(model(folder.name, uri, COLLIDES))
    (folder / 'model.sdf').write_text(text, encoding='utf-8')
