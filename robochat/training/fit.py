"""Stage 2: learn to answer, through the language model.

Threads: everything runs in the caller's; an interrupt (Ctrl-C) ends the training after the step
that is being made, and what was learnt is saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
import math
from pathlib import Path
from random import Random
import time
from typing import Any, TYPE_CHECKING

from robochat.mllm.palm_e.weights import FILE, save, Weights
from robochat.training.align import Alignment
from robochat.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from robochat.training.curves import Curves
from robochat.training.features import Scene
from robochat.training.interrupts import interrupts
from robochat.training.lean import losses_of
from robochat.training.packing import Encoder, Pack, pack
from robochat.training.records import RecordError
import torch

if TYPE_CHECKING:
    from robochat.mllm.palm_e.network import PalmE

LAST_SHARE = 0.05
BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    It ends after `minutes`, or `steps` when given; both count what was spent before a resume.
    `batch` packed scenes make a step, `micro` of them are computed at once.
    """

    minutes: float = 120.0
    steps: int | None = None
    batch: int = 2
    micro: int = 1
    most_tokens: int = 900
    bridge_lr: float = 1e-3
    lora_lr: float = 5e-4
    lm_lr: float = 5e-5
    weight_decay: float = 0.01
    warm_up_steps: int = 20
    clip: float = 1.0
    grounding: float = 0.3
    checkpoint_minutes: float = 10.0
    held_out_scenes: int = 40
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Material:
    """What to learn from; `origin` are the checksums of language model and vision network.

    With a `stage`, tokens are kept aligned with words while the answers are learnt.
    """

    scenes: Sequence[Scene]
    held_out: Sequence[Scene] = ()
    origin: tuple[str, str] = ('', '')
    stage: Alignment | None = None


@dataclass
class Progress:
    """How far a training is; `epoch` and `position` say which scene comes next."""

    step: int = 0
    seconds: float = 0.0
    epoch: int = 0
    position: int = 0
    scenes: int = 0
    tokens: int = 0
    skipped: int = 0


