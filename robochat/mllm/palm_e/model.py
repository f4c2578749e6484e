"""The embedded model: a PaLM-E of our own (after Driess et al., arXiv 2303.03378).

Flow: multimodal sentence -> layout -> tokens, image tokens and state tokens -> SmolLM2-135M with
the low-rank additions that were trained here -> words, then goals, for which a plan is searched
(for instructions: goals, then words). Pictures and states reach it as vectors, not as words.

Two runtimes read alike: llama.cpp with the additions merged into the packaged GGUF file, made once
and kept in the user's cache, or torch, which also runs any other Hugging Face language model.
Threads: `generate` runs in the caller's thread, one call at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from robochat.mllm.fitness import unfit
from robochat.mllm.palm_e.bridge import Bridge
from robochat.mllm.palm_e.decoder import Decoder, Logits
from robochat.mllm.palm_e.layout import fixed_part, GOAL, lay_out, Layout, NOTHING
from robochat.mllm.palm_e.reading import Reader
from robochat.mllm.palm_e.tokens import Tokens
from robochat.mllm.palm_e.vision import vision_of
from robochat.mllm.palm_e.weights import FILE, load, Weights
from robochat.mllm.palm_e.writing import Writer
from robochat.mllm.protocol import Answer, line_format, ModelDeadlineError, ModelError, Watch
from robochat.mllm.smollm2 import packaged_model
from robochat.persona import ANY, Example, Persona
from robochat.plan.goals import goal_lines
from robochat.resources import MissingFileError, model_path
from robochat.sentence import Sentence
from robochat.settings import ModelSettings
from robochat.values import PlanStep, Trigger

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema
    from robochat.plan.table import SkillTable

NAME = 'palm_e'
TRIES = 3
RETRY_TEMPERATURE = 0.8
LINES = 6
OPENINGS = (Trigger.GREETING, Trigger.CARE, Trigger.HELP, Trigger.SMALL_TALK, Trigger.HAZARD)
HELD_BACK = 'the model chose to say nothing'

OnText = Callable[[str], None]


class PalmE:
    """The embedded multimodal model; raises ModelError when it can't be loaded."""

    name = NAME

    def __init__(self, settings: ModelSettings, persona: Persona) -> None:
        self._settings, self._persona = settings, persona
        weights = load(_weight_file(settings))
        self.tokens = Tokens(packaged_model())
        self.decoder = decoder_of(weights, settings)
        vision = vision_of(weights.config.vision, settings.threads)
        self.reader = Reader(self.decoder, self.tokens, Bridge.of(weights), vision)
        self.writer = Writer(self.reader, self.tokens)
        self.writer.warm_up()
        self._closed = False

    def generate(
        self,
        sentence: Sentence,
        schema: ReplySchema,
        on_text: OnText | None = None,
        deadline_sec: float = 6.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Answer a multimodal sentence; see `Mllm.generate`."""
        if self._closed:
            raise ModelError(f'{NAME} is closed')
        started_sec = time.monotonic()
        watch = Watch(started_sec + deadline_sec, cancelled)
        return _Turn(self, sentence, schema, on_text or _ignore, watch, started_sec).run()

    def layout(self, sentence: Sentence, schema: ReplySchema) -> Layout:
        """Lay a sentence out so that it fits: the oldest lines of the dialogue go first."""
        skills, examples = goal_lines(schema.table), self._examples(sentence)
        for lines in range(LINES, -1, -1):
            layout = lay_out(sentence, skills, examples, lines)
            if self.reader.length_of(layout) <= self.reader.room:
                return layout
        return lay_out(sentence, skills, (), 0)

    def warm_up(self, table: SkillTable) -> None:
        """Read what every sentence begins with, so that the first turn needn't."""
        fixed = fixed_part(self._persona, goal_lines(table))
        self.reader.read(Layout(fixed, (), ('Picture:',)))

    def close(self) -> None:
        """Free the model."""
        self._closed = True
        self.decoder.close()

    @property
    def settings(self) -> ModelSettings:
        """The settings it was made with."""
        return self._settings

    def _examples(self, sentence: Sentence) -> tuple[Example, ...]:
        """Choose examples of the persona, as many as the settings want."""
        trigger = sentence.turn.decision.trigger
        found = sentence.persona.examples_for(trigger, sentence.mood or ANY)
        return found[: self._settings.examples]


def _weight_file(settings: ModelSettings) -> Path:
    """Find the weight file of the settings, or the shipped one; raises ModelError."""
    if settings.path:
        return Path(settings.path).expanduser()
    try:
        return model_path(f'palm_e_{FILE}')
    except MissingFileError as error:
        raise ModelError(str(error)) from error


def decoder_of(weights: Weights, settings: ModelSettings) -> Decoder:
    """Load the language model with what was trained, in the runtime of the settings."""
    if settings.runtime == 'torch' or weights.config.lm != 'embedded':
        from robochat.mllm.palm_e.torch_model import torch_decoder

        return torch_decoder(weights, settings)
    from robochat.mllm.palm_e.llama_decoder import LlamaDecoder
    from robochat.mllm.palm_e.merge import merged_model

    path = merged_model(packaged_model(), weights.lora, alpha=weights.config.alpha)
    return LlamaDecoder(path, threads=settings.threads, context=settings.context_tokens)


@dataclass
class _Turn:
    """One answer while it is written."""

    model: PalmE
    sentence: Sentence
    schema: ReplySchema
    on_text: OnText
    watch: Watch
    started_sec: float
    said: list[str] = field(default_factory=list)
    first_text_sec: float | None = None
    chances: list[float] = field(default_factory=list)
    is_silent: bool = False

    def run(self) -> Answer:
        """Read the sentence, then write words and plan."""
        model, check = self.model, self.watch.check
        asked = bool(self.sentence.turn.instruction) and self.schema.want_plan
        logits, read = model.reader.read(model.layout(self.sentence, self.schema), check)
        start = model.reader.length
        steps: tuple[PlanStep, ...] = ()
        try:
            if asked:
                steps, logits = self._plan(GOAL)
                self._speak('\nSay:', bool(steps))
            else:
                self._speak('Say:', False)
                if self.schema.want_plan and not self.is_silent:
                    steps, logits = self._plan(f'\n{GOAL}')
        except ModelDeadlineError:
            if not self.said:
                raise
        confidence = statistics.fmean(self.chances) if self.chances else None
        return Answer(
            text=line_format(' '.join(self.said), tuple(step.call for step in steps)),
            model=NAME,
            tokens_in=read,
            tokens_out=model.reader.length - start,
            first_text_sec=self.first_text_sec,
            seconds=time.monotonic() - self.started_sec,
            confidence=confidence,
            silent=self.is_silent,
        )

    def _plan(self, cue: str) -> tuple[tuple[PlanStep, ...], Logits]:
        """Write the goals after their cue, and plan for them."""
        logits = self._cue(cue)
        return self.model.writer.plan(logits, self.schema, self.watch.check), logits

    def _cue(self, cue: str) -> Logits:
        return self.model.reader.more(self.model.writer.encoded(cue))

    def _speak(self, cue: str, planned: bool) -> None:
        """Write words that fit; raises ModelError when none of the tries does."""
        settings, why = self.model.settings, ''
        logits = self._cue(cue)
        start = self.model.reader.length
        for number in range(TRIES):
            temperature = max(settings.temperature, RETRY_TEMPERATURE if number else 0.0)
            seed = settings.seed + number + len(self.sentence.said_before)
            rng = np.random.default_rng(seed) if temperature > 0 else None
            text, self.chances = self.model.writer.words(
                logits,
                self.schema.max_words,
                lambda whole: self._hear(whole, planned),
                self.watch.check,
                rng,
                temperature,
            )
            if _is_nothing(text) and not self.sentence.turn.instruction:
                self.is_silent = True
                return
            if self.said:
                self.on_text('')
                return
            why = self._objection(text, planned) or 'no whole sentence'
            self.model.reader.back(start)
        raise ModelError(f'{NAME} wrote nothing fit in {TRIES} tries: {why}')

    def _hear(self, whole: str, planned: bool) -> None:
        """Pass on what is new of the whole sentences, as long as they fit."""
        before = ' '.join(self.said)
        new = whole[len(before) :].strip()
        if not whole.startswith(before) or not new or _is_nothing(whole):
            return
        if self._objection(whole, planned):
            return
        self.said.append(new)
        if self.first_text_sec is None:
            self.first_text_sec = time.monotonic() - self.started_sec
        self.on_text(new)

    def _objection(self, text: str, planned: bool) -> str:
        """Say why words don't fit, or were said to this person before."""
        opens = self.sentence.turn.decision.trigger in OPENINGS
        if opens and any(used.startswith(text) for used in self.sentence.said_before):
            return 'it was said before'
        return unfit(text, self.sentence, planned, sees=bool(self.sentence.frames))


def _is_nothing(text: str) -> bool:
    """Tell whether words stand for saying nothing."""
    return text.strip('. ').lower() == NOTHING


def _ignore(text: str) -> None:
    """Hear nothing."""
