"""Keeps a person's id when the tracker loses a face and finds it again under another one.

A face under a new id, where somebody's face was an instant ago and is no more, is that somebody.
With two of them to choose from nobody is chosen: a stranger is better than a mistaken identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from robochat.values import FaceObservation, Observation, Person

LOST_SEC = 1.0
LEAST_OVERLAP = 0.3
MAX_ALIASES = 500


def same_person(face: FaceObservation, people: Iterable[Person]) -> str | None:
    """Match another node's face with one of ours by id, else by overlap."""
    known = tuple(people)
    if any(person.id == face.person for person in known):
        return face.person
    overlaps = ((p.box.iou(face.box), p.id) for p in known if p.visible)
    best = max(overlaps, default=(0.0, ''))
    return best[1] if best[0] > LEAST_OVERLAP else None


class Identities:
    """Which track ids are really somebody else's."""

    def __init__(self) -> None:
        self._aliases: dict[str, str] = {}

    def settle(self, observation: Observation, people: Sequence[Person]) -> Observation:
        """Return the observation with every face under the id of the person it belongs to."""
        if not observation.faces:
            return observation
        tracks = {f.person for f in observation.faces}
        for track in tracks & self._aliases.keys():
            if self._aliases[track] in tracks:  # both are seen at once: they are two
                del self._aliases[track]
        taken = {self._aliases.get(track, track) for track in tracks}
        known = {p.id for p in people}
        missing = [
            p
            for p in people
            if p.id not in taken and 0 < observation.stamp_sec - p.last_seen_sec <= LOST_SEC
        ]
        for face in observation.faces if missing else ():
            if face.person not in known and face.person not in self._aliases:
                self._adopt(face, missing)
        faces = tuple(self._named(face) for face in observation.faces)
        return replace(observation, faces=faces)

    def _adopt(self, face: FaceObservation, missing: list[Person]) -> None:
        """Give a new face the id of the one missing person whose place it takes."""
        there = [p for p in missing if p.box.iou(face.box) >= LEAST_OVERLAP]
        if len(there) == 1:
            missing.remove(there[0])
            self._aliases[face.person] = there[0].id
            while len(self._aliases) > MAX_ALIASES:
                del self._aliases[next(iter(self._aliases))]

    def _named(self, face: FaceObservation) -> FaceObservation:
        """The face under its settled id."""
        name = self._aliases.get(face.person)
        return face if name is None else replace(face, person=name)
