"""Runs a Llama over packed scenes on the CPU, faster than its own modules do, and equal to them.

What saves time: branches attend to the scene and themselves alone, so most of the square of the
attention is never computed; neighbouring layers are one product; the low-rank additions are added
in place; backward passes recompute what is cheap; the last layer and the words are computed only
where an answer is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
import math
import time
from typing import Any, TYPE_CHECKING

import numpy as np
from robochat.mllm.palm_e.lora import Lora
from robochat.training.gradients import (
    Bucket,
    gated,
    gathered,
    joined,
    linear,
    normed,
    turned,
    word_losses,
)
from robochat.training.packing import embeddings, Pack, token_losses
import torch
from torch import nn, Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from robochat.mllm.palm_e.network import PalmE

Losses = Callable[[Sequence[Pack]], Tensor]

BUCKETS = 4
HIDDEN_SCORE = -1e9
TRIALS, CLEARLY = 20, 1.3


def losses_of(model: PalmE) -> Losses:
    """Return the fastest function from packs to the losses of their answer tokens, (n,)."""
    return LeanLlama(model).losses if fits(model) else partial(token_losses, model)


def halves_are_faster() -> bool:
    """Measure whether this CPU multiplies bfloat16 clearly faster than float32."""
    took = dict.fromkeys((torch.float32, torch.bfloat16), math.inf)
    for kind in TRIALS * tuple(took):  # in turn, so that what else runs slows both
        x, weight = torch.ones(256, 576, dtype=kind), torch.ones(576, 1536, dtype=kind)
        begun = time.perf_counter()
        x @ weight
        took[kind] = min(took[kind], time.perf_counter() - begun)
    return took[torch.bfloat16] * CLEARLY < took[torch.float32]


def fits(model: PalmE) -> bool:
    """Tell whether the fast way is there for a model: a plain Llama, frozen, on the CPU."""
    config = model.lm.config
    return (
        type(model.lm).__name__ == 'LlamaForCausalLM'
        and model.config.tune != 'whole'
        and model.lm.dtype in (torch.bfloat16, torch.float32, torch.float64)
        and model.lm.device.type == 'cpu'
        and config.hidden_act == 'silu'
        and not (config.attention_bias or config.mlp_bias)
    )


def buckets_of(group: Any) -> tuple[int, list[Bucket]]:
    """Sort the branches of a pack by length; also return how long the scene is."""
    begin = int((group == 0).sum())
    numbers, starts, counts = np.unique(group[begin:], return_index=True, return_counts=True)
    order = np.argsort(counts, kind='stable')
    buckets = []
    for chosen in np.array_split(order, min(BUCKETS, max(1, len(numbers)))):
        if not len(chosen):
            continue
        longest = int(counts[chosen].max())
        rows = np.full((len(chosen), longest), begin, np.int64)
        filled = np.zeros((len(chosen), longest), bool)
        for line, branch in enumerate(chosen):
            first = begin + starts[branch]
            rows[line] = first
            rows[line, : counts[branch]] = np.arange(first, first + counts[branch])
            filled[line, : counts[branch]] = True
        places = np.flatnonzero(filled)
        flat = rows.reshape(-1)
        arrays = (torch.from_numpy(a) for a in (flat, places, flat[places]))
        buckets.append(Bucket(len(chosen), longest, *arrays))
    return begin, buckets


class LeanLlama:
    """The fast way through a model's Llama; its weights stay where they are."""

    def __init__(self, model: PalmE) -> None:
        self._model, self._lm = model, model.lm
        config = model.lm.config
        self._heads = int(config.num_attention_heads)
        self._key_heads = int(config.num_key_value_heads)
        self._size = int(model.lm.model.layers[0].self_attn.head_dim)
        self._epsilon = float(config.rms_norm_eps)
        self._layers = [_Layer(layer) for layer in model.lm.model.layers]

    def losses(self, packs: Sequence[Pack]) -> Tensor:
        """Return the losses of the answer tokens of some packs, one after another, (n,)."""
        head, losses = self._lm.get_output_embeddings().weight, []
        for pack in packs:
            embedded = embeddings(self._model, [pack], len(pack.ids))[0]
            hidden = self.hidden(embedded, pack)
            losses.append(word_losses(hidden, head, torch.from_numpy(pack.targets)))
        return torch.cat(losses)

    def hidden(self, embedded: Tensor, pack: Pack) -> Tensor:
        """Return the last hidden states where an answer is learnt, (n, width).

        What the layers add up is float32 at least; what they compute is in the type of the model.
        """
        embedded = embedded.to(torch.promote_types(embedded.dtype, torch.float32))
        begin, buckets = buckets_of(pack.group)
        positions = torch.from_numpy(pack.positions)[None]
        cosine, sine = self._lm.model.rotary_emb(embedded[None], positions)
        half = self._size // 2
        turns = (cosine[0, :, None, :half].contiguous(), sine[0, :, None, :half].contiguous())
        at = torch.from_numpy(pack.at)
        x = embedded
        for number, layer in enumerate(self._layers):
            mixed = layer.attend(normed(x, layer.norms[0], self._epsilon))
            read = self._attention(mixed, turns, begin, buckets)
            if number == len(self._layers) - 1:
                x, read = x[at], read[at]
            x = layer.out(read, x)
            x = layer.think(normed(x, layer.norms[1], self._epsilon), x)
        return normed(x, self._lm.model.norm.weight, self._epsilon)

    def _attention(
        self, mixed: Tensor, turns: tuple[Tensor, Tensor], begin: int, buckets: list[Bucket]
    ) -> Tensor:
        """Attend from (T, queries, keys and values) to (T, width)."""
        heads, keys = self._heads, self._key_heads
        split = mixed.view(len(mixed), heads + 2 * keys, self._size)
        split = turned(split, *turns, heads + keys)
        scene, scene_keys, scene_values = (
            part.transpose(0, 1)[None]
            for part in torch.split(split[:begin], [heads, keys, keys], 1)
        )
        told = functional.scaled_dot_product_attention(
            scene, scene_keys, scene_values, is_causal=True, enable_gqa=heads != keys
        )
        parts = [told[0].transpose(0, 1).reshape(begin, -1)]
        for bucket in buckets:
            rows = gathered(split, bucket)
            rows = rows.view(bucket.count, bucket.longest, -1, self._size).transpose(1, 2)
            query, key, value = torch.split(rows, [heads, keys, keys], 1)
            read = functional.scaled_dot_product_attention(
                query,
                torch.cat([scene_keys.expand(bucket.count, -1, -1, -1), key], 2),
                torch.cat([scene_values.expand(bucket.count, -1, -1, -1), value], 2),
                _may_see(begin, bucket.longest, split.dtype),
                enable_gqa=heads != keys,
            )
            parts.append(read.transpose(1, 2).reshape(bucket.count * bucket.longest, -1))
        return joined(len(mixed), begin, buckets, parts)


