"""Low-rank additions to the frozen layers of a language model (Hu et al., arXiv 2106.09685).

Leaner than peft's modules, and equal to them: `y = W x + (alpha / r) B A x`.
"""

from __future__ import annotations

import math
from typing import Any

from robochat.mllm.protocol import ModelError
import torch
from torch import nn, Tensor
from torch.nn import functional


class Lora(nn.Module):
    """A frozen layer with a low-rank addition; `a` is (rank, in), `b` is (out, rank)."""

    def __init__(self, layer: nn.Module, sizes: tuple[int, int], rank: int, alpha: int) -> None:
        super().__init__()
        self.layer = layer
        device = next(layer.parameters()).device
        self.a = nn.Parameter(torch.empty(rank, sizes[0], device=device))
        self.b = nn.Parameter(torch.zeros(sizes[1], rank, device=device))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.factor = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        """Run the layer with its addition."""
        low = functional.linear(x, self.a.to(x.dtype))
        added: Tensor = self.layer(x) + functional.linear(low * self.factor, self.b.to(x.dtype))
        return added


def add_lora(lm: Any, rank: int, alpha: int) -> dict[str, Lora]:
    """Wrap all linear layers of a model's trunk, in place, and return them by their name.

    The layer that turns hidden states into words is left as it is. Raises ModelError when there is
    no linear layer at all.
    """
    head = lm.get_output_embeddings()
    found = [
        (name, module, sizes)
        for name, module in lm.named_modules()
        if module is not head and (sizes := _sizes(module))
    ]
    if not found:
        raise ModelError(f'{type(lm).__name__} has no linear layers; use tune=bridge or whole')
    loras = {}
    for name, module, sizes in found:
        parent, _, leaf = name.rpartition('.')
        loras[name] = Lora(module, sizes, rank, alpha)
        setattr(lm.get_submodule(parent), leaf, loras[name])
    return loras


def _sizes(module: nn.Module) -> tuple[int, int] | None:
    """Return the inputs and outputs of a linear layer, also in the form that GPT-2 has."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if type(module).__name__ == 'Conv1D' and isinstance(weight := module.weight, Tensor):
        return int(weight.shape[0]), int(weight.shape[1])
    return None
