"""The header of a GGUF file: settings, tokens and the place of each tensor.

Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math
import mmap
from pathlib import Path
import struct

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.protocol import ModelError

MAGIC = b'GGUF'
VERSIONS = (2, 3)
ALIGNMENT = 32
MOST_ENTRIES = 1 << 24
STRING, ARRAY = 8, 9
NUMBERS = {
    0: np.uint8,
    1: np.int8,
    2: np.uint16,
    3: np.int16,
    4: np.uint32,
    5: np.int32,
    6: np.float32,
    7: np.bool_,
    10: np.uint64,
    11: np.int64,
    12: np.float64,
}
# Values and bytes of a block of each kind of tensor; other kinds are not checked for their size.
BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    30: (1, 2),
}

Value = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor's place; `shape` is NumPy's (rows first), `kind` ggml's number of its type."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int

    @property
    def bytes(self) -> int:
        """Size in the file; 0 when the kind is unknown here."""
        values, size = BLOCKS.get(self.kind, (1, 0))
        return math.prod(self.shape) // values * size


@dataclass(frozen=True)
class Header:
    """What a GGUF file says of itself; `start` and `end` are those of its settings' bytes."""

    fields: Mapping[str, Value]
    places: Mapping[str, int]
    tensors: tuple[Tensor, ...]
    start: int
    end: int

    def text(self, key: str) -> str:
        """Return a text setting, empty when there is none."""
        value = self.fields.get(key, '')
        return value if isinstance(value, str) else ''

    def number(self, key: str) -> int:
        """Return an integer setting; raises ModelError when there is none."""
        value = self.fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ModelError(f'the GGUF file has no number {key}')
        return value

    def real(self, key: str) -> float:
        """Return a real setting; raises ModelError when there is none."""
        value = self.fields.get(key)
        if not isinstance(value, float):
            raise ModelError(f'the GGUF file has no real number {key}')
        return value

    @property
    def alignment(self) -> int:
        """Multiple at which each tensor begins."""
        value = self.fields.get('general.alignment', ALIGNMENT)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f'alignment {value}')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; raises ModelError when there is none."""
        value = self.fields.get(key)
        if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
            raise ModelError(f'the GGUF file has no list of texts {key}')
        return tuple(map(str, value))


def read_header(path: Path) -> Header:
    """Read the header and check that the file holds every tensor that it names.

    Raises ModelError when the file is missing, is no GGUF file, or was cut short.
    """
    if not path.is_file():
        raise ModelError(f'{path}: no such model file; set model.path to a GGUF file')
    try:
        with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except OSError as error:
        raise ModelError(f"{path}: can't be read: {error}") from error
    except (IndexError, OverflowError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise ModelError(
            f'{path}: not a whole GGUF file ({error}; {path.stat().st_size} bytes); '
            'fetch or make it again'
        ) from error


def mapped(path: Path) -> NDArray[np.uint8]:
    """Return a file's bytes, read when they are looked at."""
    return np.memmap(path, np.uint8, 'r')


def read_values(data: NDArray[np.uint8], tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor's values from a file's bytes; raises ModelError when the kind is unknown."""
    return _values(stored_rows(data, tensor), tensor)


def read_rows(
    data: NDArray[np.uint8], tensor: Tensor, rows: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return some rows, (n, columns), of a matrix, as `read_values` does."""
    return _values(stored_rows(data, tensor)[rows], tensor)


def stored_rows(data: NDArray[np.uint8], tensor: Tensor) -> NDArray[np.uint8]:
    """Return a tensor's bytes, row by row; raises ModelError when the kind is unknown."""
    stored = data[tensor.start : tensor.start + tensor.bytes]
    try:
        return stored.reshape(*tensor.shape[:-1], -1)
    except ValueError as error:
        raise ModelError(f"{tensor.name} can't be read: {error}") from error


def _values(stored: NDArray[np.uint8], tensor: Tensor) -> NDArray[np.float32]:
    """Turn stored rows into numbers."""
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    try:
        return dequantize(stored, GGMLQuantizationType(tensor.kind)).astype(np.float32)
    except (NotImplementedError, ValueError) as error:
        raise ModelError(f"{tensor.name} can't be read: {error}") from error


class _Reader:
    """Walks through the bytes; every step beyond the end or against the format raises."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0
        self._places: dict[str, int] = {}

    def header(self) -> Header:
        """Read everything up to the tensors' bytes."""
        if self._bytes(4) != MAGIC:
            raise ValueError('it does not begin with GGUF')
        version = self._number('<I')
        if version not in VERSIONS:
            raise ValueError(f'version {version}, known are {VERSIONS}')
        tensors, settings = self._count(), self._count()
        start = self._at
        fields = dict(self._field() for _ in range(settings))
        end = self._at
        infos = [self._tensor() for _ in range(tensors)]
        header = Header(fields, self._places, (), start, end)
        base = -(-self._at // header.alignment) * header.alignment
        placed = tuple(Tensor(t.name, t.shape, t.kind, base + t.start) for t in infos)
        self._check(placed)
        return replace(header, tensors=placed)

    def _check(self, tensors: tuple[Tensor, ...]) -> None:
        """Raise ValueError when a tensor's bytes end after the file."""
        for tensor in tensors:
            if tensor.start + tensor.bytes > len(self._data):
                raise ValueError(f'cut short in tensor {tensor.name}')

    def _bytes(self, count: int) -> bytes:
        """Take bytes."""
        if count > len(self._data) - self._at:
            raise ValueError('cut short in its header')
        self._at += count
        return self._data[self._at - count : self._at]

    def _number(self, form: str) -> int:
        """Take an integer."""
        return int(struct.unpack(form, self._bytes(struct.calcsize(form)))[0])

    def _count(self) -> int:
        """Take a count of entries."""
        count = self._number('<Q')
        if count > MOST_ENTRIES:
            raise ValueError(f'{count} entries, {MOST_ENTRIES} are allowed')
        return count

    def _text(self) -> str:
        """Take a text."""
        return self._bytes(self._number('<Q')).decode()

    def _field(self) -> tuple[str, Value]:
        """Take a setting and note where its value lies."""
        key, kind = self._text(), self._number('<I')
        self._places[key] = self._at
        return key, self._value(kind)

    def _value(self, kind: int) -> Value:
        """Take a value of a kind; lists within lists aren't known."""
        if kind == STRING:
            return self._text()
        if kind != ARRAY:
            return self._numbers(kind, 1)[0]
        kind, count = self._number('<I'), self._count()
        if kind == STRING:
            return tuple(self._text() for _ in range(count))
        return self._numbers(kind, count)

    def _numbers(self, kind: int, count: int) -> tuple[int, ...] | tuple[float, ...]:
        """Take numbers of a kind."""
        if kind not in NUMBERS:
            raise ValueError(f'a value of unknown kind {kind}')
        dtype = np.dtype(NUMBERS[kind])
        return tuple(np.frombuffer(self._bytes(count * dtype.itemsize), dtype).tolist())

    def _tensor(self) -> Tensor:
        """Take a tensor's name, shape, kind and offset."""
        name, dimensions = self._text(), self._number('<I')
        if dimensions > 4:
            raise ValueError(f'{dimensions} dimensions of tensor {name}')
        shape = tuple(self._number('<Q') for _ in range(dimensions))[::-1]
        return Tensor(name, shape, self._number('<I'), self._number('<Q'))
