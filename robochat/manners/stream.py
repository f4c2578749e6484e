"""What the robot's senses make of a timeline: ten times a second, with seeded errors.

Flow: `news_of` walks through a timeline and gives the observations, sights and reports of each
tick. The errors are those that were measured on faces: boxes, head poses and distances jitter,
faces are missed, expressions are averaged over a second and stray while someone talks, heads that
are turned far away are not found, ids may flicker. Speech is not here: who talks over whom depends
on the robot, so that `robochat.manners.play` adds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import random
import zlib

from robochat.manners.body import Body, emotion_of, HEIGHT_PX, WIDTH_PX
from robochat.manners.timeline import (
    Report,
    Sight,
    TICK_SEC,
    Timeline,
)
from robochat.values import (
    Box,
    EMOTIONS,
    FaceObservation,
    ObjectObservation,
    Observation,
    SceneObservation,
)

SCENE_TICKS = 7
FIRST_FLICKER = 100


@dataclass(frozen=True)
class News:
    """One tick: `at_sec` on the timeline, `stamp_sec` on the robot's clock.

    `tracks` tells whose face each id is; a merged id has several.
    """

    at_sec: float
    stamp_sec: float
    hour: float
    seen: Observation
    scenes: tuple[tuple[SceneObservation, bool], ...] = ()
    felt: Observation | None = None
    reports: tuple[Report, ...] = ()
    tracks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def news_of(timeline: Timeline, seed: int = 1) -> tuple[News, ...]:
    """Sense a whole timeline; the same seed gives the same errors."""
    return tuple(_Senses(timeline, seed).ticks())


class _Senses:
    """The walk through one timeline."""

    def __init__(self, timeline: Timeline, seed: int) -> None:
        self.timeline = timeline
        self.dice = random.Random(zlib.crc32(timeline.name.encode()) + seed)
        self.people = [Body(a, n + 1, self) for n, a in enumerate(timeline.actors)]
        self.places: Mapping[str, tuple[float, float]] = {}
        self.flickers = FIRST_FLICKER
        self._told = -1.0

    def new_track(self) -> str:
        """Give an id that no face had before."""
        self.flickers += 1
        return f'person_{self.flickers}'

    def ticks(self) -> Iterator[News]:
        """Yield what is new in each tick."""
        for number in range(round(self.timeline.duration_sec / TICK_SEC)):
            yield self._tick(number, number * TICK_SEC)

    def _tick(self, number: int, now_sec: float) -> News:
        stamp_sec = self.timeline.stamp_sec(now_sec)
        for body in self.people:
            body.move(now_sec)
        self.places = {b.actor.name: b.place for b in self.people if b.place is not None}
        faces: list[FaceObservation] = []
        tracks: dict[str, tuple[str, ...]] = {}
        for body in self.people:
            face = body.face(now_sec)
            if face is not None:
                faces.append(face)
                tracks[face.person] = (*tracks.get(face.person, ()), body.actor.name)
        news = News(
            at_sec=now_sec,
            stamp_sec=stamp_sec,
            hour=self.timeline.hour_at(now_sec),
            seen=Observation(stamp_sec, WIDTH_PX, HEIGHT_PX, tuple(faces)),
            scenes=tuple(self._scenes(number, now_sec, stamp_sec)),
            felt=self._felt(faces, tracks, now_sec, stamp_sec),
            reports=tuple(
                r for r in self.timeline.reports if self._told < r.at_sec <= now_sec + 1e-9
            ),
            tracks=tracks,
        )
        self._told = now_sec + 1e-9
        return news

    def _scenes(
        self, number: int, now_sec: float, stamp_sec: float
    ) -> Iterator[tuple[SceneObservation, bool]]:
        """Yield what our own eyes see seldom, and what other nodes tell at once."""
        phones = [p for b in self.people if (p := b.phone())]
        for sight in self.timeline.sights:
            if sight.node and self._told < sight.at_sec <= now_sec + 1e-9:
                yield _scene(stamp_sec, [_thing(sight)]), True
        if number % SCENE_TICKS == 0:
            standing: dict[str, Sight] = {}
            for sight in self.timeline.sights:
                if not sight.node and sight.at_sec <= now_sec:
                    standing[sight.id] = sight
            yield (
                _scene(stamp_sec, [_thing(s) for s in standing.values() if s.box] + phones),
                False,
            )

    def _felt(
        self,
        faces: list[FaceObservation],
        tracks: Mapping[str, tuple[str, ...]],
        now_sec: float,
        stamp_sec: float,
    ) -> Observation | None:
        """Another node's reading of the faces, where the timeline has one."""
        found = []
        for felt in self.timeline.felt:
            if felt.start_sec <= now_sec < felt.end_sec:
                emotion = emotion_of([1.0 if e == felt.mood else 0.02 for e in EMOTIONS])
                found += [
                    FaceObservation(f.person, f.box, 0.9, f.bearing_rad, emotion=emotion)
                    for f in faces
                    if felt.who in tracks[f.person]
                ]
        return Observation(stamp_sec, WIDTH_PX, HEIGHT_PX, tuple(found)) if found else None


def _thing(sight: Sight) -> ObjectObservation:
    return ObjectObservation(sight.id, sight.label, 0.8, sight.box or Box(300, 380, 40, 40))


def _scene(stamp_sec: float, things: list[ObjectObservation]) -> SceneObservation:
    return SceneObservation(stamp_sec, WIDTH_PX, HEIGHT_PX, tuple(things))
