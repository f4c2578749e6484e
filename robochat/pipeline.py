"""The one flow: see and look, decide, respond.

Flow: `see` (camera rate) and `look` (seldom) fold pictures into the world; `decide` asks the
policy and, when it wants to speak, returns a turn; `respond` carries the turn out: multimodal
sentence, model, reply, safety, plan check on the newest world.

Threads: `see`, `look`, `respond` and everything else may each run in a thread of their own. One
lock guards the world, the policy and the dialogue; it is never held while a network or a model
runs.

Safety: the model's words pass the content gate and its plans the checker, both on the world as it
is when they are about to leave, not as it was when the model was asked. What is held back is
emitted as a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
import itertools
import threading

from robochat.config import Config
from robochat.dialogue import Dialogue, Intent, intent_of
from robochat.engagement import Engagement, PRIORITY
from robochat.perception.perceiver import Perceiver
from robochat.response import Output, Responder
from robochat.safety import clean_speech
from robochat.values import (
    Decision,
    Frame,
    Observation,
    RobotState,
    SceneObservation,
    Speech,
    Trigger,
    Turn,
    Utterance,
    WorldView,
)
from robochat.world import World

CLOCK_JUMP_SEC = 0.5
SPEAKING_SEC_PER_CHAR = 0.06
MAY_BE_CUT_SHORT = (Trigger.GREETING, Trigger.CARE, Trigger.HELP, Trigger.SMALL_TALK)


class Pipeline:
    """Perception, world, policy, dialogue and response behind one lock.

    `hour_at` tells the local time of day, in hours, for a time of the clock that the caller uses.
    """

    def __init__(
        self,
        config: Config,
        responder: Responder,
        perceiver: Perceiver | None,
        hour_at: Callable[[float], float] = lambda _: 12.0,
    ) -> None:
        self._config = config
        self._responder = responder
        self._perceiver = perceiver
        self._hour_at = hour_at
        self._lock = threading.Lock()
        self._world = World(config.world)
        self._policy = Engagement(config.engagement)
        self._dialogue = Dialogue(config.dialogue.history)
        self._frame: Frame | None = None
        self._turn: Turn | None = None
        self._cancelled: set[str] = set()
        self._numbers = itertools.count(1)
        self._now_sec = 0.0
        self._speaking_until_sec = 0.0
        self._muted = False

    # ------------------------------------------------------------------ see
    def see(self, frame: Frame) -> Observation:
        """Find faces and read them; raises PerceptionError, and then the world stays as it was."""
        assert self._perceiver is not None
        observation = self._perceiver.see(frame)
        with self._lock:
            self._frame = frame
            self._world.seen(observation)
        return observation

    def look(self, frame: Frame) -> SceneObservation:
        """Find things and guess the place; raises PerceptionError."""
        assert self._perceiver is not None
        scene = self._perceiver.look(frame)
        with self._lock:
            self._world.looked(scene)
        return scene

    def felt(self, observation: Observation) -> None:
        """Take faces and emotions from another node."""
        with self._lock:
            self._world.felt(observation)

    def shown(self, scene: SceneObservation) -> None:
        """Take things and place from another node."""
        with self._lock:
            self._world.looked(scene, external=True)

    def robot_is(self, state: RobotState) -> None:
        """Take what the robot reports about itself."""
        with self._lock:
            self._world.robot_is(state)

    def plan_ended(self, plan_id: str, status: str, now_sec: float) -> None:
        """Take how a plan ended."""
        with self._lock:
            self._world.plan_ended(plan_id, status, now_sec)

    # ------------------------------------------------------------------ hear
    def hear(self, text: str, now_sec: float, speaker: str = '') -> Speech | None:
        """Take words of a person; None when nothing is left of them once cleaned.

        "Not now" is honoured here, whatever a model thinks of it, and an opening that is still on
        its way is cut short: the person has the floor.
        """
        words = clean_speech(text, self._config.safety)
        if not words:
            return None
        with self._lock:
            speech = self._world.heard(Speech(speaker, words, now_sec))
            self._dialogue.heard(speech)
            if intent_of(words) is Intent.NOT_NOW:
                self._policy.hush(speech.speaker, now_sec)
            if self._turn is not None and self._turn.decision.trigger in MAY_BE_CUT_SHORT:
                self._cut_short(self._turn)
        return speech

    def mute(self, on: bool) -> None:
        """Say nothing at all while on, and cut short what is on its way."""
        with self._lock:
            self._muted = on
            if on and self._turn is not None:
                self._cut_short(self._turn)

    def cancel(self) -> bool:
        """Cut short what is on its way; false when there is nothing."""
        with self._lock:
            if self._turn is None:
                return False
            self._cut_short(self._turn)
            return True

    def configure(self, config: Config) -> None:
        """Take settings that may change while running."""
        with self._lock:
            self._config = replace(self._config, engagement=config.engagement)
            self._policy.settings = config.engagement

    # ------------------------------------------------------------------ decide
    def view(self, now_sec: float) -> WorldView:
        """A snapshot of the world."""
        with self._lock:
            return self._view(now_sec)

    def decide(self, now_sec: float) -> tuple[Decision, Turn | None]:
        """Judge the world now; a turn comes back when the robot should answer it.

        At most one turn is on its way; a more urgent one cuts it short.
        """
        with self._lock:
            if now_sec < self._now_sec - CLOCK_JUMP_SEC:
                self._start_again()
            self._now_sec = now_sec
            decision = self._policy.decide(self._view(now_sec))
            if not decision.speak:
                return decision, None
            if self._muted:
                return _silent(decision, 'muted'), None
            if self._turn is not None:
                if decision.priority <= self._turn.decision.priority:
                    return _silent(decision, 'already answering'), None
                self._cut_short(self._turn)
            return decision, self._begin(decision, now_sec)

    def task(self, instruction: str, now_sec: float) -> Turn:
        """Begin a turn for an instruction that came as an action goal."""
        decision = _asked(Trigger.TASK, 'an instruction was given', now_sec)
        return self._asked_turn(decision, instruction=instruction)

    def question(self, question: str, now_sec: float) -> Turn:
        """Begin a turn for a question that came as a service call."""
        decision = _asked(Trigger.REPLY, 'a question was asked', now_sec)
        return self._asked_turn(decision, heard=question)

    def _asked_turn(self, decision: Decision, heard: str = '', instruction: str = '') -> Turn:
        heard = clean_speech(heard, self._config.safety)
        instruction = clean_speech(instruction, self._config.safety)
        with self._lock:
            return Turn(self._next_id(), decision, heard, instruction, tuple(self._frames()))

    def _begin(self, decision: Decision, now_sec: float) -> Turn:
        """Reserve the opening, so that the next decision does not repeat it."""
        heard = ''
        if decision.trigger is Trigger.REPLY:
            heard = next((s.text for s in reversed(self._world.speech) if not s.by_robot), '')
        wish = heard if intent_of(heard) is Intent.REQUEST else ''
        self._policy.spoke(decision, now_sec)
        self._turn = Turn(self._next_id(), decision, heard, wish, tuple(self._frames()))
        return self._turn

    def _frames(self) -> Iterator[Frame]:
        if self._frame is not None:
            yield self._frame

    def _next_id(self) -> str:
        return f'turn_{next(self._numbers)}'

    def _cut_short(self, turn: Turn) -> None:
        """Cancel a turn and forget that it was going to be spoken."""
        self._cancelled.add(turn.id)
        self._policy.took_back(turn.decision)
        self._turn = None

    def _start_again(self) -> None:
        """The clock jumped back: what was timed by it means nothing any more."""
        self._world.forget()
        self._policy.forget()
        self._dialogue.forget()
        self._speaking_until_sec = 0.0

    def _view(self, now_sec: float) -> WorldView:
        """A snapshot; the robot counts as speaking for as long as its last words take."""
        view = self._world.view(now_sec, self._hour_at(now_sec))
        if now_sec < self._speaking_until_sec and not view.robot.speaking:
            return replace(view, robot=replace(view.robot, speaking=True))
        return view

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
            self._remember(output, clock())
            emit(output)

        try:
            with self._lock:
                view = self._view(clock())
                situation = self._responder.situation(turn, view, self._dialogue)
            self._responder.respond(
                situation,
                look=lambda: self.view(clock()),
                emit=remember if aloud else emit,
                cancelled=lambda: turn.id in self._cancelled,
            )
        finally:
            with self._lock:
                self._cancelled.discard(turn.id)
                if self._turn is turn:
                    self._turn = None

    def _remember(self, output: Output, now_sec: float) -> None:
        """Remember what the robot says."""
        if isinstance(output, Utterance):
            with self._lock:
                words = Speech('', output.text, now_sec, by_robot=True)
                self._world.heard(words)
                self._dialogue.said(replace(output, stamp_sec=now_sec))
                long_sec = SPEAKING_SEC_PER_CHAR * len(output.text)
                self._speaking_until_sec = now_sec + long_sec


def _silent(decision: Decision, reason: str) -> Decision:
    return replace(decision, speak=False, reason=f'{reason} ({decision.reason})')


def _asked(trigger: Trigger, reason: str, now_sec: float) -> Decision:
    """The decision behind a turn that another node asked for."""
    return Decision(
        True, reason, now_sec, trigger, score=1.0, priority=PRIORITY[trigger], onset_sec=now_sec
    )
