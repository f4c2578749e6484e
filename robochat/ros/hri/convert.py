"""REP-155 messages as values and back; all pure.

Types are arguments, for their packages may be missing. Ids become parts of topic names, so only
what such a name can carry is an id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import json
import re
from typing import Any

from robochat.ros import fields
from robochat.ros.faces import spread
from robochat.ros.fields import ConvertError
from robochat.values import ActionPlan, Box, Emotion, EngagementState, Utterance

LEVELS = tuple(EngagementState)  # in the order of EngagementLevel's constants
LOOKS_AT_ROBOT = (EngagementState.ENGAGING, EngagementState.ENGAGED)
MYSELF = '__myself__'
SAY, START_ACTIVITY = '__intent_say__', '__intent_start_activity__'
INTERNAL = '__modality_internal__'
BEYOND_PICTURE = 0.5
ID = re.compile(r'[A-Za-z_][A-Za-z0-9_]{0,63}')
LIKENESS = {
    'neutral': 'neutral',
    'angry': 'angry',
    'annoyed': 'angry',
    'furious': 'angry',
    'disgusted': 'disgust',
    'scared': 'fear',
    'horrified': 'fear',
    'happy': 'happy',
    'excited': 'happy',
    'sad': 'sad',
    'despaired': 'sad',
    'disappointed': 'sad',
    'rejected': 'sad',
    'surprised': 'surprise',
    'amazed': 'surprise',
}
EXPRESSION = {
    'angry': 'angry',
    'disgust': 'disgusted',
    'fear': 'scared',
    'happy': 'happy',
    'neutral': 'neutral',
    'sad': 'sad',
    'surprise': 'surprised',
}


# --------------------------------------------------------------------------- what comes in
def is_id(text: str) -> bool:
    """Tell whether a text can be an id: a letter, then letters, digits and `_`; at most 64."""
    return ID.fullmatch(text) is not None


def id_from_msg(message: Any) -> str:
    """Read the id in a std_msgs/String; empty takes an old one back; raises ConvertError."""
    if message.data and not is_id(message.data):
        raise ConvertError(f'id of {len(message.data)} characters: must fit {ID.pattern}')
    return str(message.data)


def ids_from_msg(message: Any, limit: int) -> tuple[tuple[str, ...], int]:
    """Read an IdsList: its first ids, at most `limit`, and how many names were not taken."""
    names = dict.fromkeys(name for name in message.ids[: fields.MAX_ITEMS] if is_id(name))
    taken = tuple(names)[:limit]
    return taken, len(set(message.ids)) - len(taken)


def box_from_msg(message: Any, width_px: int, height_px: int) -> Box:
    """Read a region of interest in a picture of that size; raises ConvertError.

    NormalizedRegionOfInterest2D has corners in shares of the picture, sensor_msgs'
    RegionOfInterest a corner and a size in pixels.
    """
    if not hasattr(message, 'xmin'):
        values = (message.x_offset, message.y_offset, message.width, message.height)
        box = fields.box_from_msg(values, 'roi')
    else:
        left, top, right, bottom = (
            _share_of_picture(getattr(message, name), name)
            for name in ('xmin', 'ymin', 'xmax', 'ymax')
        )
        box = Box(
            left * width_px,
            top * height_px,
            (right - left) * width_px,
            (bottom - top) * height_px,
        )
    if box.width <= 0 or box.height <= 0:
        raise ConvertError(f'roi is {box.width:g} x {box.height:g} px: must be larger than zero')
    return box


def _share_of_picture(value: float, name: str) -> float:
    """Read a coordinate in shares of the picture; a face may stick out a bit."""
    if not -BEYOND_PICTURE <= value <= 1 + BEYOND_PICTURE:  # false for NaN too
        raise ConvertError(f'roi.{name} = {value:g}: must be a share of the picture, 0 to 1')
    return float(value)


def emotion_from_msg(message: Any, certain_from: float) -> Emotion | None:
    """Read an Expression; None where robochat knows nothing like it; raises ConvertError.

    It is certain when its confidence is at least `certain_from`.
    """
    confidence = fields.share(message.confidence, 'expression.confidence')
    valence = fields.number(message.valence, 'expression.valence', -1.0, 1.0)
    arousal = fields.number(message.arousal, 'expression.arousal', -1.0, 1.0)
    label = LIKENESS.get(fields.label(message.expression).lower())
    if label is None:
        return None
    certain = confidence >= certain_from
    return Emotion(label, confidence, spread(label, confidence), valence, arousal, certain)


def engagement_from_msg(message: Any) -> EngagementState:
    """Read an EngagementLevel; raises ConvertError."""
    if message.level >= len(LEVELS):
        raise ConvertError(f'engagement level {message.level}: must be 0 to {len(LEVELS) - 1}')
    return LEVELS[int(message.level)]


@dataclass(frozen=True)
class LiveSpeech:
    """What a recogniser has of someone's words: `final` is empty while they still speak."""

    final: str
    speaking: bool
    language: str

    def is_in(self, language: str) -> bool:
        """Tell whether the words are in a language such as `en`, as far as is known."""
        return not self.language or re.split('[-_]', self.language.lower())[0] == language


