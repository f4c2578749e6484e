"""Who and what is where in one random picture of a home: robot, people and things.

Flow: `Stage(home, rng).state(count)` puts things on surfaces, the robot before something worth
looking at, and people into its view, standing or seated.
Units and frames: as in `state`; a `Seat` looks along its heading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
import math

from .casting import Cast, Seat
from .colors import Rng
from .furnish import overlap, SEAT_M
from .homes import Home
from .people import Units
from .render import AWAY_M
from .room import Furniture, Thing
from .state import PersonState, RobotPose, SimState, ThingState, wrap
from .view import eye_of

TRIES = 40
VIEW_HALF_RAD = math.radians(27.0)
NEAR_M, FAR_M = 0.8, 4.0
ROBOT_ROOM_M = 0.35
PERSON_ROOM_M = 0.24
SEAT_ROOM_M = 0.42
THING_ROOM_M = 0.4
KNEE_M = 0.6
WALL_ROOM_M = 0.32
FACE_EDGE_RAD = 0.36
APART_M = 0.7
SEATED_AHEAD_M = {'chair': 0.05, 'sofa': 0.1}
FLOOR_LABELS = frozenset({'teddy bear', 'potted plant', 'vase', 'bottle'})


class Stage:
    """Makes states of one home; all that is random comes from `rng`.

    `expressions` are the face units of each mood.
    """

    def __init__(self, home: Home, rng: Rng, expressions: Mapping[str, Units]) -> None:
        self.home = home
        self.rng = rng
        self.cast = Cast(rng, expressions)

    def state(self, count: int) -> SimState:
        """Return a state with so many people, fewer where there is no room for them."""
        things: tuple[ThingState, ...] = ()
        for thing in self.home.scene.things:
            found = self.placed(thing, things) if self._chance(0.8) else None
            things += (found or hidden(thing),)
        robot = self._robot(things)
        people: tuple[PersonState, ...] = ()
        for body in self.rng.permutation(list(self.home.tops)):
            person = None
            if sum(p.present for p in people) < count:
                person = self.person(str(body), robot, people, things)
            people += (person or absent(str(body)),)
        people = self._turned(people)
        return SimState(0.0, self._tilted(robot, people), people, things)

    # ------------------------------------------------------------------ things
    def placed(
        self, thing: Thing, others: Iterable[ThingState], people: Iterable[PersonState] = ()
    ) -> ThingState | None:
        """Put a thing on some surface beside the others, or on the floor; None without room."""
        bodies = [p for p in people if p.present]
        tops = [f for f in self.home.scene.furniture if f.surface_m > 0]
        shares = [_top_share(f) for f in tops]
        taken = [t for t in others if t.id != thing.id and t.z > AWAY_M]
        sizes = {t.id: t.model for t in self.home.scene.things}
        radius = max(thing.model.size_m[:2]) / 2
        for _ in range(TRIES):
            floor = thing.model.label in FLOOR_LABELS and (not tops or self._chance(0.15))
            if not floor and not tops:
                return None
            piece = None if floor else tops[_choose(self.rng, shares)]
            x, y, z = self._floor_spot(radius) if piece is None else self._top_spot(piece, radius)
            near = any(
                math.hypot(x - t.x, y - t.y) < radius + max(sizes[t.id].size_m[:2]) / 2 + 0.01
                and abs(z - t.z) < 0.4
                for t in taken
            )
            near |= z < KNEE_M and any(math.hypot(x - p.x, y - p.y) < THING_ROOM_M for p in bodies)
            if math.isnan(x) or near:
                continue
            front = self.rng.uniform(-math.pi, math.pi) if piece is None else piece.heading_rad
            turn = front + self.rng.normal(0.0, 0.5)
            on = 'floor' if piece is None else piece.id
            return replace(hidden(thing), x=x, y=y, z=z, heading_rad=wrap(turn), on=on)
        return None

    def _floor_spot(self, radius: float) -> tuple[float, float, float]:
        """Return a free spot on the floor."""
        x, y = self._anywhere(radius + 0.1)
        return (x, y, 0.0) if self._free(x, y, radius + 0.03) else (math.nan, y, 0.0)

    def _top_spot(self, piece: Furniture, radius: float) -> tuple[float, float, float]:
        """Return a spot on a piece of furniture; x is NaN where the thing is too wide for it."""
        deep, wide, _ = piece.model.size_m
        # The back of a seat and of a sofa takes a part of its depth and width.
        seat = piece.model.name in SEAT_M
        low, high = (-0.08, 0.4 * deep) if seat else (-deep / 2, deep / 2)
        side = wide / 2 - (0.16 if seat and wide > 1 else 0.0)
        if high - low < 2 * radius * 0.8 or side < radius * 0.8:
            return math.nan, 0.0, 0.0
        slack = min(radius, (high - low) / 2 - 1e-3, side - 1e-3)
        ahead = self.rng.uniform(low + slack, high - slack)
        left = self.rng.uniform(-side + slack, side - slack)
        c, s = math.cos(piece.heading_rad), math.sin(piece.heading_rad)
        return piece.x + c * ahead - s * left, piece.y + s * ahead + c * left, piece.surface_m

    # ------------------------------------------------------------------ robot
    def _robot(self, things: Iterable[ThingState]) -> RobotPose:
        """Stand somewhere free and look at something."""
        focus = [(t.x, t.y, t.z) for t in things if t.z > AWAY_M]
        focus += [(f.x, f.y, f.z + f.model.size_m[2] / 2) for f in self.home.scene.furniture]
        room = self.home.scene.room
        center = ((room.x[0] + room.x[1]) / 2, (room.y[0] + room.y[1]) / 2, 1.0)
        best = RobotPose(*center[:2], float(self.rng.uniform(-math.pi, math.pi)))
        for _ in range(4 * TRIES):
            target = focus[int(self.rng.integers(len(focus)))] if focus else center
            if self._chance(0.2):
                target = (*self._anywhere(0.1), 1.2)
            x, y = self._anywhere(ROBOT_ROOM_M)
            away = math.hypot(target[0] - x, target[1] - y)
            if not self._free(x, y, ROBOT_ROOM_M) or not 1.0 < away < 4.5:
                continue
            course = math.atan2(target[1] - y, target[0] - x) + self.rng.normal(0.0, 0.2)
            if self._depth(x, y, course) < 1.8:
                continue
            pan = float(self.rng.normal(0.0, 0.15))
            down = math.atan2(1.3 - target[2], away) * 0.6 + self.rng.normal(0.0, 0.08)
            tilt = float(min(0.5, max(-0.08, down)))
            return RobotPose(x, y, wrap(course - pan), pan, tilt)
        return best

    def _tilted(self, robot: RobotPose, people: tuple[PersonState, ...]) -> RobotPose:
        """Raise or lower the camera until most faces are in the picture; sometimes it doesn't."""
        eyes = [eye_of(p) for p in people if p.present]
        if not eyes or self._chance(0.12):
            return robot
        x, y, z = robot.camera
        rises = [math.atan2(e[2] - z, math.hypot(e[0] - x, e[1] - y)) for e in eyes]
        edge = FACE_EDGE_RAD - self.rng.uniform(0.0, 0.15)
        lowest, highest = max(rises) - edge, min(rises) + edge
        tilt = -max(min(-robot.tilt_rad, highest), lowest)
        return replace(robot, tilt_rad=float(max(-0.4, min(0.6, tilt))))

    def _depth(self, x: float, y: float, course: float) -> float:
        """Return how far it is to the wall in a direction."""
        room = self.home.scene.room
        c, s = math.cos(course), math.sin(course)
        across = (room.x[1] - x if c > 0 else x - room.x[0]) / max(abs(c), 1e-6)
        along = (room.y[1] - y if s > 0 else y - room.y[0]) / max(abs(s), 1e-6)
        return min(across, along)

    def _anywhere(self, margin_m: float) -> tuple[float, float]:
        """Return a spot in the room."""
        (x0, x1), (y0, y1) = self.home.scene.room.x, self.home.scene.room.y
        x = self.rng.uniform(x0 + margin_m, x1 - margin_m)
        return float(x), float(self.rng.uniform(y0 + margin_m, y1 - margin_m))

    def free(self, x: float, y: float) -> bool:
        """Tell whether a person can stand on a spot."""
        return self._free(x, y, 0.1, WALL_ROOM_M)

    def _free(self, x: float, y: float, margin_m: float, wall_m: float = 0.0) -> bool:
        """Tell whether a disc on the floor is free of furniture and away from the walls."""
        room = self.home.scene.room
        inside = min(x - room.x[0], room.x[1] - x, y - room.y[0], room.y[1] - y) >= wall_m
        return inside and not any(overlap((x, x, y, y), a, margin_m) for a in self.home.taken)

    # ------------------------------------------------------------------ people
    def person(
        self,
        body: str,
        robot: RobotPose,
        others: tuple[PersonState, ...],
        things: tuple[ThingState, ...],
        may_sit: bool = True,
    ) -> PersonState | None:
        """Put a person into the robot's view, standing or on a free seat; None without room."""
        seats = [
            s for s in self.seats(things) if in_view(robot, s.x, s.y) and _apart(s.x, s.y, others)
        ]
        if may_sit and seats and self._chance(0.35):
            return self.cast.seat(body, seats[int(self.rng.integers(len(seats)))], robot)
        x0, y0, _ = robot.camera
        low = [(t.x, t.y) for t in things if t.on == 'floor']
        for _ in range(TRIES):
            angle = robot.view_rad + self.rng.uniform(-VIEW_HALF_RAD, VIEW_HALF_RAD)
            away = self.rng.uniform(NEAR_M, FAR_M)
            x, y = x0 + away * math.cos(angle), y0 + away * math.sin(angle)
            if any(math.hypot(x - a, y - b) < THING_ROOM_M for a, b in low):
                continue
            if self._free(x, y, PERSON_ROOM_M, WALL_ROOM_M) and _apart(x, y, others):
                return self.cast.stand(body, x, y, robot)
        return None

    def seats(self, things: Iterable[ThingState]) -> tuple[Seat, ...]:
        """Return where people can sit without sitting on a thing."""
        spots = [(t.x, t.y) for t in things if t.on]
        found = []
        for piece in self.home.scene.furniture:
            if piece.model.name not in SEATED_AHEAD_M:
                continue
            ahead, wide = SEATED_AHEAD_M[piece.model.name], piece.model.size_m[1]
            c, s = math.cos(piece.heading_rad), math.sin(piece.heading_rad)
            for left in (-0.36, 0.36) if wide > 1 else (0.0,):
                x, y = piece.x + c * ahead - s * left, piece.y + s * ahead + c * left
                if all(math.hypot(x - a, y - b) > SEAT_ROOM_M for a, b in spots):
                    found.append(Seat(piece.id, x, y, piece.heading_rad, piece.surface_m))
        return tuple(found)

    def _turned(self, people: tuple[PersonState, ...]) -> tuple[PersonState, ...]:
        """Let two people sometimes look at each other."""
        shown = [p for p in people if p.present]
        if len(shown) < 2 or not self._chance(0.3):
            return people
        a, b = shown[0], shown[1]
        pair = {
            a.id: replace(self.cast.looking(a, eye_of(b)), gaze=b.id),
            b.id: replace(self.cast.looking(b, eye_of(a)), gaze=a.id),
        }
        return tuple(pair.get(p.id, p) for p in people)

    def _chance(self, share: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < share)


