"""The words for a picture of a random home: people, things, decoration, room and regions.

Flow: `Labels(home, renderer).sight(state)` takes a picture apart (`visible`) and names what shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np
from numpy.typing import NDArray

from .actors import FACE_UP_RAD
from .homes import Home
from .regions import words_of
from .render import Renderer
from .seen import Box4, column_of, SeenPerson, SeenThing
from .state import HEIGHT_PX, PersonState, RobotPose, SimState, WIDTH_PX, wrap
from .view import box_of, FACE_HALF_M, FACE_HIGH_M, FACE_LOW_M
from .visible import Eye, Look, PersonLook

LEAST_SHARE = 0.15
LEAST_PX = 60
LEAST_FACE_SHARE = 0.5
LEAST_FACE_PX = 10.0
FACING_YAW_RAD = math.radians(20.0)
FACING_PITCH_RAD = math.radians(22.0)
OTHER_RAD = math.radians(22.0)
ROOM_LEAST_SHARE = 0.012
NOWHERE: Box4 = (0.0, 0.0, 0.0, 0.0)
# As `graspable` in config/skills/home.yaml.
GRASPABLE = frozenset(
    {'cup', 'bottle', 'bowl', 'book', 'apple', 'banana', 'orange', 'remote', 'cell phone'}
    | {'teddy bear', 'wine glass', 'spoon', 'fork', 'scissors'}
)
ROOM_SIGNS = {
    'kitchen': frozenset({'fridge', 'sink', 'cabinet', 'microwave', 'oven', 'toaster'}),
    'living room': frozenset({'sofa', 'bookcase', 'lamp', 'palm', 'tv', 'armchair'}),
    'dining room': frozenset({'table', 'chair'}),
    'bedroom': frozenset({'bed'}),
    'bathroom': frozenset({'toilet', 'bathtub'}),
}


@dataclass(frozen=True)
class Sight:
    """What one picture shows; `person_ids` and `thing_ids` go with `people` and `things`."""

    people: tuple[SeenPerson, ...]
    person_ids: tuple[str, ...]
    things: tuple[SeenThing, ...]
    thing_ids: tuple[str, ...]
    decor: tuple[str, ...]
    wall: str
    room: str
    region_words: tuple[tuple[str, ...], ...]
    near_share: float


class Labels:
    """Names what the pictures of one home show."""

    def __init__(self, home: Home, renderer: Renderer) -> None:
        self._home = home
        self._eye = Eye(renderer, tuple(home.tops))
        self._furniture = {f.id: f for f in home.scene.furniture}

    def sight(self, state: SimState) -> Sight:
        """Return what a state's picture shows."""
        look = self._eye.look(state)
        shown = {p.id: self._eye.person(look, p) for p in state.people if p.present}
        people = self._people(look, state, shown)
        things = self._things(look, state)
        seen_decor = self._decor(look)
        words = words_of(look, self._home, people, shown, {i for i, _ in things})
        near = max((look.pixels(n) for n in look.names if _stands_near(n)), default=0)
        return Sight(
            people=tuple(p for _, p in people),
            person_ids=tuple(i for i, _ in people),
            things=tuple(t for _, t in things),
            thing_ids=tuple(i for i, _ in things),
            decor=seen_decor,
            wall=self._wall(look),
            room=self._room(look),
            region_words=words,
            near_share=near / (WIDTH_PX * HEIGHT_PX),
        )

    # ------------------------------------------------------------------ people
    def _people(
        self, look: Look, state: SimState, shown: dict[str, PersonLook]
    ) -> list[tuple[str, SeenPerson]]:
        """Return the people who can be seen, left to right."""
        found = []
        for person in state.people:
            mine = shown.get(person.id)
            pixels = look.pixels(f'person:{person.id}')
            if mine is None or mine.share < LEAST_SHARE or pixels < LEAST_PX:
                continue
            box = _face_box(look.robot, mine)
            middle = float(np.flatnonzero(look.mask(f'person:{person.id}').any(axis=0)).mean())
            column = box[0] + box[2] / 2 if box[2] else middle
            others = [q for q in state.people if q.id != person.id and q.id in shown]
            seen = self._person(look.robot, person, mine, others)
            seen = replace(
                seen, box=box, column=column_of(column), facing=seen.facing and box[2] > 0
            )
            found.append((column, person.id, seen))
        return [(name, person) for _, name, person in sorted(found, key=lambda f: f[0])]

    def _person(
        self,
        robot: RobotPose,
        person: PersonState,
        mine: PersonLook,
        others: list[PersonState],
    ) -> SeenPerson:
        """Describe one person but for the place in the picture."""
        eye = mine.eyes
        x, y, z = robot.camera
        gaze = person.heading_rad + person.pose.head_yaw_rad
        yaw = wrap(gaze - math.atan2(y - eye[1], x - eye[0]))
        rise = math.atan2(z - eye[2], math.hypot(x - eye[0], y - eye[1]))
        pitch = -(person.pose.head_pitch_rad + FACE_UP_RAD) - rise
        facing = abs(yaw) <= FACING_YAW_RAD and abs(pitch) <= FACING_PITCH_RAD
        toward = [
            abs(wrap(math.atan2(q.y - eye[1], q.x - eye[0]) - gaze)) < OTHER_RAD for q in others
        ]
        return SeenPerson(
            body=person.body,
            mood=person.mood,
            box=NOWHERE,
            bearing_rad=round(wrap(math.atan2(eye[1] - y, eye[0] - x) - robot.view_rad), 4),
            distance_m=round(math.dist(eye, robot.camera), 3),
            head_yaw_rad=round(yaw, 4),
            head_pitch_rad=round(pitch, 4),
            facing=facing,
            seated=person.pose.seated > 0.5,
            speaking=person.speaking,
            top_color=self._home.tops[person.id],
            column='',
            visible_share=round(mine.share, 3),
            with_other=any(toward) and not facing,
        )

    # ------------------------------------------------------------------ things
    def _things(self, look: Look, state: SimState) -> list[tuple[str, SeenThing]]:
        """Return the things and labelled furniture that can be seen, left to right."""
        shares = {}
        for kind, pieces in (('furniture', self._home.scene.furniture), ('thing', state.things)):
            for piece in pieces:
                share = self._share(look, f'{kind}:{piece.id}')
                if share:
                    shares[piece.id] = share, _box_of(look.mask(f'{kind}:{piece.id}'))
        labels = {f.id: f.model.label for f in self._home.scene.furniture}
        labels.update({t.id: t.label for t in state.things})
        ids = sorted((i for i in shares if labels[i]), key=lambda i: _middle(shares[i][1]))
        on = {t.id: t.on for t in state.things}
        models = {f.id: f.model.name for f in self._home.scene.furniture}
        models.update({t.id: t.model for t in state.things})
        found = []
        for name in ids:
            share, box = shares[name]
            below = on.get(name, '')
            seen = SeenThing(
                label=labels[name],
                model=models[name],
                box=box,
                on=labels.get(below, '') or models.get(below, below),
                on_index=ids.index(below) if below in ids else -1,
                graspable=name in on and labels[name] in GRASPABLE,
                column=column_of(_middle(box)),
                visible_share=round(share, 3),
                color=self._home.tints.get(name, ''),
            )
            found.append((name, seen))
        return found

    def _share(self, look: Look, name: str) -> float:
        """Return a thing's visible share, 0 where too little of it shows."""
        if look.pixels(name) < LEAST_PX:
            return 0.0
        share = self._eye.share(look, name)
        return share if share >= LEAST_SHARE else 0.0

    def _decor(self, look: Look) -> tuple[str, ...]:
        """Return what shows that has no COCO class."""
        names = {f'decor:{n}': d.kind for n, d in enumerate(self._home.scene.room.decor)}
        names |= {f'rug:{n}': 'rug' for n in range(len(self._home.scene.room.rugs))}
        names |= {
            f'furniture:{i}': f.model.name for i, f in self._furniture.items() if not f.model.label
        }
        return tuple(sorted({word for name, word in names.items() if self._share(look, name)}))

    def _wall(self, look: Look) -> str:
        """Return the colour word that most wall pixels have."""
        sums: dict[str, int] = {}
        for wall, word in self._home.walls.items():
            sums[word] = sums.get(word, 0) + look.pixels(f'wall:{wall}')
        return max(sums, key=lambda w: sums[w])

    def _room(self, look: Look) -> str:
        """Return the kind of room by the furniture that fills most; `hall` or `room` without."""
        sums = dict.fromkeys(ROOM_SIGNS, 0.0)
        for piece in self._furniture.values():
            for room, signs in ROOM_SIGNS.items():
                if piece.model.name in signs or piece.model.label in signs:
                    # Tables and chairs stand in every room.
                    share = 0.5 if room == 'dining room' else 1.0
                    sums[room] += share * look.pixels(f'furniture:{piece.id}')
        best = max(sums, key=lambda r: sums[r])
        if sums[best] >= ROOM_LEAST_SHARE * WIDTH_PX * HEIGHT_PX:
            return best
        return 'hall' if 'door' in self._decor(look) else 'room'


def _face_box(robot: RobotPose, mine: PersonLook) -> Box4:
    """Return the face's box, all zero where the face can't be seen."""
    x, y, z = mine.eyes
    dx, dy = -math.sin(robot.view_rad) * FACE_HALF_M, math.cos(robot.view_rad) * FACE_HALF_M
    corners = [
        (x + side * dx, y + side * dy, z + rise)
        for side in (-1, 1)
        for rise in (-FACE_LOW_M, FACE_HIGH_M)
    ]
    box = box_of(robot, corners)
    seen = mine.face_share >= LEAST_FACE_SHARE and box and box[2] >= LEAST_FACE_PX
    return box if box and seen else NOWHERE


def _box_of(mask: NDArray[np.bool_]) -> Box4:
    """Return the box around the true pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = float(columns[0]), float(rows[0])
    return left, top, float(columns[-1] + 1) - left, float(rows[-1] + 1) - top


def _middle(box: Box4) -> float:
    """Return a box's middle column."""
    return box[0] + box[2] / 2


def _stands_near(name: str) -> bool:
    """Tell whether a name stands for something that may block the view."""
    return name.startswith(('furniture:', 'thing:', 'person:'))
