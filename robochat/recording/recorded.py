"""A recording as the pipeline will take it: calls in order, what decided, and what is missing.

Flow: the messages of the tape become calls (`robochat.recording.calls`). A file of somebody
else's, without a tape, has no calls: `robochat.ros.intake` makes them from the topics.

What this doesn't do: pictures. They are read while playing (`robochat.recording.pictures`), since
they would not fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import json
from pathlib import Path

from robochat.recording.about import About, about_from, METADATA
from robochat.recording.calls import call_of
from robochat.recording.codec import CodecError
from robochat.recording.reading import Message, Reading, RecordingError
from robochat.recording.tape import Call
from robochat.values import Decision

TAPE = '/tape'
MAX_CALLS = 5_000_000


@dataclass(frozen=True)
class Recording:
    """What is in a file; `notes` say, for a person, what is wrong with it or missing.

    `published` are decisions that were heard on a topic, where there is no tape.
    """

    path: Path
    about: About = field(default_factory=About)
    calls: tuple[Call, ...] = ()
    notes: tuple[str, ...] = ()
    published: tuple[tuple[float, Decision], ...] = ()

    def decisions(self) -> tuple[tuple[float, Decision], ...]:
        """The recorded decisions, with seconds since the first of them."""
        decided = (c for c in self.calls if c.name == 'decide' and c.result)
        found = tuple((c.arguments[0], c.result[0]) for c in decided) or self.published
        start_sec = found[0][0] if found else 0.0
        return tuple((at_sec - start_sec, decision) for at_sec, decision in found)


def load(path: Path) -> Recording:
    """Read the tape of a file; raises RecordingError when it is no recording at all."""
    reading = Reading(path)
    tape = _Tape()
    for message in reading.messages():
        if message.topic.endswith(TAPE):
            tape.take(message)
    about = tape.about or about_from(reading.metadata.get(METADATA))
    notes = [reading.cut] if reading.cut else []
    return Recording(path, about, tuple(tape.calls), (*notes, *tape.notes()))


class _Tape:
    """Collects calls from the lines of one node, and counts what doesn't fit."""

    def __init__(self) -> None:
        self.about: About | None = None
        self.calls: list[Call] = []
        self._topic = ''
        self._bad = 0
        self._complaint = ''
        self._gaps = 0
        self._restarts = 0
        self._others: set[str] = set()

    def take(self, message: Message) -> None:
        """Read one message of the tape."""
        self._topic = self._topic or message.topic
        if message.topic != self._topic:  # a fleet: one node is played, the first
            self._others.add(message.topic)
            return
        try:
            lines = message.text.splitlines()
        except RecordingError as error:
            self._refuse(str(error))
            return
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        if line.startswith('{"about"'):
            self._lead(line)
            return
        try:
            call = call_of(line)
        except CodecError as error:
            self._refuse(str(error))
            return
        last = self.calls[-1].number if self.calls else 0
        if self._restarts or (self.calls and call.number <= last):
            self._restarts += call.number == 1  # a second life of the node is not this one's
            return
        self._gaps += bool(self.calls) and call.number != last + 1
        if len(self.calls) < MAX_CALLS:
            self.calls.append(call)

    def _lead(self, line: str) -> None:
        """Read what decides; the first one counts."""
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._refuse(f'no JSON: {error}')
            return
        self.about = self.about or about_from(data.get('about'))

    def _refuse(self, complaint: str) -> None:
        self._bad += 1
        self._complaint = complaint

    def notes(self) -> Iterable[str]:
        """Say what is wrong with the tape."""
        if self._bad:
            yield f'{self._bad} lines of the tape skipped; the last one: {self._complaint}'
        if self.calls and self.calls[0].number > 1:
            yield (
                f'the recording begins in the life of the node ({self.calls[0].number - 1} calls '
                'are missing): what it knew before is unknown, so decisions may differ'
            )
        if self._gaps:
            yield f'the tape has {self._gaps} gaps: messages were lost, so decisions may differ'
        if self._restarts:
            yield 'the node was started again while recording; only its first life is played'
        if self._others:
            yield f'only {self._topic} is played, not {", ".join(sorted(self._others))}'
