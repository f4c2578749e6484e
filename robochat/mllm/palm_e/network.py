"""The network in torch: a causal language model with a projector for pictures and for states.

After PaLM-E (Driess et al., arXiv 2303.03378): continuous input is projected to the width of the
word embeddings and stands among the words. This module imports torch; serving doesn't need it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.config import NetworkConfig
from robochat.mllm.palm_e.lora import add_lora, Lora
from robochat.mllm.palm_e.weights import BRIDGE, LM, LORA, packaged_lm, WeightsError
from robochat.mllm.protocol import ModelError
import torch
from torch import nn, Tensor
from torch.nn import functional

LOUDNESS = 3.0
LEAST_SPREAD, FAR = 0.02, 6.0


class Projector(nn.Module):
    """Turns the features of a picture into a token for each region, and some for all of it.

    Each overview attends to the regions with a learned query, after Flamingo's resampler (Alayrac
    et al., arXiv 2204.14198).
    """

    def __init__(self, config: NetworkConfig, width: int) -> None:
        super().__init__()
        self._parts = [*config.parts, config.colors]
        self.norms = nn.ModuleList(nn.LayerNorm(part) for part in config.parts)
        self.cell = nn.Linear(config.channels, config.cell_width)
        self.region = nn.Linear(config.cells * config.cell_width, config.region_width)
        self.out = nn.Linear(config.region_width, width)
        self.gain = nn.Parameter(torch.ones(()))
        self.position = nn.Parameter(torch.zeros(config.regions, width))
        spread = config.region_width**-0.5
        self.query = nn.Parameter(torch.randn(config.overviews, config.region_width) * spread)
        self.overview = nn.Parameter(
            torch.randn(config.overviews, width, config.region_width) * spread
        )

    def forward(self, features: Tensor, scale: Tensor) -> Tensor:
        """Map (..., regions, cells, channels) to (..., regions + overviews, width)."""
        *parts, colors = torch.split(features, self._parts, dim=-1)
        normed = [norm(part) for norm, part in zip(self.norms, parts, strict=True)]
        cells = functional.gelu(self.cell(torch.cat([*normed, colors], -1)), approximate='tanh')
        hidden = functional.gelu(self.region(cells.flatten(-2)), approximate='tanh')
        loud = LOUDNESS * self.gain * scale
        regions = self.out(hidden) * loud + self.position * scale
        weights = torch.softmax(self.query @ hidden.transpose(-1, -2), dim=-1)
        seen = weights @ hidden
        overviews = (self.overview @ seen.unsqueeze(-1)).squeeze(-1) * loud
        return torch.cat([regions, overviews], dim=-2)


class StateEncoder(nn.Module):
    """Turns a vector of one kind into tokens; it is standardised by what the data has."""

    mean: Tensor
    spread: Tensor

    def __init__(self, numbers: int, hidden: int, tokens: int, width: int) -> None:
        super().__init__()
        self._tokens = tokens
        self.first = nn.Linear(numbers, hidden)
        self.out = nn.Linear(hidden, tokens * width)
        self.gain = nn.Parameter(torch.ones(()))
        self.register_buffer('mean', torch.zeros(numbers))
        self.register_buffer('spread', torch.ones(numbers))

    def standardise(self, vectors: Tensor) -> None:
        """Take mean and spread from vectors, (n, numbers)."""
        with torch.no_grad():
            self.mean.copy_(vectors.mean(0))
            self.spread.copy_(vectors.std(0).clamp(min=LEAST_SPREAD))

    def forward(self, vectors: Tensor, scale: Tensor) -> Tensor:
        """Map (..., numbers) to (..., tokens, width)."""
        standard = ((vectors - self.mean) / self.spread).clamp(-FAR, FAR)
        hidden = functional.gelu(self.first(standard), approximate='tanh')
        tokens: Tensor = self.out(hidden) * (LOUDNESS * self.gain * scale)
        return tokens.view(*tokens.shape[:-1], self._tokens, -1)


class BridgeModule(nn.Module):
    """The projector and the state encoders: all that stands between perception and the words."""

    scale: Tensor

    def __init__(self, config: NetworkConfig, width: int, scale: float) -> None:
        super().__init__()
        self.projector = Projector(config, width)
        self.states = nn.ModuleDict(
            {
                kind.name: StateEncoder(kind.width, config.state_width, kind.tokens, width)
                for kind in config.states
            }
        )
        self.register_buffer('scale', torch.tensor(scale))


class PalmE(nn.Module):
    """A language model that reads word, picture and state tokens.

    `lm` is any causal language model of `transformers` whose layers are linear or Conv1D. What of
    it learns is set by `config.tune`; the bridge always learns.
    """

    def __init__(self, lm: Any, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.lm = lm
        embedding = lm.get_input_embeddings().weight
        scale = float(embedding.detach().float().std())
        self.width = int(embedding.shape[1])
        self.bridge = BridgeModule(config, self.width, scale)
        self.lm.requires_grad_(config.tune == 'whole')
        self.loras: dict[str, Lora] = {}
        if config.tune == 'lora':
            self.loras = add_lora(lm, config.rank, config.alpha)

    def words(self, tokens: Tensor) -> Tensor:
        """Embed token ids, (...) to (..., width)."""
        embedded: Tensor = self.lm.get_input_embeddings()(tokens)
        return embedded

    def image(self, features: Tensor) -> Tensor:
        """Embed a picture's features, (..., 12, 9, 816) to (..., 15, width)."""
        if tuple(features.shape[-3:]) != self.config.shape:
            raise ValueError(
                f'features have the shape {tuple(features.shape)}; '
                f'this model reads (..., {", ".join(map(str, self.config.shape))})'
            )
        tokens: Tensor = self.bridge.projector(features.float(), self.bridge.scale)
        return tokens

    def state(self, kind: str, vectors: Tensor) -> Tensor:
        """Embed vectors of a kind, (..., numbers) to (..., tokens, width)."""
        known = self.config.state(kind)
        if vectors.shape[-1] != known.width:
            raise ValueError(
                f'a {kind} vector has {vectors.shape[-1]} numbers; this model reads {known.width}'
            )
        tokens: Tensor = self.bridge.states[kind](vectors.float(), self.bridge.scale)
        return tokens

    def hidden(self, embedded: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return the last hidden states, (B, T, width), of embeddings of that shape.

        `mask` is (B, 1, T, T), added to the attention's scores; `positions` is (B, T).
        """
        out: Tensor = self.lm.get_decoder()(
            inputs_embeds=embedded.to(self.lm.dtype),
            attention_mask=mask,
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state
        return out

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits, (..., vocabulary), of hidden states."""
        out: Tensor = self.lm.get_output_embeddings()(hidden)
        return out

    def learning(self) -> dict[str, list[nn.Parameter]]:
        """Return what learns, by group: `bridge` and, by `tune`, `lora` or `lm`."""
        groups = {'bridge': list(self.bridge.parameters())}
        if self.config.tune == 'lora':
            groups['lora'] = [p for lora in self.loras.values() for p in (lora.a, lora.b)]
        if self.config.tune == 'whole':
            groups['lm'] = list(self.lm.parameters())
        return groups

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return copies of all that learnt, by the names that the weight file has, as float16."""
        return {name: _half(tensor) for name, tensor in self.named_learnt()}

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set what learnt; raises WeightsError unless the names and shapes are the same."""
        mine = dict(self.named_learnt())
        missing, extra = sorted(set(mine) - set(tensors)), sorted(set(tensors) - set(mine))
        if missing or extra:
            raise WeightsError(
                f'the weights do not fit a model with tune={self.config.tune}: '
                f'missing {missing[:3]}, unknown {extra[:3]}'
            )
        with torch.no_grad():
            for name, tensor in mine.items():
                given = torch.from_numpy(np.asarray(tensors[name], np.float32))
                if given.shape != tensor.shape:
                    raise WeightsError(
                        f'{name} has the shape {tuple(given.shape)}, not {tuple(tensor.shape)}'
                    )
                tensor.copy_(given)

    def named_learnt(self) -> Iterator[tuple[str, Tensor]]:
        """Yield what the weight file has; LoRA is named as peft names it."""
        for name, tensor in self.bridge.state_dict().items():
            yield f'{BRIDGE}{name}', tensor
        for name, lora in self.loras.items():
            yield f'{LORA}{name}.lora_A.weight', lora.a.data
            yield f'{LORA}{name}.lora_B.weight', lora.b.data
        if self.config.tune == 'whole':
            for name, parameter in self.lm.named_parameters():
                yield f'{LM}{name}', parameter.data


def load_lm(choice: str, dtype: Any = None) -> tuple[Any, Any]:
    """Open a language model and its tokenizer; `choice` is `embedded` or the path of a folder.

    The embedded one is written out from its GGUF file to the cache, once. Raises ModelError.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = packaged_lm() if choice == 'embedded' else Path(choice).expanduser()
    if not (folder / 'config.json').is_file():
        raise ModelError(
            f'{choice}: no folder with a language model (config.json is missing); set lm to '
            'embedded or to a folder that save_pretrained wrote'
        )
    try:
        lm = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=dtype or torch.float32, attn_implementation='sdpa'
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f'{choice}: transformers opens no language model: {error}') from error
    lm.requires_grad_(False)
    lm.train(False)
    return lm, tokenizer


def _half(tensor: Tensor) -> NDArray[Any]:
    """Copy a tensor to float16 in main memory; the scale stays exact."""
    array = tensor.detach().float().cpu().numpy()
    return np.array(array, np.float32 if array.ndim == 0 else np.float16)
