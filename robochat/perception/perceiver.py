"""From frames to observations: faces often, things and place rarely.

Threads: one thread may call `see` while another calls `look`; they share no state. Neither may be
called by two threads at once.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import TypeVar

import numpy as np
from robochat.config import Config
from robochat.perception.appearance import Recall
from robochat.perception.face_memory import FaceMemory
from robochat.perception.face_watch import FaceWatch
from robochat.perception.mesh import FaceMesh
from robochat.perception.objects import ObjectDetector, read_labels
from robochat.perception.place import PlaceGuesser
from robochat.perception.tracks import Found, Tracker
from robochat.resources import model_path
from robochat.values import (
    Box,
    FaceObservation,
    Frame,
    HeadPose,
    ObjectObservation,
    Observation,
    SceneObservation,
)

Result = TypeVar('Result')

FACES_PER_FRAME = 2
# Between the outer corners of the eyes: 80 to 93 mm on the simulator's people, a boy of 11 has 84.
EYE_CORNERS_M = 0.089
FACE_BOX_M = 0.16


class PerceptionError(RuntimeError):
    """A frame couldn't be perceived and should be dropped and counted; the cause is attached."""


class Perceiver:
    """Everything that robochat sees with, opened once.

    `faces_per_frame` bounds the meshes and readings of one frame. Raises MissingFileError or
    WeightsError when a weight file is missing or damaged.
    """

    def __init__(self, config: Config, faces_per_frame: int = FACES_PER_FRAME) -> None:
        self._config = config
        self._faces = FaceWatch(config.perception, faces_per_frame)
        self._objects = self._open_objects()
        self._recall = Recall(config.perception.recall_sec)
        self._object_tracks = Tracker(config.perception.track_lost_sec)
        self._place = PlaceGuesser()

    def _open_objects(self) -> ObjectDetector | None:
        """Open NanoDet, unless objects are turned off."""
        settings = self._config.perception
        if settings.objects_hz <= 0:
            return None
        labels = read_labels(model_path('coco80_labels.txt'))
        path = model_path('nanodet.onnx')
        return ObjectDetector(path, labels, settings.object_score, settings.threads)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be replaced by something lesser, with the remedy; say it once."""
        return self._faces.missing

    def see(self, frame: Frame) -> Observation:
        """Return the faces in `frame`.

        Raises PerceptionError when the frame is no RGB picture or a network fails on it.
        """
        return _guarded(self._see, frame)

    def _see(self, frame: Frame) -> Observation:
        seen = self._faces.update(frame)
        boxes = {track: memory.box for track, memory in seen.items()}
        names = self._recall.names(frame.image, boxes, frame.stamp_sec)
        faces = tuple(self._observe(names[t], memory, frame) for t, memory in seen.items())
        return Observation(frame.stamp_sec, frame.width_px, frame.height_px, faces)

    def _observe(self, name: str, memory: FaceMemory, frame: Frame) -> FaceObservation:
        """Put together what is known of one face now."""
        now = frame.stamp_sec
        mesh = memory.mesh(now)
        focal = focal_px(frame.width_px, self._config.camera.hfov_deg)
        return FaceObservation(
            person=name,
            box=memory.box,
            score=memory.score,
            bearing_rad=math.atan2(frame.width_px / 2 - memory.box.center[0], focal),
            distance_m=_distance(memory.box, mesh, focal),
            pose=mesh.pose if mesh else None,
            facing=mesh is not None and self._is_facing(mesh.pose),
            mouth_open=mesh.mouth_open if mesh else None,
            mouth_active=memory.mouth_active(now),
            emotion=memory.emotion(now),
            eyes_closed=memory.eyes_closed(now),
        )

    def _is_facing(self, pose: HeadPose) -> bool:
        """Tell whether a head points at the camera.

        The pose is relative to the ray toward the face, so a face at the edge of the picture that
        looks into the camera has no yaw either (27 degrees off the axis, 3 were measured).
        """
        settings = self._config.perception
        return abs(pose.yaw_rad) <= math.radians(settings.facing_yaw_deg) and abs(
            pose.pitch_rad
        ) <= math.radians(settings.facing_pitch_deg)

    def look(self, frame: Frame) -> SceneObservation:
        """Return the things in `frame` and a guess at the place; takes about 0.1 s on one core.

        Raises PerceptionError when the frame is no RGB picture or the network fails on it.
        """
        return _guarded(self._look, frame)

    def _look(self, frame: Frame) -> SceneObservation:
        found = self._objects.detect(frame.image) if self._objects else ()
        ids = self._object_tracks.update([Found(o.label, o.box) for o in found], frame.stamp_sec)
        return SceneObservation(
            stamp_sec=frame.stamp_sec,
            width_px=frame.width_px,
            height_px=frame.height_px,
            objects=tuple(
                ObjectObservation(name, item.label, item.score, item.box)
                for name, item in zip(ids, found, strict=True)
                if name is not None
            ),
            place=self._place.update(found, frame.stamp_sec),
        )


def focal_px(width_px: int, hfov_deg: float) -> float:
    """Return the focal length in pixels of a camera without distortion."""
    return width_px / 2 / math.tan(math.radians(hfov_deg) / 2)


def _guarded(perceive: Callable[[Frame], Result], frame: Frame) -> Result:
    """Refuse what is no picture, and turn any failure into one that the caller can count."""
    image = frame.image
    if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3):
        raise PerceptionError('the frame is no array (height, width, 3) of uint8')
    if image.shape[2] != 3 or 0 in image.shape or not math.isfinite(frame.stamp_sec):
        raise PerceptionError(
            f'the frame has shape {image.shape} and stamp {frame.stamp_sec}: '
            'must be (height, width, 3), not empty, at a finite time'
        )
    try:
        return perceive(frame)
    except Exception as error:  # the runtimes raise classes of their own
        raise PerceptionError(f'frame {frame.number} was dropped: {error}') from error


def _distance(box: Box, mesh: FaceMesh | None, focal: float) -> float:
    """Estimate the distance in metres, from the mesh if there is one.

    The detector's box stops shrinking at about 3 m; the mesh is right within 10 % up to there.
    """
    if mesh is not None:
        return focal * EYE_CORNERS_M / max(mesh.eye_corners_px, 1.0)
    return focal * FACE_BOX_M / max(box.height, 1.0)
