"""Merges a LoRA adapter (Hu et al., arXiv 2106.09685) into a GGUF file, written as Q8_0.

What this doesn't do: adapters with biases, of embeddings, or with rank-stabilised scaling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import re
import struct
import tempfile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.gguf_file import Header, MAGIC, mapped, read_header, read_values, Tensor
from robochat.mllm.protocol import ModelError
from robochat.resources import cache_folder, file_sha256

Array = NDArray[Any]
Adapter = Mapping[str, Array]
Progress = Callable[[float], object]

LAYOUT = b'1'
F32, Q8_0 = 0, 8
Q8_0_FILE = 7
BLOCK = 32
FILE_TYPE = 'general.file_type'
PROJECTIONS = {
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
}
ENTRY = re.compile(
    r'(?:base_model\.model\.)?model\.layers\.(\d+)\.([a-z_]+\.[a-z_]+)\.lora_([AB])'
    r'(?:\.default)?\.weight'
)


@dataclass(frozen=True)
class Change:
    """What is added to a weight: up (rows, r) times down (r, columns), float32."""

    down: NDArray[np.float32]
    up: NDArray[np.float32]


def merged_model(
    base: Path,
    adapter: Adapter | Path,
    cache: Path | None = None,
    progress: Progress = lambda share: None,
    *,
    alpha: float,
) -> Path:
    """Return a GGUF file of `base` with the adapter merged in, made unless it is in `cache`.

    `base` is of the architecture llama; the adapter is named as peft names it, or a safetensors
    file of such; its scale is `alpha` / rank. `cache` defaults to `cache_folder()`. `progress`
    gets the share done, 0 to 1. Raises ModelError when a file is broken, the adapter doesn't fit
    the model, or the result can't be written.
    """
    header = read_header(base)
    name = f'{base.stem}-{_file_sum(base)[:16]}-{_adapter_sum(adapter, alpha)[:16]}.gguf'
    target = (cache_folder() if cache is None else cache) / name
    if not _usable(target):
        changes = _changes(_arrays(adapter), header, alpha)
        try:
            _write_whole(target, base, header, changes, progress)
        except OSError as error:
            raise ModelError(
                f"{target}: the merged model can't be written: {error}; free about "
                f'{base.stat().st_size * 3 // 2 >> 20} MB or set XDG_CACHE_HOME to a folder '
                'that can be written to'
            ) from error
    progress(1.0)
    return target


def _usable(path: Path) -> bool:
    """Say whether a whole GGUF file is there already."""
    try:
        read_header(path)
    except ModelError:
        return False
    return True


def _file_sum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise ModelError(f"{path}: can't be read: {error}") from error


def _adapter_sum(adapter: Adapter | Path, alpha: float) -> str:
    """Return a SHA-256 of all that an adapter changes."""
    total = hashlib.sha256(LAYOUT + struct.pack('<d', alpha))
    if isinstance(adapter, Path):
        total.update(_file_sum(adapter).encode())
        return total.hexdigest()
    for name in sorted(adapter):
        array = np.ascontiguousarray(adapter[name])
        total.update(f'{name} {array.dtype.str} {array.shape} '.encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _arrays(adapter: Adapter | Path) -> Adapter:
    """Return the adapter's arrays; raises ModelError when its file is broken."""
    if not isinstance(adapter, Path):
        return adapter
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: Adapter = load_file(adapter)
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f'{adapter}: not a safetensors file of an adapter: {error}') from error
    return arrays


def _changes(adapter: Adapter, header: Header, alpha: float) -> dict[str, Change]:
    """Sort the adapter's matrices by tensor; raises ModelError when one doesn't fit."""
    architecture = header.text('general.architecture')
    if architecture != 'llama':
        raise ModelError(f'architecture {architecture or "unknown"}: only llama can be merged')
    found: dict[str, dict[str, Array]] = {}
    for name, array in adapter.items():
        match = ENTRY.fullmatch(name)
        projection = PROJECTIONS.get(match[2]) if match else None
        if match is None or projection is None:
            known = ', '.join(PROJECTIONS)
            raise ModelError(f"adapter: {name} can't be merged; known are lora_A/B of {known}")
        found.setdefault(f'blk.{match[1]}.{projection}.weight', {})[match[3]] = array
    if not found:
        raise ModelError('the adapter is empty')
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    return {
        name: _change(name, pair, shapes.get(name), alpha, _heads(name, header))
        for name, pair in found.items()
    }


