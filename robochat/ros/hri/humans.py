"""What is known of people that other nodes track (REP-155), and the observation it makes.

Someone is observed when their face has a region of interest. TF gives distance, bearing and head
pose; without TF the first two are guessed from the region, and the engagement level says who
faces the robot.

Threads: not safe by itself; everything is called in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
import math
from typing import Any, Protocol

from robochat.config import Config
from robochat.perception.perceiver import FACE_BOX_M, focal_px
from robochat.ros import fields
from robochat.ros.hri import convert
from robochat.ros.hri.frames import Frames, Head
from robochat.values import Box, Emotion, EngagementState, FaceObservation, Observation

ROI_FRESH_SEC = 1.0
EXPRESSION_FRESH_SEC = 1.5
ENGAGEMENT_FRESH_SEC = 3.0
SPEAKING_FRESH_SEC = 1.0
NEAR_NOW_SEC = 5.0
NOMINAL_SIZE_PX = (640, 480)


class Sink(Protocol):
    """Where people go."""

    def felt(self, observation: Observation) -> None:
        """Take who was observed."""

    def heard(self, words: str, person: str) -> None:
        """Take words that were said."""

    def began_to_speak(self, person: str) -> None:
        """Take notice that someone has the floor."""

    def dropped(self, what: str, count: int = 1, why: str = '') -> None:
        """Count what can't be used."""


@dataclass
class _Person:
    """What is known of a person: which face and voice are theirs, and how engaged they are."""

    face: str = ''
    voice: str = ''
    engagement: EngagementState = EngagementState.UNKNOWN
    engagement_sec: float = -math.inf


@dataclass
class _Face:
    """The newest of each topic of a face, and when it came; `fresh` until it was passed on."""

    box: Box = field(default_factory=lambda: Box(0.0, 0.0, 0.0, 0.0))
    frame: str = ''
    stamp_sec: float = -math.inf
    fresh: bool = False
    emotion: Emotion | None = None
    emotion_sec: float = -math.inf


