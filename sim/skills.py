"""The robot's skills: each is a generator that moves the world a little at every tick.

A skill yields its progress (0 to 1) and returns a failure's reason, or an empty string when it
succeeded. It is resumed every `TICK_SEC` of scenario time, so it never waits by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
import math

from robochat_sim.paths import from_frame, in_frame
from robochat_sim.room import Furniture
from robochat_sim.state import CAMERA_HEIGHT_M, toward, turn_toward, wrap
from robochat_sim.world import Carried, World

TICK_SEC = 0.02
DRIVE_MPS = 0.6
TURN_RADPS = 1.4
HEAD_RADPS = 1.8
PAN_MOST_RAD = 1.0
TILT_LEAST_RAD, TILT_MOST_RAD = -0.4, 0.7
TALK_M = 1.1
ARM_M = 1.25
GIVE_M = 1.7
STAND_OFF_M = 0.85
GRASP_SEC = 1.2
SECONDS_PER_CHAR = 0.06

Steps = Generator[float, None, str]
Arguments = Mapping[str, str]


def start(world: World, name: str, arguments: Arguments) -> Steps:
    """Begin a skill by its name; an unknown one fails at once with the known ones."""
    skill = SKILLS.get(name)
    if skill is None:
        return _fail(f'this robot has no skill {name!r}; it has {", ".join(SKILLS)}')
    return skill(world, arguments)


def _fail(reason: str) -> Steps:
    yield 0.0
    return reason


# --------------------------------------------------------------------------- going
def navigate_to(world: World, arguments: Arguments) -> Steps:
    """Drive to a place, person, thing or piece of furniture and face it."""
    name = arguments.get('target', '')
    place = world.find_place(name)
    if place is not None:
        reason = yield from _drive(world, (place.x, place.y))
        yield from _turn(world, place.heading_rad)
        world.robot.place = place.name
        return reason
    goal = _spot(world, name)
    if goal is None:
        return (yield from _fail(f'{name!r} is not a place, person or thing here'))
    return (yield from _come_near(world, goal, STAND_OFF_M))


def approach(world: World, arguments: Arguments) -> Steps:
    """Come within talking distance of a person and face them."""
    name = arguments.get('person', '')
    actor = world.find_person(name)
    if actor is None or not actor.present:
        return (yield from _fail(f'person {name!r} is not here'))
    return (yield from _come_near(world, (actor.x, actor.y), TALK_M))


def _spot(world: World, name: str) -> tuple[float, float] | None:
    """Return where a named thing, piece of furniture or person is."""
    found = world.find_thing(name) or world.find_furniture(name)
    if found is not None:
        return found.x, found.y
    actor = world.find_person(name)
    return (actor.x, actor.y) if actor is not None and actor.present else None


def _come_near(world: World, goal: tuple[float, float], distance_m: float) -> Steps:
    """Drive until the goal is `distance_m` away, then face it."""
    robot = world.robot
    gap = robot.distance(*goal)
    reason = ''
    if gap > distance_m + 0.05:
        share = distance_m / gap
        stop = (goal[0] + (robot.x - goal[0]) * share, goal[1] + (robot.y - goal[1]) * share)
        reason = yield from _drive(world, stop)
    yield from _turn(world, math.atan2(goal[1] - robot.y, goal[0] - robot.x))
    return reason


def _drive(world: World, goal: tuple[float, float]) -> Steps:
    """Follow a free way corner by corner, turning before each straight."""
    robot = world.robot
    way = world.floor.path((robot.x, robot.y), goal)
    if not way:
        return (yield from _fail(f'no free way to ({goal[0]:.1f}, {goal[1]:.1f})'))
    world.robot.place = ''
    for number, corner in enumerate(way):
        start_m = robot.distance(*corner)
        if start_m > 0.05:
            yield from _turn(world, math.atan2(corner[1] - robot.y, corner[0] - robot.x))
        while (left := robot.distance(*corner)) > 1e-3:
            step = min(left, DRIVE_MPS * TICK_SEC)
            robot.x += (corner[0] - robot.x) / left * step
            robot.y += (corner[1] - robot.y) / left * step
            yield 0.9 * (number + 1 - left / max(start_m, 1e-6)) / len(way)
    return ''


def _turn(world: World, heading_rad: float) -> Steps:
    """Turn the base while the head comes back to its rest."""
    robot = world.robot
    while abs(wrap(heading_rad - robot.heading_rad)) > 1e-3 or abs(robot.pan_rad) > 1e-3:
        robot.heading_rad = turn_toward(robot.heading_rad, heading_rad, TURN_RADPS * TICK_SEC)
        rest_head(world)
        yield 0.0
    return ''


# --------------------------------------------------------------------------- looking
def look_at(world: World, arguments: Arguments) -> Steps:
    """Turn the head, and the base if need be, to a person or thing, and keep looking a while."""
    name = arguments.get('target', '')
    reason = yield from _aim(world, name)
    world.robot.look_until_sec = world.now_sec + 3.0
    return reason


def _aim(world: World, name: str) -> Steps:
    """Turn until the camera looks at what is named."""
    point = _point(world, name)
    if point is None:
        return (yield from _fail(f'{name!r} is not here'))
    robot = world.robot
    course = wrap(math.atan2(point[1] - robot.y, point[0] - robot.x) - robot.heading_rad)
    if abs(course) > PAN_MOST_RAD:
        yield from _turn(world, robot.heading_rad + course)
        course = 0.0
    down = math.atan2(CAMERA_HEIGHT_M - point[2], robot.distance(point[0], point[1]))
    tilt = max(TILT_LEAST_RAD, min(TILT_MOST_RAD, down))
    while abs(robot.pan_rad - course) > 1e-3 or abs(robot.tilt_rad - tilt) > 1e-3:
        robot.pan_rad = toward(robot.pan_rad, course, HEAD_RADPS * TICK_SEC)
        robot.tilt_rad = toward(robot.tilt_rad, tilt, HEAD_RADPS * TICK_SEC)
        yield 0.5
    return ''


def _point(world: World, name: str) -> tuple[float, float, float] | None:
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


# --------------------------------------------------------------------------- handling
def pick(world: World, arguments: Arguments) -> Steps:
    """Take a thing that is within the arm's reach."""
    name = arguments.get('object', '')
    thing = world.find_thing(name)
    reason = _why_not_pick(world, name, thing)
    if thing is None or reason:
        return (yield from _fail(reason))
    yield from _aim(world, thing.thing.id)
    yield from _pause(world, GRASP_SEC)
    world.robot.holding, thing.on = thing.thing.id, 'gripper'
    yield from _level(world)
    return ''


