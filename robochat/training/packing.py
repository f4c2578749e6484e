"""Packs a scene and all its branches into one sequence, so that the scene is read only once.

Every branch sees the scene and itself, and stands at the positions that follow the scene, so that
its loss is what it would be alone. Only the tokens of answers are learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.config import NetworkConfig
from robochat.training.features import Scene
from robochat.training.records import Image, Record, State, Text
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from robochat.mllm.palm_e.network import PalmE

Ids = tuple[int, ...]
Indices = NDArray[np.int64]

HOLE = 0


@dataclass(frozen=True)
class Slot:
    """Where tokens that aren't words stand: a picture's, or a state's."""

    start: int
    piece: Image | State


@dataclass(frozen=True)
class TokenBranch:
    """A branch as token ids; the answer ends with the end token."""

    kind: str
    ask: Ids
    answer: Ids

    @property
    def length(self) -> int:
        """How many positions it takes; the last answer token is only predicted."""
        return len(self.ask) + len(self.answer) - 1


@dataclass(frozen=True, eq=False)
class TokenScene:
    """A scene as token ids, with holes for pictures and states."""

    scene: Scene
    prefix: Ids
    slots: tuple[Slot, ...]
    branches: tuple[TokenBranch, ...]


@dataclass(frozen=True, eq=False)
class Pack:
    """One sequence: `ids` and `positions` (T,), `group` (T,) with 0 for the scene, n for branch n.

    `at` are the positions whose next token is learnt, `targets` those tokens and `owners` the
    number in `branches` of the branch that each belongs to.
    """

    scene: Scene
    slots: tuple[Slot, ...]
    branches: tuple[TokenBranch, ...]
    ids: Indices
    positions: Indices
    group: Indices
    at: Indices
    targets: Indices
    owners: Indices


class Encoder:
    """Turns records into token ids, piece by piece, adding nothing but the end of the answers."""

    def __init__(self, tokenizer: Any, config: NetworkConfig) -> None:
        """Raises ValueError when the tokenizer has no end token."""
        self._tokenizer, self._config = tokenizer, config
        end = tokenizer.convert_tokens_to_ids('<|im_end|>')
        known = end is not None and end != tokenizer.unk_token_id
        self.end = end if known else tokenizer.eos_token_id
        if self.end is None:
            raise ValueError('the tokenizer has neither <|im_end|> nor an end token')

    def ids(self, text: str) -> Ids:
        """Return the ids of a text."""
        return tuple(self._tokenizer(text, add_special_tokens=False)['input_ids'])

    def encode(self, scene: Scene) -> TokenScene:
        """Return a scene as token ids."""
        ids, slots = self._prefix(scene.record)
        branches = tuple(
            TokenBranch(b.kind, self.ids(b.ask), (*self.ids(b.answer), self.end))
            for b in scene.record.branches
        )
        return TokenScene(scene, ids, slots, branches)

    def _prefix(self, record: Record) -> tuple[Ids, tuple[Slot, ...]]:
        """Return the ids of the scene with holes, and what stands in the holes."""
        ids: list[int] = []
        slots = []
        for piece in record.prefix:
            if isinstance(piece, Text):
                ids.extend(self.ids(piece.text))
                continue
            slots.append(Slot(len(ids), piece))
            image = isinstance(piece, Image)
            ids.extend([HOLE] * (self._config.picture_tokens if image else self._tokens(piece)))
        return tuple(ids), tuple(slots)

    def _tokens(self, piece: Any) -> int:
        """Return how many tokens a state becomes; raises ValueError when it is none of ours."""
        kind = self._config.state(piece.kind)
        if len(piece.vector) != kind.width:
            raise ValueError(
                f'a {kind.name} vector has {len(piece.vector)} numbers; it must have {kind.width}'
            )
        return kind.tokens


