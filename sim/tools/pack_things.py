"""Make `sim/assets/things.npz` and `things.yaml` from Debian's sweethome3d-furniture package.

Usage, anywhere with apt:
    apt-get download sweethome3d-furniture && dpkg-deb -x sweethome3d-furniture_*.deb furniture
    python -m robochat_sim.tools.pack_things furniture/usr/share/sweethome3d/furniture

Needs pillow, scipy and fast-simplification. Only CC0 and CC-BY models without trademarks are
taken; `things.yaml` credits each creator.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
import io
from pathlib import Path
import re
import tempfile
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
from PIL import Image
import yaml

from .simplify import joined, lighten, Soup
from .wavefront import Group, Model, read_obj

LICENCES = {
    'BlendSwap-CC-0': 'CC0-1.0',
    'BlendSwap-CC-BY': 'CC-BY-3.0',
    'Scopia': 'CC-BY-3.0',
}
# As the library's licence wants them to be named.
CREATORS = {
    'Scopia': 'Emmanuel Puybaret / eTeks and Scopia Visual Interfaces Systems, s.l. (http://www.scopia.es)'
}
TEXTURE_PX = 256


@dataclass(frozen=True)
class Pick:
    """One model to take: our name, the library, its number there, the COCO class it looks like.

    `blank` covers its pictures with their mean colour, where they show a maker's mark.
    """

    name: str
    library: str
    number: int
    label: str = ''
    triangles: int = 3000
    blank: bool = False


PICKS = (
    Pick('sofa', 'BlendSwap-CC-0', 132, 'couch', triangles=4000),
    Pick('palm', 'BlendSwap-CC-0', 126, 'potted plant', triangles=9000),
    Pick('small_plant', 'BlendSwap-CC-0', 77, 'potted plant'),
    Pick('teddy', 'BlendSwap-CC-0', 51, 'teddy bear', triangles=4000),
    Pick('fridge', 'BlendSwap-CC-0', 128, 'refrigerator', triangles=3000),
    Pick('bookcase', 'BlendSwap-CC-0', 6),
    Pick('cabinet', 'BlendSwap-CC-0', 153),
    Pick('sink', 'BlendSwap-CC-0', 165, 'sink', triangles=2500),
    Pick('chair', 'Scopia', 30, 'chair'),
    Pick('cup', 'BlendSwap-CC-BY', 21, 'cup', triangles=2400),
    Pick('laptop', 'BlendSwap-CC-BY', 99, 'laptop', triangles=3000),
    Pick('book', 'BlendSwap-CC-BY', 9, 'book', triangles=6000),
    Pick('microwave', 'BlendSwap-CC-BY', 48, 'microwave', triangles=7000),
    Pick('bottle', 'Scopia', 22, 'bottle', triangles=2400, blank=True),
    Pick('fruit_bowl', 'Scopia', 355, 'bowl', triangles=5000),
    Pick('vase', 'Scopia', 44, 'vase'),
    Pick('lamp', 'Scopia', 87, triangles=2500),
)


def main() -> None:
    """Convert every pick and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('libraries', type=Path, help='folder with the .sh3f files')
    parser.add_argument('--out', type=Path, default=Path(__file__).parents[1] / 'assets')
    args = parser.parse_args()
    arrays: dict[str, NDArray[Any]] = {}
    cards: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for pick in PICKS:
            folder = Path(scratch) / pick.library
            if not folder.exists():
                zipfile.ZipFile(args.libraries / f'{pick.library}.sh3f').extractall(folder)
            entry = catalogue(folder)[pick.number]
            arrays.update(convert(pick, entry, folder))
            cards[pick.name] = card(pick, entry, folder)
    np.savez_compressed(args.out / 'things.npz', allow_pickle=False, **arrays)
    text = yaml.safe_dump(cards, sort_keys=False, allow_unicode=True, width=99)
    (args.out / 'things.yaml').write_text(f'# Made by sim/tools/pack_things.py.\n{text}')


def catalogue(folder: Path) -> dict[int, dict[str, str]]:
    """Read the properties of each model in a library."""
    rows: dict[int, dict[str, str]] = {}
    text = (folder / 'PluginFurnitureCatalog.properties').read_text(encoding='latin-1')
    for key, number, value in re.findall(r'^(\w+)#(\d+)=(.*)$', text, re.M):
        rows.setdefault(int(number), {})[key] = value.strip()
    return rows


def card(pick: Pick, entry: dict[str, str], folder: Path) -> dict[str, Any]:
    """Write who made a model, under which licence, and what it is."""
    model = _model_path(entry, folder)
    notes = [
        p.read_text(errors='replace') for p in model.parent.iterdir() if 'licen' in p.name.lower()
    ]
    link = re.search(r'https?://www\.blendswap\.com/blends/view/\d+', ' '.join(notes))
    size = [float(entry[k]) / 100 for k in ('depth', 'width', 'height')]
    return {
        'label': pick.label,
        'size_m': [round(x, 3) for x in size],
        'title': entry['name'],
        'creator': CREATORS.get(entry['creator'], entry['creator']),
        'licence': LICENCES[pick.library],
        'source': link.group(0)
        if link
        else f'sweethome3d-furniture, {pick.library} #{pick.number}',
    }


