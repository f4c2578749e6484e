"""How the robot moves: driving, turning, looking; generators that are resumed at every tick.

Each yields its progress (0 to 1) and returns a failure's reason, or an empty string.
"""

from __future__ import annotations

from collections.abc import Generator
import math

from .state import CAMERA_HEIGHT_M, toward, turn_toward, wrap
from .world import World

TICK_SEC = 0.02
DRIVE_MPS = 0.6
TURN_RADPS = 1.4
HEAD_RADPS = 1.8
PAN_MOST_RAD = 1.0
TILT_LEAST_RAD, TILT_MOST_RAD = -0.4, 0.7

Steps = Generator[float, None, str]


def fail(reason: str) -> Steps:
    """Do nothing, and fail for this reason."""
    yield 0.0
    return reason


def spot_of(world: World, name: str) -> tuple[float, float] | None:
    """Return where a named thing, piece of furniture or person is."""
    found = world.find_thing(name) or world.find_furniture(name)
    if found is not None:
        return found.x, found.y
    actor = world.find_person(name)
    return (actor.x, actor.y) if actor is not None and actor.present else None


def come_near(world: World, goal: tuple[float, float], distance_m: float) -> Steps:
    """Drive until the goal is `distance_m` away, then face it."""
    robot = world.robot
    gap = robot.distance(*goal)
    reason = ''
    if gap > distance_m + 0.05:
        share = distance_m / gap
        stop = (goal[0] + (robot.x - goal[0]) * share, goal[1] + (robot.y - goal[1]) * share)
        reason = yield from drive(world, stop)
    yield from turn(world, math.atan2(goal[1] - robot.y, goal[0] - robot.x))
    return reason


def drive(world: World, goal: tuple[float, float]) -> Steps:
    """Follow a free way corner by corner, turning before each straight."""
    robot = world.robot
    way = world.floor.path((robot.x, robot.y), goal)
    if not way:
        return (yield from fail(f'no free way to ({goal[0]:.1f}, {goal[1]:.1f})'))
    world.robot.place = ''
    for number, corner in enumerate(way):
        start_m = robot.distance(*corner)
        if start_m > 0.05:
            yield from turn(world, math.atan2(corner[1] - robot.y, corner[0] - robot.x))
        while (left := robot.distance(*corner)) > 1e-3:
            step = min(left, DRIVE_MPS * TICK_SEC)
            robot.x += (corner[0] - robot.x) / left * step
            robot.y += (corner[1] - robot.y) / left * step
            yield 0.9 * (number + 1 - left / max(start_m, 1e-6)) / len(way)
    return ''


def turn(world: World, heading_rad: float) -> Steps:
    """Turn the base while the head comes back to its rest."""
    robot = world.robot
    while abs(wrap(heading_rad - robot.heading_rad)) > 1e-3 or abs(robot.pan_rad) > 1e-3:
        robot.heading_rad = turn_toward(robot.heading_rad, heading_rad, TURN_RADPS * TICK_SEC)
        rest_head(world)
        yield 0.0
    return ''


def aim(world: World, name: str) -> Steps:
    """Turn until the camera looks at what is named."""
    point = point_of(world, name)
    if point is None:
        return (yield from fail(f'{name!r} is not here'))
    robot = world.robot
    course = wrap(math.atan2(point[1] - robot.y, point[0] - robot.x) - robot.heading_rad)
    if abs(course) > PAN_MOST_RAD:
        yield from turn(world, robot.heading_rad + course)
        course = 0.0
    down = math.atan2(CAMERA_HEIGHT_M - point[2], robot.distance(point[0], point[1]))
    tilt = max(TILT_LEAST_RAD, min(TILT_MOST_RAD, down))
    while abs(robot.pan_rad - course) > 1e-3 or abs(robot.tilt_rad - tilt) > 1e-3:
        robot.pan_rad = toward(robot.pan_rad, course, HEAD_RADPS * TICK_SEC)
        robot.tilt_rad = toward(robot.tilt_rad, tilt, HEAD_RADPS * TICK_SEC)
        yield 0.5
    return ''


def point_of(world: World, name: str) -> tuple[float, float, float] | None:
    """Return the point of a named thing, piece of furniture or person to look at."""
    thing = world.find_thing(name)
    if thing is not None:
        return thing.x, thing.y, thing.z
    piece = world.find_furniture(name)
    if piece is not None:
        return piece.x, piece.y, piece.model.size_m[2] / 2
    actor = world.find_person(name)
    return actor.eye if actor is not None and actor.present else None


def rest_head(world: World) -> None:
    """Bring the head one tick closer to its rest."""
    robot = world.robot
    robot.pan_rad = toward(robot.pan_rad, 0.0, HEAD_RADPS * TICK_SEC)
    robot.tilt_rad = toward(robot.tilt_rad, robot.rest_tilt_rad, HEAD_RADPS * TICK_SEC)


def level(world: World) -> Steps:
    """Bring the head back to its rest."""
    robot = world.robot
    while abs(robot.pan_rad) > 1e-3 or abs(robot.tilt_rad - robot.rest_tilt_rad) > 1e-3:
        rest_head(world)
        yield 0.9
    return ''


def pause(world: World, seconds: float) -> Steps:
    """Let time go by."""
    start_sec = world.now_sec
    while (gone := world.now_sec - start_sec) < seconds:
        yield gone / seconds
    return ''
