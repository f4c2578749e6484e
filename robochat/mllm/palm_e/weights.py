"""The weight file of a PaLM-E model: one safetensors file with all that learnt, in half precision.

Names: `bridge.*` for the projector and the state encoders, peft's names for LoRA, `lm.*` when the
whole language model was tuned. Its metadata say which language model and which eyes it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import shutil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.config import config_from_json, NetworkConfig, NetworkConfigError
from robochat.mllm.palm_e.vision import folder_sha256
from robochat.mllm.protocol import ModelError
from robochat.mllm.smollm2 import packaged_model
from robochat.resources import cache_folder, file_sha256

BRIDGE, LORA, LM = 'bridge.', 'base_model.model.', 'lm.'
FORMAT = 1
FILE = 'weights.safetensors'
LARGEST_MB = 40.0
Tensors = Mapping[str, NDArray[Any]]


class WeightsError(ModelError):
    """The weight file can't be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Weights:
    """What a weight file has; `summary` is what the training wrote about itself."""

    config: NetworkConfig
    tensors: Tensors
    lm_sha256: str
    vision_sha256: str
    summary: Mapping[str, Any]

    @property
    def lora(self) -> dict[str, NDArray[Any]]:
        """The low-rank additions, by peft's names."""
        return {name: value for name, value in self.tensors.items() if name.startswith(LORA)}


def save(path: Path, weights: Weights) -> None:
    """Write a weight file and its checksum beside it, each at once or not at all."""
    from safetensors.numpy import save_file

    metadata = {
        'format': str(FORMAT),
        'config': weights.config.to_json(),
        'lm_sha256': weights.lm_sha256,
        'vision_sha256': weights.vision_sha256,
        'summary': json.dumps(weights.summary),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    save_file({n: np.asarray(t, order='C') for n, t in weights.tensors.items()}, part, metadata)
    checksum = part.with_suffix('.sha256')
    checksum.write_text(f'{file_sha256(part)}  {path.name}\n', encoding='utf-8')
    os.replace(part, path)
    os.replace(checksum, sidecar(path))


def load(path: Path, lm_sha256: str = '', vision_sha256: str = '') -> Weights:
    """Read a weight file, and check it against what it is to be used with.

    The file's own checksum is compared with the one beside it or on its card, where there is one.
    Raises WeightsError.
    """
    if not path.is_file():
        raise WeightsError(
            f'{path}: no such weight file; train one with `robochat train` or reinstall robochat'
        )
    _check_sum(path)
    weights = _read(path)
    for what, mine, wanted in (
        ('language model', weights.lm_sha256, lm_sha256),
        ('vision network', weights.vision_sha256, vision_sha256),
    ):
        if wanted and mine != wanted:
            raise WeightsError(
                f'{path.name} was trained with another {what}: sha256 {mine[:12]}, not '
                f'{wanted[:12]}; use the weights that belong to it, or train anew'
            )
    _check_names(path, weights)
    return weights


def sidecar(path: Path) -> Path:
    """Return where the checksum of a weight file stands."""
    return path.with_name(f'{path.name}.sha256')


def lm_sha256(choice: str) -> str:
    """Return the checksum of a language model: the packaged GGUF file's, or a folder's."""
    if choice == 'embedded':
        return file_sha256(packaged_model())
    return folder_sha256(Path(choice).expanduser())


def packaged_lm() -> Path:
    """Return a folder with the packaged language model in the form that transformers reads.

    It is written out once, to the user's cache, 540 MB. Raises ModelError.
    """
    source = packaged_model()
    folder = cache_folder() / f'{source.stem}-{file_sha256(source)[:12]}'
    if (folder / 'config.json').is_file():
        return folder
    part = folder.with_name(f'.{folder.name}.{os.getpid()}')
    try:
        _write_out(source, part)
        os.replace(part, folder)
    except OSError as error:
        if not (folder / 'config.json').is_file():
            raise ModelError(f'{folder}: can not be written: {error}') from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _write_out(source: Path, folder: Path) -> None:
    """Turn a GGUF file into a folder of transformers, in single precision."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where, name = str(source.parent), source.name
    lm: Any = AutoModelForCausalLM.from_pretrained(where, gguf_file=name, dtype=torch.float32)
    if hasattr(lm.config, 'quantization_config'):
        del lm.config.quantization_config
    for mark in ('hf_quantizer', 'quantization_method', 'is_quantized'):
        lm.__dict__.pop(mark, None)
    lm.save_pretrained(str(folder))
    AutoTokenizer.from_pretrained(where, gguf_file=name).save_pretrained(str(folder))


def _check_sum(path: Path) -> None:
    """Compare a file with the checksum beside it or on its card."""
    stated = ''
    card = path.with_suffix('.md')
    if sidecar(path).is_file():
        stated = sidecar(path).read_text(encoding='utf-8').split()[0]
    elif card.is_file():
        found = re.search(r'\| sha256 \| `([0-9a-f]{64})` \|', card.read_text(encoding='utf-8'))
        stated = found[1] if found else ''
    if stated and stated != (real := file_sha256(path)):
        raise WeightsError(
            f'{path.name} is damaged: its sha256 is {real[:12]}, not {stated[:12]}; '
            'get it again or reinstall robochat'
        )


def _read(path: Path) -> Weights:
    """Read tensors and metadata."""
    from safetensors import safe_open, SafetensorError

    try:
        with safe_open(path, 'np') as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(f'{path} is no safetensors file, or a part of one: {error}') from error
    if metadata.get('format') != str(FORMAT):
        raise WeightsError(
            f'{path.name} has format {metadata.get("format")!r}; this version reads {FORMAT}'
        )
    try:
        return Weights(
            config=config_from_json(metadata['config']),
            tensors=tensors,
            lm_sha256=metadata['lm_sha256'],
            vision_sha256=metadata['vision_sha256'],
            summary=json.loads(metadata['summary']),
        )
    except (KeyError, ValueError, NetworkConfigError) as error:
        raise WeightsError(f'{path.name}: its metadata are not ours: {error!r}') from error


def _check_names(path: Path, weights: Weights) -> None:
    """Refuse a file that lacks what its own description promises."""
    config, names = weights.config, set(weights.tensors)
    wanted = {f'{BRIDGE}scale', f'{BRIDGE}projector.gain', f'{BRIDGE}projector.position'}
    layers = ['projector.cell', 'projector.region', 'projector.out']
    layers += [f'projector.norms.{number}' for number in range(len(config.parts))]
    layers += [f'states.{kind.name}.{part}' for kind in config.states for part in ('first', 'out')]
    wanted |= {f'{BRIDGE}{layer}.{what}' for layer in layers for what in ('weight', 'bias')}
    wanted |= {f'{BRIDGE}states.{kind.name}.gain' for kind in config.states}
    missing = sorted(wanted - names)
    halves = {n.replace('lora_A', 'lora_B') for n in names if 'lora_A' in n}
    missing += sorted(halves - names)
    for prefix, tune in ((LORA, 'lora'), (LM, 'whole')):
        if config.tune == tune and not any(name.startswith(prefix) for name in names):
            missing.append(f'{prefix}*')
    if missing:
        raise WeightsError(f'{path.name} lacks {len(missing)} tensors, such as {missing[0]}')
    bad = [name for name, tensor in weights.tensors.items() if not np.isfinite(tensor).all()]
    if bad:
        raise WeightsError(f'{path.name} has numbers in {bad[0]} that are not finite')
