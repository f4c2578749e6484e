"""Fills the message fields that carry a step out, from the templates of the skill file."""

from __future__ import annotations

from collections.abc import Iterator
import math
import re

from robochat.plan.table import PlaceOnMap, Skill, SkillTable
from robochat.values import PlanStep

SLOT = re.compile(r'\{([^{}]*)\}')
POSE_KEYS = ('x_m', 'y_m', 'yaw_rad')
POSE_SLOTS = (*POSE_KEYS, 'qz', 'qw')


def filled_fields(step: PlanStep, skill: Skill, table: SkillTable) -> tuple[tuple[str, str], ...]:
    """Return field names, dots going inward, with their values as text.

    Besides `{parameter}`, a parameter that is a place with a pose gives `{parameter.x_m}`, `.y_m`,
    `.yaw_rad` and the quaternion's `.qz` and `.qw`.
    """
    slots = dict(_slots(step, table))
    return tuple(
        (name, SLOT.sub(lambda match: slots.get(match[1], ''), template))
        for name, template in skill.ros.fields
    )


def _slots(step: PlanStep, table: SkillTable) -> Iterator[tuple[str, str]]:
    """Yield what templates may use."""
    for name, value in step.arguments:
        yield name, value
        place = table.place(value)
        if place is not None:
            yield from ((f'{name}.{key}', f'{number:.6g}') for key, number in _pose(place))


def _pose(place: PlaceOnMap) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a pose on the map, when it is known."""
    if place.x_m is None or place.y_m is None or place.yaw_rad is None:
        return
    yield 'x_m', place.x_m
    yield 'y_m', place.y_m
    yield 'yaw_rad', place.yaw_rad
    yield 'qz', math.sin(place.yaw_rad / 2)
    yield 'qw', math.cos(place.yaw_rad / 2)
