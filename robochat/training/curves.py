"""What a training tells about itself: TensorBoard logs, a JSON file and a picture of the loss."""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
from pathlib import Path
from typing import Any

JSON_FILE, PNG_FILE, LOGS = 'curve.json', 'curve.png', 'logs'
SMOOTH = 0.95


class Curves:
    """Collects losses by step, and writes them on demand; raises OSError when it can't."""

    def __init__(self, folder: Path, resume: bool = False) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.train: list[dict[str, float]] = []
        self.held_out: list[dict[str, Any]] = []
        path = folder / JSON_FILE
        if resume and path.is_file():
            known = json.loads(path.read_text(encoding='utf-8'))
            self.train, self.held_out = known['train'], known['held_out']
        self._logs: Any = SummaryWriter(str(folder / LOGS))

    def cut(self, step: int) -> None:
        """Forget what was measured after a step, from which training goes on."""
        self.train = [row for row in self.train if row['step'] <= step]
        self.held_out = [row for row in self.held_out if row['step'] <= step]

    def learnt(self, step: int, minutes: float, values: Mapping[str, float]) -> None:
        """Note the loss of a step, and whatever else was measured."""
        self.train.append({'step': step, 'minutes': round(minutes, 3), **values})
        for name, value in values.items():
            self._logs.add_scalar(f'train/{name}', value, step)

    def validated(
        self, step: int, minutes: float, loss: float, kinds: Mapping[str, float]
    ) -> None:
        """Note the loss on held-out scenes, in all and by kind of branch."""
        row = {'step': step, 'minutes': round(minutes, 3), 'loss': loss, 'kinds': dict(kinds)}
        self.held_out.append(row)
        self._logs.add_scalar('held_out/loss', loss, step)
        for name, value in kinds.items():
            self._logs.add_scalar(f'held_out/{name}', value, step)

    def write(self) -> None:
        """Write the JSON file and the picture."""
        part = self._folder / f'.{JSON_FILE}.part'
        rows = {'train': self.train, 'held_out': self.held_out}
        part.write_text(json.dumps(rows), encoding='utf-8')
        os.replace(part, self._folder / JSON_FILE)
        self._draw(self._folder / PNG_FILE)
        self._logs.flush()

    def close(self) -> None:
        """Close the logs."""
        self._logs.close()

    def _draw(self, path: Path) -> None:
        """Draw both losses against time."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 5), dpi=110)
        axes = figure.add_subplot()
        minutes = [row['minutes'] for row in self.train]
        axes.plot(minutes, [row['loss'] for row in self.train], color='0.8', lw=0.6)
        axes.plot(minutes, _smooth([row['loss'] for row in self.train]), label='training')
        held_out = [row['minutes'] for row in self.held_out]
        axes.plot(held_out, [row['loss'] for row in self.held_out], 'o-', label='held out')
        for kind in sorted({kind for row in self.held_out for kind in row['kinds']}):
            values = [row['kinds'].get(kind, float('nan')) for row in self.held_out]
            axes.plot(held_out, values, lw=0.8, alpha=0.7, label=kind)
        axes.set(xlabel='minutes', ylabel='loss per token (log scale)', yscale='log')
        axes.grid(True, which='both', alpha=0.3)
        axes.legend(fontsize=7, ncols=2)
        figure.tight_layout()
        figure.savefig(path)


def _smooth(values: list[float]) -> list[float]:
    """Return the running mean, without the pull of the beginning."""
    mean, weight, out = 0.0, 0.0, []
    for value in values:
        mean = SMOOTH * mean + (1 - SMOOTH) * value
        weight = SMOOTH * weight + (1 - SMOOTH)
        out.append(mean / weight)
    return out
