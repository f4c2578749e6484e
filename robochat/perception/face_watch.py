"""Follow faces from frame to frame at a bounded cost.

Flow: the detector searches the whole picture four times a second; in between, each face is
followed by its own landmarks, whose flag tells when it is lost (as in MediaPipe's face mesh
pipeline, arXiv 1907.06724). Landmarks are read at most eleven times a second; a faster camera's
frames in between repeat what is known. Meshes and readings have a budget for each frame, spent on
the faces that waited longest, so a crowd costs little more than one person.

Threads: one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
import math

from robochat.perception.emotion import EmotionReader
from robochat.perception.face_memory import FaceMemory
from robochat.perception.faces import FaceDetector
from robochat.perception.mesh import MeshReader
from robochat.perception.tracks import DOUBLE, Found, inside, Tracker
from robochat.resources import model_path
from robochat.settings import PerceptionSettings
from robochat.values import Box, Frame, RgbImage

SEARCH_SEC = 0.24
MESH_SEC = 0.09


class FaceWatch:
    """Keeps a FaceMemory for every face; `faces_per_frame` is the budget."""

    def __init__(self, settings: PerceptionSettings, faces_per_frame: int) -> None:
        """Raises MissingFileError and WeightsError for weights."""
        self._settings = settings
        self._faces_per_frame = faces_per_frame
        self._detector = FaceDetector(
            model_path('face_detection_full_range_sparse.tflite'),
            settings.face_score,
            settings.threads,
        )
        self._mesh_reader = MeshReader(model_path('face_landmark.tflite'), settings.threads)
        self._emotion_reader = EmotionReader(settings.threads)
        self._tracks = Tracker(settings.track_lost_sec)
        self._memories: dict[str, FaceMemory] = {}
        self._seen: tuple[str, ...] = ()
        self._search_sec = -math.inf
        self._frames = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """What had to be replaced by something lesser."""
        return self._emotion_reader.missing

    def update(self, frame: Frame) -> Mapping[str, FaceMemory]:
        """Return the faces that are seen in `frame`, by id, in the order of the detector."""
        self._frames += 1
        if self._must_search(frame.stamp_sec) or not self._follow(frame):
            self._search(frame)
            self._read_meshes(frame)
        self._read_expressions(frame)
        return {name: self._memories[name] for name in self._seen}

    def _must_search(self, now_sec: float) -> bool:
        """Tell whether the detector is due, or needed for faces that can't be followed."""
        since = now_sec - self._search_sec
        return not 0 <= since < SEARCH_SEC or len(self._seen) > self._faces_per_frame

    def _search(self, frame: Frame) -> None:
        """Find faces in the whole picture and give them their ids."""
        self._search_sec = frame.stamp_sec
        faces = [f for f in self._detector.detect(frame.image) if self._is_big(f.box)]
        ids = self._tracks.update([Found('person', f.box) for f in faces], frame.stamp_sec)
        alive = self._tracks.ids
        self._memories = {name: m for name, m in self._memories.items() if name in alive}
        for name, face in zip(ids, faces, strict=True):
            if name is not None:
                memory = self._memories.setdefault(name, FaceMemory(self._settings))
                memory.take_detection(face.box, face.score, face.roll_rad)
        self._seen = tuple(name for name in ids if name is not None)

    def _is_big(self, box: Box) -> bool:
        """Tell whether a face is large enough to be read."""
        return min(box.width, box.height) >= self._settings.min_face_px

    def _read_meshes(self, frame: Frame) -> None:
        """Spend the budget on the meshes that waited longest."""
        now = frame.stamp_sec
        due = [n for n in self._seen if not 0 <= now - self._memories[n].mesh_sec < MESH_SEC]
        waiting = sorted(due, key=lambda name: self._memories[name].mesh_frame)
        for name in waiting[: self._faces_per_frame]:
            memory = self._memories[name]
            mesh = self._mesh_reader.read(frame.image, memory.box, memory.roll_rad)
            memory.take_mesh(mesh, now, self._frames)

    def _follow(self, frame: Frame) -> bool:
        """Follow every face by its landmarks; false when one was lost or two became the same."""
        self._read_meshes(frame)
        kept: dict[str, Box] = {}
        for name in self._seen:
            memory = self._memories[name]
            twice = any(inside(memory.box, box) > DOUBLE for box in kept.values())
            if twice or memory.mesh(frame.stamp_sec) is None:
                return False
            kept[name] = memory.box
        fresh = {n: b for n, b in kept.items() if self._memories[n].mesh_frame == self._frames}
        self._tracks.follow(fresh, frame.stamp_sec)
        return True

    def _read_expressions(self, frame: Frame) -> None:
        """Spend the budget on the expressions that waited longest."""
        due = [n for n in self._seen if self._memories[n].wants_reading(frame.stamp_sec)]
        due.sort(key=lambda name: self._memories[name].reading_sec)
        for name in due[: self._faces_per_frame]:
            self._read_expression(frame.image, self._memories[name], frame.stamp_sec)

    def _read_expression(self, rgb: RgbImage, memory: FaceMemory, now_sec: float) -> None:
        """Read one crop of one face."""
        views = (memory.view,)
        scores = self._emotion_reader.read(rgb, memory.box, memory.roll_rad, views)
        memory.take_reading(scores, now_sec)
