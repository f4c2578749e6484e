"""What a labelled picture says: people, things, decoration and changes, as frozen values.

Units and frames: pixels in a 640x480 picture; angles as in `robochat.values.HeadPose` (all zero
looks into the camera; yaw is positive to the picture's right, pitch upward) and REP-103 (bearing
is positive to the left of the camera's axis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box4 = tuple[float, float, float, float]
Picture = NDArray[np.uint8]
CHANGES = (
    'person_came',
    'person_left',
    'person_moved',
    'sat_down',
    'stood_up',
    'thing_gone',
    'thing_new',
    'thing_moved',
    'mood_turned',
    'nothing',
)
MOOD_WORDS = {
    'happy': 'happy',
    'sad': 'sad',
    'angry': 'angry',
    'fear': 'afraid',
    'surprise': 'surprised',
    'disgust': 'disgusted',
    'neutral': 'calm',
}


@dataclass(frozen=True)
class SeenPerson:
    """One visible person.

    `box` is the face (x, y, width, height); all zero where the face can't be seen (turned away,
    hidden or out of the picture), and then nothing can be said about the mood. `mood` is one of
    `values.EMOTIONS`; `column` is `left`, `middle` or `right`; `visible_share` is the part of the
    body's surface area that neither other things nor the picture's edge hide.
    """

    body: str
    mood: str
    box: Box4
    bearing_rad: float
    distance_m: float
    head_yaw_rad: float
    head_pitch_rad: float
    facing: bool
    seated: bool
    speaking: bool
    top_color: str
    column: str
    visible_share: float
    with_other: bool


@dataclass(frozen=True)
class SeenThing:
    """One visible thing or piece of furniture that has a COCO class.

    `box` is around its visible pixels. `on` is '' for furniture, else `floor` or the class of the
    furniture below (its model's name where it has none); `on_index` is the place of that
    furniture among the picture's things, -1 where it isn't listed. `color` is '' or the word for
    the colour it was painted in.
    """

    label: str
    model: str
    box: Box4
    on: str
    on_index: int
    graspable: bool
    column: str
    visible_share: float
    color: str


@dataclass(frozen=True)
class Change:
    """What became different between the older and the newest picture.

    `subject` is an index into `Shot.people` for what people do (-1 for one who left), a thing's
    class for things, '' for `nothing`. `detail`: the body of who came or left; `left`, `right`,
    `nearer` or `farther` for who moved, as the camera sees it; the older mood; where a thing was
    (`thing_gone`), is (`thing_new`) or both (`thing_moved`: `chair>dining table`).
    """

    kind: str
    subject: int | str
    detail: str


@dataclass(frozen=True)
class Shot:
    """One or two labelled pictures.

    `frames` are pairs of a (480, 640, 3) uint8 RGB picture and its age in seconds, oldest first;
    all labels are of the newest, whose age is 0. `region_words` are the words for each cell of a
    grid of 3 rows and 4 columns, row by row.
    """

    frames: tuple[tuple[Picture, float], ...]
    people: tuple[SeenPerson, ...]
    things: tuple[SeenThing, ...]
    decor: tuple[str, ...]
    wall: str
    light: str
    room: str
    change: Change | None
    region_words: tuple[tuple[str, ...], ...]


def column_of(x: float, width_px: int = 640) -> str:
    """Return the third of the picture in which a column lies."""
    return ('left', 'middle', 'right')[min(2, max(0, int(3 * x / width_px)))]
