"""Stage 1: ground the picture and state tokens in words, without running the language model.

Each token of a picture learns to lie in the direction of the word embeddings of what is there, and
each token of a state likewise: binary cross-entropy over the words of the data, and a small
squared error against their mean. It takes minutes and decides what the second stage can reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import time
from typing import Any, TYPE_CHECKING

import numpy as np
from robochat.training.features import Scene
from robochat.training.packing import Encoder
from robochat.training.records import RecordError, State
import torch
from torch import nn, Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from robochat.mllm.palm_e.network import PalmE, StateEncoder

LEAST_OCCURRENCES = 20
SCENES_A_STEP = 32
STATES_A_STEP = 256
LEARNING_RATE = 1e-3
POSITIVE_WEIGHT = 3.0
MEAN_WEIGHT = 0.2
LOUDNESS = 1.5
FIRST_BIAS, FIRST_SHARPNESS = -3.0, 8.0

Told = Callable[[int, float, float], None]


@dataclass(frozen=True, eq=False)
class Words:
    """The words to be grounded, their embeddings (n, width) and these as centred directions."""

    names: tuple[str, ...]
    embeddings: Tensor
    directions: Tensor

    def marks(self, given: Sequence[Sequence[str]]) -> Tensor:
        """Mark which words each of some lists has, (lists, n) of 0 and 1."""
        index = {name: number for number, name in enumerate(self.names)}
        marks = torch.zeros(len(given), len(self.names), device=self.embeddings.device)
        for row, words in enumerate(given):
            marks[row, [index[w] for w in words if w in index]] = 1.0
        return marks


class Grounding(nn.Module):
    """Compares tokens with words; `bias` is one for each word."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full((count,), FIRST_BIAS))
        self.sharpness = nn.Parameter(torch.tensor(FIRST_SHARPNESS))

    def forward(self, tokens: Tensor, words: Words) -> Tensor:
        """Return how surely each word fits, (..., n) logits of (..., width) tokens."""
        likeness = functional.normalize(tokens, dim=-1) @ words.directions.T
        logits: Tensor = likeness * self.sharpness + self.bias
        return logits


def words_of(scenes: Sequence[Scene], model: PalmE, encoder: Encoder, least: int) -> Words:
    """Collect the words that occur `least` times at least; raises RecordError when none does."""
    counts: Counter[str] = Counter()
    for scene in scenes:
        for region in scene.record.region_words:
            counts.update(set(region))
        for piece in scene.record.prefix:
            if isinstance(piece, State):
                counts.update({word for token in piece.words for word in token})
    names = tuple(sorted(word for word, count in counts.items() if count >= least))
    if not names:
        raise RecordError(
            f'no word occurs {least} times in {len(scenes)} scenes: make more scenes'
        )
    device = next(model.bridge.parameters()).device
    with torch.no_grad():
        rows = [model.words(torch.tensor(encoder.ids(f' {n}'), device=device)) for n in names]
        embeddings = torch.stack([row.float().mean(0) for row in rows])
    directions = functional.normalize(embeddings - embeddings.mean(0), dim=-1)
    return Words(names, embeddings, directions)


