"""A replay as a file for the Rerun viewer: pictures, boxes, words and decisions on one time line.

Flow: `RerunFile` is made before a replay, so that a mistake is told at once; `write` fills it
afterwards with what was seen (the calls of the tape), what happened, and the recorded pictures.

Units and frames: the time line `t` is in seconds since the replay began, boxes are in pixels.

Safety: the file shows faces and words, so that only its owner may read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import os
from pathlib import Path
import re
from typing import Any

from robochat.recording.player import Happened
from robochat.recording.reading import RecordingError
from robochat.recording.tape import Call
from robochat.values import (
    ActionPlan,
    Box,
    Decision,
    FaceObservation,
    Frame,
    Observation,
    Refusal,
    SceneObservation,
    Speech,
    Utterance,
)

JPEG_QUALITY = 85
NUMBER = re.compile(r'\d+(\.\d+)?')


class RerunFile:
    """A file for the viewer, empty until `write`.

    Raises ModuleNotFoundError without the extra "rerun", and RecordingError when the file exists
    or can't be made.
    """

    def __init__(self, path: Path) -> None:
        import rerun

        _make_private(path)
        self._sdk: Any = rerun
        self._stream = rerun.RecordingStream('robochat')
        self._stream.save(path, default_blueprint=_layout())
        self._start_sec = 0.0
        self._reason = ''

    def write(
        self, calls: Iterable[Call], happened: Sequence[Happened], frames: Iterable[Frame]
    ) -> None:
        """Write everything, and close the file."""
        self._start_sec = happened[0].at_sec if happened else 0.0
        for call in calls:
            for argument in call.arguments:
                if isinstance(argument, Observation):
                    boxes = [(face.box, face_label(face)) for face in argument.faces]
                    self._boxes('camera/people', boxes, argument.stamp_sec)
                elif isinstance(argument, SceneObservation):
                    boxes = [(thing.box, thing.id) for thing in argument.objects]
                    self._boxes('camera/things', boxes, argument.stamp_sec)
        for one in happened:
            if isinstance(one.value, Decision):
                self._decide(one.value, one.at_sec)
            elif words := words_of(one.value):
                self._log('dialogue', self._sdk.TextLog(words), one.at_sec)
        for frame in frames:
            picture = self._sdk.Image(frame.image).compress(jpeg_quality=JPEG_QUALITY)
            self._log('camera', picture, frame.stamp_sec)
        self._stream.flush()
        self._stream.disconnect()

    def _log(self, name: str, value: Any, at_sec: float) -> None:
        """Put a value at its place on the time line."""
        self._stream.set_time('t', duration=at_sec - self._start_sec)
        self._stream.log(name, value)

    def _boxes(self, name: str, boxes: Sequence[tuple[Box, str]], at_sec: float) -> None:
        """Replace the boxes of one kind."""
        corners = [(box.x, box.y) for box, _ in boxes]
        sizes = [(box.width, box.height) for box, _ in boxes]
        labels = [label for _, label in boxes]
        self._log(name, self._sdk.Boxes2D(mins=corners, sizes=sizes, labels=labels), at_sec)

    def _decide(self, decision: Decision, at_sec: float) -> None:
        """Note every wish to speak, and a silence for a new reason; numbers each time."""
        reason = NUMBER.sub('', decision.reason)
        if decision.speak or reason != self._reason:
            said = f'speaks to {decision.addressee or "anyone"}' if decision.speak else 'silent'
            level = 'INFO' if decision.speak else 'DEBUG'
            text = '; '.join((f'{said}: {decision.reason}', *decision.evidence))
            self._log('decisions', self._sdk.TextLog(text, level=level), at_sec)
        self._reason = reason
        for name, number in (('score', decision.score), *weighed(decision)):
            self._log(f'decision/{name}', self._sdk.Scalars(number), at_sec)


def face_label(face: FaceObservation) -> str:
    """Name a face by its id and expression, with a question mark where that is uncertain."""
    if face.emotion is None:
        return face.person
    return f'{face.person} {face.emotion.label}{"" if face.emotion.certain else "?"}'


def words_of(value: object) -> str:
    """What a value adds to the dialogue; empty where nothing."""
    if isinstance(value, Utterance):
        return f'robot to {value.addressee or "everyone"}: {value.text}'
    if isinstance(value, Speech):
        return f'{value.speaker or "person"}: {value.text}'
    if isinstance(value, Refusal):
        return f'held back ({value.what}): {value.reason}'
    if isinstance(value, ActionPlan):
        steps = '; '.join(
            f'{step.skill}({", ".join(argument for _, argument in step.arguments)})'
            for step in value.steps
        )
        return f'plan {value.id} {value.status}: {steps or value.refusal}'
    return ''


def weighed(decision: Decision) -> tuple[tuple[str, float], ...]:
    """What the features added to the score before it became a probability, and what they took.

    `value` and `cost` are sums of value x weight; none where a rule decided.
    """
    weights = dict(decision.weights)
    effects = [value * weights.get(name, 0.0) for name, value in decision.features]
    if not effects:
        return ()
    return ('value', sum(e for e in effects if e > 0)), ('cost', -sum(e for e in effects if e < 0))


def _make_private(path: Path) -> None:
    """Make the file, readable by its owner alone; raises RecordingError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise RecordingError(f'{path}: exists already; delete it or name another file') from error
    except OSError as error:
        raise RecordingError(f"{path}: can't be made: {error.strerror}") from error


def _layout() -> Any:
    """How the viewer shows it: the camera beside words, decisions and their numbers."""
    from rerun import blueprint

    return blueprint.Horizontal(
        blueprint.Spatial2DView(origin='camera'),
        blueprint.Vertical(
            blueprint.TextLogView(origin='dialogue'),
            blueprint.TextLogView(origin='decisions'),
            blueprint.TimeSeriesView(origin='decision'),
        ),
    )
