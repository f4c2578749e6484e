"""How questions are put: the words, the answer, what it depends on."""

from __future__ import annotations

from collections.abc import Callable

from robochat.training.lesson import Desk, Expected
from robochat.training.openings import slots
from robochat.training.wordings import wordings
from robochat.values import Box, Person, Thing

DECOR = ('window', 'painting', 'door', 'rug', 'lamp', 'bookcase')
COLORS = (
    'red', 'blue', 'green', 'yellow', 'white', 'black', 'orange', 'purple', 'grey', 'pink',
    'beige', 'brown',
)  # fmt: skip
SIDES = ('left', 'middle', 'right')
NUMBERS = ('nobody', 'one person', 'two people', 'three people', 'four people')
MOOD_WORDS = {
    'sad': 'sad',
    'angry': 'upset',
    'fear': 'worried',
    'happy': 'happy',
    'surprise': 'surprised',
}

NOBODY = Person('', 0.0, 0.0, Box(0, 0, 0, 0), 0.0)

Ask = Callable[[Desk, Person], None]


def add(  # noqa: PLR0913, PLR0917  all sides of one question
    desk: Desk, person: Person, kind: str, words: str, answer: str, expected: Expected, needs: str
) -> None:
    """Write a question down; without a picture the robot says that it can't see."""
    if needs == 'image' and desk.situation.blind:
        answer = desk.voice.line(wordings()['questions']['no_picture']['say'])
        expected, needs = Expected(says=(r'not see|no picture',)), 'text'
    row = {'image': 'picture question', 'state': 'state question'}.get(needs, 'text question')
    desk.add(row, kind, desk.says(person.id, words), answer, expected, needs=needs)


def color(own: str) -> Expected:
    """Expect one colour and no other."""
    return Expected((rf'\b{own}\b',), tuple(rf'\b{c}\b' for c in COLORS if c != own))


def worded(desk: Desk, kind: str, **more: str) -> str:
    """Word a question."""
    return desk.voice.asked(wordings()['questions'][kind], **more)


def line(desk: Desk, kind: str, form: str = 'say', **more: str) -> str:
    """Word an answer."""
    return desk.voice.line(wordings()['questions'][kind][form], **{**slots(desk), **more})


def side_of(thing: Thing) -> str:
    """Name the third of a 640 px picture in which a thing is."""
    return SIDES[min(2, max(0, int(thing.box.center[0] / 640 * 3)))]