def _heads(name: str, header: Header) -> int:
    """Return how many heads' rows llama.cpp keeps in its own order, 0 when it keeps them."""
    key = {'attn_q': 'head_count', 'attn_k': 'head_count_kv'}.get(name.split('.')[2])
    return header.number(f'llama.attention.{key}') if key else 0


def _change(
    name: str, pair: Mapping[str, Array], shape: tuple[int, ...] | None, alpha: float, heads: int
) -> Change:
    """Make the change of one tensor; raises ModelError when it doesn't fit."""
    if shape is None:
        raise ModelError(f'the adapter changes {name}, which the model does not have')
    if set(pair) != {'A', 'B'}:
        raise ModelError(f'adapter: {name} has lora_{"".join(pair)} only; both are needed')
    down, up = (np.asarray(pair[side], np.float32) for side in 'AB')
    fits = down.ndim == up.ndim == 2 and down.shape[0] == up.shape[1] > 0
    if not fits or (up.shape[0], down.shape[1]) != shape:
        raise ModelError(
            f'adapter: {name} is {shape}; lora_B {up.shape} times lora_A {down.shape} is not'
        )
    if not (np.isfinite(down).all() and np.isfinite(up).all()):
        raise ModelError(f'adapter: {name} has NaN or infinity')
    up = up * np.float32(alpha / down.shape[0])
    return Change(down, _paired_rows(up, heads) if heads else up)


def _paired_rows(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Bring rows into llama.cpp's order: it turns neighbours, others turn the halves of a head."""
    count, columns = rows.shape
    halves = rows.reshape(heads, 2, count // heads // 2, columns)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(count, columns))


def _write_whole(
    target: Path, base: Path, header: Header, changes: Mapping[str, Change], progress: Progress
) -> None:
    """Write beside the target, then rename, so that the name only ever holds a whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix='.merging-', suffix='.gguf', dir=target.parent)
    try:
        with os.fdopen(number, 'wb') as file:
            _write(file, base, header, changes, progress)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(
    file: BinaryIO, base: Path, header: Header, changes: Mapping[str, Change], progress: Progress
) -> None:
    """Write the settings as they are, then all tensors, one in memory at a time."""
    data = mapped(base)
    file.write(MAGIC + struct.pack('<IQQ', 3, len(header.tensors), len(header.fields)))
    file.write(_settings(data, header))
    file.write(b''.join(_infos(header)))
    for index, tensor in enumerate(header.tensors):
        progress(index / len(header.tensors))
        file.write(bytes(-file.tell() % header.alignment))
        file.write(_converted(data, tensor, changes.get(tensor.name)))


def _settings(data: NDArray[np.uint8], header: Header) -> bytes:
    """Return the settings' bytes, with the kind of file changed."""
    settings = bytearray(data[header.start : header.end].tobytes())
    if FILE_TYPE in header.places:
        struct.pack_into('<I', settings, header.places[FILE_TYPE] - header.start, Q8_0_FILE)
    return bytes(settings)


def _infos(header: Header) -> Iterator[bytes]:
    """Yield what stands in the header for each tensor."""
    offset = 0
    for tensor in header.tensors:
        made = Tensor(tensor.name, tensor.shape, _kind(tensor), offset)
        name = tensor.name.encode()
        shape = tensor.shape[::-1]
        yield struct.pack('<Q', len(name)) + name
        yield struct.pack(f'<I{len(shape)}QIQ', len(shape), *shape, made.kind, offset)
        offset += -(-made.bytes // header.alignment) * header.alignment


def _kind(tensor: Tensor) -> int:
    """Choose what a tensor is stored as: matrices as Q8_0, the small rest as float32."""
    return Q8_0 if len(tensor.shape) == 2 and tensor.shape[1] % BLOCK == 0 else F32


def _converted(data: NDArray[np.uint8], tensor: Tensor, change: Change | None) -> bytes:
    """Return a tensor's bytes as they are to be stored."""
    from gguf import GGMLQuantizationType
    from gguf.quants import quantize

    if change is None and tensor.kind == _kind(tensor):
        return data[tensor.start : tensor.start + tensor.bytes].tobytes()
    values = read_values(data, tensor)
    if change is not None:
        values = values + change.up @ change.down
    return bytes(quantize(values, GGMLQuantizationType(_kind(tensor))).tobytes())
