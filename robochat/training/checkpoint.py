"""Checkpoints of a training: what learns, in full precision, the optimiser and the place."""

from __future__ import annotations

from dataclasses import asdict
import os
from pathlib import Path
import pickle
from random import Random
from typing import Any, TYPE_CHECKING

from robochat.mllm.palm_e.weights import WeightsError
import torch

if TYPE_CHECKING:
    from robochat.mllm.palm_e.network import PalmE

CHECKPOINT = 'checkpoint.pt'


def save_checkpoint(
    path: Path, model: PalmE, optimizer: torch.optim.Optimizer, random: Random, progress: Any
) -> None:
    """Write a checkpoint at once or not at all."""
    state = {
        'config': model.config.to_json(),
        'tensors': dict(model.named_learnt()),
        'optimizer': optimizer.state_dict(),
        'random': random.getstate(),
        'torch': torch.get_rng_state(),
        'progress': asdict(progress),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    torch.save(state, part)
    os.replace(part, path)


def load_checkpoint(
    path: Path, model: PalmE, optimizer: torch.optim.Optimizer, random: Random
) -> dict[str, Any]:
    """Restore a checkpoint, and return how far the training was.

    Raises WeightsError when there is none, it is broken, or it belongs to another network.
    """
    if not path.is_file():
        raise WeightsError(f'{path}: no checkpoint to resume from; leave out --resume')
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(f'{path} is no checkpoint, or a part of one: {error}') from error
    if state['config'] != model.config.to_json():
        raise WeightsError(
            f'{path} belongs to another network: {state["config"]}, not {model.config.to_json()}'
        )
    model.restore({name: tensor.float().numpy() for name, tensor in state['tensors'].items()})
    optimizer.load_state_dict(state['optimizer'])
    version, internal, gauss = state['random']
    random.setstate((version, tuple(internal), gauss))
    torch.set_rng_state(state['torch'])
    progress: dict[str, Any] = state['progress']
    return progress
