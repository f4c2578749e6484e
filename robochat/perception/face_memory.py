"""What is remembered of one face between frames: place, mesh, mouth, expression."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
import math

from robochat.perception.emotion import EmotionFilter, View, VIEWS
from robochat.perception.mesh import FaceMesh
from robochat.settings import PerceptionSettings
from robochat.values import Box, Emotion, HeadPose

MESH_VALID_SEC = 0.6
MOUTH_SEC = 1.0
LEAST_MOUTH_SAMPLES = 4
# Back-and-forth of the lips within a second, in distances between the eyes' outer corners: resting
# lips measured up to 0.14, quiet speech 0.15 to 0.35. A change of expression goes only forth.
TALKING = 0.16
READING_SEC = 0.15
# Gap of the lids in widths of the eye: open ones measured 0.25 to 0.45 over moods and faces,
# closed ones 0.10 to 0.29, most under 0.22. A narrow look must not count as sleep, so that some
# sleep is missed.
LIDS_DOWN = 0.22


class FaceMemory:
    """The state of one tracked face; `box`, `score` and `roll_rad` are where it was seen last."""

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._emotion = EmotionFilter(settings.emotion_smoothing_sec, settings.emotion_certain)
        self._mesh: FaceMesh | None = None
        self._mouth: deque[tuple[float, float]] = deque()
        self._readings = 0
        self.mesh_sec = -math.inf
        self.mesh_frame = -1
        self.box = Box(0.0, 0.0, 0.0, 0.0)
        self.score = 0.0
        self.roll_rad = 0.0

    def take_detection(self, box: Box, score: float, roll_rad: float) -> None:
        """Keep where the detector found the face."""
        self.box, self.score, self.roll_rad = box, score, roll_rad

    def take_mesh(self, mesh: FaceMesh, stamp_sec: float, frame: int) -> None:
        """Keep the newest mesh; `frame` counts frames, so that the stalest face comes first."""
        self._mesh, self.mesh_sec, self.mesh_frame = mesh, stamp_sec, frame
        if mesh.is_face:
            self.box, self.roll_rad = mesh.box, mesh.roll_rad
            self._mouth.append((stamp_sec, mesh.mouth_open))

    def mesh(self, now_sec: float) -> FaceMesh | None:
        """Return the mesh unless it is old, or says itself that it shows no face."""
        if self._mesh is None or not 0 <= now_sec - self.mesh_sec <= MESH_VALID_SEC:
            return None
        return self._mesh if self._mesh.is_face else None

    def mouth_active(self, now_sec: float) -> bool:
        """Tell whether the lips went to and fro during the last second, as they do in speech."""
        self._mouth = deque(m for m in self._mouth if 0 <= now_sec - m[0] <= MOUTH_SEC)
        opening = [m[1] for m in self._mouth]
        if len(opening) < LEAST_MOUTH_SAMPLES:
            return False
        way = sum(abs(b - a) for a, b in pairwise(opening))
        return way - abs(opening[-1] - opening[0]) > TALKING

    def eyes_closed(self, now_sec: float) -> bool:
        """Tell whether both lids are down in the newest mesh; blinking is for others to judge."""
        mesh = self.mesh(now_sec)
        return mesh is not None and self._is_readable(mesh.pose) and mesh.eyes_open < LIDS_DOWN

    def wants_reading(self, now_sec: float) -> bool:
        """Tell whether an expression may be read now: the face is shown well and one is due."""
        mesh = self.mesh(now_sec)
        since = now_sec - self._emotion.last_sec
        return mesh is not None and self._is_readable(mesh.pose) and not 0 <= since < READING_SEC

    def _is_readable(self, pose: HeadPose) -> bool:
        """Tell whether the head is turned little enough for the networks."""
        return abs(pose.yaw_rad) <= math.radians(self._settings.emotion_yaw_deg) and abs(
            pose.pitch_rad
        ) <= math.radians(self._settings.emotion_pitch_deg)

    @property
    def view(self) -> View:
        """The crop that is due; six readings make a round."""
        return VIEWS[self._readings % len(VIEWS)]

    @property
    def reading_sec(self) -> float:
        """Stamp of the newest reading."""
        return self._emotion.last_sec

    def take_reading(self, scores: tuple[float, ...], stamp_sec: float) -> None:
        """Keep the scores of one reading."""
        self._emotion.add(scores, stamp_sec)
        self._readings += 1

    def emotion(self, now_sec: float) -> Emotion | None:
        """Return the smoothed expression."""
        return self._emotion.at(now_sec)
