"""Faces and things in a picture, as messages and as values.

Own estimates leave this way and those of other nodes come in, whose expressions may have other
names, other orders, or no scores at all.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from robochat.ros import fields
from robochat.ros.fields import ConvertError
from robochat.values import (
    Emotion,
    EMOTIONS,
    FaceObservation,
    HeadPose,
    ObjectObservation,
    Observation,
    Place,
    SceneObservation,
)
from std_msgs.msg import Header

from robochat_msgs import msg as ros

MAX_DISTANCE_M = 100.0
OTHER_NAMES = {
    'anger': 'angry',
    'disgusted': 'disgust',
    'fearful': 'fear',
    'happiness': 'happy',
    'joy': 'happy',
    'sadness': 'sad',
    'surprised': 'surprise',
}


# --------------------------------------------------------------------------- faces
def observation_to_msg(
    observation: Observation, frame_id: str = '', source: str = 'robochat'
) -> ros.EmotionArray:
    """Write the faces of one picture."""
    header = fields.header(observation.stamp_sec, frame_id)
    return ros.EmotionArray(
        header=header,
        source=fields.label(source),
        width=fields.count(observation.width_px),
        height=fields.count(observation.height_px),
        emotions=[_face_to_msg(face, header) for face in observation.faces],
    )


def observation_from_msg(message: ros.EmotionArray, stamp_sec: float) -> Observation:
    """Read the faces of one picture; raises ConvertError."""
    emotions = fields.few(message.emotions, 'emotions')
    return Observation(
        stamp_sec=stamp_sec,
        width_px=int(message.width),
        height_px=int(message.height),
        faces=tuple(_face_from_msg(emotion) for emotion in emotions),
    )


def _face_to_msg(face: FaceObservation, header: Header) -> ros.Emotion:
    """Write one face; without an expression its label is empty."""
    pose = face.pose or HeadPose(math.nan, math.nan, math.nan)
    message = ros.Emotion(
        header=header,
        person=fields.label(face.person),
        box=fields.box_to_msg(face.box),
        yaw=float(pose.yaw_rad),
        pitch=float(pose.pitch_rad),
        roll=float(pose.roll_rad),
        facing=face.facing,
        face_score=float(face.score),
        bearing=float(face.bearing_rad),
        distance=fields.or_nan(face.distance_m),
        mouth_active=face.mouth_active,
        eyes_closed=face.eyes_closed,
    )
    if face.emotion is not None:
        _write_emotion(face.emotion, message)
    return message


def _write_emotion(emotion: Emotion, message: ros.Emotion) -> None:
    """Fill in the expression."""
    message.label = fields.label(emotion.label)
    message.score = float(emotion.score)
    message.labels = list(EMOTIONS)
    message.scores = [float(score) for score in emotion.scores]
    message.valence = float(emotion.valence)
    message.arousal = float(emotion.arousal)
    message.certain = emotion.certain


def _face_from_msg(message: ros.Emotion) -> FaceObservation:
    """Read one face. Zero, which senders leave where they don't know, is no score or distance."""
    distance = fields.optional(message.distance, 0.0, MAX_DISTANCE_M)
    return FaceObservation(
        person=fields.label(message.person),
        box=fields.box_from_msg(message.box, 'emotion.box'),
        score=fields.share(message.face_score, 'emotion.face_score') or 1.0,
        bearing_rad=fields.optional(message.bearing, -math.pi, math.pi) or 0.0,
        distance_m=distance or None,
        pose=_pose_from_msg(message),
        facing=message.facing,
        mouth_active=message.mouth_active,
        emotion=_emotion_from_msg(message),
        eyes_closed=message.eyes_closed,
    )


def _pose_from_msg(message: ros.Emotion) -> HeadPose | None:
    """Read the head pose; unknown unless yaw and pitch are known."""
    yaw = fields.optional(message.yaw, -math.pi, math.pi)
    pitch = fields.optional(message.pitch, -math.pi, math.pi)
    if yaw is None or pitch is None:
        return None
    return HeadPose(yaw, pitch, fields.optional(message.roll, -math.pi, math.pi) or 0.0)


