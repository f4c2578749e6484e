"""The one flow: see and look, decide, respond.

Flow: `see` (camera rate) and `look` (seldom) fold pictures into the world; `decide` asks the
policy and, when it wants to speak, returns a turn; `respond` carries the turn out: multimodal
sentence, model, reply, safety, plan check on the newest world.

Threads: `see`, `look`, `respond` and everything else may each run in a thread of their own. One
lock guards the world, the policy and the dialogue; it is never held while a network or a model
runs. What is `taped` takes that lock, and is noted on the tape that a recording is made of.

Safety: the model's words pass the content gate and its plans the checker, both on the world as it
is when they are about to leave, not as it was when the model was asked. So does the moment:
`robochat.restraint.outdated`. What is held back is emitted as a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
import threading

from robochat.config import Config
from robochat.decision_model import DecisionModel
from robochat.dialogue import Dialogue
from robochat.engagement import Engagement
from robochat.floor import Floor
from robochat.learning.learner import Learner
from robochat.memory.acquaintances import Acquaintances
from robochat.perception.perceiver import Perceiver
from robochat.recording.tape import Tape, taped
from robochat.response import is_outdated, Output, Responder
from robochat.safety import clean_speech
from robochat.turns import MAY_BE_CUT_SHORT, silenced, Turns
from robochat.values import (
    Decision,
    Frame,
    Hush,
    Observation,
    RobotState,
    SceneObservation,
    Speech,
    Turn,
    Utterance,
    WorldView,
)
from robochat.world import World

CLOCK_JUMP_SEC = 0.5


class Pipeline:
    """Perception, world, policy, dialogue and response behind one lock.

    `hour_at` tells the local time of day, in hours, for a time of the clock that the caller uses.
    """

    def __init__(  # noqa: PLR0913  the parts that the flow is made of
        self,
        config: Config,
        responder: Responder,
        perceiver: Perceiver | None,
        hour_at: Callable[[float], float] = lambda _: 12.0,
        *,
        decision_model: DecisionModel | None = None,
        acquaintances: Acquaintances | None = None,
        learner: Learner | None = None,
    ) -> None:
        self._config = config
        self._responder = responder
        self._perceiver = perceiver
        self._hour_at = hour_at
        self.lock = threading.Lock()
        self.tape = Tape()
        self.hour = 12.0
        self._world = World(config.world)
        self._acquaintances = acquaintances or Acquaintances()
        self._policy = Engagement(config.engagement, decision_model, self._acquaintances)
        self._dialogue = Dialogue(config.dialogue.history)
        self._frames: tuple[Frame, ...] = ()
        self._turns = Turns(config.safety)
        self._now_sec = 0.0
        self._floor = Floor()
        self.learner = learner or Learner()
        self._muted = False

    # ------------------------------------------------------------------ see
    def see(self, frame: Frame) -> Observation:
        """Find faces and read them; raises PerceptionError, and then the world stays as it was."""
        assert self._perceiver is not None
        return self.seen(self._perceiver.see(frame), frame)

    @taped
    def seen(self, observation: Observation, frame: Frame | None = None) -> Observation:
        """Take what our own eyes found; faces come back under the ids that they keep."""
        self._frames = () if frame is None else (frame,)
        return self._world.seen(observation)

    def look(self, frame: Frame) -> SceneObservation:
        """Find things and guess the place; raises PerceptionError."""
        assert self._perceiver is not None
        return self.looked(self._perceiver.look(frame))

    @taped
    def looked(self, scene: SceneObservation) -> SceneObservation:
        """Take the things and the place that our own eyes found, and return them."""
        self._world.looked(scene)
        return scene

    @taped
    def felt(self, observation: Observation) -> None:
        """Take faces and emotions from another node."""
        self._world.felt(observation)
        self._acquaintances.felt(observation)

    @taped
    def shown(self, scene: SceneObservation) -> None:
        """Take things and place from another node."""
        self._world.looked(scene, external=True)

    @taped
    def robot_is(self, state: RobotState) -> None:
        """Take what the robot reports about itself."""
        self._world.robot_is(state)

    @taped
    def plan_ended(self, plan_id: str, status: str, now_sec: float) -> None:
        """Take how a plan ended."""
        self._world.plan_ended(plan_id, status, now_sec)

    # ------------------------------------------------------------------ hear
    def hear(self, text: str, now_sec: float, speaker: str = '') -> Speech | None:
        """Take words of a person; None when nothing is left of them once cleaned.

        "Not now" is honoured, and an opening on its way cut short: the person has the floor.
        """
        words = clean_speech(text, self._config.safety)
        return self.heard(words, now_sec, speaker) if words else None

    @taped
    def heard(self, words: str, now_sec: float, speaker: str) -> Speech:
        """Take words that were cleaned already."""
        speech = self._world.heard(Speech(speaker, words, now_sec))
        self._dialogue.heard(speech)
        self.learner.heard(speech)
        self._acquaintances.heard(speech)
        if (wants_quiet := self._policy.heard(speech)) is not None:
            hush_sec = self._config.engagement.not_now_sec if wants_quiet else 0.0
            self._acquaintances.hush(speech, hush_sec)
        self._yield_floor(now_sec)
        return speech

    def _yield_floor(self, now_sec: float) -> None:
        """Stop talking, and drop an opening in the making."""
        turn = self._turns.current
        if turn is not None and turn.decision.trigger in MAY_BE_CUT_SHORT:
            self._cut_short(now_sec)
        self._be_hushed(self._floor.heard(now_sec))

    def _be_hushed(self, hush: Hush | None) -> None:
        """Stop the words on the air; what was hardly said may be said again after the talk."""
        unsaid = self._floor.stop(hush)
        if hush is not None and unsaid is not None:
            self._policy.took_back(unsaid, hush.stamp_sec)
            self._acquaintances.took_back(unsaid)

    @taped
    def interrupted(self, now_sec: float) -> None:
        """Yield to a person of whom it is known that they speak, but not yet what."""
        self._yield_floor(now_sec)

    def hushed(self) -> Hush | None:
        """Return, once, that the words on the air must stop."""
        with self.lock:
            return self._floor.hushed()

    @taped
    def mute(self, on: bool) -> None:
        """Say nothing at all while on, and cut short what is on its way."""
        self._muted = on
        if on:
            self._cut_short()

    @taped
    def cancel(self, for_good: bool = False) -> bool:
        """Cut short what is on its way, `for_good` all that comes; false when there is nothing."""
        self._turns.over = for_good
        return self._cut_short()

    @taped
    def configure(self, config: Config) -> None:
        """Take settings that may change while running."""
        self._config = replace(self._config, engagement=config.engagement)
        self._policy.settings = config.engagement

    # ------------------------------------------------------------------ decide
    @taped
    def view(self, now_sec: float) -> WorldView:
        """A snapshot of the world."""
        return self._view(now_sec)

    @taped
    def decide(self, now_sec: float) -> tuple[Decision, Turn | None]:
        """Judge the world now; a turn comes back to answer, and cuts a less urgent one short."""
        if now_sec < self._now_sec - CLOCK_JUMP_SEC:
            self._clock_went_back(now_sec)
        self._now_sec = now_sec
        view = self._view(now_sec)
        self.learner.saw(view)
        if self._turns.is_interrupted(view):
            self._cut_short(now_sec)
        self._be_hushed(self._floor.taken(view.people, now_sec))
        decision = self._policy.decide(view)
        if not decision.speak:
            return decision, None
        if self._muted:
            return silenced(decision, 'muted'), None
        turn = self._turns.current
        if turn is not None and decision.priority <= turn.decision.priority:
            return silenced(decision, 'already answering'), None
        self._cut_short()
        # The opening is reserved, so that the next decision does not repeat it.
        self._policy.spoke(decision, now_sec)
        return decision, self._turns.begin(decision, view, self._frames)

    @taped
    def task(self, instruction: str, now_sec: float) -> Turn:
        """Begin a turn for an instruction that came as an action goal."""
        return self._turns.task(instruction, self._frames, now_sec)

    @taped
    def question(self, question: str, now_sec: float) -> Turn:
        """Begin a turn for a question that came as a service call."""
        return self._turns.question(question, self._frames, now_sec)

    def _cut_short(self, talk_sec: float | None = None) -> bool:
        """Cancel the turn on its way, if any; talk may be the reason."""
        decision = self._turns.cut_short()
        if decision is not None:
            self._policy.took_back(decision, talk_sec)
        return decision is not None

    def _clock_went_back(self, now_sec: float) -> None:
        """See anew; what was said, and what was asked for, moves along with the clock."""
        self._world.forget()
        self.learner.forget()
        for part in (self._policy, self._dialogue, self._floor):
            part.shift(now_sec - self._now_sec)
        self._acquaintances.set_clock(now_sec)

    def _view(self, now_sec: float) -> WorldView:
        self.hour = self._hour_at(now_sec)
        known = self._acquaintances.recognise(self._world.view(now_sec, self.hour))
        return self._floor.seen(known)

    # ------------------------------------------------------------------ respond
    def respond(
        self,
        turn: Turn,
        clock: Callable[[], float],
        emit: Callable[[Output], None],
        aloud: bool = True,
    ) -> None:
        """Carry a turn out; utterance, plan, refusals and measures leave through `emit`.

        Words that are not said `aloud` are no part of the conversation.
        """

        def remember(output: Output) -> None:
            now_sec = clock()
            self.took(turn, output, now_sec, aloud)
            self.learner.took(turn, output, now_sec, aloud)
            emit(output)

        try:
            view = self.view(clock())
            with self.lock:
                objection = partial(self._acquaintances.objection, turn.decision.addressee)
                situation = self._responder.situation(turn, view, self._dialogue)
            situation = replace(situation, objection=objection)
            cancelled = partial(self._turns.is_cut_short, turn)
            self._responder.respond(situation, lambda: self.view(clock()), remember, cancelled)
        finally:
            self.ended(turn)

    @taped
    def took(self, turn: Turn, output: Output, now_sec: float, aloud: bool) -> None:
        """Take what a turn made, and remember the words that are said aloud."""
        if is_outdated(output):
            self._policy.took_back(turn.decision)
        if aloud and isinstance(output, Utterance):
            self._world.heard(Speech('', output.text, now_sec, by_robot=True))
            self._dialogue.said(replace(output, stamp_sec=now_sec))
            self._floor.said(output, turn.decision, now_sec)
            self._acquaintances.said(turn.decision, output, now_sec)

    @taped
    def ended(self, turn: Turn) -> None:
        """Take that a turn was carried out, or was not."""
        self._turns.ended(turn)
