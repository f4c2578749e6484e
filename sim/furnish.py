"""Furniture for random rooms: along the walls, tables with their chairs in the middle, rugs.

Flow: a `Plan` is an empty room with the models that may be used; `furnish` fills it.
Units and frames: metres, as in `room`; an area is (x0, x1, y0, y1) on the floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import math

from .colors import Rng
from .room import Furniture, Model, Rug, WALLS

# Upper surfaces on which things are put, and seats; other models carry nothing.
SEAT_M = {'chair': 0.46, 'sofa': 0.42}
TOPS = frozenset({'table', 'cabinet', 'bookcase', 'stool'})
FIXED_LABELS = frozenset({'microwave', 'oven', 'toaster', 'tv', 'sink', 'toilet'})
MOVABLE_MOST_M = 0.5
INWARD_RAD = {
    'front': math.pi,
    'back': 0.0,
    'left': -math.pi / 2,
    'right': math.pi / 2,
}
KITCHEN = ('fridge', 'sink', 'cabinet')
ELSEWHERE = frozenset({'table', 'stool', 'chair', 'microwave', 'sofa', *KITCHEN})
TRIES = 30
Area = tuple[float, float, float, float]


@dataclass
class Plan:
    """A room that is being furnished."""

    rng: Rng
    x: tuple[float, float]
    y: tuple[float, float]
    models: Mapping[str, Model]
    furniture: list[Furniture] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Tell whether a model may be used."""
        return name in self.models

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < share)

    def along(self, wall: str) -> tuple[float, float]:
        """Return from where to where a wall goes."""
        return self.y if wall in ('front', 'back') else self.x

    def fits(self, area: Area, margin_m: float = 0.04) -> bool:
        """Tell whether an area lies in the room and is free."""
        inside = (
            area[0] >= self.x[0]
            and area[1] <= self.x[1]
            and area[2] >= self.y[0]
            and area[3] <= self.y[1]
        )
        return inside and not any(overlap(area, other, margin_m) for other in self.areas)

    def add(self, name: str, x: float, y: float, heading_rad: float, z: float = 0.0) -> bool:
        """Put a piece of furniture where it fits; tell whether it did."""
        model = self.models[name]
        area = footprint(model, x, y, heading_rad)
        if z == 0.0 and not self.fits(area):
            return False
        number = sum(f.model.name == name for f in self.furniture)
        surface = SEAT_M.get(name, model.size_m[2] if name in TOPS else 0.0)
        self.furniture.append(
            Furniture(f'{name}_{number}', model, x, y, z, heading_rad, surface if z == 0 else 0.0)
        )
        if z == 0.0:
            self.areas.append(area)
        return True

    def lean(self, name: str, wall: str = '') -> bool:
        """Put a piece of furniture with its back against a wall."""
        deep, wide, _ = self.models[name].size_m
        for _ in range(TRIES):
            at = wall or str(self.rng.choice(WALLS))
            low, high = self.along(at)
            if high - low < wide + 0.2:
                continue
            along = self.rng.uniform(low + wide / 2 + 0.05, high - wide / 2 - 0.05)
            if self.add(name, *self.spot(at, along, deep / 2 + 0.03), INWARD_RAD[at]):
                return True
        return False

    def spot(self, wall: str, along: float, off_m: float) -> tuple[float, float]:
        """Return the point at some place along a wall and off it."""
        if wall in ('front', 'back'):
            return (self.x[1] - off_m if wall == 'front' else self.x[0] + off_m), along
        return along, (self.y[1] - off_m if wall == 'left' else self.y[0] + off_m)


def footprint(model: Model, x: float, y: float, heading_rad: float) -> Area:
    """Return the upright rectangle (x0, x1, y0, y1) around a model on the floor."""
    deep, wide, _ = model.size_m
    c, s = abs(math.cos(heading_rad)), abs(math.sin(heading_rad))
    dx, dy = (c * deep + s * wide) / 2, (s * deep + c * wide) / 2
    return x - dx, x + dx, y - dy, y + dy


