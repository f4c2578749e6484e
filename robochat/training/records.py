"""Scenes to train on, as Parquet files in a folder: `train-00000.parquet`, `val-...`, `test-...`.

A row is a scene: its pictures, what is told of it (words, pictures and states in one order), and
several independent questions with their answers, the branches.

Columns: `id` string; `frames` list of {jpeg: binary, age_sec: float}, the oldest first;
`region_words` list of lists of words, one for each token of the newest frame, or empty; `prefix`
and `branches` JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import json
import math
import os
from pathlib import Path
from typing import Any

SPLITS = ('train', 'val', 'test')
SCENES_A_SHARD = 500
MOST_FRAMES = 3


class RecordError(ValueError):
    """A record or a folder of records isn't as it must be; the message says where and why."""


@dataclass(frozen=True)
class Text:
    """Words; tokens of the chat format in them count as such."""

    text: str


@dataclass(frozen=True)
class Image:
    """The place of a picture, by its number among the frames."""

    frame: int


@dataclass(frozen=True)
class State:
    """A vector of a kind, and for each of its tokens the words that say the same."""

    kind: str
    vector: tuple[float, ...]
    words: tuple[tuple[str, ...], ...] = ()


Piece = Text | Image | State


@dataclass(frozen=True)
class Branch:
    """A question about the scene and its answer; `kind` groups branches in measures."""

    kind: str
    ask: str
    answer: str
    meta: str = '{}'


@dataclass(frozen=True)
class Still:
    """A picture as JPEG, and how long ago it was taken; empty bytes when it wasn't asked for."""

    jpeg: bytes
    age_sec: float


@dataclass(frozen=True)
class Record:
    """A scene; raises RecordError when its parts contradict each other."""

    name: str
    frames: tuple[Still, ...]
    region_words: tuple[tuple[str, ...], ...]
    prefix: tuple[Piece, ...]
    branches: tuple[Branch, ...]

    def __post_init__(self) -> None:
        if len(self.frames) > MOST_FRAMES:
            raise RecordError(f'{self.name}: {len(self.frames)} frames; at most {MOST_FRAMES}')
        if not self.prefix or not self.branches:
            raise RecordError(f'{self.name}: a scene needs a prefix and at least one branch')
        for piece in self.prefix:
            if isinstance(piece, Image) and not 0 <= piece.frame < len(self.frames):
                raise RecordError(
                    f'{self.name}: picture {piece.frame} of {len(self.frames)} in the prefix'
                )
            if isinstance(piece, State) and not all(map(math.isfinite, piece.vector)):
                raise RecordError(f'{self.name}: a {piece.kind} vector with NaN or infinity')
        if any(not branch.ask or not branch.answer for branch in self.branches):
            raise RecordError(f'{self.name}: a branch without a question or without an answer')


class Writer:
    """Writes records into shards of a folder; a shard is there whole or not at all.

    What is there already stays: the next shard gets the next number. Use it as a context; leaving
    it by an exception keeps whole shards alone.
    """

    def __init__(self, folder: Path, split: str, scenes: int = SCENES_A_SHARD) -> None:
        self._folder, self._split, self._scenes = folder, _known(split), scenes
        folder.mkdir(parents=True, exist_ok=True)
        self._waiting: list[Record] = []

    def write(self, record: Record) -> None:
        """Add a record."""
        self._waiting.append(record)
        if len(self._waiting) >= self._scenes:
            self.flush()

    def flush(self) -> None:
        """Write what waits as a shard."""
        if not self._waiting:
            return
        import pyarrow as pa
        from pyarrow import parquet

        numbers = [int(path.stem.rpartition('-')[2]) for path in shards(self._folder, self._split)]
        name = f'{self._split}-{max(numbers, default=-1) + 1:05d}.parquet'
        part = self._folder / f'.{name}.part'
        rows = [_row(record) for record in self._waiting]
        parquet.write_table(pa.Table.from_pylist(rows, schema=_schema()), part)
        os.replace(part, self._folder / name)
        self._waiting = []

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.flush()


