"""A GGUF model read through llama.cpp, by tokens or embeddings.

Threads: one call at a time; a second caller, `close` included, waits for the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import threading
import weakref

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.decoder import (
    Check,
    checked_length,
    checked_tokens,
    checked_vectors,
    CHUNK,
    chunks,
    known_tokens,
    Logits,
    unwatched,
    Vectors,
)
from robochat.mllm.palm_e.gguf_file import mapped, read_header, read_rows, Tensor
from robochat.mllm.palm_e.llama_library import Batch, Library, library, mismatch
from robochat.mllm.protocol import ModelError

EMBEDDINGS = 'token_embd.weight'


class LlamaDecoder:
    """A Decoder of a GGUF file; the weights are mapped into memory, the cache is float16.

    `threads` compute, `context` positions are kept at most. Raises
    ModelError when the file is missing, broken or of an unknown kind, when the context is longer
    than the model was trained for, or when the installed llama.cpp isn't the tested one and
    differs.
    """

    def __init__(self, path: Path, *, threads: int = 1, context: int = 1024) -> None:
        if threads < 1 or context < 1:
            raise ModelError(f'{threads} threads, {context} positions: at least 1 of each')
        self._words = _words(path)
        self._library = library()
        call = self._library.call
        model = _load(self._library, path)
        self._free_model = weakref.finalize(self, call.llama_model_free, model)
        self.size = int(call.llama_model_n_embd(model))
        self.vocabulary = int(call.llama_vocab_n_tokens(call.llama_model_get_vocab(model)))
        longest = int(call.llama_model_n_ctx_train(model))
        if context > longest:
            raise ModelError(
                f'{path}: {context} positions of context; the model knows at most {longest}'
            )
        self.limit = context
        self._context = _start(self._library, model, context, threads)
        # Made later, so called earlier at exit: the context goes before the model.
        self._free_context = weakref.finalize(self, call.llama_free, self._context)
        self._memory = call.llama_get_memory(self._context)
        self._length = 0
        self._lock = threading.Lock()

    @property
    def length(self) -> int:
        """Number of positions kept."""
        return self._length

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` positions."""
        with self._lock:
            self._check_open()
            self._forget(checked_length(length, self))

    def read(self, tokens: Sequence[int], check: Check = unwatched) -> Logits:
        """Read tokens; returns the logits after the last one, (vocabulary,) float32."""
        with self._lock:
            self._check_open()
            array = checked_tokens(tokens, self)
            for part in chunks(len(array)):
                check()
                piece = np.ascontiguousarray(array[part])
                self._decode(Batch(count=len(piece), tokens=piece.ctypes.data))
            return self._logits()

    def read_vectors(self, vectors: Vectors, check: Check = unwatched) -> Logits:
        """Read embeddings, (n, size) float32; returns the logits after the last one."""
        with self._lock:
            self._check_open()
            array = checked_vectors(vectors, self)
            for part in chunks(len(array)):
                check()
                piece = array[part]
                self._decode(Batch(count=len(piece), vectors=piece.ctypes.data))
            return self._logits()

    def embed(self, tokens: Sequence[int]) -> Vectors:
        """Look tokens up, (n, size) float32, without running the model."""
        return read_rows(*self._words, known_tokens(tokens, self))

    def close(self) -> None:
        """Free the model; waits for a call that is still running."""
        with self._lock:
            self._free_context()
            self._free_model()

    def _check_open(self) -> None:
        """Raise ModelError after `close`."""
        if not self._free_model.alive:
            raise ModelError('the model is closed')

    def _decode(self, batch: Batch) -> None:
        """Compute a chunk; raises ModelError, with what was kept before still kept."""
        code = self._library.call.llama_decode(self._context, batch)
        if code != 0:
            self._forget(self._length)
            raise ModelError(f"llama.cpp couldn't read {batch.count} positions: code {code}")
        self._length += batch.count

    def _forget(self, length: int) -> None:
        """Remove the positions from `length` on."""
        if not self._library.call.llama_memory_seq_rm(self._memory, 0, length, -1):
            raise ModelError(f"llama.cpp can't cut this kind of model's memory to {length}")
        self._length = length

    def _logits(self) -> Logits:
        """Copy the logits of the last position read."""
        pointer = self._library.call.llama_get_logits_ith(self._context, -1)
        if not pointer:
            raise ModelError('llama.cpp gave no logits')
        return np.ctypeslib.as_array(pointer, (self.vocabulary,)).copy()


def _words(path: Path) -> tuple[NDArray[np.uint8], Tensor]:
    """Find the embeddings of words in a file; raises ModelError when there are none."""
    tensors = {tensor.name: tensor for tensor in read_header(path).tensors}
    if EMBEDDINGS not in tensors:
        raise ModelError(f'{path}: no tensor {EMBEDDINGS}; give a GGUF file of a language model')
    return mapped(path), tensors[EMBEDDINGS]


def _load(native: Library, path: Path) -> int:
    """Load a model; raises ModelError with what llama.cpp says of it."""
    with native.errors() as lines:
        model = native.call.llama_model_load_from_file(
            str(path).encode(), native.call.llama_model_default_params()
        )
    if not model:
        reason = lines[0] if lines else 'no reason given'
        raise ModelError(f"{path}: llama.cpp can't load it: {reason}")
    return int(model)


def _start(native: Library, model: int, context: int, threads: int) -> int:
    """Make a context and check that llama.cpp understood what was asked for."""
    call = native.call
    params = call.llama_context_default_params()
    params.numbers[:3] = (context, CHUNK, CHUNK)
    with native.errors() as lines:
        made = call.llama_init_from_model(model, params)
    if not made:
        reason = lines[0] if lines else 'no reason given'
        raise ModelError(f"llama.cpp can't start with {context} positions: {reason}")
    # A second thread for reading made it slower beside a simulator: it waits by spinning.
    call.llama_set_n_threads(made, threads, threads)
    found = (
        min(context, call.llama_n_ctx(made)),
        call.llama_n_batch(made),
        call.llama_n_ubatch(made),
        call.llama_n_threads(made),
        call.llama_n_threads_batch(made),
    )
    expected = (context, CHUNK, CHUNK, threads, threads)
    if found != expected:
        call.llama_free(made)
        raise mismatch(f'it took {found} for {expected}')
    return int(made)
