"""No model at all: picks a phrase of the persona that fits the case and wasn't said lately.

Used when the language model doesn't answer in time, says nothing fit, or isn't installed. Its
answers are marked by `model='phrases'`, and never hold a plan.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import random
import time
from typing import TYPE_CHECKING

from robochat.mllm.fewshot import cases_of, things_seen, what_happened
from robochat.mllm.protocol import Answer, line_format, ModelCancelledError, ModelError
from robochat.persona import ANY, day_part, Persona, Phrase
from robochat.sentence import Sentence

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema

NAME = 'phrases'
MEMORY = 12


class Phrases:
    """Speaks from the phrase bank; `seed` makes the picks repeatable."""

    name = NAME

    def __init__(self, persona: Persona, seed: int = 7) -> None:
        self._persona = persona
        self._random = random.Random(seed)
        self._said: dict[str, deque[str]] = {}

    def generate(
        self,
        sentence: Sentence,
        schema: ReplySchema | None = None,
        on_text: Callable[[str], None] | None = None,
        deadline_sec: float = 6.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Answer at once; raises ModelError when the persona has no phrase for the trigger."""
        started_sec = time.monotonic()
        if cancelled():
            raise ModelCancelledError('the answer is no longer wanted')
        text = self.pick(sentence)
        if on_text is not None:
            on_text(text)
            on_text('')
        seconds = time.monotonic() - started_sec
        return Answer(line_format(text), NAME, first_text_sec=seconds, seconds=seconds)

    def pick(self, sentence: Sentence) -> str:
        """Pick words that fit; those said longest ago when all were said."""
        who = sentence.turn.decision.addressee
        lately = self._said.setdefault(who, deque(maxlen=MEMORY))
        used = [*sentence.said_before, *lately]
        texts = self._fitting(sentence)
        if not texts:
            trigger = sentence.turn.decision.trigger.value
            raise ModelError(f'the persona {self._persona.name} has no phrase for {trigger}')
        fresh = [text for text in texts if text not in used]
        text = (
            self._random.choice(fresh) if fresh else min(texts, key=lambda t: _last_use(used, t))
        )
        lately.append(text)
        return text

    def close(self) -> None:
        """Nothing to free."""

    def _fitting(self, sentence: Sentence) -> list[str]:
        """Fill in the phrases of the trigger for this look and intent, else those for any."""
        phrases = self._persona.phrases_for(sentence.turn.decision.trigger)
        slots = _slots(sentence)
        for whens in _whens(sentence):
            texts = [
                text
                for phrase in phrases
                if phrase.when in whens and (text := _filled(phrase, slots))
            ]
            if texts:
                return texts
        return []


def _whens(sentence: Sentence) -> list[tuple[str, ...]]:
    """List what must fit, the most telling first."""
    day = day_part(sentence.view.hour)
    return [*((case,) for case in cases_of(sentence)), (sentence.mood,), (day, ANY)]


def _slots(sentence: Sentence) -> dict[str, str]:
    """Give the slots that can be filled in this case."""
    day = day_part(sentence.view.hour)
    seen = next(iter(things_seen(sentence)), '')
    slots = {
        'day': 'evening' if day == 'night' else day,
        'robot': sentence.persona.name,
        'what': what_happened(sentence),
        'thing': seen.split(' on the ')[0].split(' ', 1)[-1],
    }
    return {name: value for name, value in slots.items() if value}


def _filled(phrase: Phrase, slots: dict[str, str]) -> str:
    """Fill the slots, or return an empty string where one can't be."""
    return phrase.text.format(**slots) if set(phrase.slots) <= set(slots) else ''


def _last_use(used: list[str], text: str) -> int:
    """Tell how recently a text was used; larger is more recent."""
    return max((place for place, one in enumerate(used) if one == text), default=-1)
