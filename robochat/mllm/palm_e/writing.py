"""Writes an answer token by token, so that all of it can be used.

Words are plain text in one line. Of a plan the model writes the goals: among all facts that the
skills could bring about, and `done`, it follows the likeliest letters. The steps are found by
search (`robochat.plan.goals`), so that a plan always parses and can run on the world as known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
import re

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.decoder import Check, Logits
from robochat.mllm.palm_e.layout import DONE
from robochat.mllm.palm_e.reading import Reader
from robochat.mllm.palm_e.tokens import Tokens
from robochat.plan.goals import goals, plan_for
from robochat.plan.grammar import ReplySchema
from robochat.values import PlanStep, softmax

TOKENS_A_WORD = 2
MOST_GOALS = 3
STOP = -1
_PLAIN = re.compile(rb"[A-Za-z0-9 .,!?'-]*")
_WHOLE = re.compile(r'(?<!\d)[.!?]+$')
_ENDED = ('.', '!', '?')


class Writer:
    """Writes words and plans with one reader."""

    def __init__(self, reader: Reader, tokens: Tokens) -> None:
        self._reader, self._tokens = reader, tokens
        self._newline = tokens.encode('\n')[-1]

    @cached_property
    def _forbidden(self) -> NDArray[np.bool_]:
        """Mark the tokens that plain words don't have; the end of the line is allowed."""
        pieces = (self._tokens.piece(token) for token in range(self._tokens.size))
        marked = np.array([not _PLAIN.fullmatch(piece) for piece in pieces])
        marked[[self._tokens.end, self._newline]] = False
        return marked

    def encoded(self, cue: str) -> tuple[int, ...]:
        """Encode what introduces a line of the answer."""
        return self._tokens.encode(cue)

    def warm_up(self) -> None:
        """Compute what is needed once."""
        _ = self._forbidden

    def words(  # noqa: PLR0913, PLR0917  all sides of one line
        self,
        logits: Logits,
        max_words: int,
        hear: Callable[[str], None],
        check: Check,
        rng: np.random.Generator | None = None,
        temperature: float = 0.0,
    ) -> tuple[str, list[float]]:
        """Write a line after `logits`; returns it and the probability of each token.

        `hear` gets all that is written so far whenever a sentence is whole; a point after a digit
        may be that of `1.5`, and ends a sentence only where the line ends. Without `rng` always
        the likeliest token is taken.
        """
        written: list[int] = []
        chances: list[float] = []
        heard = ''
        for _ in range(max_words * TOKENS_A_WORD):
            check()
            token, chance = self._next(logits, rng, temperature, bool(written))
            if token in (self._tokens.end, self._newline):
                break
            written.append(token)
            chances.append(chance)
            text = self._tokens.decode(written).strip()
            if len(text.split()) > max_words:
                del written[-1], chances[-1]
                break
            logits = self._reader.more([token])
            if _WHOLE.search(text):
                heard = text
                hear(text)
        text = self._tokens.decode(written).strip()
        if text.endswith(_ENDED) and text != heard:
            hear(text)
        return text, chances

    def _next(
        self, logits: Logits, rng: np.random.Generator | None, temperature: float, may_end: bool
    ) -> tuple[int, float]:
        """Choose the next token of the words, and tell how likely it was."""
        allowed = np.where(self._forbidden, -np.inf, logits)
        if not may_end:
            allowed[[self._tokens.end, self._newline]] = -np.inf
        shares = softmax(allowed)
        token = int(allowed.argmax())
        if rng is not None and temperature > 0:
            drawn = softmax(allowed / temperature).astype(np.float64)
            token = int(rng.choice(len(drawn), p=drawn / drawn.sum()))
        return token, float(shares[token])

    def plan(self, logits: Logits, schema: ReplySchema, check: Check) -> tuple[PlanStep, ...]:
        """Write goals after `logits` until the model has done; returns the steps to reach them.

        A goal that can't be reached is struck out and ends the list, so that the words that
        follow don't promise it.
        """
        steps: tuple[PlanStep, ...] = ()
        left = {self._tokens.encode(f' {g.text};', special=False): g for g in goals(schema)}
        for _ in range(min(MOST_GOALS, len(left))):
            start = self._reader.length
            chosen, logits = self._follow(logits, [*left, self._done], check)
            if chosen == self._done:
                break
            found = plan_for(left.pop(chosen), schema, steps)
            if found is None:
                self._reader.back(start)
                self._reader.more(self._done)
                break
            steps += found
        return steps

    @cached_property
    def _done(self) -> tuple[int, ...]:
        return self._tokens.encode(f' {DONE}')

    def _follow(
        self, logits: Logits, paths: Iterable[tuple[int, ...]], check: Check
    ) -> tuple[tuple[int, ...], Logits]:
        """Follow the likeliest of some spellings; what has no choice is read in one go."""
        left, depth = list(paths), 0
        waiting: list[int] = []
        while True:
            check()
            nexts = self._nexts(left, depth)
            if len(nexts) > 1:
                if waiting:
                    logits, waiting = self._reader.more(waiting), []
                token = max(nexts, key=lambda t: self._rating(logits, t))
                if token == STOP:
                    return nexts[token][0], logits
            else:
                token = next(iter(nexts))
            left, depth = nexts[token], depth + 1
            waiting.append(token)
            if len(left) == 1 and len(left[0]) == depth:
                return left[0], self._reader.more(waiting)

    def _rating(self, logits: Logits, token: int) -> float:
        """Rate a next token; a spelling stops where the line or the turn ends."""
        if token == STOP:
            return float(max(logits[self._newline], logits[self._tokens.end]))
        return float(logits[token])

    @staticmethod
    def _nexts(paths: list[tuple[int, ...]], depth: int) -> Mapping[int, list[tuple[int, ...]]]:
        """Group spellings by their next token; `done` may be the beginning of another."""
        groups: dict[int, list[tuple[int, ...]]] = {}
        for path in paths:
            groups.setdefault(path[depth] if depth < len(path) else STOP, []).append(path)
        return groups