def _emotion_from_msg(message: ros.Emotion) -> Emotion | None:
    """Read the expression, under the names that robochat uses; None without a label."""
    if not message.label and not message.labels:
        return None
    scores = _scores_from_msg(message)
    best = max(range(len(EMOTIONS)), key=scores.__getitem__)
    named = _known(message.label)
    return Emotion(
        label=EMOTIONS[best],
        score=scores[best],
        scores=scores,
        valence=fields.number(message.valence, 'emotion.valence', -1.0, 1.0),
        arousal=fields.number(message.arousal, 'emotion.arousal', -1.0, 1.0),
        certain=message.certain and named == EMOTIONS[best],
    )


def _scores_from_msg(message: ros.Emotion) -> tuple[float, ...]:
    """Read scores in the order of EMOTIONS, summing to 1; raises ConvertError."""
    labels = fields.few(message.labels, 'emotion.labels')
    if len(labels) != len(message.scores):
        raise ConvertError(
            f'emotion has {len(labels)} labels and {len(message.scores)} scores: must be as many'
        )
    if not labels:
        return spread(_known(message.label), fields.share(message.score, 'emotion.score'))
    totals = dict.fromkeys(EMOTIONS, 0.0)
    for name, score in zip(labels, message.scores, strict=True):
        read = fields.share(score, f'emotion.scores of {fields.label(name)}')
        if _known(name):
            totals[_known(name)] += read
    return _shares(tuple(totals.values()), labels)


def _shares(scores: tuple[float, ...], labels: Sequence[str]) -> tuple[float, ...]:
    """Divide scores by their sum; raises ConvertError when no label is known or all are zero."""
    total = sum(scores)
    if total <= 0:
        names = ', '.join(fields.label(name) for name in labels[:10])
        raise ConvertError(f'no score for {", ".join(EMOTIONS)} among the labels {names}')
    return tuple(score / total for score in scores)


def spread(name: str, score: float) -> tuple[float, ...]:
    """Make scores from one label, the rest shared evenly; raises ConvertError for unknown ones."""
    if not name:
        raise ConvertError(f'emotion.label is unknown: must be one of {", ".join(EMOTIONS)}')
    rest = (1.0 - score) / (len(EMOTIONS) - 1)
    return tuple(score if emotion == name else rest for emotion in EMOTIONS)


def _known(name: str) -> str:
    """Translate the name of an expression; empty when robochat has no such expression."""
    lower = fields.label(name).lower()
    translated = OTHER_NAMES.get(lower, lower)
    return translated if translated in EMOTIONS else ''


# --------------------------------------------------------------------------- things
def scene_to_msg(
    scene: SceneObservation, frame_id: str = '', source: str = 'robochat'
) -> ros.Scene:
    """Write the things and the place of one picture."""
    header = fields.header(scene.stamp_sec, frame_id)
    return ros.Scene(
        header=header,
        source=fields.label(source),
        width=fields.count(scene.width_px),
        height=fields.count(scene.height_px),
        place=fields.label(scene.place.label),
        place_score=float(scene.place.score),
        objects=[_object_to_msg(thing, header) for thing in scene.objects],
        caption=fields.text(scene.caption),
    )


def scene_from_msg(message: ros.Scene, stamp_sec: float) -> SceneObservation:
    """Read the things and the place of one picture; raises ConvertError."""
    place = Place(
        fields.label(message.place), fields.share(message.place_score, 'scene.place_score')
    )
    return SceneObservation(
        stamp_sec=stamp_sec,
        width_px=int(message.width),
        height_px=int(message.height),
        objects=tuple(_object_from_msg(m) for m in fields.few(message.objects, 'scene.objects')),
        place=place,
        caption=fields.text(message.caption),
    )


def _object_to_msg(thing: ObjectObservation, header: Header) -> ros.SceneObject:
    """Write one thing."""
    return ros.SceneObject(
        header=header,
        id=fields.label(thing.id),
        label=fields.label(thing.label),
        score=float(thing.score),
        box=fields.box_to_msg(thing.box),
    )


def _object_from_msg(message: ros.SceneObject) -> ObjectObservation:
    """Read one thing; its relations are not read, since the world finds its own."""
    if not fields.label(message.label):
        raise ConvertError('scene.objects: an object has no label; its class name must be given')
    return ObjectObservation(
        id=fields.label(message.id),
        label=fields.label(message.label),
        score=fields.share(message.score, 'scene.objects.score'),
        box=fields.box_from_msg(message.box, 'scene.objects.box'),
    )
