"""What reads a prompt of embeddings and tokens, and what is checked before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.protocol import ModelError

Logits = NDArray[np.float32]
Vectors = NDArray[np.float32]
Check = Callable[[], object]

CHUNK = 64


class Decoder(Protocol):
    """A causal language model that keeps what it was fed and rates each possible next token.

    What is read stays until `cut`. One thread at a time may use it. Everything it refuses, and
    every use after `close`, is a ModelError; what was kept before is kept still.
    """

    size: int
    vocabulary: int
    limit: int

    @property
    def length(self) -> int:
        """Number of positions kept, at most `limit`."""
        ...

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` positions."""
        ...

    def read(self, tokens: Sequence[int], check: Check = ...) -> Logits:
        """Read tokens; returns the logits, (vocabulary,) float32, of what may follow the last.

        `check` is called before each chunk of 64 positions. What it raises passes through; the
        chunks read until then stay, and `cut` removes them.
        """
        ...

    def read_vectors(self, vectors: Vectors, check: Check = ...) -> Logits:
        """Read embeddings, (n, size) float32, in the place of tokens; otherwise like `read`."""
        ...

    def embed(self, tokens: Sequence[int]) -> Vectors:
        """Return the embeddings, (n, size) float32, as which tokens are read."""
        ...

    def close(self) -> None:
        """Free the model; closing twice is allowed."""
        ...


def unwatched() -> None:
    """Check nothing."""


def chunks(count: int) -> Iterator[slice]:
    """Yield the slices in which `count` positions are read."""
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def checked_tokens(tokens: Sequence[int], decoder: Decoder) -> NDArray[np.int32]:
    """Return tokens as (n,) int32.

    Raises ModelError when there are none, one isn't in the vocabulary, or the context is full.
    """
    array = known_tokens(tokens, decoder)
    _check_room(len(array), decoder)
    return array


def known_tokens(tokens: Sequence[int], decoder: Decoder) -> NDArray[np.int32]:
    """Return tokens as (n,) int32; raises ModelError when one isn't in the vocabulary."""
    try:
        array = np.asarray(tokens, np.int64)
    except (OverflowError, TypeError, ValueError) as error:
        raise ModelError(f'tokens must be integers: {error}') from error
    if array.ndim != 1:
        raise ModelError(f'tokens have the shape {array.shape}; (n,) is needed')
    wrong = array[(array < 0) | (array >= decoder.vocabulary)]
    if wrong.size:
        raise ModelError(
            f'token {wrong[0]} is not in the vocabulary, 0 to {decoder.vocabulary - 1}'
        )
    return array.astype(np.int32)


def checked_vectors(vectors: Vectors, decoder: Decoder) -> Vectors:
    """Return embeddings as contiguous (n, size) float32.

    Raises ModelError when the shape is wrong, a value isn't finite, or the context is full.
    """
    array = np.ascontiguousarray(vectors, np.float32)
    if array.ndim != 2 or array.shape[1] != decoder.size:
        raise ModelError(
            f'embeddings have the shape {np.shape(vectors)}; (n, {decoder.size}) is needed'
        )
    _check_room(len(array), decoder)
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise ModelError(f'embedding {int(bad.argmax())} of {len(array)} has NaN or infinity')
    return array


def checked_length(length: int, decoder: Decoder) -> int:
    """Return a length to cut to; raises ModelError when it isn't between 0 and what is kept."""
    if not 0 <= length <= decoder.length:
        raise ModelError(f"can't cut to {length} positions: 0 to {decoder.length} are kept")
    return length


def _check_room(count: int, decoder: Decoder) -> None:
    """Raise ModelError when nothing is to be read or it doesn't fit."""
    if count == 0:
        raise ModelError('nothing to read: at least one position is needed')
    if decoder.length + count > decoder.limit:
        raise ModelError(
            f'{decoder.length} positions kept and {count} more are over the limit of '
            f'{decoder.limit}; cut what is kept or give the decoder a longer context'
        )