def _why_not_pick(world: World, name: str, thing: Carried | None) -> str:
    """Say why a thing can't be taken, or return an empty string."""
    robot = world.robot
    if thing is None:
        return f'there is no thing {name!r} here'
    if robot.holding:
        return f'the gripper holds {robot.holding}; place it first'
    if thing.on in world.actors:
        return f'{thing.on} holds {name}'
    gap = robot.distance(thing.x, thing.y)
    return f'{name} is {gap:.1f} m away, the arm reaches {ARM_M} m' if gap > ARM_M else ''


def place(world: World, arguments: Arguments) -> Steps:
    """Put down what is held on a surface within reach."""
    name = arguments.get('target', '')
    thing = _held(world, arguments.get('object', ''))
    piece = world.find_furniture(name)
    if thing is None:
        return (yield from _fail(f'the gripper does not hold {arguments.get("object", "anything")}'))
    if piece is None or not piece.surface_m:
        return (yield from _fail(f'{name!r} is no surface to put things on'))
    gap = world.reachable_from(piece)
    if gap > ARM_M:
        return (yield from _fail(f'{name} is {gap:.1f} m away, the arm reaches {ARM_M} m'))
    spot = _free_spot(world, piece, thing)
    yield from _turn(world, math.atan2(spot[1] - world.robot.y, spot[0] - world.robot.x))
    yield from _pause(world, GRASP_SEC)
    thing.x, thing.y = spot
    thing.z, thing.on, world.robot.holding = piece.surface_m, piece.id, ''
    return ''


