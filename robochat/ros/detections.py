"""Things that another node detected, as vision_msgs/Detection2DArray.

Used where vision_msgs (4 and later: Humble to Kilted) is installed. Detectors rarely track, so ids
are made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from robochat.perception.tracks import Found, Tracker
from robochat.ros import fields
from robochat.ros.fields import ConvertError
from robochat.values import ObjectObservation, SceneObservation

TYPE = 'vision_msgs/msg/Detection2DArray'


class Detections:
    """Reads detections, and keeps the ids of things from one message to the next."""

    def __init__(self, lost_sec: float) -> None:
        self._tracks = Tracker(lost_sec)

    def scene(self, message: Any, stamp_sec: float) -> SceneObservation:
        """Read the things of one picture; raises ConvertError.

        The picture's size is unknown, and so 0.
        """
        found = tuple(_things(message))
        tracked = self._tracks.update([Found(t.label, t.box) for t in found], stamp_sec)
        things = tuple(
            ObjectObservation(thing.id or name, thing.label, thing.score, thing.box)
            for thing, name in zip(found, tracked, strict=True)
            if name is not None
        )
        return SceneObservation(stamp_sec, width_px=0, height_px=0, objects=things)


def _things(message: Any) -> Iterator[ObjectObservation]:
    """Yield each detection that has a hypothesis, as its likeliest class."""
    for detection in fields.few(message.detections, 'detections'):
        guesses = [r.hypothesis for r in fields.few(detection.results, 'detections.results')]
        if not guesses:
            continue
        best = max(guesses, key=lambda guess: float(guess.score))
        label = fields.label(best.class_id)
        if not label or label.isdecimal():
            raise ConvertError(
                f'detections: class_id {label!r} is no name; let the detector publish class names'
            )
        box, center = detection.bbox, detection.bbox.center.position
        corner = (center.x - box.size_x / 2, center.y - box.size_y / 2)
        yield ObjectObservation(
            id=fields.label(detection.id),
            label=label,
            score=fields.share(best.score, 'detections.score'),
            box=fields.box_from_msg((*corner, box.size_x, box.size_y), 'detections.bbox'),
        )
