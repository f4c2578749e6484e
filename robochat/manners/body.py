"""One actor of a timeline as the senses find them: the face with its errors, the phone.

Units and frames: those of `robochat.values`; the camera is a pinhole at the robot's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
import random
from typing import Protocol

from robochat.manners.timeline import Actor, Leg, legs_of, MIXED, Move, TICK_SEC, Timeline
from robochat.settings import CameraSettings, PerceptionSettings
from robochat.values import (
    Box,
    Emotion,
    EMOTIONS,
    FaceObservation,
    HeadPose,
    ObjectObservation,
)

WIDTH_PX, HEIGHT_PX = 640, 480
FACE_M = 0.24
SEEN_RAD = math.radians(100.0)
READ_RAD = math.radians(65.0)
AWAY_RAD, BACK_RAD, DOWN_RAD = math.radians(55.0), math.radians(170.0), math.radians(-35.0)
JITTER_PX, JITTER_RAD, JITTER_SHARE = 2.0, math.radians(3.0), 0.03
FARTHEST_M = 7.0
EMOTION_SHARE = 0.85
STRAYING = 0.35
VALENCE = (-0.7, -0.6, -0.6, 0.8, -0.7, 0.1, 0.0)
AROUSAL = (0.7, 0.3, 0.7, 0.5, -0.4, 0.7, 0.0)


class Senses(Protocol):
    """What a body needs of the walk through the timeline; `places` are where people are now."""

    timeline: Timeline
    dice: random.Random
    places: Mapping[str, tuple[float, float]]

    def new_track(self) -> str:
        """Give an id that no face had before."""


class Body:
    """One actor as they stand now."""

    def __init__(self, actor: Actor, number: int, senses: Senses) -> None:
        self.actor = actor
        self.senses = senses
        self.legs: tuple[Leg, ...] = legs_of(actor.moves)
        self.waiting = list(actor.moves)
        self.now = Move(0.0, looks='ahead', mood='neutral', track=f'person_{number}')
        self.place: tuple[float, float] | None = None
        self.course = math.pi
        self.scores: list[float] | None = None
        self.box: Box | None = None

    def move(self, now_sec: float) -> None:
        """Go to where the timeline wants this person now."""
        while self.waiting and self.waiting[0].at_sec <= now_sec + 1e-9:
            self._take(self.waiting.pop(0))
        leg = next((g for g in reversed(self.legs) if g.start_sec <= now_sec + 1e-9), None)
        self.place = None if leg is None or leg.gone else leg.at(now_sec)
        if leg is not None and leg.walking(now_sec):
            self.course = math.atan2(leg.end[1] - leg.start[1], leg.end[0] - leg.start[0])
        flicker_sec = self.senses.timeline.noise.flicker_sec
        if flicker_sec and self.senses.dice.random() < TICK_SEC / flicker_sec:
            self._take(Move(now_sec, track=self.senses.new_track()))

    def _take(self, move: Move) -> None:
        """Keep what a move leaves open."""
        old = self.now
        if move.start is not None and move.start != self.place:
            self.scores = None
        self.now = Move(
            move.at_sec,
            looks=move.looks or old.looks,
            mood=move.mood or old.mood,
            eyes=move.eyes or old.eyes,
            phone=move.phone or old.phone,
            track=move.track or old.track,
            mouth=move.mouth or old.mouth,
        )

    # ------------------------------------------------------------------ what is seen of them
    def face(self, now_sec: float) -> FaceObservation | None:
        """Sense the face, or miss it."""
        self.box = None
        if self.place is None:
            return None
        x, y = self.place
        away_m, bearing = math.hypot(x, y), math.atan2(y, x)
        yaw, pitch = self._heading(now_sec)
        hfov = math.radians(CameraSettings().hfov_deg)
        if abs(bearing) > hfov / 2 or not 0.3 < away_m < FARTHEST_M or abs(yaw) > SEEN_RAD:
            return None
        noise, dice = self.senses.timeline.noise, self.senses.dice
        if dice.random() < noise.drop:
            return None
        focal_px = WIDTH_PX / 2 / math.tan(hfov / 2)
        self.box = _box(focal_px, away_m, bearing, dice, noise.jitter)
        yaw += dice.gauss(0.0, JITTER_RAD * noise.jitter)
        pitch += dice.gauss(0.0, JITTER_RAD * noise.jitter)
        talks = self.now.mouth == 'talks' or self._talks(now_sec)
        return FaceObservation(
            person=self.now.track,
            box=self.box,
            score=0.9,
            bearing_rad=bearing,
            distance_m=away_m * (1.0 + dice.gauss(0.0, JITTER_SHARE * noise.jitter)),
            pose=HeadPose(yaw, pitch, 0.0) if abs(yaw) <= READ_RAD else None,
            facing=_faces(yaw, pitch),
            mouth_open=0.1 if abs(yaw) <= READ_RAD else None,
            mouth_active=talks and dice.random() < 0.9,
            emotion=self._emotion(yaw, pitch, talks),
            eyes_closed=self.now.eyes == 'closed',
        )

    def _talks(self, now_sec: float) -> bool:
        """Tell whether they say something whose time is known beforehand."""
        return any(
            s.who == self.actor.name and not s.on_robot and s.at_sec <= now_sec < s.end_sec
            for s in self.senses.timeline.says
        )

    def _heading(self, now_sec: float) -> tuple[float, float]:
        """Yaw and pitch of the head as the camera sees it."""
        looks = self.now.looks
        fixed = {'robot': 0.0, 'away': AWAY_RAD, 'back': BACK_RAD, 'down': 0.0}
        if looks in fixed:
            return fixed[looks], DOWN_RAD if looks == 'down' else 0.0
        assert self.place is not None
        x, y = self.place
        if looks == 'ahead':
            gaze = math.cos(self.course), math.sin(self.course)
        else:
            target = self.senses.places.get(looks) or _point(looks) or (0.0, 0.0)
            gaze = target[0] - x, target[1] - y
        return math.atan2(-x * gaze[1] + y * gaze[0], -x * gaze[0] - y * gaze[1]), 0.0

    def _emotion(self, yaw: float, pitch: float, talks: bool) -> Emotion | None:
        """Read the expression as the perceiver does: averaged, unless the head is turned away."""
        settings = PerceptionSettings()
        if abs(yaw) > math.radians(settings.emotion_yaw_deg):
            return None
        if abs(pitch) > math.radians(settings.emotion_pitch_deg):
            return None
        dice = self.senses.dice
        stray = self.now.mood == MIXED or (talks and dice.random() < STRAYING)
        label = dice.choice(EMOTIONS) if stray else self.now.mood
        share = EMOTION_SHARE - abs(dice.gauss(0.0, self.senses.timeline.noise.mood))
        raw = [max(share, 0.1) if e == label else (1 - share) / 6 for e in EMOTIONS]
        weight = TICK_SEC / (TICK_SEC + settings.emotion_smoothing_sec)
        old = self.scores or raw
        self.scores = [(1 - weight) * a + weight * b for a, b in zip(old, raw, strict=True)]
        return emotion_of(self.scores, settings.emotion_certain)

    def phone(self) -> ObjectObservation | None:
        """The phone in a hand or at an ear, as the object detector sees it."""
        if self.box is None or self.now.phone not in ('ear', 'hand'):
            return None
        box = self.box
        side, drop = (0.9, 0.4) if self.now.phone == 'ear' else (0.4, 1.6)
        where = Box(
            box.x + side * box.width, box.y + drop * box.height, 0.3 * box.width, 0.5 * box.height
        )
        return ObjectObservation(f'phone_of_{self.actor.name}', 'cell phone', 0.7, where)


# --------------------------------------------------------------------------- small makers
def emotion_of(scores: list[float], certain: float = 0.6) -> Emotion:
    """Make an emotion of scores that need not sum to 1."""
    total = sum(scores)
    shares = tuple(s / total for s in scores)
    best = max(range(len(shares)), key=shares.__getitem__)
    return Emotion(
        label=EMOTIONS[best],
        score=shares[best],
        scores=shares,
        valence=sum(a * b for a, b in zip(shares, VALENCE, strict=True)),
        arousal=sum(a * b for a, b in zip(shares, AROUSAL, strict=True)),
        certain=shares[best] >= certain,
    )


def _faces(yaw_rad: float, pitch_rad: float) -> bool:
    """Tell whether a head counts as facing the robot, by the settings of perception."""
    settings = PerceptionSettings()
    return abs(yaw_rad) <= math.radians(settings.facing_yaw_deg) and abs(
        pitch_rad
    ) <= math.radians(settings.facing_pitch_deg)


def _box(
    focal_px: float, away_m: float, bearing_rad: float, dice: random.Random, jitter: float
) -> Box:
    """Project a face of an adult's height."""
    high = focal_px * FACE_M / away_m
    x = WIDTH_PX / 2 - focal_px * math.tan(bearing_rad) + dice.gauss(0.0, JITTER_PX * jitter)
    y = HEIGHT_PX * 0.4 + dice.gauss(0.0, JITTER_PX * jitter)
    return Box(x - 0.4 * high, y - 0.5 * high, 0.8 * high, high)


def _point(text: str) -> tuple[float, float] | None:
    """Read a gaze at a point."""
    x, comma, y = text.partition(',')
    return (float(x), float(y)) if comma else None