def _held(world: World, name: str) -> Carried | None:
    """Return the thing in the gripper if that is the one named (or none is named)."""
    held = world.things.get(world.robot.holding)
    return held if held is not None and (not name or held is world.find_thing(name)) else None


def _free_spot(world: World, piece: Furniture, thing: Carried) -> tuple[float, float]:
    """Return the nearest spot to the robot on a piece's top that nothing else takes."""
    deep, wide, _ = piece.model.size_m
    taken = [in_frame(piece, (t.x, t.y)) for t in world.things.values() if t.on == piece.id]
    robot = in_frame(piece, (world.robot.x, world.robot.y))
    spots = [
        ((i / 8 - 0.5) * (deep - 0.2), (j / 12 - 0.5) * (wide - 0.2)) for i in range(9) for j in range(13)
    ]
    margin = 0.12 + max(thing.thing.model.size_m[:2]) / 2
    free = [s for s in spots if all(math.dist(s, other) > margin for other in taken)]
    return from_frame(piece, min(free or spots, key=lambda s: math.dist(s, robot)))


def hand_over(world: World, arguments: Arguments) -> Steps:
    """Give what is held to a person who is near."""
    thing = _held(world, arguments.get('object', ''))
    actor = world.find_person(arguments.get('person', ''))
    if thing is None:
        return (yield from _fail(f'the gripper does not hold {arguments.get("object", "anything")}'))
    if actor is None or not actor.present:
        return (yield from _fail(f'person {arguments.get("person", "")!r} is not here'))
    gap = world.robot.distance(actor.x, actor.y)
    if gap > GIVE_M:
        return (yield from _fail(f'{actor.id} is {gap:.1f} m away; come within {GIVE_M} m first'))
    yield from _turn(world, math.atan2(actor.y - world.robot.y, actor.x - world.robot.x))
    actor.reaching = True
    yield from _pause(world, GRASP_SEC)
    thing.on, world.robot.holding = actor.id, ''
    return ''


def _level(world: World) -> Steps:
    """Bring the head back to its rest."""
    robot = world.robot
    while abs(robot.pan_rad) > 1e-3 or abs(robot.tilt_rad - robot.rest_tilt_rad) > 1e-3:
        rest_head(world)
        yield 0.9
    return ''


# --------------------------------------------------------------------------- the rest
def say(world: World, arguments: Arguments) -> Steps:
    """Speak a sentence; people hear it."""
    text = arguments.get('text', '')
    world.said.append(text)
    yield from _pause(world, SECONDS_PER_CHAR * len(text))
    return ''


def wait(world: World, arguments: Arguments) -> Steps:
    """Stay still."""
    try:
        seconds = float(arguments.get('seconds', ''))
    except ValueError:
        return (yield from _fail(f'seconds = {arguments.get("seconds", "")!r} is not a number'))
    yield from _pause(world, seconds)
    return ''


def call_for_help(world: World, arguments: Arguments) -> Steps:
    """Call the emergency contact, who answers after two seconds."""
    yield from _pause(world, 2.0)
    world.robot.called_help = True
    return ''


def _pause(world: World, seconds: float) -> Steps:
    """Let time go by."""
    start_sec = world.now_sec
    while (gone := world.now_sec - start_sec) < seconds:
        yield gone / seconds
    return ''


SKILLS: dict[str, Callable[[World, Arguments], Steps]] = {
    'navigate_to': navigate_to,
    'approach': approach,
    'look_at': look_at,
    'pick': pick,
    'place': place,
    'hand_over': hand_over,
    'say': say,
    'wait': wait,
    'call_for_help': call_for_help,
}
