"""Words for each cell of a picture, 3 rows by 4 columns.

Flow: pixels by name (`visible.Look`) -> what fills a cell or clearly lies in it -> its words.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .homes import Home
from .seen import MOOD_WORDS, SeenPerson
from .state import HEIGHT_PX, WIDTH_PX
from .visible import Look, PersonLook

ROWS, COLUMNS = 3, 4
FILLS = 0.25
LIES = 0.08
OWN_SHARE = 0.5
PARTS_LEAST = 4
TOP_SHARE = 0.25
DARK, BRIGHT = 55.0, 195.0
Words = tuple[tuple[str, ...], ...]
Counts = NDArray[np.int64]


def cell_of(x: float, y: float) -> int:
    """Return the number of the cell in which a pixel lies."""
    row = min(ROWS - 1, max(0, int(y * ROWS / HEIGHT_PX)))
    return row * COLUMNS + min(COLUMNS - 1, max(0, int(x * COLUMNS / WIDTH_PX)))


def words_of(
    look: Look,
    home: Home,
    people: list[tuple[str, SeenPerson]],
    shown: Mapping[str, PersonLook],
    things: set[str],
) -> Words:
    """Return the words of each cell; `people` and `things` are those that count as visible."""
    counts = _counts(look)
    found: list[list[str]] = [[] for _ in range(ROWS * COLUMNS)]
    for name, person in people:
        cells = _strong(counts, look.names.index(f'person:{name}'))
        _add_person(found, cells, person, shown[name])
    _add_things(found, counts, look, home, things)
    _add_room(found, counts, look, home)
    return tuple(tuple(dict.fromkeys(words)) for words in found)


def _counts(look: Look) -> Counts:
    """Return how many pixels of each cell (12, names) show each name."""
    cells = look.which.reshape(ROWS, HEIGHT_PX // ROWS, COLUMNS, WIDTH_PX // COLUMNS)
    flat = cells.transpose(0, 2, 1, 3).reshape(ROWS * COLUMNS, -1)
    return np.stack([np.bincount(c, minlength=len(look.names)) for c in flat]).astype(np.int64)


def _strong(counts: Counts, number: int) -> list[int]:
    """Return the cells in which something clearly lies."""
    mine = counts[:, number]
    least = min(LIES * counts[0].sum(), max(40.0, OWN_SHARE * mine.sum()))
    return [int(c) for c in np.flatnonzero(mine >= least)]


def _add_person(
    found: list[list[str]], cells: list[int], person: SeenPerson, mine: PersonLook
) -> None:
    """Add a person, the clothes where they show, and the face with its mood."""
    tops = np.bincount([cell_of(x, y) for x, y in mine.top_px], minlength=len(found))
    rest = np.bincount([cell_of(x, y) for x, y in mine.other_px], minlength=len(found))
    for cell in cells:
        found[cell].append('person')
        if tops[cell] >= max(PARTS_LEAST, TOP_SHARE * (tops[cell] + rest[cell])):
            found[cell] += [person.top_color, 'sitting' if person.seated else 'standing']
    left, top, wide, high = person.box
    if wide:
        found[cell_of(left + wide / 2, top + high / 2)] += [
            'person',
            'face',
            MOOD_WORDS[person.mood],
        ]


def _add_things(
    found: list[list[str]], counts: Counts, look: Look, home: Home, things: set[str]
) -> None:
    """Add visible things and furniture with their colours."""
    pieces = [(f'furniture:{f.id}', f.id, f.model) for f in home.scene.furniture]
    pieces += [(f'thing:{t.id}', t.id, t.model) for t in home.scene.things]
    for name, piece_id, model in pieces:
        if name not in look.names or (model.label and piece_id not in things):
            continue
        number = look.names.index(name)
        cells = _strong(counts, number) if look.pixels(name) >= 60 else []
        for cell in cells:
            found[cell].append(model.label or model.name)
            if piece_id in home.tints:
                found[cell].append(home.tints[piece_id])


def _add_room(found: list[list[str]], counts: Counts, look: Look, home: Home) -> None:
    """Add what hangs on the walls, rugs, walls by colour, and floor."""
    size = counts[0].sum()
    least = [(f'decor:{n}', d.kind, LIES) for n, d in enumerate(home.scene.room.decor)]
    least += [(f'rug:{n}', 'rug', LIES) for n in range(len(home.scene.room.rugs))]
    least += [('floor', 'floor', FILLS), ('ceiling', 'ceiling', FILLS)]
    for name, word, share in least:
        if name in look.names:
            for cell in np.flatnonzero(counts[:, look.names.index(name)] >= share * size):
                found[int(cell)].append(word)
    walls = np.zeros((len(found), 0))
    for color in dict.fromkeys(home.walls.values()):
        numbers = [
            look.names.index(f'wall:{w}') for w, word in home.walls.items() if word == color
        ]
        walls = counts[:, numbers].sum(axis=1)
        for cell in np.flatnonzero(walls >= FILLS * size):
            found[int(cell)] += ['wall', color]


def lit(words: Words, image: NDArray[np.uint8]) -> Words:
    """Add `dark` or `bright` to the cells whose mean says so; `image` is (480, 640, 3) RGB."""
    # Every fourth pixel is enough for a mean.
    gray = image[::4, ::4].mean(axis=2)
    cells = gray.reshape(ROWS, HEIGHT_PX // ROWS // 4, COLUMNS, WIDTH_PX // COLUMNS // 4)
    means = cells.mean(axis=(1, 3)).ravel()
    return tuple(
        (*cell, *(('dark',) if mean < DARK else ('bright',) if mean > BRIGHT else ()))
        for cell, mean in zip(words, means, strict=True)
    )
