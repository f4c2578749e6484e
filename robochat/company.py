"""Who is with whom, who speaks, who holds a phone: what people are to each other and to things.

A head counts as turned toward another person when it points to that person's side of the picture,
and two people count as busy with each other when both do so (an F-formation seen from outside,
Kendon 1990). Who stands behind another, nearly in line with the robot, seems to face the robot
when looking at them; they count as busy too where the other is turned to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
import itertools
import math

from robochat.values import Box, Person, Thing

BUSY_SHARE = 0.35
TURNED_RAD = math.radians(18.0)
IN_LINE_RAD = math.radians(20.0)
LOOKS_RAD = math.radians(25.0)
PHONES = ('cell phone', 'phone', 'mobile phone', 'telephone')
SCREENS = ('tv', 'television', 'laptop', 'monitor', 'screen', 'tablet')
INSIDE_SHARE = 0.9
AT_HEAD_WIDTHS = 0.85
AT_HEAD_HEIGHTS = 0.75


def turned_toward(person: Person, other: Person) -> bool:
    """Tell whether the head of `person` points to the side of the picture where `other` is."""
    if person.pose is None or person.facing:
        return False
    side = other.box.center[0] - person.box.center[0]
    return abs(person.pose.yaw_rad) > TURNED_RAD and side * person.pose.yaw_rad > 0


def busy_together(person: Person, other: Person) -> bool:
    """Tell whether two people are turned to each other; one head may be too far round."""
    toward, back = turned_toward(person, other), turned_toward(other, person)
    if toward and back:
        return True
    if (back and looks_past(person, other)) or (toward and looks_past(other, person)):
        return True
    return (toward and _unreadable(other)) or (back and _unreadable(person))


def looks_past(person: Person, other: Person) -> bool:
    """Tell whether who seems to face the robot may as well look at someone between them."""
    if not person.facing or person.distance_m is None or other.distance_m is None:
        return False
    if other.distance_m >= person.distance_m:
        return False
    off_rad = _direction(person, other) - _direction(person, None)
    return abs(math.remainder(off_rad, math.tau)) <= IN_LINE_RAD


def looks_at(person: Person, other: Person) -> bool:
    """Tell whether the head of `person`, turned from the robot, points at `other`."""
    if person.facing or person.pose is None:
        return _unreadable(person)
    if person.distance_m is None or other.distance_m is None:
        return turned_toward(person, other)
    off_rad = _direction(person, other) - _direction(person, None) - person.pose.yaw_rad
    return abs(math.remainder(off_rad, math.tau)) <= LOOKS_RAD


def apart_m(person: Person, other: Person) -> float:
    """How far two people are from each other; infinity when that is not known."""
    if person.distance_m is None or other.distance_m is None:
        return math.inf
    return math.dist(_place(person), _place(other))


def listener_of(speaker: Person, people: Iterable[Person]) -> str:
    """Return whom else the words of `speaker` may be for: who is looked at, or looks at them."""
    for other in people:
        if other.id == speaker.id or not other.visible or other.on_screen:
            continue
        watches = other.pose is not None and looks_at(other, speaker)
        if looks_at(speaker, other) or looks_past(speaker, other) or watches:
            return other.id
    return ''


def in_company(people: Sequence[Person]) -> set[str]:
    """Return the ids of those who are turned to someone who is turned to them."""
    pairs = itertools.combinations(people, 2)
    return {person.id for pair in pairs if busy_together(*pair) for person in pair}


def likely_speaker(people: Iterable[Person], still: Collection[str] = ()) -> str:
    """Guess who spoke: a moving mouth that faces the robot, a face toward it, the only one.

    Whose lips were seen to be `still` did not speak, unless nobody else is there. Where people are
    turned to each other, a mouth that can't be read and faces the robot did not either.
    """
    visible = [p for p in people if p.visible]
    if len(visible) == 1 and visible[0].facing:
        return visible[0].id
    company = any(p.with_others > BUSY_SHARE for p in visible)
    for group in (
        [p for p in visible if p.mouth_active and p.facing and p.with_others <= BUSY_SHARE],
        [p for p in visible if p.mouth_active],
        [p for p in visible if p.facing and not company and p.id not in still],
        [p for p in visible if p.id not in still],
    ):
        if len(group) == 1:
            return group[0].id
    return ''


def holds_phone(person: Person, things: Iterable[Thing]) -> bool:
    """Tell whether a phone is seen at the head of a person."""
    return any(
        thing.visible and thing.label in PHONES and _at_head(thing.box, person.box)
        for thing in things
    )


def inside_screen(person: Person, things: Iterable[Thing]) -> bool:
    """Tell whether a face lies within a screen, as far as the picture shows."""
    return any(
        thing.visible
        and thing.label in SCREENS
        and _covered(person.box, thing.box) >= INSIDE_SHARE
        for thing in things
    )


def _covered(face: Box, screen: Box) -> float:
    """The share of a face that lies within a screen."""
    wide = min(face.x + face.width, screen.x + screen.width) - max(face.x, screen.x)
    high = min(face.bottom, screen.bottom) - max(face.y, screen.y)
    return max(0.0, wide) * max(0.0, high) / face.area if face.area > 0 else 0.0


def _at_head(thing: Box, head: Box) -> bool:
    """Tell whether the middle of a thing is at most an ear's breadth beside the face."""
    across = abs(thing.center[0] - head.center[0])
    along = abs(thing.center[1] - head.center[1])
    return across <= AT_HEAD_WIDTHS * head.width and along <= AT_HEAD_HEIGHTS * head.height


def _direction(person: Person, other: Person | None) -> float:
    """The direction from a person to another one, or to the robot, seen from above."""
    here, there = _place(person), _place(other) if other is not None else (0.0, 0.0)
    return math.atan2(there[1] - here[1], there[0] - here[0])


def _place(person: Person) -> tuple[float, float]:
    """Where a person stands: metres ahead of the robot and to its left."""
    away_m = person.distance_m or 0.0
    return away_m * math.cos(person.bearing_rad), away_m * math.sin(person.bearing_rad)


def _unreadable(person: Person) -> bool:
    """A visible face whose pose can't be measured is turned away."""
    return person.visible and person.pose is None and not person.facing
