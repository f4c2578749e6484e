"""Lessons on questions: about the picture, about the state, and about what would happen if."""

from __future__ import annotations

from robochat.training import known, seen
from robochat.training.asking import Ask, NOBODY
from robochat.training.lesson import Desk


def question_lessons(desk: Desk, count: int) -> None:
    """Ask `count` questions of different kinds, by whoever is in view."""
    people = desk.situation.view.people
    kinds = _ALL if people else _ANYBODY
    for ask in desk.voice.rng.sample(kinds, min(count, len(kinds))):
        ask(desk, desk.voice.rng.choice(people) if people else NOBODY)


_IMAGE: tuple[Ask, ...] = (
    seen.my_top,
    seen.their_top,
    seen.wall,
    seen.decor,
    seen.light,
    seen.posture,
    seen.color_of,
    seen.changed,
)
_STATE: tuple[Ask, ...] = (
    known.my_mood,
    known.my_mood,
    known.who_mood,
    known.where_thing,
    known.how_far,
    known.battery,
    known.looking,
)
_TEXT: tuple[Ask, ...] = (
    known.how_many,
    known.on_what,
    known.holding,
    known.where_robot,
    known.day,
    known.if_fell,
)
_ALL = (*_IMAGE, *_IMAGE, *_STATE, *_TEXT)
_ANYBODY: tuple[Ask, ...] = (
    seen.wall,
    seen.decor,
    seen.light,
    known.where_thing,
    known.battery,
    *_TEXT,
)