class Fit:
    """A training run that writes checkpoints, weights and curves into a folder."""

    def __init__(
        self,
        model: PalmE,
        encoder: Encoder,
        material: Material,
        settings: FitSettings,
    ) -> None:
        """Raises RecordError when there are no scenes."""
        if not material.scenes:
            raise RecordError('there are no scenes to train on')
        self._model, self._encoder, self._settings = model, encoder, settings
        self._scenes, self._origin = material.scenes, material.origin
        self._losses = losses_of(model)
        self._stage = material.stage
        self._held_out = self._packs(material.held_out[: settings.held_out_scenes])
        self._random = Random(settings.seed)
        self._order: list[int] = []
        self.progress = Progress()
        self.last_losses: dict[str, float] = {}
        rates = {
            'bridge': settings.bridge_lr,
            'lora': settings.lora_lr,
            'lm': settings.lm_lr,
        }
        groups = [
            {'params': parameters, 'lr': rates[name], 'full_lr': rates[name]}
            for name, parameters in model.learning().items()
        ]
        self._optimizer = torch.optim.AdamW(
            groups, betas=BETAS, weight_decay=settings.weight_decay, fused=True
        )
        if self._stage is not None:
            grounding = list(self._stage.grounding.parameters())
            rate = settings.bridge_lr
            self._optimizer.add_param_group({'params': grounding, 'lr': rate, 'full_lr': rate})
        self._learning = [p for group in groups for p in group['params']]  # type: ignore[attr-defined]

    # ------------------------------------------------------------------ run
    def run(self, folder: Path, resume: bool = False, bar: Any = None) -> Mapping[str, float]:
        """Train, and return the losses on held-out scenes by kind.

        Raises KeyboardInterrupt after an interrupt, when all is saved.
        """
        if resume:
            self._resume(folder / CHECKPOINT)
        curves = Curves(folder, resume)
        curves.cut(self.progress.step)
        saved = self.progress.seconds
        try:
            with interrupts() as interrupted:
                while self._share() < 1 and not interrupted:
                    self._timed_step(curves, bar)
                    if self.progress.seconds - saved >= self._settings.checkpoint_minutes * 60:
                        saved = self.progress.seconds
                        self._checkpoint(folder, curves, bar)
                self._checkpoint(folder, curves, bar)
            if interrupted:
                raise KeyboardInterrupt
        finally:
            curves.close()
        return self.last_losses

    def _share(self) -> float:
        """Return how much of the time, or of the steps, is over; 1 at the end."""
        if self._settings.steps is not None:
            return self.progress.step / max(1, self._settings.steps)
        return self.progress.seconds / max(1e-9, self._settings.minutes * 60)

    def _timed_step(self, curves: Curves, bar: Any) -> None:
        """Make a step and note what it took."""
        begun, tokens, share = time.monotonic(), self.progress.tokens, self._share()
        loss, norm, rate = self.step()
        took = time.monotonic() - begun
        done = self.progress
        done.seconds += took
        speed = (done.tokens - tokens) / max(took, 1e-9)
        values = {'loss': loss, 'tokens_per_sec': speed, 'gradient': norm, 'rate': rate}
        curves.learnt(done.step, done.seconds / 60, values)
        if bar is not None:
            bar(self._share() - share, done, loss, speed)

    def step(self) -> tuple[float, float, float]:
        """Learn from one batch; return its loss, the gradient's norm and the share of the rate."""
        packs = self._batch()
        count = sum(len(p.targets) for p in packs)
        loss = 0.0
        for start in range(0, len(packs), self._settings.micro):
            some = packs[start : start + self._settings.micro]
            part = self._losses(some).sum() / count
            part.backward()  # type: ignore[no-untyped-call]
            loss += float(part.detach())
        if self._stage is not None:
            grounded = self._stage.loss() * self._settings.grounding
            grounded.backward()  # type: ignore[no-untyped-call]
        rate = self._rate()
        for group in self._optimizer.param_groups:
            group['lr'] = group['full_lr'] * rate
        norm = torch.nn.utils.clip_grad_norm_(self._learning, self._settings.clip)
        if math.isfinite(loss) and bool(torch.isfinite(norm)):
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.progress.scenes += len(packs)
        self.progress.tokens += sum(len(p.ids) for p in packs)
        return loss, float(norm), rate

    def _rate(self) -> float:
        """Warm up, then fall along a cosine; a share of the full rate."""
        warm = (self.progress.step + 1) / max(1, self._settings.warm_up_steps)
        fallen = 0.5 * (1 + math.cos(math.pi * min(1.0, self._share())))
        return min(1.0, warm) * (fallen * (1 - LAST_SHARE) + LAST_SHARE)

    # ------------------------------------------------------------------ data
    def _batch(self) -> list[Pack]:
        """Take the next scenes; raises RecordError when a whole round has none that fits."""
        packs: list[Pack] = []
        tried = 0
        while len(packs) < self._settings.batch:
            if tried > len(self._scenes) + self._settings.batch and not packs:
                raise RecordError(
                    f'no scene fits into {self._settings.most_tokens} tokens; allow more'
                )
            tried += 1
            scene = self._encoder.encode(self._scenes[self._next()])
            packed = pack(scene, self._settings.most_tokens, self._random)
            if packed is None:
                self.progress.skipped += 1
            else:
                packs.append(packed)
        return packs

    def _next(self) -> int:
        """Return the number of the next scene, in an order that the seed and the round make."""
        done = self.progress
        if done.position >= len(self._scenes):
            done.epoch, done.position, self._order = done.epoch + 1, 0, []
        if not self._order:
            self._order = list(range(len(self._scenes)))
            Random(f'{self._settings.seed}.{done.epoch}').shuffle(self._order)
        done.position += 1
        return self._order[done.position - 1]

    def _packs(self, scenes: Sequence[Scene]) -> list[Pack]:
        """Pack the held-out scenes, always the same way."""
        most = self._settings.most_tokens
        packed = [pack(self._encoder.encode(s), most, Random(n)) for n, s in enumerate(scenes)]
        return [p for p in packed if p is not None]

    # ------------------------------------------------------------------ measures and files
    def validate(self) -> tuple[float, dict[str, float]]:
        """Return the loss per token on the held-out scenes, in all and by kind of branch.

        A kind such as `mood/care` counts as `mood`.
        """
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for packed in self._held_out:
            with torch.no_grad():
                losses = self._losses([packed]).tolist()
            for owner, loss in zip(packed.owners.tolist(), losses, strict=True):
                kind = packed.branches[owner].kind.partition('/')[0]
                sums[kind] = sums.get(kind, 0.0) + loss
                counts[kind] = counts.get(kind, 0) + 1
        total = sum(sums.values()) / max(1, sum(counts.values()))
        return total, {kind: sums[kind] / counts[kind] for kind in sorted(sums)}

    def _checkpoint(self, folder: Path, curves: Curves, bar: Any) -> None:
        """Measure, and save everything."""
        done = self.progress
        save_checkpoint(folder / CHECKPOINT, self._model, self._optimizer, self._random, done)
        if self._held_out:
            loss, self.last_losses = self.validate()
            curves.validated(done.step, done.seconds / 60, loss, self.last_losses)
            if bar is not None:
                bar(0.0, done, loss, 0.0, self.last_losses)
        save(folder / FILE, self.weights())
        curves.write()

    def weights(self) -> Weights:
        """Return what was learnt so far."""
        summary = {
            'progress': asdict(self.progress),
            'settings': asdict(self._settings),
            'held_out': self.last_losses,
            'scenes': len(self._scenes),
        }
        return Weights(self._model.config, self._model.tensors(), *self._origin, summary)

    def _resume(self, path: Path) -> None:
        """Go on from a checkpoint; raises WeightsError when there is none that fits."""
        state = load_checkpoint(path, self._model, self._optimizer, self._random)
        self.progress = Progress(**state)
