"""A Hugging Face model read through torch, by tokens or embeddings: slower, and the reference.

Threads: one call at a time; a second caller, `close` included, waits for the first. The number of
threads that compute is torch's, of the whole process.
"""

from __future__ import annotations

from collections.abc import Sequence
import inspect
import threading
from typing import Any
import warnings

import numpy as np
from robochat.mllm.palm_e.decoder import (
    Check,
    checked_length,
    checked_tokens,
    checked_vectors,
    chunks,
    known_tokens,
    Logits,
    unwatched,
    Vectors,
)
from robochat.mllm.protocol import ModelError
import torch
from transformers import DynamicCache

PRECISIONS = ('float32', 'bfloat16', 'int8')


class TorchDecoder:
    """A Decoder of a causal language model of `transformers` with full attention.

    The model is taken over: put into evaluation mode and converted to `precision`, one of
    `PRECISIONS`; int8 means linear layers with weights of 8 bits and the rest in float32.
    `context` is the longest kept, at most what the model was made for. Raises ModelError when a
    setting isn't allowed.
    """

    def __init__(
        self,
        lm: Any,
        *,
        threads: int = 1,
        context: int | None = None,
        precision: str = 'float32',
    ) -> None:
        if precision not in PRECISIONS:
            raise ModelError(f'precision {precision}: one of {", ".join(PRECISIONS)}')
        longest = int(lm.config.max_position_embeddings)
        self.limit = longest if context is None else context
        if threads < 1 or not 1 <= self.limit <= longest:
            raise ModelError(
                f'{threads} threads, {self.limit} positions: at least 1 of each, '
                f'and at most {longest} positions with this model'
            )
        torch.set_num_threads(threads)
        self._lm = _converted(lm, precision)
        self._dtype = lm.get_input_embeddings().weight.dtype
        self.vocabulary, self.size = map(int, lm.get_input_embeddings().weight.shape)
        # Versions of transformers 5 differ in this name.
        names = inspect.signature(type(lm).forward).parameters
        self._cache_name = 'cache' if 'cache' in names else 'past_key_values'
        self._cache = DynamicCache()
        self._lock = threading.Lock()

    @property
    def length(self) -> int:
        """Number of positions kept."""
        return int(self._cache.get_seq_length())

    def cut(self, length: int) -> None:
        """Forget everything after the first `length` positions."""
        with self._lock:
            self._check_open()
            self._forget(checked_length(length, self))

    def read(self, tokens: Sequence[int], check: Check = unwatched) -> Logits:
        """Read tokens; returns the logits after the last one, (vocabulary,) float32."""
        with self._lock:
            self._check_open()
            ids = torch.from_numpy(checked_tokens(tokens, self).astype(np.int64))
            return self._read('input_ids', ids, check)

    def read_vectors(self, vectors: Vectors, check: Check = unwatched) -> Logits:
        """Read embeddings, (n, size) float32; returns the logits after the last one."""
        with self._lock:
            self._check_open()
            rows = torch.from_numpy(checked_vectors(vectors, self)).to(self._dtype)
            return self._read('inputs_embeds', rows, check)

    def embed(self, tokens: Sequence[int]) -> Vectors:
        """Look tokens up, (n, size) float32."""
        with self._lock, torch.inference_mode():
            self._check_open()
            ids = torch.from_numpy(known_tokens(tokens, self).astype(np.int64))
            words = self._lm.get_input_embeddings()(ids)
            return np.asarray(words.float().numpy(), np.float32)

    def close(self) -> None:
        """Free the model; waits for a call that is still running."""
        with self._lock:
            self._lm = None
            self._cache = DynamicCache()

    def _check_open(self) -> None:
        """Raise ModelError after `close`."""
        if self._lm is None:
            raise ModelError('the model is closed')

    def _read(self, name: str, inputs: torch.Tensor, check: Check) -> Logits:
        """Compute chunk by chunk; a chunk that fails leaves nothing behind."""
        logits = inputs
        for part in chunks(len(inputs)):
            check()
            kept = self.length
            try:
                logits = self._forward(name, inputs[part])
            except RuntimeError as error:
                self._forget(kept)
                raise ModelError(f"torch couldn't read: {error}") from error
        return logits.to(torch.float32).numpy()

    @torch.inference_mode()
    def _forward(self, name: str, inputs: torch.Tensor) -> torch.Tensor:
        """Compute a chunk; returns the logits after it."""
        result = self._lm(
            **{name: inputs[None]},
            **{self._cache_name: self._cache},
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = result.logits[0, -1]
        return logits

    def _forget(self, length: int) -> None:
        """Remove the positions from `length` on.

        DynamicCache.crop isn't used: versions of transformers 5 differ in what its number means.
        """
        if length == 0:
            self._cache = DynamicCache()
        elif length < self.length:
            layers: list[Any] = self._cache.layers
            for layer in layers:
                layer.keys = layer.keys[:, :, :length]
                layer.values = layer.values[:, :, :length]


def _converted(lm: Any, precision: str) -> Any:
    """Put a model into evaluation mode and a precision."""
    lm.requires_grad_(False).eval()
    if precision == 'int8':
        convert: Any = torch.ao.quantization.quantize_dynamic
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # deprecated without a successor within torch
            return convert(lm.float(), {torch.nn.Linear}, dtype=torch.qint8, inplace=True)
    return lm.to(getattr(torch, precision))
