"""`robochat train`: make scenes in the simulator, and train the embedded model on them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

SPLITS = ('train', 'val', 'test')
ALIGN_MINUTES = 10.0
SCENES = {'train': 4000, 'val': 200, 'test': 300}
EPILOG = """
The whole of it, two hours on two cores:  robochat train --out run --minutes 100
Bit by bit:  robochat train data --out scenes --scenes 4000 --seed 1
             robochat train data --out scenes --scenes 200 --seed 2 --split val
             robochat train fit --data scenes --out run --minutes 100
Go on after an interrupt:  robochat train fit --data scenes --out run --minutes 100 --resume
Adapt to other eyes and another language model:
             robochat train fit --data scenes --out run --lm FOLDER --vision FOLDER
"""


class TrainingError(ValueError):
    """The arguments contradict each other; the message says how."""


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'train',
        help='train the embedded model on scenes of the simulator',
        description='Make scenes, compute what the frozen vision network sees in them, align '
        'pictures and states with words, then train. Needs pip install "robochat[train]".',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'part', nargs='?', choices=('data', 'fit'), help='only make scenes, or only train on some'
    )
    parser.add_argument('--out', required=True, metavar='DIR', help='where to write')
    parser.add_argument('--seed', type=int, default=0, help='of scenes and of the training')
    _add_data(parser.add_argument_group('scenes'))
    _add_network(parser.add_argument_group('network'))
    _add_fit(parser.add_argument_group('training'))
    parser.set_defaults(run=run)


def _add_data(group: Any) -> None:
    """Add what concerns the scenes."""
    group.add_argument('--data', metavar='DIR', help='a folder of scenes (fit)')
    group.add_argument('--scenes', type=int, help='how many to make; more than that many, for fit')
    group.add_argument(
        '--split', choices=SPLITS, default='train', help='(data) which ones to make'
    )


def _add_network(group: Any) -> None:
    """Add what concerns the network."""
    group.add_argument(
        '--lm', default='embedded', metavar='FOLDER', help='a causal language model (embedded)'
    )
    group.add_argument(
        '--vision', default='embedded', metavar='FOLDER', help='a vision model (embedded)'
    )
    group.add_argument(
        '--tune',
        choices=('bridge', 'lora', 'whole'),
        default='lora',
        help='what learns besides the projector: nothing, low-rank additions, the whole '
        'language model (lora)',
    )
    group.add_argument('--rank', type=int, default=16, help='of the low-rank additions (16)')


def _add_fit(group: Any) -> None:
    """Add what concerns the training."""
    add = group.add_argument
    add('--minutes', type=float, default=120.0, help='how long to train (120)')
    add('--steps', type=int, help='how many steps to make, instead of --minutes')
    add('--align-minutes', type=float, help='how long to align first (10; with --init 0)')
    add('--batch', type=int, default=2, help='packed scenes a step (2)')
    add('--micro', type=int, default=1, help='packed scenes at once; more on a GPU (1)')
    add('--tokens', type=int, default=900, help='the longest packed scene (900)')
    add('--bridge-lr', type=float, default=1e-3, help='learning rate of the projector (1e-3)')
    add('--lora-lr', type=float, default=5e-4, help='of the low-rank additions (5e-4)')
    add('--lm-lr', type=float, default=5e-5, help='of the language model, for whole (5e-5)')
    add('--checkpoint-minutes', type=float, default=10.0, help='between checkpoints (10)')
    add('--held-out', type=int, default=40, help='scenes that each checkpoint measures (40)')
    add('--threads', type=int, default=2, help='CPU threads (2)')
    add('--device', default='', help='cpu or cuda (cuda where there is one)')
    add('--init', metavar='WEIGHTS', help='weights to start from, to begin with')
    add('--resume', action='store_true', help='go on from the checkpoint in --out')


def run(args: argparse.Namespace) -> int:
    """Make scenes, train, or both."""
    _check(args)
    out = Path(args.out)
    if args.part == 'data':
        _make(out, args.scenes or SCENES[args.split], args.seed, args.split)
        return 0
    data = Path(args.data) if args.data else out / 'data'
    if args.part is None and not args.data:
        for number, split in enumerate(SPLITS[:2]):
            wanted = args.scenes or SCENES['train'] if split == 'train' else SCENES[split]
            if not any(data.glob(f'{split}-*.parquet')):
                _make(data, wanted, args.seed * len(SPLITS) + number, split)
    _fit(args, data, out)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse what can't be; raises TrainingError."""
    if args.part == 'fit' and not args.data:
        raise TrainingError('train fit needs --data, a folder that `robochat train data` wrote')
    for name in ('scenes', 'steps', 'minutes', 'batch', 'micro', 'tokens', 'threads', 'rank'):
        value = getattr(args, name)
        if value is not None and value <= 0:
            raise TrainingError(f'--{name} is {value}; it must be over 0')
    if args.resume and args.init:
        raise TrainingError('--resume goes on from a checkpoint, --init begins; give one of them')


def _align_minutes(args: argparse.Namespace) -> float:
    """Return how long to align: as asked for, else only where nothing is aligned yet."""
    if args.align_minutes is not None:
        return float(args.align_minutes)
    return 0.0 if args.init else ALIGN_MINUTES


def _make(out: Path, scenes: int, seed: int, split: str) -> None:
    """Make scenes in the simulator."""
    from robochat.training.data import generate

    generate(out=out, scenes=scenes, seed=seed, split=split)


def _fit(args: argparse.Namespace, data: Path, out: Path) -> None:
    """Train; raises ModuleNotFoundError early when a part of the installation is missing."""
    import matplotlib  # noqa: F401
    import pyarrow  # noqa: F401
    from robochat.mllm.palm_e.config import NetworkConfig
    from robochat.training import course
    from robochat.training.fit import FitSettings
    import tensorboard  # noqa: F401

    settings = FitSettings(
        minutes=args.minutes,
        steps=args.steps,
        batch=args.batch,
        micro=args.micro,
        most_tokens=args.tokens,
        bridge_lr=args.bridge_lr,
        lora_lr=args.lora_lr,
        lm_lr=args.lm_lr,
        checkpoint_minutes=args.checkpoint_minutes,
        held_out_scenes=args.held_out,
        seed=args.seed,
    )
    network = NetworkConfig(
        lm=args.lm, vision=args.vision, tune=args.tune, rank=args.rank, alpha=2 * args.rank
    )
    course.run(
        course.Course(
            data=data,
            out=out,
            network=network,
            fit=settings,
            align_minutes=_align_minutes(args),
            init=Path(args.init) if args.init else None,
            resume=args.resume,
            threads=args.threads,
            device=args.device,
            limit=args.scenes,
        )
    )
