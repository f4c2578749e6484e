"""Feeds a laid-out sentence to a decoder, and keeps what begins alike from turn to turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import itertools

import numpy as np
from robochat.mllm.palm_e.bridge import Bridge
from robochat.mllm.palm_e.decoder import Check, Decoder, Logits, unwatched, Vectors
from robochat.mllm.palm_e.layout import Layout, Picture, Piece, Quote, State
from robochat.mllm.palm_e.tokens import Tokens
from robochat.mllm.palm_e.vision import Vision
from robochat.mllm.protocol import ModelError
from robochat.values import Frame

ANSWER_ROOM = 160
MAX_SEEN = 6


@dataclass(frozen=True, eq=False)
class Run:
    """Positions that are read at once: tokens, or vectors of shape (n, width)."""

    tokens: tuple[int, ...] = ()
    vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self.tokens) if self.vectors is None else len(self.vectors)

    def same(self, other: Run) -> bool:
        """Tell whether both read alike."""
        if self.vectors is None or other.vectors is None:
            return self.vectors is other.vectors and self.tokens == other.tokens
        return np.array_equal(self.vectors, other.vectors)


class Reader:
    """Turns pieces into positions, and reads only what differs from the time before."""

    def __init__(self, decoder: Decoder, tokens: Tokens, bridge: Bridge, vision: Vision) -> None:
        if bridge.width != decoder.size:
            raise ModelError(
                f'the projector makes tokens of {bridge.width} numbers, the language model reads '
                f'{decoder.size}; use weights that were trained for this model'
            )
        self._decoder, self._tokens = decoder, tokens
        self._bridge, self._vision = bridge, vision
        self._kept: list[Run] = []
        self._seen: dict[tuple[float, int], tuple[Frame, Vectors]] = {}

    def with_decoder(self, decoder: Decoder) -> Reader:
        """Return a reader of the same eyes for another language model."""
        return Reader(decoder, self._tokens, self._bridge, self._vision)

    def read(self, layout: Layout, check: Check = unwatched) -> tuple[Logits, int]:
        """Read a whole sentence; returns what may follow, and how many positions were new.

        Raises ModelError when the sentence leaves no room for an answer.
        """
        parts = (layout.fixed, layout.scene, layout.ask)
        runs = [run for part in parts for run in self.runs(part)]
        length = sum(map(len, runs))
        if length > self.room:
            raise ModelError(
                f'a sentence of {length} positions; at most {self.room} fit into '
                f'model.context_tokens = {self._decoder.limit} with an answer'
            )
        count = self._alike(runs)
        kept = sum(map(len, runs[:count]))
        self._decoder.cut(kept)
        self._kept = runs[:count]
        try:
            logits = self._read(runs[count:], check)
        finally:
            self._kept = _whole(runs, self._decoder.length)
        return logits, length - kept

    def more(self, tokens: Sequence[int], check: Check = unwatched) -> Logits:
        """Read tokens of the answer."""
        return self._decoder.read(tokens, check)

    @property
    def room(self) -> int:
        """How many positions a sentence may have."""
        return self._decoder.limit - ANSWER_ROOM

    @property
    def length(self) -> int:
        """How many positions have been read."""
        return self._decoder.length

    def back(self, length: int) -> None:
        """Forget what was read after the first `length` positions."""
        self._decoder.cut(length)

    def length_of(self, layout: Layout) -> int:
        """Count the positions of a sentence without looking at its pictures."""
        pieces = (*layout.fixed, *layout.scene, *layout.ask)
        config = self._bridge.config
        return sum(
            config.picture_tokens
            if isinstance(p, Picture)
            else config.state(p.kind).tokens
            if isinstance(p, State)
            else len(self._encoded(p))
            for p in pieces
        )

    def runs(self, pieces: Sequence[Piece]) -> Iterator[Run]:
        """Yield the positions of pieces; neighbours of a kind become one run."""
        tokens: list[int] = []
        vectors: list[Vectors] = []
        for piece in pieces:
            if isinstance(piece, Picture | State):
                if tokens:
                    yield Run(tuple(tokens))
                    tokens = []
                vectors.append(self._vectors(piece))
                continue
            if vectors:
                yield Run(vectors=np.concatenate(vectors))
                vectors = []
            tokens += self._encoded(piece)
        if tokens:
            yield Run(tuple(tokens))
        if vectors:
            yield Run(vectors=np.concatenate(vectors))

    def _encoded(self, piece: Piece) -> tuple[int, ...]:
        """Encode text; what people said never becomes a token of the chat format."""
        if isinstance(piece, Quote):
            return self._tokens.encode(piece.text, special=False)
        return self._tokens.encode(str(piece))

    def _vectors(self, piece: Picture | State) -> Vectors:
        """Turn a picture or a state into tokens; one picture is only looked at once."""
        try:
            if isinstance(piece, State):
                return self._bridge.state(piece.kind, piece.vector)
            return self._picture(piece.frame)
        except ValueError as error:
            raise ModelError(f'the sentence has a part that cannot be read: {error}') from error

    def _picture(self, frame: Frame) -> Vectors:
        """Look at a picture; it is kept, so that no other one gets its place in memory."""
        key = (frame.stamp_sec, id(frame.image))
        if key not in self._seen:
            while len(self._seen) >= MAX_SEEN:
                self._seen.pop(next(iter(self._seen)))
            self._seen[key] = frame, self._bridge.image(self._vision.features(frame.image))
        return self._seen[key][1]

    def _alike(self, runs: Sequence[Run]) -> int:
        """Count the first runs that are kept; the last is always read again, for its logits."""
        count = 0
        for kept, run in zip(self._kept, runs[:-1], strict=False):
            if not kept.same(run):
                break
            count += 1
        return count

    def _read(self, runs: Sequence[Run], check: Check) -> Logits:
        """Read all at once: many short runs one by one would take twice as long."""
        if all(run.vectors is None for run in runs):
            return self._decoder.read([t for run in runs for t in run.tokens], check)
        return self._decoder.read_vectors(np.concatenate([self._embedded(r) for r in runs]), check)

    def _embedded(self, run: Run) -> Vectors:
        """Return a run as vectors."""
        return self._decoder.embed(run.tokens) if run.vectors is None else run.vectors


def _whole(runs: Sequence[Run], length: int) -> list[Run]:
    """Return the first runs that lie within a length."""
    ends = itertools.accumulate(map(len, runs))
    return [run for run, end in zip(runs, ends, strict=True) if end <= length]