def read(folder: Path, split: str, pictures: bool = True) -> Iterator[Record]:
    """Yield the records of a split, shard by shard; without `pictures` their bytes are empty.

    Raises RecordError when there are none, or where one is broken.
    """
    found = shards(folder, split)
    if not found:
        raise RecordError(
            f'{folder}: no {split}-*.parquet; make some: `robochat train data --out {folder}`'
        )
    for path in found:
        yield from read_shard(path, pictures)


def read_shard(path: Path, pictures: bool = True) -> Iterator[Record]:
    """Yield the records of one shard."""
    import pyarrow as pa
    from pyarrow import parquet

    frames = ['frames'] if pictures else ['frames.list.element.age_sec']
    columns = ['id', *frames, 'region_words', 'prefix', 'branches']
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(64, columns=columns):
                for row in batch.to_pylist():
                    yield _record(row)
    except (pa.ArrowException, KeyError, TypeError, json.JSONDecodeError) as error:
        raise RecordError(f'{path}: not a file of scenes, or a part of one: {error!r}') from error


def shards(folder: Path, split: str) -> tuple[Path, ...]:
    """Return the files of a split in order."""
    return tuple(sorted(folder.glob(f'{_known(split)}-[0-9]*.parquet')))


def _known(split: str) -> str:
    """Return the split; raises RecordError when there is no such."""
    if split not in SPLITS:
        raise RecordError(f'no split {split!r}; there are {", ".join(SPLITS)}')
    return split


def _schema() -> Any:
    """Return the columns."""
    import pyarrow as pa

    frame = pa.struct([('jpeg', pa.binary()), ('age_sec', pa.float32())])
    return pa.schema(
        [
            ('id', pa.string()),
            ('frames', pa.list_(frame)),
            ('region_words', pa.list_(pa.list_(pa.string()))),
            ('prefix', pa.string()),
            ('branches', pa.string()),
        ]
    )


def _row(record: Record) -> dict[str, Any]:
    """Turn a record into a row."""
    branches = [
        {'kind': b.kind, 'ask': b.ask, 'answer': b.answer, 'meta': json.loads(b.meta)}
        for b in record.branches
    ]
    return {
        'id': record.name,
        'frames': [{'jpeg': f.jpeg, 'age_sec': f.age_sec} for f in record.frames],
        'region_words': [list(words) for words in record.region_words],
        'prefix': json.dumps([_piece_out(piece) for piece in record.prefix], ensure_ascii=False),
        'branches': json.dumps(branches, ensure_ascii=False),
    }


def _record(row: dict[str, Any]) -> Record:
    """Turn a row into a record."""
    return Record(
        name=row['id'],
        frames=tuple(Still(f.get('jpeg', b''), f['age_sec']) for f in row['frames'] or ()),
        region_words=tuple(tuple(words) for words in row['region_words'] or ()),
        prefix=tuple(_piece_in(piece) for piece in json.loads(row['prefix'])),
        branches=tuple(
            Branch(b['kind'], b['ask'], b['answer'], json.dumps(b.get('meta') or {}))
            for b in json.loads(row['branches'])
        ),
    )


def _piece_out(piece: Piece) -> Any:
    """Turn a piece of the prefix into JSON."""
    if isinstance(piece, Text):
        return piece.text
    if isinstance(piece, Image):
        return {'image': piece.frame}
    words = [list(token) for token in piece.words]
    return {'state': piece.kind, 'vector': list(piece.vector), 'words': words}


def _piece_in(read_piece: Any) -> Piece:
    """Turn JSON into a piece of the prefix."""
    if isinstance(read_piece, str):
        return Text(read_piece)
    if 'image' in read_piece:
        return Image(int(read_piece['image']))
    return State(
        read_piece['state'],
        tuple(map(float, read_piece['vector'])),
        tuple(tuple(token) for token in read_piece.get('words') or ()),
    )
