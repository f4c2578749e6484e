"""Turns a decision to speak into words and a plan that may leave the robot.

Flow: situation (sentence and grammar) -> model, or the phrase bank when it fails -> reply ->
content gate on the newest view -> utterance; steps -> checker on the newest view -> plan. The
moment is judged anew at the first word: what no longer fits is taken back in silence.

Threads: `respond` runs on the one response thread; `look` and `emit` are called from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading

from robochat.config import Config
from robochat.dialogue import Dialogue
from robochat.mllm.protocol import Answer, Mllm, ModelCancelledError, ModelError
from robochat.persona import Persona
from robochat.plan.checker import check
from robochat.plan.grammar import ReplySchema, schema_for
from robochat.plan.table import SkillTable
from robochat.prompt import build_sentence
from robochat.reply import parse, Reply, ReplyError
from robochat.restraint import outdated
from robochat.safety import judge_utterance
from robochat.sentence import referents_of, Sentence
from robochat.values import ActionPlan, ModelCall, Refusal, Trigger, Turn, Utterance, WorldView

Output = Utterance | ActionPlan | Refusal | ModelCall
Look = Callable[[], WorldView]
Emit = Callable[[Output], None]
Objection = Callable[[str], str]

WITH_PLAN = (Trigger.HAZARD, Trigger.CARE, Trigger.HELP, Trigger.GREETING, Trigger.TASK)
ASKED_FOR = (Trigger.REPLY, Trigger.TASK)
# Whatever the model thinks of it, these are answered.
NEVER_SILENT = (Trigger.HAZARD, Trigger.TASK)
# A warning can't wait for a model; that one is asked for the plan alone.
SAID_AT_ONCE = (Trigger.HAZARD,)
PHRASE_DEADLINE_SEC = 1.0
PHRASE_TRIES = 4
OUTDATED = 'turn'
LIFETIME_SEC = 10.0
EXPRESSIONS = {
    Trigger.HAZARD: 'surprise',
    Trigger.CARE: 'concerned',
    Trigger.GREETING: 'happy',
    Trigger.HELP: 'attentive',
}


@dataclass(frozen=True)
class Situation:
    """All that a turn needs: the multimodal sentence and the grammar of its answer.

    `objection` says why the addressee should not hear words that nobody asked for, or nothing.
    """

    turn: Turn
    sentence: Sentence
    schema: ReplySchema
    objection: Objection = lambda _: ''


class Responder:
    """Asks the model, and the phrase bank where the model can't answer or may not say that."""

    def __init__(
        self, config: Config, persona: Persona, table: SkillTable, model: Mllm, phrases: Mllm
    ) -> None:
        self.config = config
        self.persona = persona
        self.table = table
        self.model = model
        self.phrases = phrases
        self._asking = threading.Lock()

    def situation(self, turn: Turn, view: WorldView, dialogue: Dialogue) -> Situation:
        """Build sentence and grammar from a view; call it where `dialogue` may be read."""
        schema = schema_for(
            view,
            self.table,
            want_plan=turn.decision.trigger in WITH_PLAN or bool(turn.instruction),
            max_words=self.config.dialogue.max_words,
            max_steps=self.config.plan.max_steps,
            referents=tuple(r.id for r in referents_of(view)),
        )
        skills = '\n'.join(self.table.described()) if schema.want_plan else ''
        sentence = build_sentence(turn, view, dialogue, self.persona, skills)
        return Situation(turn, sentence, schema)

    def respond(
        self, situation: Situation, look: Look, emit: Emit, cancelled: Callable[[], bool]
    ) -> None:
        """Carry a turn out; what may leave, and what was held back, goes to `emit`."""
        mouth = _Mouth(self, situation, look, emit, cancelled)
        fallback = ''
        if situation.turn.decision.trigger in SAID_AT_ONCE:
            self._say_at_once(situation, mouth)
        try:
            answer = self._ask(situation, mouth)
        except ModelCancelledError:
            return
        except ModelError as error:
            answer, fallback = self._phrase(situation), str(error)
        if answer.silent and situation.turn.decision.trigger not in NEVER_SILENT:
            emit(Refusal('utterance', 'the model chose to say nothing', look().now_sec))
            emit(_measured(situation, answer, fallback, look().now_sec))
            return
        reply, complaint = _read(answer, situation.schema)
        mouth.say(reply.text)
        if mouth.spoken is None and not mouth.over():
            fallback = fallback or complaint or mouth.complaint or 'the model had no words'
            for _ in range(PHRASE_TRIES):
                mouth.say(_read(self._phrase(situation), situation.schema)[0].text)
                if not mouth.objected or mouth.over():
                    break
        emit(_measured(situation, answer, fallback, look().now_sec))
        if not mouth.over():
            self._plan(situation, reply, answer, look(), emit)

    def _ask(self, situation: Situation, mouth: _Mouth) -> Answer:
        """Ask the model, one turn at a time."""
        deadline_sec = self.config.model.deadline_sec
        if not self._asking.acquire(timeout=deadline_sec):
            raise ModelError('the model is still busy with another turn')
        try:
            return self.model.generate(
                situation.sentence,
                situation.schema,
                on_text=mouth.take,
                deadline_sec=deadline_sec,
                cancelled=mouth.over,
            )
        finally:
            self._asking.release()

    def _say_at_once(self, situation: Situation, mouth: _Mouth) -> None:
        """Say a phrase of the persona; where it has none, the model's words will do."""
        try:
            phrase = self._phrase(situation)
        except ModelError:
            return
        mouth.say(_read(phrase, situation.schema)[0].text)

    def _phrase(self, situation: Situation) -> Answer:
        """Take a phrase of the persona; it needs no model and no time."""
        return self.phrases.generate(
            situation.sentence, situation.schema, deadline_sec=PHRASE_DEADLINE_SEC
        )

    def _plan(
        self, situation: Situation, reply: Reply, answer: Answer, view: WorldView, emit: Emit
    ) -> None:
        """Check the steps on the newest view and let the plan out, accepted or refused."""
        for problem in reply.problems:
            emit(Refusal('plan', problem, view.now_sec))
        turn = situation.turn
        if not reply.steps and not turn.instruction:
            return
        decision = turn.decision
        plan = ActionPlan(
            id=f'{turn.id}_plan',
            goal=turn.instruction or decision.reason,
            steps=reply.steps,
            stamp_sec=view.now_sec,
            rationale=', '.join(decision.evidence),
            requested_by=decision.addressee if turn.instruction else '',
            confidence=answer.confidence or decision.score,
        )
        emit(check(plan, view, self.table, self.config.plan.max_steps))


