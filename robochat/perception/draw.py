"""Draw what was seen into a picture: boxes, names, moods, where heads point, words.

A mood that isn't certain is grey and has a question mark. An arrow shows where a head points; it
is green, and a dot, when that is into the camera.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
import textwrap

import cv2
import numpy as np
from numpy.typing import NDArray
from robochat.values import (
    Box,
    Emotion,
    FaceObservation,
    HeadPose,
    Observation,
    RgbImage,
    SceneObservation,
)

Color = tuple[int, int, int]
Point = tuple[int, int]

MOODS: dict[str, Color] = {
    'happy': (255, 190, 60),
    'sad': (90, 150, 255),
    'angry': (255, 85, 70),
    'surprise': (205, 130, 255),
    'fear': (150, 120, 230),
    'disgust': (150, 190, 80),
    'neutral': (235, 235, 225),
}
UNSURE: Color = (170, 170, 170)
THING: Color = (90, 215, 200)
FACING: Color = (90, 230, 110)
AVERTED: Color = (235, 235, 225)
INK: Color = (20, 22, 26)
PAPER: Color = (250, 250, 245)
FONT = cv2.FONT_HERSHEY_DUPLEX
CAPTION_CHARS = 56
PLAIN = str.maketrans(
    {'\u2018': "'", '\u2019': "'", '\u201c': '"', '\u201d': '"', '\u2026': '...'}
)


def annotate(
    rgb: RgbImage,
    observation: Observation,
    scene: SceneObservation | None = None,
    caption: str = '',
) -> RgbImage:
    """Return a copy of `rgb` (height, width, 3; uint8) with everything drawn in."""
    pen = _Pen(np.array(rgb, dtype=np.uint8, copy=True))
    things = scene.objects if scene else ()
    for thing in things:
        pen.frame(thing.box, THING)
    for face in observation.faces:
        _draw_face(pen, face)
    for face in observation.faces:
        corner = (round(face.box.x), round(face.box.y) - pen.width(4))
        pen.tag(corner, describe(face), mood_color(face.emotion))
    for thing in things:
        corner = (round(thing.box.x), round(thing.box.y))
        pen.tag(corner, f'{_plain(thing.id)} {thing.score:.0%}', THING)
    if scene and scene.place.label:
        pen.tag((0, 0), f'{_plain(scene.place.label)} {scene.place.score:.0%}', THING)
    if caption:
        pen.caption(_ascii(caption))
    return pen.picture


class _Pen:
    """Draws into one picture, with line widths and letters that fit its size."""

    def __init__(self, picture: RgbImage) -> None:
        self.picture = picture
        self._size: float = max(0.5, min(picture.shape[:2]) / 480)
        self._letters = 0.42 * self._size
        self._labels: list[Box] = []

    def width(self, width: float) -> int:
        """Return a line width in pixels."""
        return max(1, int(width * self._size + 0.5))

    def line(self, start: Point, end: Point, color: Color, width: float) -> None:
        """Draw a line with a dark rim, readable on any background."""
        cv2.line(self.picture, start, end, INK, self.width(width + 2), cv2.LINE_AA)
        cv2.line(self.picture, start, end, color, self.width(width), cv2.LINE_AA)

    def brackets(self, box: Box, color: Color) -> None:
        """Draw the four corners of a box."""
        reach = round(min(box.width, box.height) * 0.22)
        for x, y, right, down in _corners(box):
            self.line((x, y), (x + right * reach, y), color, 2)
            self.line((x, y), (x, y + down * reach), color, 2)

    def frame(self, box: Box, color: Color) -> None:
        """Draw a whole box with a thin line."""
        start, end = (round(box.x), round(box.y)), (round(box.x + box.width), round(box.bottom))
        cv2.rectangle(self.picture, start, end, INK, self.width(3), cv2.LINE_AA)
        cv2.rectangle(self.picture, start, end, color, self.width(1), cv2.LINE_AA)

    def arrow(self, start: Point, end: Point, color: Color) -> None:
        """Draw an arrow, or a dot where it would be too short to see."""
        if math.dist(start, end) < 7 * self._size:
            cv2.circle(self.picture, start, self.width(6), INK, -1, cv2.LINE_AA)
            cv2.circle(self.picture, start, self.width(4), color, -1, cv2.LINE_AA)
            return
        for shade, width in ((INK, 4), (color, 2)):
            thick = self.width(width)
            cv2.arrowedLine(self.picture, start, end, shade, thick, cv2.LINE_AA, 0, 0.28)

    def tag(self, corner: Point, text: str, color: Color) -> None:
        """Write on a dark label with a coloured edge, above a corner, clear of other labels."""
        (wide, high), _ = cv2.getTextSize(text, FONT, self._letters, 1)
        pad = self.width(5)
        wide, high = wide + 3 * pad, high + 2 * pad
        height, width = self.picture.shape[:2]
        x = int(np.clip(corner[0], 0, max(0, width - wide)))
        top = int(np.clip(corner[1] - high, 0, max(0, height - high)))
        top = self._clear(x, top, wide, high)
        self._shade(x, top, wide, high)
        cv2.rectangle(self.picture, (x, top), (x + pad // 2, top + high), color, -1)
        self._write((x + 2 * pad, top + high - pad), text, PAPER)

    def _clear(self, x: int, top: int, wide: int, high: int) -> int:
        """Move a label up until it covers no other one, as far as the picture allows."""
        place = Box(x, top, wide, high)
        while any(place.iou(other) > 0 for other in self._labels) and place.y - high >= 0:
            place = Box(x, place.y - high, wide, high)
        self._labels.append(place)
        return round(place.y)

    def caption(self, text: str) -> None:
        """Write words on a dark band along the lower edge."""
        lines = textwrap.wrap(text, CAPTION_CHARS) or ['']
        step, (height, width) = self.width(20), self.picture.shape[:2]
        top = height - step * len(lines) - self.width(8)
        self._shade(0, top, width, height - top)
        for number, line in enumerate(lines):
            self._write((self.width(12), top + step * (number + 1) - self.width(3)), line, PAPER)

    def _write(self, place: Point, text: str, color: Color) -> None:
        cv2.putText(self.picture, text, place, FONT, self._letters, color, 1, cv2.LINE_AA)

    def _shade(self, x: int, y: int, width: int, height: int) -> None:
        """Darken a rectangle so that letters stand out."""
        area: NDArray[np.uint8] = self.picture[max(0, y) : y + height, max(0, x) : x + width]
        area[:] = area * 0.22 + np.array(INK) * 0.6


def _draw_face(pen: _Pen, face: FaceObservation) -> None:
    """Draw brackets in the colour of the mood, and where the head points."""
    pen.brackets(face.box, mood_color(face.emotion))
    if face.pose is not None:
        x, y = face.box.center
        start = (round(x), round(y))
        tip = _tip(start, face.pose, face.box.width)
        pen.arrow(start, tip, FACING if face.facing else AVERTED)


def _tip(start: Point, pose: HeadPose, length_px: float) -> Point:
    """Project the direction of a head into the picture."""
    right = math.sin(pose.yaw_rad) * math.cos(pose.pitch_rad)
    up = math.sin(pose.pitch_rad)
    return round(start[0] + right * length_px * 1.3), round(start[1] - up * length_px * 1.3)


def mood_color(emotion: Emotion | None) -> Color:
    """Return the colour of a certain mood, grey otherwise."""
    return MOODS[emotion.label] if emotion and emotion.certain else UNSURE


def describe(face: FaceObservation) -> str:
    """Write a face's label: `person_1  happy 86%  1.2 m`, with a question mark where unsure."""
    words = [face.person]
    if face.emotion:
        mark = '' if face.emotion.certain else '?'
        words.append(f'{face.emotion.label}{mark} {face.emotion.score:.0%}')
    if face.distance_m is not None:
        words.append(f'{face.distance_m:.1f} m')
    if face.mouth_active:
        words.append('talking')
    return '  '.join(words)


def _corners(box: Box) -> Iterator[tuple[int, int, int, int]]:
    """Yield each corner with the directions (right, down) into the box."""
    for x, right in ((box.x, 1), (box.x + box.width, -1)):
        for y, down in ((box.y, 1), (box.bottom, -1)):
            yield round(x), round(y), right, down


def _plain(name: str) -> str:
    """Write an id as words."""
    return name.replace('_', ' ')


def _ascii(text: str) -> str:
    """Replace what OpenCV's letters lack."""
    return text.translate(PLAIN).encode('ascii', 'replace').decode('ascii')