def speech_from_msg(message: Any) -> LiveSpeech:
    """Read a LiveSpeech, whose `language` became `locale` in later versions."""
    language = getattr(message, 'locale', '') or getattr(message, 'language', '')
    final = fields.text(message.final)
    speaking = bool(final or fields.text(message.incremental))
    return LiveSpeech(final, speaking, fields.label(language))


# --------------------------------------------------------------------------- what goes out
def ids_to_msg(ids: Iterable[str], stamp_sec: float, kind: type[Any]) -> Any:
    """Write an IdsList."""
    return kind(header=fields.header(stamp_sec), ids=list(ids))


def engagement_to_msg(state: EngagementState, stamp_sec: float, kind: type[Any]) -> Any:
    """Write an EngagementLevel."""
    return kind(header=fields.header(stamp_sec), level=LEVELS.index(state))


def expression_to_msg(emotion: Emotion, stamp_sec: float, kind: type[Any]) -> Any:
    """Write an Expression."""
    return kind(
        header=fields.header(stamp_sec),
        expression=EXPRESSION[emotion.label],
        valence=float(emotion.valence),
        arousal=float(emotion.arousal),
        confidence=float(emotion.score),
    )


def utterance_to_intent(utterance: Utterance, kind: type[Any]) -> Any:
    """Write what the robot says as an Intent of its own."""
    roles = {'object': utterance.text, 'recipient': utterance.addressee}
    other = {'id': utterance.id, 'reason': utterance.reason}
    data = _data(roles, other)
    return _intent(kind, SAY, data, utterance.confidence, fields.byte(utterance.priority))


def plan_to_intent(plan: ActionPlan, kind: type[Any]) -> Any:
    """Write a plan as one Intent, so that nobody takes its steps for separate wishes."""
    roles = {'object': plan.goal, 'recipient': plan.requested_by}
    other = {'id': plan.id, 'steps': [step.call for step in plan.steps]}
    return _intent(kind, START_ACTIVITY, _data(roles, other), plan.confidence)


def _data(roles: dict[str, str], other: dict[str, Any]) -> str:
    """Write the thematic roles of an Intent; those that nothing plays are left out."""
    played = {role: what for role, what in roles.items() if what}
    return json.dumps({**played, 'other_data': other})


def _intent(kind: type[Any], name: str, data: str, confidence: float, priority: int = 128) -> Any:
    """Write an Intent of the robot's own."""
    return kind(
        intent=name,
        data=data,
        source=MYSELF,
        modality=INTERNAL,
        priority=priority,
        confidence=float(confidence),
    )
