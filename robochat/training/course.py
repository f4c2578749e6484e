"""A whole training: features, alignment, fit; every part is skipped when it is done already."""

from __future__ import annotations

from dataclasses import dataclass, replace
import json
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from robochat.mllm.palm_e.config import NetworkConfig
from robochat.mllm.palm_e.network import load_lm, PalmE
from robochat.mllm.palm_e.vision import Vision, vision_of
from robochat.mllm.palm_e.weights import FILE, LARGEST_MB, lm_sha256, load, WeightsError
from robochat.training import features
from robochat.training.align import Alignment
from robochat.training.features import Scene
from robochat.training.fit import Fit, FitSettings, Material, Progress
from robochat.training.lean import halves_are_faster
from robochat.training.packing import Encoder
from robochat.training.records import RecordError, shards
import torch
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Sequence

ALIGNMENT_FILE = 'alignment.json'


@dataclass(frozen=True)
class Course:
    """What to train on what, and where to put it; `init` are weights to start from."""

    data: Path
    out: Path
    network: NetworkConfig
    fit: FitSettings
    align_minutes: float = 4.0
    init: Path | None = None
    resume: bool = False
    threads: int = 2
    device: str = ''
    limit: int | None = None


def run(course: Course) -> Path:
    """Train, and return the path of the weights; raises ModelError, RecordError or ValueError."""
    torch.set_num_threads(course.threads)
    torch.manual_seed(course.fit.seed)
    vision = vision_of(course.network.vision)
    scenes, held_out = _scenes(course, vision)
    origin = (lm_sha256(course.network.lm), vision.sha256)
    model, encoder = _model(course, vision)
    stage = _stage(course, model, encoder, scenes)
    if course.init is not None:
        _start_from(course.init, model, origin)
    if stage is not None and not course.resume and course.align_minutes > 0:
        _align(course, stage, held_out)
    fit = Fit(model, encoder, Material(scenes, held_out, origin, stage), course.fit)
    with _Bar(course.fit) as bar:
        fit.run(course.out, course.resume, bar)
    path = course.out / FILE
    size_mb = path.stat().st_size / 1e6
    large = f' (more than the {LARGEST_MB:.0f} MB to ship)' if size_mb > LARGEST_MB else ''
    _say(f'{path}: {size_mb:.1f} MB{large}, {fit.progress.step} steps, {fit.last_losses}')
    return path


def _scenes(course: Course, vision: Vision) -> tuple[Sequence[Scene], Sequence[Scene]]:
    """Return the scenes for training and the held-out ones, with their features.

    Raises RecordError when there are none to train on.
    """
    if not shards(course.data, 'train'):
        raise RecordError(
            f'{course.data}: no train-*.parquet; make some: '
            f'`robochat train data --out {course.data}`'
        )
    for split in ('train', 'val'):
        features.compute(course.data, split, vision, course.threads)
    scenes = features.load(course.data, 'train', vision, course.limit)
    held_out = features.load(course.data, 'val', vision)
    _say(f'{len(scenes)} scenes to learn, {len(held_out)} held out')
    return scenes, held_out


def _model(course: Course, vision: Vision) -> tuple[PalmE, Encoder]:
    """Build the network on the device there is."""
    device = course.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    config = replace(
        course.network,
        regions=vision.shape[0],
        cells=vision.shape[1],
        parts=vision.parts,
        colors=vision.shape[2] - sum(vision.parts),
    )
    half = config.tune != 'whole' and (device != 'cpu' or halves_are_faster())
    lm, tokenizer = load_lm(config.lm, torch.bfloat16 if half else torch.float32)
    model = PalmE(lm, config).to(device)
    learning = {n: sum(p.numel() for p in ps) for n, ps in model.learning().items()}
    told = ', '.join(f'{name} {count / 1e6:.2f} M' for name, count in learning.items())
    _say(f'on {device}, {lm.dtype}, {config.tune}: {told} parameters learn')
    return model, Encoder(tokenizer, config)


def _start_from(path: Path, model: PalmE, origin: tuple[str, str]) -> None:
    """Set the model to weights that were trained before; raises WeightsError."""
    weights = load(path, *origin)
    same = replace(weights.config, lm=model.config.lm, vision=model.config.vision)
    if same != model.config:
        raise WeightsError(f'{path} has another shape than asked for: {weights.config.to_json()}')
    model.restore(weights.tensors)
    _say(f'starts from {path}')


def _stage(
    course: Course, model: PalmE, encoder: Encoder, scenes: Sequence[Scene]
) -> Alignment | None:
    """Prepare the alignment; None where the scenes have no words for what is seen."""
    try:
        return Alignment(model, encoder, scenes, course.fit.seed)
    except RecordError as error:
        _say(f'nothing to align: {error}')
        return None


def _align(course: Course, stage: Alignment, held_out: Sequence[Scene]) -> None:
    """Run the first stage, and note how well each word was grounded."""
    _say(f'aligns with {len(stage.words.names)} words')
    with tqdm(total=100, desc='align', unit='%', bar_format=_BAR) as bar:

        def tell(step: int, share: float, loss: float) -> None:
            bar.update(min(100, round(share * 100, 1)) - bar.n)
            bar.set_postfix_str(f'step {step} loss {loss:.4f}', refresh=False)

        stage.run(course.align_minutes, tell=tell)
    found = stage.measure(held_out[:300])
    course.out.mkdir(parents=True, exist_ok=True)
    (course.out / ALIGNMENT_FILE).write_text(json.dumps(found, indent=1), encoding='utf-8')
    mean = sum(found.values()) / max(1, len(found))
    _say(f'found {len(found)} words in held-out pictures and states with a mean F1 of {mean:.2f}')


_BAR = '{desc} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining} {postfix}'


class _Bar:
    """The progress bar of the fit."""

    def __init__(self, settings: FitSettings) -> None:
        self._steps = settings.steps

    def __enter__(self) -> _Bar:
        self._bar: Any = tqdm(total=100, desc='fit', bar_format=_BAR)
        self._mean = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(
        self,
        share: float,
        progress: Progress,
        loss: float,
        speed: float,
        kinds: Any = None,
    ) -> None:
        """Show a step, or a measure of held-out scenes when it has kinds."""
        if kinds is not None:
            told = ', '.join(f'{kind} {value:.3f}' for kind, value in kinds.items())
            self._bar.write(f'step {progress.step}: held out {loss:.4f} ({told})')
            return
        self._mean = 0.97 * self._mean + 0.03 * loss if self._mean else loss
        self._bar.update(min(share * 100, 100 - self._bar.n))
        text = f'step {progress.step} loss {self._mean:.3f} {speed:.0f} tokens/s'
        self._bar.set_postfix_str(text, refresh=False)


def _say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f'{text}\n')
