"""What a face says over time: readings of several nodes joined, and the mood that lasts.

Flow: `Readings.joined` adds to a face of our own eyes what another node read from it, and tells
when the expression was read; `MoodMemory.fold` lets a certain label that lasts become the mood. It
lasts only while readings come: a report that has ended proves nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from robochat.values import Emotion, EMOTIONS, FaceObservation, Person

EXTERNAL_FRESH_SEC = 1.5
MOOD_GRACE_SEC = 1.0
# A face that is glad and troubled within so long is hard to read, or plays.
WAVERS_SEC = 10.0
GLAD = 'happy'


@dataclass
class MoodMemory:
    """The label that may become the mood of one person, and since when it is seen."""

    label: str = ''
    since_sec: float = 0.0
    seen_sec: float = -math.inf
    glad_sec: float = -math.inf

    def fold(
        self, person: Person, emotion: Emotion | None, read_sec: float, dwell_sec: float
    ) -> Person:
        """Let a certain label that lasts become the mood; uncertainty alone only ages it."""
        if emotion is None or not emotion.certain:
            if read_sec - self.seen_sec > MOOD_GRACE_SEC:
                self.label = ''
            return person
        if emotion.label != self.label:
            self.label, self.since_sec = emotion.label, read_sec
        self.seen_sec = read_sec
        if self.label == GLAD:
            self.glad_sec = read_sec
        if self.label == person.mood:
            return replace(person, mood_seen_sec=read_sec)
        if read_sec - self.since_sec < dwell_sec:
            return person
        return replace(
            person,
            mood=self.label,
            mood_since_sec=self.since_sec,
            mood_seen_sec=read_sec,
            mood_wavers=self.since_sec - self.glad_sec < WAVERS_SEC,
        )


class Readings:
    """The newest face of each person that another node has read."""

    def __init__(self) -> None:
        self._faces: dict[str, tuple[FaceObservation, float]] = {}

    def note(self, person: str, face: FaceObservation, stamp_sec: float) -> None:
        """Keep a face of another node."""
        self._faces[person] = (face, stamp_sec)

    def forget(self, person: str) -> None:
        """Keep nothing more of somebody."""
        self._faces.pop(person, None)

    def joined(
        self, face: FaceObservation, stamp_sec: float, ours_counts: bool
    ) -> tuple[FaceObservation, float]:
        """Join our emotion, if it counts, with a fresh one of another node; and when it is of."""
        ours = face.emotion if ours_counts else None
        other, other_sec = self._faces.get(face.person, (None, -math.inf))
        if other is None or stamp_sec - other_sec > EXTERNAL_FRESH_SEC:
            return replace(face, emotion=ours), stamp_sec
        emotion = fuse(ours, other.emotion)
        theirs = emotion is not None and emotion is other.emotion
        return replace(face, emotion=emotion), other_sec if theirs else stamp_sec


def fuse(own: Emotion | None, other: Emotion | None) -> Emotion | None:
    """Join two estimates of one face: the certain one, or the mean; unsure if they differ."""
    if own is None or other is None:
        return own or other
    if own.certain != other.certain:
        return own if own.certain else other
    scores = tuple((a + b) / 2 for a, b in zip(own.scores, other.scores, strict=True))
    best = max(range(len(scores)), key=scores.__getitem__)
    return Emotion(
        label=EMOTIONS[best],
        score=scores[best],
        scores=scores,
        valence=(own.valence + other.valence) / 2,
        arousal=(own.arousal + other.arousal) / 2,
        certain=own.certain and own.label == other.label,
    )