def overlap(a: Area, b: Area, margin_m: float = 0.0) -> bool:
    """Tell whether two areas come nearer to each other than a margin."""
    apart_x = max(a[0], b[0]) - min(a[1], b[1])
    apart_y = max(a[2], b[2]) - min(a[3], b[3])
    return max(apart_x, apart_y) < margin_m


def is_movable(model: Model) -> bool:
    """Tell whether a model is a small thing rather than furniture."""
    small = max(model.size_m) <= MOVABLE_MOST_M
    return small and bool(model.label) and model.label not in FIXED_LABELS


def furnish(plan: Plan) -> None:
    """Put furniture into an empty room."""
    if plan.chance(0.65):
        _kitchen(plan)
    if plan.has('sofa') and plan.chance(0.75):
        plan.lean('sofa')
    if plan.has('table') and plan.chance(0.85):
        _dining(plan)
    others = [n for n, m in plan.models.items() if not is_movable(m) and n not in ELSEWHERE]
    for name in others:
        if plan.chance(0.5):
            plan.lean(name)
    for name, share in (('bookcase', 0.3), ('cabinet', 0.3), ('chair', 0.5), ('stool', 0.4)):
        if plan.has(name) and plan.chance(share):
            plan.lean(name)


def _kitchen(plan: Plan) -> None:
    """Put a row of kitchen furniture along a wall."""
    row = [n for n in KITCHEN if plan.has(n) and plan.chance(0.85)]
    if plan.has('cabinet'):
        row += ['cabinet'] * int(plan.rng.integers(0, 3))
    order = [str(n) for n in plan.rng.permutation(row)]
    wide = sum(plan.models[n].size_m[1] + 0.06 for n in order)
    wall = str(plan.rng.choice(WALLS))
    low, high = plan.along(wall)
    if not order or wide > high - low - 0.1:
        return
    at = plan.rng.uniform(low + 0.05, high - wide - 0.05)
    for name in order:
        deep, width, _ = plan.models[name].size_m
        plan.add(name, *plan.spot(wall, at + width / 2 + 0.03, deep / 2 + 0.03), INWARD_RAD[wall])
        at += width + 0.06
    tops = [f for f in plan.furniture if f.model.name == 'cabinet']
    if tops and plan.has('microwave') and plan.chance(0.6):
        top = tops[int(plan.rng.integers(len(tops)))]
        plan.add('microwave', top.x, top.y, top.heading_rad, top.surface_m)
        place = plan.furniture.index(top)
        # Nothing else is put where the microwave stands.
        plan.furniture[place] = replace(top, surface_m=0.0)


def _dining(plan: Plan) -> None:
    """Put a table into the room and chairs around it."""
    deep, wide, _ = plan.models['table'].size_m
    for _ in range(TRIES):
        x = plan.rng.uniform(plan.x[0] + 0.9, plan.x[1] - 0.9)
        y = plan.rng.uniform(plan.y[0] + 0.9, plan.y[1] - 0.9)
        turn = math.pi / 2 * int(plan.rng.integers(0, 2))
        if plan.add('table', x, y, turn):
            break
    else:
        return
    if not plan.has('chair'):
        return
    sides = plan.rng.permutation(4)[: int(plan.rng.integers(0, 5))]
    for side in sides:
        angle = turn + math.pi / 2 * int(side)
        off = (deep if side % 2 == 0 else wide) / 2 + plan.rng.uniform(0.27, 0.4)
        plan.add('chair', x + off * math.cos(angle), y + off * math.sin(angle), angle + math.pi)


def rugs_of(plan: Plan) -> tuple[Rug, ...]:
    """Lay at most one rug."""
    if not plan.chance(0.6):
        return ()
    deep, wide = plan.rng.uniform(1.2, 2.0), plan.rng.uniform(1.5, 2.6)
    x = plan.rng.uniform(plan.x[0] + deep / 2 + 0.2, plan.x[1] - deep / 2 - 0.2)
    y = plan.rng.uniform(
        min(0.0, plan.y[0] + wide / 2 + 0.2), max(0.0, plan.y[1] - wide / 2 - 0.2)
    )
    return (Rug(float(x), float(y), float(deep), float(wide)),)