class Alignment:
    """The first stage over some scenes."""

    def __init__(
        self,
        model: PalmE,
        encoder: Encoder,
        scenes: Sequence[Scene],
        seed: int = 0,
        least: int = LEAST_OCCURRENCES,
    ) -> None:
        """Raises RecordError when the scenes have no words to learn from."""
        self._model, self._random = model, np.random.default_rng(seed)
        self._device = next(model.bridge.parameters()).device
        self.words = words_of(scenes, model, encoder, least)
        self._seen = [s for s in scenes if s.record.region_words and s.record.frames]
        _check(self._seen, model)
        self._states = states_of(scenes)
        self.grounding = Grounding(len(self.words.names)).to(self._device)
        learning = [*model.bridge.parameters(), *self.grounding.parameters()]
        self._optimizer = torch.optim.AdamW(learning, lr=LEARNING_RATE)
        self._vectors = {
            kind: torch.tensor([s.vector for s in states], device=self._device)
            for kind, states in self._states.items()
        }
        for kind, vectors in self._vectors.items():
            encoder_of(model, kind).standardise(vectors)
        self._targets = {kind: self._marks(states) for kind, states in self._states.items()}

    def _marks(self, states: Sequence[State]) -> Tensor:
        """Mark the words of each token of some states of a kind, (states, tokens, n)."""
        marks = self.words.marks([words for state in states for words in state.words])
        return marks.reshape(len(states), -1, marks.shape[-1])

    def run(self, minutes: float, steps: int | None = None, tell: Told | None = None) -> int:
        """Learn for some minutes, or steps when given, and return the number of steps."""
        begun, step = time.monotonic(), 0
        while True:
            spent = (time.monotonic() - begun) / 60
            share = step / steps if steps is not None else spent / max(minutes, 1e-9)
            if share >= 1:
                return step
            for group in self._optimizer.param_groups:
                group['lr'] = LEARNING_RATE * (1.0 - 0.9 * share)
            loss = self._step()
            step += 1
            if tell is not None:
                tell(step, share, loss)

    def _step(self) -> float:
        """Learn from a few scenes and states."""
        loss = self.loss()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss.detach())

    def loss(self) -> Tensor:
        """Draw a few scenes and states, and say how far their tokens are from their words."""
        losses = []
        if self._seen:
            chosen = self._random.integers(0, len(self._seen), SCENES_A_STEP)
            losses.append(self._region_loss([self._seen[i] for i in chosen]))
        for kind in self._states:
            losses.append(self._state_loss(kind))
        return torch.stack(losses).sum()

    def _region_loss(self, scenes: Sequence[Scene]) -> Tensor:
        """Compare the regions of the newest pictures with their words."""
        tokens = region_tokens(self._model, scenes).flatten(0, 1)
        marks = self.words.marks([words for s in scenes for words in s.record.region_words])
        return self._loss(self.grounding(tokens, self.words), tokens, marks)

    def _state_loss(self, kind: str) -> Tensor:
        """Compare some states of a kind with the words of each token."""
        states, all_marks = self._states[kind], self._targets[kind]
        all_vectors = self._vectors[kind]
        chosen = self._random.integers(0, len(states), STATES_A_STEP)
        vectors = all_vectors[torch.from_numpy(chosen)]
        tokens = self._model.state(kind, vectors)
        logits = self.grounding(tokens, self.words)
        return self._loss(logits, tokens, all_marks[torch.from_numpy(chosen)])

    def _loss(self, logits: Tensor, tokens: Tensor, marks: Tensor) -> Tensor:
        """Join the two measures of how far tokens are from their words."""
        weight = torch.tensor(POSITIVE_WEIGHT, device=self._device)
        told = functional.binary_cross_entropy_with_logits(logits, marks, pos_weight=weight)
        count = marks.sum(-1, keepdim=True)
        wanted = marks @ self.words.embeddings / count.clamp(min=1) * LOUDNESS
        scale = self._model.bridge.scale
        far = ((tokens - wanted) ** 2 * (count > 0)).mean() / scale**2
        return told + MEAN_WEIGHT * far

    def measure(self, scenes: Sequence[Scene]) -> Mapping[str, float]:
        """Return, for each word that occurs, the F1 of finding the tokens that it belongs to.

        Words are named with the kind of token: `picture red`, `person_look red`.
        """
        f1: dict[str, float] = {}
        seen = [s for s in scenes if s.record.region_words and s.record.frames]
        with torch.no_grad():
            if seen:
                marks = self.words.marks([w for s in seen for w in s.record.region_words])
                f1 |= self._f1('picture', region_tokens(self._model, seen).flatten(0, 1), marks)
            for kind, states in states_of(scenes).items():
                vectors = torch.tensor([s.vector for s in states], device=self._device)
                marks = self.words.marks([w for s in states for w in s.words])
                f1 |= self._f1(kind, self._model.state(kind, vectors).flatten(0, 1), marks)
        return f1

    def _f1(self, kind: str, tokens: Tensor, marks: Tensor) -> dict[str, float]:
        """Return the F1 of each word that occurs, over tokens (n, width) and marks (n, words)."""
        found = (self.grounding(tokens, self.words) > 0).float()
        right = (found * marks).sum(0)
        both = found.sum(0) + marks.sum(0)
        values = (2 * right / both.clamp(min=1)).tolist()
        occurs = (marks.sum(0) > 0).tolist()
        named = zip(self.words.names, values, occurs, strict=True)
        return {f'{kind} {name}': value for name, value, there in named if there}


def _check(scenes: Sequence[Scene], model: PalmE) -> None:
    """Refuse scenes whose words were written for another number of tokens."""
    count = model.config.picture_tokens
    for scene in scenes:
        if len(scene.record.region_words) != count:
            raise RecordError(
                f'{scene.record.name}: {len(scene.record.region_words)} lists of words, but a '
                f'picture becomes {count} tokens; make the scenes again'
            )


def encoder_of(model: PalmE, kind: str) -> StateEncoder:
    """Return the encoder of a kind of state."""
    found: Any = model.bridge.states[kind]
    encoder: StateEncoder = found
    return encoder


def states_of(scenes: Sequence[Scene]) -> dict[str, list[State]]:
    """Sort the states that have words by their kind."""
    states: dict[str, list[State]] = {}
    for scene in scenes:
        for piece in scene.record.prefix:
            if isinstance(piece, State) and piece.words:
                states.setdefault(piece.kind, []).append(piece)
    return states


def region_tokens(model: PalmE, scenes: Sequence[Scene]) -> Tensor:
    """Return the tokens of the newest pictures, (scenes, regions, width)."""
    features = np.stack([scene.features[-1] for scene in scenes])
    device = next(model.bridge.parameters()).device
    return model.image(torch.from_numpy(features).to(device))