class _Mouth:
    """Lets words out once they are whole and have passed the gate; says one thing a turn."""

    def __init__(
        self,
        responder: Responder,
        situation: Situation,
        look: Look,
        emit: Emit,
        cancelled: Callable[[], bool],
    ) -> None:
        self._responder = responder
        self._situation = situation
        self._look = look
        self._emit = emit
        self._cancelled = cancelled
        self._sentences: list[str] = []
        self.spoken: Utterance | None = None
        self.complaint = ''
        self.objected = False
        self._outdated = False

    def over(self) -> bool:
        """Tell whether nothing may be said any more: cancelled, or the moment has passed."""
        return self._outdated or self._cancelled()

    def take(self, text: str) -> None:
        """Collect whole sentences; an empty one says that the words are complete."""
        if text:
            self._sentences.append(text)
        elif self._sentences:
            self.say(' '.join(self._sentences))

    def say(self, text: str) -> None:
        """Publish the words unless something was said already, or they may not be said."""
        if self.spoken is not None or not text or self.over():
            return
        view = self._look()
        if changed := outdated(self._situation.turn.decision, view):
            self._outdated = True
            self._emit(Refusal(OUTDATED, changed, view.now_sec))
            return
        words, self.complaint = self._judge(text, view)
        if self.complaint:
            self._emit(Refusal('utterance', self.complaint, view.now_sec))
            return
        self.spoken = self._utterance(words)
        self._emit(self.spoken)

    def _judge(self, text: str, view: WorldView) -> tuple[str, str]:
        """Return the cleaned words, and why they may not be said."""
        decision, self.objected = self._situation.turn.decision, False
        # A warning is said to everybody, and again if need be.
        opening = decision.trigger not in (*ASKED_FOR, Trigger.HAZARD)
        words, refusal = judge_utterance(text, self._responder.config, view)
        if refusal is not None:
            return '', refusal.reason
        forbidden = self._responder.persona.forbids(words)
        if forbidden:
            return '', f'the persona never says {forbidden!r}'
        if opening and words in self._situation.sentence.said_before:
            return '', 'these words were an opening before'
        if opening:
            unwanted = self._situation.objection(words)
            self.objected = bool(unwanted)
            return ('', unwanted) if unwanted else (words, '')
        return words, ''

    def _utterance(self, words: str) -> Utterance:
        """Stamp the words with the time of the evidence behind them."""
        turn = self._situation.turn
        decision = turn.decision
        return Utterance(
            id=turn.id,
            text=words,
            stamp_sec=decision.stamp_sec,
            language=self._responder.config.dialogue.language,
            addressee=decision.addressee,
            proactive=decision.trigger not in ASKED_FOR,
            reason=decision.reason,
            evidence=decision.evidence,
            expression=EXPRESSIONS.get(decision.trigger, 'neutral'),
            confidence=decision.score,
            priority=decision.priority,
            lifetime_sec=LIFETIME_SEC,
            in_reply_to=turn.heard,
            trigger=decision.trigger.value,
        )


def is_outdated(output: Output) -> bool:
    """Tell whether a turn was taken back, since its moment had passed at the first word."""
    return isinstance(output, Refusal) and output.what == OUTDATED


def _read(answer: Answer, schema: ReplySchema) -> tuple[Reply, str]:
    """Parse an answer; an empty reply and the complaint where nothing in it can be used."""
    try:
        return parse(answer.text, schema), ''
    except ReplyError as error:
        return Reply(''), str(error)


def _measured(situation: Situation, answer: Answer, fallback: str, now_sec: float) -> ModelCall:
    """Write down the model call behind a turn."""
    return ModelCall(
        turn=situation.turn.id,
        stamp_sec=now_sec,
        trigger=situation.turn.decision.trigger.value,
        model=answer.model,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        first_text_sec=answer.first_text_sec,
        seconds=answer.seconds,
        fallback=fallback,
    )
