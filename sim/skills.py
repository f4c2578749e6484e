"""The robot's skills: each is a generator that moves the world a little at every tick.

A skill yields its progress (0 to 1) and returns a failure's reason, or an empty string when it
succeeded. It is resumed every `TICK_SEC` of scenario time, so it never waits by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import math

from .moves import aim, come_near, drive, fail, level, pause, spot_of, Steps, turn
from .paths import from_frame, in_frame
from .room import Furniture
from .world import Carried, World

TALK_M = 1.1
ARM_M = 1.25
GIVE_M = 1.7
STAND_OFF_M = 0.85
GRASP_SEC = 1.2
SECONDS_PER_CHAR = 0.06

Arguments = Mapping[str, str]


def start(world: World, name: str, arguments: Arguments) -> Steps:
    """Begin a skill by its name; an unknown one fails at once with the known ones."""
    skill = SKILLS.get(name)
    if skill is None:
        return fail(f'this robot has no skill {name!r}; it has {", ".join(SKILLS)}')
    return skill(world, arguments)


# --------------------------------------------------------------------------- going and looking
def navigate_to(world: World, arguments: Arguments) -> Steps:
    """Drive to a place, person, thing or piece of furniture and face it."""
    name = arguments.get('target', '')
    place = world.find_place(name)
    if place is not None:
        reason = yield from drive(world, (place.x, place.y))
        yield from turn(world, place.heading_rad)
        world.robot.place = place.name
        return reason
    goal = spot_of(world, name)
    if goal is None:
        return (yield from fail(f'{name!r} is not a place, person or thing here'))
    is_person = world.find_person(name) is not None
    return (yield from come_near(world, goal, TALK_M if is_person else STAND_OFF_M))


def approach(world: World, arguments: Arguments) -> Steps:
    """Come within talking distance of a person and face them."""
    name = arguments.get('person', '')
    actor = world.find_person(name)
    if actor is None or not actor.present:
        return (yield from fail(f'person {name!r} is not here'))
    return (yield from come_near(world, (actor.x, actor.y), TALK_M))


def look_at(world: World, arguments: Arguments) -> Steps:
    """Turn the head, and the base if need be, to a person or thing, and keep looking a while."""
    name = arguments.get('target', '')
    reason = yield from aim(world, name)
    world.robot.look_until_sec = world.now_sec + 3.0
    return reason


# --------------------------------------------------------------------------- handling
def pick(world: World, arguments: Arguments) -> Steps:
    """Take a thing that is within the arm's reach."""
    name = arguments.get('object', '')
    thing = world.find_thing(name)
    reason = _why_not_pick(world, name, thing)
    if thing is None or reason:
        return (yield from fail(reason))
    yield from aim(world, thing.thing.id)
    yield from pause(world, GRASP_SEC)
    world.robot.holding, thing.on = thing.thing.id, 'gripper'
    yield from level(world)
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
        return (
            yield from fail(f'the gripper does not hold {arguments.get("object", "anything")}')
        )
    if piece is None or not piece.surface_m:
        return (yield from fail(f'{name!r} is no surface to put things on'))
    gap = world.reachable_from(piece)
    if gap > ARM_M:
        return (yield from fail(f'{name} is {gap:.1f} m away, the arm reaches {ARM_M} m'))
    spot = _free_spot(world, piece, thing)
    yield from turn(world, math.atan2(spot[1] - world.robot.y, spot[0] - world.robot.x))
    yield from pause(world, GRASP_SEC)
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
        ((i / 8 - 0.5) * (deep - 0.2), (j / 12 - 0.5) * (wide - 0.2))
        for i in range(9)
        for j in range(13)
    ]
    margin = 0.12 + max(thing.thing.model.size_m[:2]) / 2
    free = [s for s in spots if all(math.dist(s, other) > margin for other in taken)]
    return from_frame(piece, min(free or spots, key=lambda s: math.dist(s, robot)))


def hand_over(world: World, arguments: Arguments) -> Steps:
    """Give what is held to a person who is near."""
    thing = _held(world, arguments.get('object', ''))
    actor = world.find_person(arguments.get('person', ''))
    if thing is None:
        return (
            yield from fail(f'the gripper does not hold {arguments.get("object", "anything")}')
        )
    if actor is None or not actor.present:
        return (yield from fail(f'person {arguments.get("person", "")!r} is not here'))
    gap = world.robot.distance(actor.x, actor.y)
    if gap > GIVE_M:
        return (yield from fail(f'{actor.id} is {gap:.1f} m away; come within {GIVE_M} m first'))
    yield from turn(world, math.atan2(actor.y - world.robot.y, actor.x - world.robot.x))
    actor.reaching = True
    yield from pause(world, GRASP_SEC)
    thing.on, world.robot.holding = actor.id, ''
    return ''


# --------------------------------------------------------------------------- the rest
def say(world: World, arguments: Arguments) -> Steps:
    """Speak a sentence; people hear it."""
    text = arguments.get('text', '')
    world.said.append(text)
    yield from pause(world, SECONDS_PER_CHAR * len(text))
    return ''


def wait(world: World, arguments: Arguments) -> Steps:
    """Stay still."""
    try:
        seconds = float(arguments.get('seconds', ''))
    except ValueError:
        return (yield from fail(f'seconds = {arguments.get("seconds", "")!r} is not a number'))
    yield from pause(world, seconds)
    return ''


def call_for_help(world: World, arguments: Arguments) -> Steps:
    """Call the emergency contact, who answers after two seconds."""
    yield from pause(world, 2.0)
    world.robot.called_help = True
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