def pack(scene: TokenScene, most: int, random: Random | None = None) -> Pack | None:
    """Pack a scene into at most `most` positions; None when not even one branch fits.

    Where not all branches fit, some are left out, at random when `random` is given; none is cut.
    """
    chosen = list(scene.branches)
    if random is not None:
        random.shuffle(chosen)
    room, fitting = most - len(scene.prefix), []
    for branch in chosen:
        if branch.length <= room:
            fitting.append(branch)
            room -= branch.length
    return _joined(scene, tuple(fitting)) if fitting else None


def _joined(scene: TokenScene, branches: tuple[TokenBranch, ...]) -> Pack:
    """Write scene and branches one after another."""
    begin = len(scene.prefix)
    ids, positions, group = list(scene.prefix), list(range(begin)), [0] * begin
    at: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for number, branch in enumerate(branches):
        first = len(ids) + len(branch.ask) - 1
        ids += [*branch.ask, *branch.answer[:-1]]
        positions += range(begin, begin + branch.length)
        group += [number + 1] * branch.length
        at += range(first, first + len(branch.answer))
        targets += branch.answer
        owners += [number] * len(branch.answer)
    arrays = (np.asarray(a, np.int64) for a in (ids, positions, group, at, targets, owners))
    return Pack(scene.scene, scene.slots, branches, *arrays)


def visible(group: Indices) -> NDArray[np.bool_]:
    """Tell who may look at whom, (T, T): at earlier ones of the scene and of the own branch."""
    same = (group[None, :] == group[:, None]) | (group[None, :] == 0)
    return np.tril(same)


def token_losses(model: PalmE, packs: Sequence[Pack]) -> Tensor:
    """Return the loss of every answer token of some packs, one after another, (n,).

    The packs are computed at once, padded to the longest.
    """
    device = next(model.bridge.parameters()).device
    longest = max(len(p.ids) for p in packs)
    embedded = embeddings(model, packs, longest)
    mask = np.stack([visible(_padded(p.group, longest, -1)) for p in packs])
    allowed = torch.from_numpy(mask).to(device)[:, None]
    added = torch.zeros(allowed.shape, dtype=embedded.dtype, device=device)
    added.masked_fill_(~allowed, torch.finfo(embedded.dtype).min)
    positions = np.stack([_padded(p.positions, longest, 0) for p in packs])
    hidden = model.hidden(embedded, added, torch.from_numpy(positions).to(device))
    rows = np.concatenate([p.at + n * longest for n, p in enumerate(packs)])
    targets = torch.from_numpy(np.concatenate([p.targets for p in packs])).to(device)
    chosen = hidden.flatten(0, 1)[torch.from_numpy(rows).to(device)]
    return functional.cross_entropy(model.logits(chosen).float(), targets, reduction='none')


def embeddings(model: PalmE, packs: Sequence[Pack], longest: int) -> Tensor:
    """Return the embeddings of words, pictures and states, (B, longest, width)."""
    device = next(model.bridge.parameters()).device
    ids = torch.from_numpy(np.stack([_padded(p.ids, longest, 0) for p in packs])).to(device)
    words = model.words(ids).float()
    rows, tokens = [], []
    for number, packed in enumerate(packs):
        for slot in packed.slots:
            made = _tokens_of(model, packed.scene, slot, device)
            tokens.append(made)
            rows.append(torch.arange(len(made), device=device) + slot.start + number * longest)
    if not tokens:
        return words.to(model.lm.dtype)
    flat = words.flatten(0, 1).index_copy(0, torch.cat(rows), torch.cat(tokens))
    return flat.view_as(words).to(model.lm.dtype)


def _tokens_of(model: PalmE, scene: Scene, slot: Slot, device: Any) -> Tensor:
    """Return the tokens of a picture or a state, (n, width)."""
    if isinstance(slot.piece, Image):
        features = np.asarray(scene.features[slot.piece.frame], np.float32)
        return model.image(torch.from_numpy(features).to(device))
    vector = torch.tensor(slot.piece.vector, device=device)
    return model.state(slot.piece.kind, vector)


def _padded(values: Indices, length: int, filler: int) -> Indices:
    """Lengthen an array."""
    return np.pad(values, (0, length - len(values)), constant_values=filler)
