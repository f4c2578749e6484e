"""Hand-made views of a home, for the tests of plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robochat.values import Box, Person, Thing, WorldView

HOME = Path(__file__).parent.parent / 'config' / 'skills' / 'home.yaml'
BOX = Box(0.0, 0.0, 10.0, 10.0)
LABELS = ('cup', 'bottle', 'book', 'dining table', 'couch', 'chair', 'tv', 'potted plant')


def thing(name: str, *relations: str, visible: bool = True) -> Thing:
    label = name.rsplit('_', 1)[0]
    return Thing(name, label, 0.8, BOX, 0.0, 1.0, visible, relations)


def person(name: str, distance_m: float | None = 2.5, visible: bool = True) -> Person:
    return Person(name, 0.0, 1.0, BOX, 0.0, visible=visible, distance_m=distance_m)


def home_view(**changes: object) -> WorldView:
    view = WorldView(
        now_sec=1.0,
        people=(person('person_1'),),
        things=(
            thing('cup_1', 'on dining table_1'),
            thing('bottle_1'),
            thing('dining table_1'),
            thing('tv_1'),
        ),
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def crowded(things: int, people: int) -> WorldView:
    return WorldView(
        now_sec=1.0,
        people=tuple(person(f'person_{i}', 0.8 * i) for i in range(1, people + 1)),
        things=tuple(
            thing(
                f'{LABELS[i % 8]}_{i // 8 + 1}',
                *(('on dining table_1',) if i % 3 == 0 else ()),
                visible=i % 5 != 0,
            )
            for i in range(things)
        ),
    )
