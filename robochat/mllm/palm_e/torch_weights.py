"""Loads a GGUF file of the architecture llama as a model of `transformers`, in float32.

It takes seconds where the loader of `transformers` takes half a minute, which goes through each
value of the vocabulary.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.gguf_file import Header, mapped, read_header, read_values
from robochat.mllm.palm_e.merge import PROJECTIONS
from robochat.mllm.protocol import ModelError
import torch
from transformers import LlamaConfig, LlamaForCausalLM

MODULES = {
    **{name: module for module, name in PROJECTIONS.items()},
    'attn_norm': 'input_layernorm',
    'ffn_norm': 'post_attention_layernorm',
}
OUTER = {
    'token_embd': 'model.embed_tokens',
    'output_norm': 'model.norm',
    'output': 'lm_head',
}


def load_lm(path: Path) -> Any:
    """Return a LlamaForCausalLM in evaluation mode, its weights dequantised to float32.

    Raises ModelError when the file is broken or of another architecture.
    """
    header = read_header(path)
    config = _config(header, path)
    data = mapped(path)
    prefix = 'llama.attention.head_count'
    heads = {'attn_q': header.number(prefix), 'attn_k': header.number(f'{prefix}_kv')}
    state: dict[str, torch.Tensor] = {}
    for tensor in header.tensors:
        values = read_values(data, tensor)
        inner = tensor.name.split('.')[-2]
        if inner in heads:
            values = halved_rows(values, heads[inner])
        state[_module(tensor.name) + '.weight'] = torch.from_numpy(np.ascontiguousarray(values))
    with torch.device('meta'):
        lm: Any = LlamaForCausalLM(config)
    lm.model.rotary_emb = type(lm.model.rotary_emb)(config)
    if config.tie_word_embeddings:
        state['lm_head.weight'] = state['model.embed_tokens.weight']
    try:
        lm.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise ModelError(f"{path}: its tensors don't make a whole model: {error}") from error
    lm.tie_weights()
    return lm.requires_grad_(False).eval()


def halved_rows(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Bring rows from llama.cpp's order into the usual one; see `merge`."""
    count, columns = rows.shape
    pairs = rows.reshape(heads, count // heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(count, columns)


def _config(header: Header, path: Path) -> LlamaConfig:
    """Read the model's measures."""
    if header.text('general.architecture') != 'llama':
        raise ModelError(f'{path}: only the architecture llama can be loaded')
    names = {tensor.name for tensor in header.tensors}
    heads = header.number('llama.attention.head_count')
    width = header.number('llama.embedding_length')
    return LlamaConfig(
        hidden_size=width,
        head_dim=width // heads,
        intermediate_size=header.number('llama.feed_forward_length'),
        num_hidden_layers=header.number('llama.block_count'),
        num_attention_heads=heads,
        num_key_value_heads=header.number('llama.attention.head_count_kv'),
        vocab_size=len(header.texts('tokenizer.ggml.tokens')),
        max_position_embeddings=header.number('llama.context_length'),
        rms_norm_eps=header.real('llama.attention.layer_norm_rms_epsilon'),
        rope_parameters={
            'rope_type': 'default',
            'rope_theta': header.real('llama.rope.freq_base'),
        },
        tie_word_embeddings='output.weight' not in names,
    )


def _module(name: str) -> str:
    """Return the module of `transformers` that has a tensor; raises ModelError when none has."""
    parts = name.split('.')
    if parts[0] == 'blk' and len(parts) == 4 and parts[2] in MODULES:
        return f'model.layers.{parts[1]}.{MODULES[parts[2]]}'
    if len(parts) == 2 and parts[0] in OUTER:
        return OUTER[parts[0]]
    raise ModelError(f'tensor {name} belongs to no part of a plain llama model')
