"""Ways around the furniture: Dijkstra's algorithm on a coarse grid, then straightened."""

from __future__ import annotations

import heapq
import math

from .room import Furniture, Scene

CELL_M = 0.15
ROBOT_RADIUS_M = 0.24
WALL_MARGIN_M = 0.3
SIDESTEPS = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)

Point = tuple[float, float]
Cell = tuple[int, int]


class FloorMap:
    """Which spots of a scene's floor a robot can stand on."""

    def __init__(self, scene: Scene) -> None:
        self._room = scene.room
        self._blocks = tuple(f for f in scene.furniture if f.z == 0)

    def free(self, point: Point) -> bool:
        """Say whether the robot can stand here."""
        (x0, x1), (y0, y1) = self._room.x, self._room.y
        inside = x0 + WALL_MARGIN_M < point[0] < x1 - WALL_MARGIN_M
        inside = inside and y0 + WALL_MARGIN_M < point[1] < y1 - WALL_MARGIN_M
        return inside and not any(clearance(f, point) < ROBOT_RADIUS_M for f in self._blocks)

    def path(self, start: Point, goal: Point) -> tuple[Point, ...]:
        """Return the corners of a free way to the free spot nearest to the goal, start left out.

        Empty when there is none.
        """
        came = self._explore(_cell(start))
        ends = [cell for cell in came if self.free(_point(cell))]
        if not ends:
            return ()
        end = min(ends, key=lambda cell: math.dist(_point(cell), goal))
        way = [_point(end)]
        while (before := came[_cell(way[-1])]) is not None:
            way.append(_point(before))
        way = [start, *way[::-1][1:]]
        if math.dist(way[-1], goal) < 2 * CELL_M and self.free(goal):
            way.append(goal)
        return self._straightened(way)

    def _explore(self, start: Cell) -> dict[Cell, Cell | None]:
        """Return every cell that can be reached with the cell before it."""
        came: dict[Cell, Cell | None] = {start: None}
        cost = {start: 0.0}
        queue = [(0.0, start)]
        while queue:
            so_far, cell = heapq.heappop(queue)
            for step in SIDESTEPS:
                then = (cell[0] + step[0], cell[1] + step[1])
                total = so_far + math.hypot(*step)
                if total < cost.get(then, math.inf) and self.free(_point(then)):
                    cost[then], came[then] = total, cell
                    heapq.heappush(queue, (total, then))
        return came

    def _straightened(self, way: list[Point]) -> tuple[Point, ...]:
        """Leave out corners between points that see each other."""
        kept, at = [], 0
        while at < len(way) - 1:
            at = max(
                n for n in range(at + 1, len(way)) if n == at + 1 or self._clear(way[at], way[n])
            )
            kept.append(way[at])
        return tuple(kept)

    def _clear(self, a: Point, b: Point) -> bool:
        """Say whether the straight line is free."""
        count = max(1, round(math.dist(a, b) / (CELL_M / 2)))
        return all(
            self.free((a[0] + (b[0] - a[0]) * n / count, a[1] + (b[1] - a[1]) * n / count))
            for n in range(1, count + 1)
        )


def clearance(piece: Furniture, point: Point) -> float:
    """Return the distance from a point to a piece's footprint; 0 inside."""
    forward, left = in_frame(piece, point)
    deep, wide, _ = piece.model.size_m
    return math.hypot(max(0.0, abs(forward) - deep / 2), max(0.0, abs(left) - wide / 2))


def in_frame(piece: Furniture, point: Point) -> Point:
    """Return a point (forward, left) as seen from the middle of a piece of furniture."""
    c, s = math.cos(piece.heading_rad), math.sin(piece.heading_rad)
    dx, dy = point[0] - piece.x, point[1] - piece.y
    return c * dx + s * dy, c * dy - s * dx


def from_frame(piece: Furniture, offset: Point) -> Point:
    """Undo `in_frame`."""
    c, s = math.cos(piece.heading_rad), math.sin(piece.heading_rad)
    return piece.x + c * offset[0] - s * offset[1], piece.y + s * offset[0] + c * offset[1]


def _cell(point: Point) -> Cell:
    return round(point[0] / CELL_M), round(point[1] / CELL_M)


def _point(cell: Cell) -> Point:
    return cell[0] * CELL_M, cell[1] * CELL_M