def in_view(robot: RobotPose, x: float, y: float) -> bool:
    """Tell whether a spot lies well in the camera's view and not too far."""
    dx, dy = x - robot.camera[0], y - robot.camera[1]
    aside = abs(wrap(math.atan2(dy, dx) - robot.view_rad))
    return NEAR_M <= math.hypot(dx, dy) <= FAR_M and aside < VIEW_HALF_RAD


def hidden(thing: Thing) -> ThingState:
    """Return a thing that is nowhere to be seen."""
    return ThingState(thing.id, thing.model.name, thing.model.label, 0.0, 0.0, AWAY_M)


def absent(body: str) -> PersonState:
    """Return a person who isn't there."""
    return PersonState(body, body, 0.0, 0.0, 0.0, 0.0, present=False)


def _apart(x: float, y: float, others: Iterable[PersonState]) -> bool:
    """Tell whether a spot is far enough from other people."""
    return all(math.hypot(x - p.x, y - p.y) >= APART_M for p in others if p.present)


def _top_share(piece: Furniture) -> float:
    """Return how often things lie on such a piece: tables carry most."""
    if piece.model.name == 'table':
        return 4.0
    return {'cabinet': 1.5, 'bookcase': 0.4, 'sofa': 0.8, 'chair': 0.4}.get(piece.model.name, 0.7)


def _choose(rng: Rng, shares: list[float]) -> int:
    """Return an index drawn with these weights."""
    total = sum(shares)
    return int(rng.choice(len(shares), p=[s / total for s in shares]))