class Humans:
    """The people of other nodes, as far as messages told."""

    def __init__(self, config: Config, sink: Sink, clock: Callable[[], float]) -> None:
        self._config, self._sink, self._clock = config, sink, clock
        self._size_px = NOMINAL_SIZE_PX
        self._persons: dict[str, _Person] = {}
        self._faces: dict[str, _Face] = {}
        self._spoke_sec: dict[str, float] = {}
        self._frames = Frames()
        self._stamps = fields.StampReader(NEAR_NOW_SEC)

    def picture_is(self, width_px: int, height_px: int) -> None:
        """Take the size of our own camera's pictures, in which regions become pixels."""
        if width_px > 0 and height_px > 0:
            self._size_px = (width_px, height_px)

    # ------------------------------------------------------------------ what comes in
    def _person(self, name: str) -> _Person:
        return self._persons.setdefault(name, _Person())

    def on_face_id(self, person: str, message: Any) -> None:
        """Take whose face it is."""
        self._person(person).face = convert.id_from_msg(message)

    def on_voice_id(self, person: str, message: Any) -> None:
        """Take whose voice it is."""
        self._person(person).voice = convert.id_from_msg(message)

    def on_engagement(self, person: str, message: Any) -> None:
        """Take how engaged someone is."""
        known = self._person(person)
        known.engagement = convert.engagement_from_msg(message)
        known.engagement_sec = self._clock()

    def on_roi(self, name: str, message: Any) -> None:
        """Take where a face is in the picture."""
        face = self._faces.setdefault(name, _Face())
        face.box = convert.box_from_msg(message, *self._size_px)
        header = getattr(message, 'header', None)
        face.frame = fields.label(header.frame_id) if header else ''
        face.stamp_sec = self._stamp(header)
        face.fresh = True

    def on_expression(self, name: str, message: Any) -> None:
        """Take what a face looks like."""
        certain_from = self._config.perception.emotion_certain
        face = self._faces.setdefault(name, _Face())
        face.emotion = convert.emotion_from_msg(message, certain_from)
        face.emotion_sec = self._clock()

    def on_speech(self, voice: str, message: Any) -> None:
        """Pass final words on; words that only begin take the floor."""
        speech = convert.speech_from_msg(message)
        person = self._person_of(voice)
        if speech.speaking:
            self._spoke_sec[voice] = self._clock()
            self._sink.began_to_speak(person)
        if not speech.final:
            return
        self._spoke_sec.pop(voice, None)
        if speech.is_in(self._config.dialogue.language):
            self._sink.heard(speech.final, person)
        else:
            self._sink.dropped('speech in another language')

    def on_speaking(self, voice: str, message: Any) -> None:
        """Take that a voice is heard, or no more."""
        if not message.data:
            self._spoke_sec.pop(voice, None)
        else:
            self._spoke_sec[voice] = self._clock()
            self._sink.began_to_speak(self._person_of(voice))

    def on_tf(self, message: Any, now_sec: float) -> None:
        """Take transforms; static ones come with `now_sec` infinite."""
        dropped = self._frames.take(message.transforms, now_sec)
        if dropped:
            self._sink.dropped('transforms', dropped)

    def _person_of(self, voice: str) -> str:
        """Who has this voice; empty when nobody said."""
        return next((name for name, p in self._persons.items() if p.voice == voice), '')

    def _stamp(self, header: Any) -> float:
        """The header's stamp where it is near now, else now."""
        now_sec = self._clock()
        return self._stamps.read(header.stamp, now_sec) if header else now_sec

    # ------------------------------------------------------------------ what is made of it
    def forget(self, persons: tuple[str, ...], faces: tuple[str, ...]) -> None:
        """Let go of who is off the lists."""
        for name in persons:
            self._persons.pop(name, None)
        for name in faces:
            self._faces.pop(name, None)

    def forget_voices(self, voices: tuple[str, ...]) -> None:
        """Let go of voices that are off their list."""
        for name in voices:
            self._spoke_sec.pop(name, None)

    def observe(self, faces_are_persons: bool) -> Observation | None:
        """Put the news since the last time together; None when there is none.

        Where nobody publishes persons, `faces_are_persons`.
        """
        now_sec = self._clock()
        pairs = self._pairs(faces_are_persons)
        seen = [(person, face) for person, face in pairs if self._is_news(face, now_sec)]
        people = tuple(self._observe_one(person, face, now_sec) for person, face in seen)
        stamps_sec = [self._faces[face].stamp_sec for _, face in seen]
        for face in self._faces.values():
            face.fresh = False
        return Observation(max(stamps_sec), *self._size_px, people) if people else None

    def _pairs(self, faces_are_persons: bool) -> list[tuple[str, str]]:
        """Persons with their faces."""
        if faces_are_persons:
            return [(name, name) for name in self._faces]
        return [(name, p.face) for name, p in self._persons.items() if p.face in self._faces]

    def _is_news(self, name: str, now_sec: float) -> bool:
        face = self._faces[name]
        return face.fresh and abs(now_sec - face.stamp_sec) <= ROI_FRESH_SEC

    def _observe_one(self, person: str, name: str, now_sec: float) -> FaceObservation:
        """Put together what is known of one person now."""
        face = self._faces[name]
        known = self._persons.get(person, _Person())
        camera = self._config.hri.camera_frame or face.frame
        head = self._frames.head(camera, name, now_sec) if camera else None
        spoke_sec = self._spoke_sec.get(known.voice, -math.inf)
        observed = FaceObservation(
            person=person,
            box=face.box,
            score=1.0,
            bearing_rad=0.0,
            mouth_active=abs(now_sec - spoke_sec) <= SPEAKING_FRESH_SEC,
            emotion=face.emotion
            if abs(now_sec - face.emotion_sec) <= EXPRESSION_FRESH_SEC
            else None,
        )
        fresh = abs(now_sec - known.engagement_sec) <= ENGAGEMENT_FRESH_SEC
        engaged = fresh and known.engagement in convert.LOOKS_AT_ROBOT
        return self._placed(observed, head, engaged)

    def _placed(
        self, observed: FaceObservation, head: Head | None, engaged: bool
    ) -> FaceObservation:
        """Add distance, bearing and pose, measured where TF has them and else guessed."""
        width_px = self._size_px[0]
        focal = focal_px(width_px, self._config.camera.hfov_deg)
        if head is None:
            return replace(
                observed,
                bearing_rad=math.atan2(width_px / 2 - observed.box.center[0], focal),
                distance_m=focal * FACE_BOX_M / max(observed.box.height, 1.0),
                facing=engaged,
            )
        return replace(
            observed,
            bearing_rad=head.bearing_rad,
            distance_m=head.distance_m,
            pose=head.pose,
            facing=engaged if head.pose is None else self._faces_robot(head),
        )

    def _faces_robot(self, head: Head) -> bool:
        """Judge a head by the same angles as our own perception does."""
        limits = self._config.perception
        assert head.pose is not None
        return abs(head.pose.yaw_rad) <= math.radians(limits.facing_yaw_deg) and abs(
            head.pose.pitch_rad
        ) <= math.radians(limits.facing_pitch_deg)