def _model_path(entry: dict[str, str], folder: Path) -> Path:
    return folder / entry['model'].replace('\\ ', ' ').lstrip('/')


def convert(pick: Pick, entry: dict[str, str], folder: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of one model: plain colours in one part, each picture in its own."""
    model = read_obj(_model_path(entry, folder))
    points, normals = _placed(model, entry)
    share = pick.triangles * 3 / sum(len(g.corners) for g in model.groups)
    pictured = [g for g in model.groups if _picture(g)]
    plain = [g for g in model.groups if not _picture(g)]
    parts = [
        _pictured_part(g, lighten(_soup(g, model, points, normals), share), pick.blank)
        for g in pictured
    ]
    if plain:
        soups = [lighten(_soup(g, model, points, normals), share) for g in plain]
        parts.append(_plain_part(plain, soups))
    return {f'{pick.name}/{i}/{k}': v for i, part in enumerate(parts) for k, v in part.items()}


def _picture(group: Group) -> Path | None:
    """Return a group's picture where the file really is there."""
    path = group.material.picture
    return path if path is not None and path.is_file() else None


def _placed(model: Model, entry: dict[str, str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scale to the catalogue's size; x forward, y left, z up, origin in the middle of the foot."""
    turn = np.array([float(x) for x in entry.get('modelRotation', '1 0 0 0 1 0 0 0 1').split()])
    points = model.vertices @ turn.reshape(3, 3).T
    used = points[[c[0] for g in model.groups for c in g.corners]]
    low, high = used.min(axis=0), used.max(axis=0)
    size = np.array([float(entry[k]) / 100 for k in ('width', 'height', 'depth')])
    middle = (low + high) / 2
    middle[1] = low[1]
    scaled = (points - middle) * size / np.maximum(high - low, 1e-6)
    return scaled[:, [2, 0, 1]], (model.normals @ turn.reshape(3, 3).T)[:, [2, 0, 1]]


def _soup(group: Group, model: Model, points: NDArray[Any], normals: NDArray[Any]) -> Soup:
    """Gather the corners of a group; normals of its flat faces where the file has none."""
    corners = np.array(group.corners)
    places = points[corners[:, 0]]
    uv = np.zeros((len(corners), 2))
    if len(model.texcoords):
        uv = np.where(corners[:, 1:2] >= 0, model.texcoords[corners[:, 1]], 0.0)
    known = len(normals) > 0 and bool((corners[:, 2] >= 0).all())
    facing = normals[corners[:, 2]] if known else _flat_normals(places)
    return Soup(places, facing, np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1))


def _pictured_part(group: Group, soup: Soup, blank: bool) -> dict[str, NDArray[Any]]:
    """Pack the triangles under one picture."""
    size = (TEXTURE_PX, TEXTURE_PX)
    picture = Image.open(str(_picture(group))).convert('RGB')
    if blank:
        picture = picture.resize((1, 1), Image.Resampling.BOX)
    return _weld(soup, picture.resize(size, Image.Resampling.LANCZOS))


def _plain_part(groups: list[Group], soups: list[Soup]) -> dict[str, NDArray[Any]]:
    """Pack all plain triangles; their colours become the cells of one small picture."""
    which = np.repeat(np.arange(len(soups)), [len(s.places) for s in soups])
    whole = joined(soups)
    uv = np.stack([(which + 0.5) / len(groups), np.full(len(which), 0.5)], axis=1)
    colors = (np.array([g.material.color for g in groups]) * 255).round().astype(np.uint8)
    picture = Image.fromarray(np.repeat(np.repeat(colors[None], 16, axis=0), 16, axis=1))
    return _weld(Soup(whole.places, whole.normals, uv), picture)


def _weld(soup: Soup, picture: Image.Image) -> dict[str, NDArray[Any]]:
    """Join equal corners and store compactly: 0.1 mm, 1/127 of a normal, JPEG."""
    bytes_ = (_unit(soup.normals) * 127).round()
    rows = np.concatenate([(soup.places * 1e4).round(), bytes_, (soup.uv * 4096).round()], axis=1)
    unique, back = np.unique(rows, axis=0, return_inverse=True)
    faces = back.reshape(-1, 3)
    corner = unique[faces][:, :, :3]
    area = np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    stream = io.BytesIO()
    picture.save(stream, 'JPEG', quality=88, subsampling=0)
    return {
        'vertices': unique[:, :3].astype(np.int16),
        'normals': unique[:, 3:6].astype(np.int8),
        'uv': (unique[:, 6:] / 4096).astype(np.float32),
        'faces': faces[area > 0].astype(np.uint16 if len(unique) < 65536 else np.uint32),
        'picture': np.frombuffer(stream.getvalue(), np.uint8),
    }


def _flat_normals(places: NDArray[Any]) -> NDArray[Any]:
    """Return the face normal at each corner of (3n, 3) points."""
    a, b, c = places[0::3], places[1::3], places[2::3]
    return np.repeat(np.cross(b - a, c - a), 3, axis=0)


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


if __name__ == '__main__':
    main()
