"""Vision features of all pictures, computed once and kept beside the data.

For a shard `train-00000.parquet` they stand in `train-00000.<network>.npy`, an array of (pictures,
regions, cells, channels) float16, with the pictures in the order of the records. The network is
named by its checksum. A shard's file is there whole or not at all, so an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.vision import Features, Picture, Vision
from robochat.training.records import read_shard, Record, RecordError, shards

NAME_CHARS = 12


@dataclass(frozen=True, eq=False)
class Scene:
    """A record without its pictures' bytes, and their features, (frames, 12, 9, 816)."""

    record: Record
    features: Features


def compute(folder: Path, split: str, vision: Vision, threads: int = 2) -> int:
    """Compute what is missing, and return the number of pictures that were looked at."""
    count = 0
    for shard in shards(folder, split):
        if not features_path(shard, vision).is_file():
            count += _compute_shard(shard, vision, threads)
    return count


def load(folder: Path, split: str, vision: Vision, limit: int | None = None) -> tuple[Scene, ...]:
    """Return the scenes of a split, with features that are read from disk when they are used.

    Raises RecordError when features are missing or don't belong to the records.
    """
    scenes: list[Scene] = []
    for shard in shards(folder, split):
        for scene in _scenes(shard, vision):
            if limit is not None and len(scenes) >= limit:
                return tuple(scenes)
            scenes.append(scene)
    return tuple(scenes)


def features_path(shard: Path, vision: Vision) -> Path:
    """Return where the features of a shard stand."""
    return shard.with_suffix(f'.{vision.sha256[:NAME_CHARS]}.npy')


def decoded(jpeg: bytes, name: str = 'picture') -> Picture:
    """Return the RGB picture, (height, width, 3); raises RecordError when it is no JPEG."""
    import cv2

    data = np.frombuffer(jpeg, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise RecordError(f'{name}: {len(jpeg)} bytes that are no picture')
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _compute_shard(shard: Path, vision: Vision, threads: int) -> int:
    """Compute one shard's features."""
    from tqdm import tqdm

    records = list(read_shard(shard))
    jpegs = [(still.jpeg, r.name) for r in records for still in r.frames]
    path = features_path(shard, vision)
    part = path.with_name(f'.{path.name}.part')
    shape: tuple[int, ...] = (len(jpegs), *vision.shape)
    out: np.memmap[Any, Any] = np.lib.format.open_memmap(part, 'w+', np.float16, shape)

    def look(jpeg: tuple[bytes, str]) -> Features:
        return vision.features(decoded(*jpeg))

    # onnxruntime and OpenCV leave the interpreter's lock while they work.
    with ThreadPoolExecutor(threads) as pool:
        looked = pool.map(look, jpegs)
        bar = tqdm(looked, total=len(jpegs), desc=shard.stem, unit='picture', leave=False)
        for number, features in enumerate(bar):
            out[number] = features
    out.flush()
    del out
    os.replace(part, path)
    return len(jpegs)


def _scenes(shard: Path, vision: Vision) -> Iterator[Scene]:
    """Yield the scenes of one shard."""
    path = features_path(shard, vision)
    if not path.is_file():
        raise RecordError(f'{path.name} is missing; `robochat train fit` computes it')
    features: NDArray[Any] = np.load(path, mmap_mode='r')
    start = 0
    for record in read_shard(shard, pictures=False):
        end = start + len(record.frames)
        yield Scene(record, features[start:end])
        start = end
    if features.shape != (start, *vision.shape):
        raise RecordError(
            f'{path.name} has features of the shape {features.shape}; the records have {start} '
            f'pictures and the network {vision.shape}; delete it to have it computed again'
        )
