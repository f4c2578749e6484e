"""Guess the kind of room from the things in it, and abstain where they don't tell.

What this doesn't do: know the home. A map or the robot's own state is better where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

from robochat.perception.objects import DetectedObject
from robochat.values import Place

# How much a thing speaks for a room, 0 to 1: where in a home people expect to find it.
CLUES: Mapping[str, Mapping[str, float]] = {
    'couch': {'living_room': 1.0},
    'tv': {'living_room': 0.7, 'bedroom': 0.2},
    'remote': {'living_room': 0.6},
    'vase': {'living_room': 0.3, 'dining_room': 0.2},
    'potted plant': {'living_room': 0.3, 'office': 0.1},
    'teddy bear': {'bedroom': 0.3, 'living_room': 0.2},
    'refrigerator': {'kitchen': 1.0},
    'oven': {'kitchen': 1.0},
    'microwave': {'kitchen': 0.9},
    'toaster': {'kitchen': 0.9},
    'sink': {'kitchen': 0.5, 'bathroom': 0.5},
    'knife': {'kitchen': 0.4, 'dining_room': 0.2},
    'bowl': {'kitchen': 0.3, 'dining_room': 0.3},
    'bottle': {'kitchen': 0.2, 'dining_room': 0.2},
    'fork': {'dining_room': 0.4, 'kitchen': 0.2},
    'wine glass': {'dining_room': 0.5},
    'dining table': {'dining_room': 0.6, 'kitchen': 0.2},
    'bed': {'bedroom': 1.0},
    'toilet': {'bathroom': 1.0},
    'toothbrush': {'bathroom': 0.8},
    'hair drier': {'bathroom': 0.5, 'bedroom': 0.3},
    'laptop': {'office': 0.4, 'living_room': 0.2},
    'keyboard': {'office': 0.8},
    'mouse': {'office': 0.8},
    'book': {'office': 0.2, 'living_room': 0.3},
}
# Weight of "none of these": one strong clue that is surely seen is enough, weak ones are not.
DOUBT = 0.5
LEAST_SHARE = 0.5
MEMORY_SEC = 20.0


class PlaceGuesser:
    """Adds up clues over time, so that a fridge counts on after the camera has turned from it."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def update(self, objects: Iterable[DetectedObject], now_sec: float) -> Place:
        """Take the things of one picture in and return the guess; an empty label abstains."""
        self._seen = {
            label: (score, stamp)
            for label, (score, stamp) in self._seen.items()
            if stamp <= now_sec
        }
        for item in objects:
            score, stamp = self._seen.get(item.label, (0.0, now_sec))
            if item.score >= score * _fading(now_sec - stamp):
                self._seen[item.label] = (item.score, now_sec)
        scores = {
            label: score * _fading(now_sec - stamp) for label, (score, stamp) in self._seen.items()
        }
        return guess_place(scores)


def guess_place(scores: Mapping[str, float]) -> Place:
    """Return the room that things (label -> score) speak for, with its share of all evidence."""
    evidence: dict[str, float] = {}
    for label, score in scores.items():
        for room, weight in CLUES.get(label, {}).items():
            evidence[room] = evidence.get(room, 0.0) + weight * score
    if not evidence:
        return Place()
    room = max(evidence, key=lambda name: (evidence[name], name))
    share = evidence[room] / (sum(evidence.values()) + DOUBT)
    return Place(room, share) if share >= LEAST_SHARE else Place('', share)


def _fading(age_sec: float) -> float:
    """Return how much of a clue is left."""
    return math.exp(-age_sec / MEMORY_SEC)
