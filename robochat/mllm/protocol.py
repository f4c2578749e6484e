"""What every language model offers, what it returns and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Protocol, TYPE_CHECKING

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema
    from robochat.sentence import Sentence


class ModelError(RuntimeError):
    """The model gave no answer; the message says why."""


class ModelDeadlineError(ModelError):
    """The deadline passed before one whole sentence was there."""


class ModelCancelledError(ModelError):
    """The caller no longer wants the answer."""


@dataclass(frozen=True)
class Watch:
    """When to stop waiting: at `until_sec` of the monotonic clock, or when cancelled."""

    until_sec: float
    cancelled: Callable[[], bool]

    def check(self) -> None:
        """Raise ModelCancelledError or ModelDeadlineError when it is time to stop."""
        if self.cancelled():
            raise ModelCancelledError('the answer is no longer wanted')
        if time.monotonic() >= self.until_sec:
            raise ModelDeadlineError('the deadline passed before the model had finished')


@dataclass(frozen=True)
class Answer:
    """The raw, untrusted text of a model, measured.

    `text` is in the line format (`Say: words`, and `Plan: call; call` on the next line) or a JSON
    object with `say` and `plan`. Seconds count from the request; `confidence` is the mean
    probability of the tokens of the words, None when the model doesn't tell. `silent` says that
    the model chose to say nothing.
    """

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    first_text_sec: float | None = None
    seconds: float = 0.0
    confidence: float | None = None
    silent: bool = False


class Mllm(Protocol):
    """A multimodal language model.

    `generate` blocks, and is called by one thread at a time.
    """

    name: str

    def generate(
        self,
        sentence: Sentence,
        schema: ReplySchema,
        on_text: Callable[[str], None] | None = None,
        deadline_sec: float = 6.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Answer a multimodal sentence.

        `on_text` gets each whole sentence of the words as soon as it is there, and an empty text
        when the words are complete, which may be before the plan is. `deadline_sec` counts from
        the call; it and `cancelled` are honoured within about 0.2 s. Whole sentences that are
        there when the deadline passes are returned. Raises ModelDeadlineError, ModelCancelledError
        or another ModelError.
        """
        ...

    def close(self) -> None:
        """Free the model; afterwards `generate` raises ModelError."""
        ...


def line_format(words: str, steps: tuple[str, ...] = ()) -> str:
    """Write words and step calls the way `robochat.reply.parse` reads them."""
    lines = [f'Say: {words}'] if words else []
    return '\n'.join([*lines, f'Plan: {"; ".join(steps)}'] if steps else lines)
