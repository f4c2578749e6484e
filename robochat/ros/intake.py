"""Recordings without a tape, made by `ros2 bag record` or an older node: calls from the topics.

Flow: messages of the topics that robochat takes in become the calls that the node would have made,
and a decision is asked for at the rate of the settings. When the node really took them in, and
when it decided, such a file doesn't tell, so the decisions are alike but not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
import struct
from typing import Any

from robochat.config import Config
from robochat.recording.reading import Message, Reading
from robochat.recording.recorded import Recording
from robochat.recording.tape import Call
from robochat.ros import convert, faces, fields
from robochat.ros.fields import ConvertError
from robochat.ros.plans import plan_status_from_msg
from robochat.safety import clean_speech
from robochat.values import Decision

NEAR_SEC = 5.0
ENDED = ('succeeded', 'failed', 'canceled')
# What the decoder and the converters raise for bytes that are no message of their type.
UNREADABLE = (ConvertError, ValueError, struct.error, LookupError, AttributeError, EOFError)
NOTE = (
    'no tape in it (~/tape): the calls are made up from the topics, so the decisions are alike '
    'but not the same, and the words are phrases'
)


def recording_of_topics(path: Path, recording: Recording) -> Recording:
    """Return the recording with calls from its topics; raises RecordingError."""
    problems: list[str] = []
    intake = _Intake(recording.about.config(problems))
    reading = Reading(path)
    calls = tuple(intake.calls(reading.messages()))
    notes = [*recording.notes]
    if calls:
        notes.append(NOTE)
    if intake.unreadable:
        notes.append(f'{intake.unreadable} messages could not be read; {intake.complaint}')
    return replace(recording, calls=calls, notes=tuple(notes), published=tuple(intake.decisions))


class _Intake:
    """Turns messages into calls."""

    def __init__(self, config: Config) -> None:
        from mcap_ros2.decoder import DecoderFactory

        self._config = config
        self._factory = DecoderFactory()
        self._decoders: dict[int, Callable[[bytes], Any] | None] = {}
        self._number = 0
        self._next_sec: float | None = None
        self.decisions: list[tuple[float, Decision]] = []
        self.unreadable = 0
        self.complaint = ''
        self._takes: dict[str, Callable[[Message, Any, float], Iterator[Call]]] = {
            'EmotionArray': self._faces,
            'Scene': self._scene,
            'String': self._speech,
            'RobotState': self._robot_state,
            'PlanStatus': self._plan_status,
            'Decision': self._decision,
        }

    def calls(self, messages: Iterator[Message]) -> Iterator[Call]:
        """Yield what the node would have been told, and its decisions in between."""
        for message in messages:
            take = self._takes.get(message.kind.rpartition('/')[2])
            if take is None:
                continue
            now_sec = message.log_ns * 1e-9
            try:
                made = tuple(take(message, self._decoded(message), now_sec))
            except UNREADABLE as error:
                self.unreadable += 1
                self.complaint = f'{message.topic}: {error}'
                continue
            yield from self._ticks(now_sec)
            yield from made

    def _ticks(self, now_sec: float) -> Iterator[Call]:
        """Decide as often as the settings say, until now."""
        period_sec = 1 / self._config.engagement.rate_hz
        if self._next_sec is None or abs(now_sec - self._next_sec) > 3600:
            self._next_sec = now_sec
        while self._next_sec <= now_sec:
            yield self._call('decide', self._next_sec)
            self._next_sec += period_sec

    def _decoded(self, message: Message) -> Any:
        """Read a message by the definition in the file."""
        key = message.schema.id
        if key not in self._decoders:
            self._decoders[key] = self._factory.decoder_for('cdr', message.schema)
        decode = self._decoders[key]
        if decode is None:
            raise ConvertError('its definition is missing')
        return decode(message.data)

    def _call(self, name: str, *arguments: Any) -> Call:
        self._number += 1
        return Call(self._number, name, arguments)

    # ------------------------------------------------------------------ each type
    def _faces(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        name = 'seen' if _is_own(message) else 'felt'
        yield self._call(name, faces.observation_from_msg(read, _stamp(read, now_sec)))

    def _scene(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        name = 'looked' if _is_own(message) else 'shown'
        yield self._call(name, faces.scene_from_msg(read, _stamp(read, now_sec)))

    def _speech(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        if message.topic.endswith('/speech') and not _is_own(message):
            words = clean_speech(read.data, self._config.safety)
            if words:
                yield self._call('heard', words, now_sec, '')

    def _robot_state(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        yield self._call('robot_is', convert.robot_state_from_msg(read))

    def _plan_status(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        status = plan_status_from_msg(read)
        if status.status in ENDED:
            yield self._call('plan_ended', status.plan_id, status.status, now_sec)

    def _decision(self, message: Message, read: Any, now_sec: float) -> Iterator[Call]:
        self.decisions.append((now_sec, convert.decision_from_msg(read, now_sec)))
        yield from ()


def _is_own(message: Message) -> bool:
    """Tell an output of the node, `/robochat/emotions`, from an input, `/emotions`."""
    return message.topic.split('/')[-2:-1] == ['robochat']


def _stamp(read: Any, now_sec: float) -> float:
    """The header's stamp where it is near, else the time of arrival."""
    stamp_sec = fields.stamp_from_msg(read.header.stamp)
    near = stamp_sec is not None and abs(now_sec - stamp_sec) < NEAR_SEC
    return stamp_sec if near and stamp_sec is not None else now_sec