class _Layer:
    """A layer of a Llama, with layers that read the same made one product."""

    def __init__(self, layer: Any) -> None:
        attention, thinking = layer.self_attn, layer.mlp
        self.norms = (layer.input_layernorm.weight, layer.post_attention_layernorm.weight)
        self._in = _Product(attention.q_proj, attention.k_proj, attention.v_proj)
        self._out = _Product(attention.o_proj)
        self._up = _Product(thinking.gate_proj, thinking.up_proj)
        self._down = _Product(thinking.down_proj)

    def attend(self, x: Tensor) -> Tensor:
        """Return queries, keys and values beside each other."""
        return self._in(x)

    def out(self, read: Tensor, x: Tensor) -> Tensor:
        """Add what attention read."""
        return x + self._out(read)

    def think(self, read: Tensor, x: Tensor) -> Tensor:
        """Add what the feed-forward part makes."""
        return x + self._down(gated(self._up(read)))


class _Product:
    """Linear layers of the same input as one product."""

    def __init__(self, *layers: nn.Module) -> None:
        plain: list[Any] = [lay.layer if isinstance(lay, Lora) else lay for lay in layers]
        self._loras = [layer for layer in layers if isinstance(layer, Lora)]
        weights = [layer.weight for layer in plain]
        self._weight: Any = weights[0].data
        if len(weights) > 1:
            self._weight = torch.cat([weight.data for weight in weights])
            start = 0
            for weight in weights:  # the same memory, so that nothing is there twice
                weight.data = self._weight[start : start + len(weight)]
                start += len(weight)

    def __call__(self, x: Tensor) -> Tensor:
        factor = self._loras[0].factor if self._loras else 0.0
        pairs = tuple(tensor for lora in self._loras for tensor in (lora.a, lora.b))
        return linear(x, self._weight, factor, pairs)


def _may_see(begin: int, longest: int, dtype: torch.dtype) -> Tensor:
    """Let a branch's tokens see the scene and the branch's earlier ones, (1, 1, L, begin + L)."""
    own = torch.full((longest, longest), HIDDEN_SCORE, dtype=dtype).triu(1)
    return torch.cat([torch.zeros(longest, begin, dtype=dtype), own], 1)[None, None]
