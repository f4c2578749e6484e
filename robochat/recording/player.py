"""Plays a recording again: the same calls on a new pipeline, so the same decisions.

Flow: each call of the tape is made with its recorded time. A turn that begins where it began in
the recording gets the words that were said then; one that did not begin there is answered by the
`responder`, `ANSWER_SEC` later. Time is the recording's: no clock is read.

What this doesn't do: remember people beyond the recording. What the node had stored of people of
other days is in no recording, so a decision that depended on it may differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from robochat.config import Config
from robochat.decision_model import DecisionModel
from robochat.memory.acquaintances import Acquaintances
from robochat.memory.people import PeopleMemory
from robochat.pipeline import Pipeline
from robochat.recording.calls import time_of
from robochat.recording.tape import Call, TurnId
from robochat.response import Output, Responder
from robochat.values import Decision, Observation, SceneObservation, Speech, Turn

# From a decision to the first word: the median that `robochat bench reaction` measures.
ANSWER_SEC = 0.96
# What a call may raise that was made up, or comes from another version.
UNFIT = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)


@dataclass(frozen=True)
class Happened:
    """Something at `at_sec` on the recorded clock: a decision, words, a plan, what was heard.

    `recorded` is the decision that was taken then; None where there was none.
    """

    at_sec: float
    value: Decision | Output | Speech
    recorded: Decision | None = None


class Eyes(Protocol):
    """Looks at the recorded pictures anew; None where there is no picture of that moment."""

    def see(self, recorded: Observation) -> Observation | None:
        """Find faces in the picture behind an observation."""

    def look(self, recorded: SceneObservation) -> SceneObservation | None:
        """Find things in the picture behind an observation."""


@dataclass(frozen=True)
class Manner:
    """How to play: with which settings and weights; who answers where the recording can't.

    `answer_all` gives every turn to the `responder`.
    `chosen` settings are not those of the recording, whose later changes are then left out.
    """

    config: Config
    responder: Responder
    decision_model: DecisionModel | None = None
    eyes: Eyes | None = None
    answer_all: bool = False
    chosen: bool = False


class Player:
    """One pass through a recording.

    `played` counts calls, `skipped` those that did not fit (`complaint` is about the last one),
    `unseen` the pictures that were not there.
    """

    def __init__(self, manner: Manner) -> None:
        self.now_sec = 0.0
        self.hour = 12.0
        self._manner = manner
        config = manner.config
        memory = PeopleMemory(clock=lambda: self.now_sec)
        self.pipeline = Pipeline(
            config,
            manner.responder,
            None,
            lambda _: self.hour,
            decision_model=manner.decision_model,
            acquaintances=Acquaintances(memory, config.memory.transient_ids, offset_sec=0.0),
        )
        self._turns: dict[str, Turn] = {}
        self._coming: deque[tuple[float, Turn]] = deque()
        self.played = self.skipped = self.unseen = 0
        self.complaint = ''

    def play(self, calls: Iterable[Call]) -> Iterator[Happened]:
        """Make every call, and yield what comes of it."""
        for call in calls:
            try:
                yield from self._pass_time(time_of(call))
                self.hour = call.hour
                yield from self._make(call)
                self.played += 1
            except UNFIT as error:
                self.skipped += 1
                self.complaint = f'{call.name}: {type(error).__name__}: {error}'

    def _pass_time(self, at_sec: float | None) -> Iterator[Happened]:
        """Let come what is due until then."""
        if at_sec is None:
            return
        while self._coming and self._coming[0][0] <= at_sec:
            self.now_sec, turn = self._coming.popleft()
            yield from self._answer(turn)
        self.now_sec = at_sec

    def _answer(self, turn: Turn) -> Iterator[Happened]:
        """Carry a turn out that the recording has no words for."""
        said: list[Output] = []
        self.pipeline.respond(turn, lambda: self.now_sec, said.append)
        yield from (Happened(self.now_sec, output) for output in said)

    def _make(self, call: Call) -> Iterator[Happened]:
        """Make one call."""
        special = getattr(self, f'_make_{call.name}', None)
        if special is not None:
            yield from special(call)
            return
        getattr(self.pipeline, call.name)(*call.arguments)

    # ------------------------------------------------------------------ what is special
    def _make_decide(self, call: Call) -> Iterator[Happened]:
        """Decide, and set the words on their way."""
        recorded, turn_id = call.result if call.result is not None else (None, None)
        decision, turn = self.pipeline.decide(*call.arguments)
        yield Happened(self.now_sec, decision, recorded)
        if turn is None:
            return
        if turn_id is not None and not self._manner.answer_all:
            self._turns[turn_id.id] = turn
        else:
            self._coming.append((self.now_sec + ANSWER_SEC, turn))

    def _make_task(self, call: Call) -> Iterator[Happened]:
        yield from self._begin(call, self.pipeline.task(*call.arguments))

    def _make_question(self, call: Call) -> Iterator[Happened]:
        yield from self._begin(call, self.pipeline.question(*call.arguments))

    def _begin(self, call: Call, turn: Turn) -> Iterator[Happened]:
        """Keep a turn that another node asked for."""
        if isinstance(call.result, TurnId):
            self._turns[call.result.id] = turn
        yield from ()

    def _make_took(self, call: Call) -> Iterator[Happened]:
        """Let a turn have the words that it had; without that turn they were never said."""
        turn_id, output, now_sec, aloud = call.arguments
        turn = self._turns.get(turn_id.id)
        if turn is not None:
            self.pipeline.took(turn, output, now_sec, aloud)
            yield Happened(now_sec, output)

    def _make_ended(self, call: Call) -> Iterator[Happened]:
        turn = self._turns.pop(call.arguments[0].id, None)
        if turn is not None:
            self.pipeline.ended(turn)
        yield from ()

    def _make_heard(self, call: Call) -> Iterator[Happened]:
        yield Happened(self.now_sec, self.pipeline.heard(*call.arguments))

    def _make_seen(self, call: Call) -> Iterator[Happened]:
        observation = call.arguments[0]
        seen = observation if self._manner.eyes is None else self._manner.eyes.see(observation)
        self.unseen += seen is None
        self.pipeline.seen(seen or observation)
        yield from ()

    def _make_looked(self, call: Call) -> Iterator[Happened]:
        scene = call.arguments[0]
        looked = scene if self._manner.eyes is None else self._manner.eyes.look(scene)
        self.pipeline.looked(looked or scene)
        yield from ()

    def _make_configure(self, call: Call) -> Iterator[Happened]:
        if not self._manner.chosen:
            self.pipeline.configure(*call.arguments)
        yield from ()
