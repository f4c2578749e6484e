"""The wire format of Protocol Buffers, as far as Gazebo's messages need it.

Written after https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Mapping
import struct

Value = int | float | memoryview
Fields = Mapping[int, tuple[Value, ...]]
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10


class WireError(ValueError):
    """Bytes that are no message; the text says where they go wrong."""


# --------------------------------------------------------------------------- writing
def whole(field: int, value: int) -> bytes:
    """Write a whole number that isn't negative, or a truth value."""
    return _varint(field << 3 | VARINT) + _varint(int(value))


def real(field: int, value: float) -> bytes:
    """Write a double."""
    return _varint(field << 3 | FIXED64) + struct.pack('<d', value)


def block(field: int, *parts: bytes | str) -> bytes:
    """Write a text or, from the parts that it consists of, a message."""
    data = b''.join(p.encode() if isinstance(p, str) else p for p in parts)
    return _varint(field << 3 | LENGTH) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


# --------------------------------------------------------------------------- reading
def fields(data: bytes | bytearray | memoryview) -> Fields:
    """Return the values of each field number, in their order; blocks are views, not copies.

    Raises WireError for bytes that are cut off or malformed.
    """
    view, at = memoryview(data), 0
    found: dict[int, tuple[Value, ...]] = {}
    while at < len(view):
        tag, at = _read_varint(view, at)
        value, at = _read_value(view, at, tag & 7)
        found[tag >> 3] = (*found.get(tag >> 3, ()), value)
    return found


def text_of(message: Fields, field: int) -> str:
    """Return the last text of a field, or an empty one."""
    value = message.get(field, (memoryview(b''),))[-1]
    return bytes(value).decode(errors='replace') if isinstance(value, memoryview) else ''


def whole_of(message: Fields, field: int) -> int:
    """Return the last whole number of a field, or 0."""
    value = message.get(field, (0,))[-1]
    return value if isinstance(value, int) else 0


def block_of(message: Fields, field: int) -> memoryview:
    """Return the last block of a field, or an empty one."""
    value = message.get(field, (b'',))[-1]
    return value if isinstance(value, memoryview) else memoryview(b'')


def blocks_of(message: Fields, field: int) -> tuple[memoryview, ...]:
    """Return all blocks of a repeated field."""
    return tuple(v for v in message.get(field, ()) if isinstance(v, memoryview))


def _read_value(view: memoryview, at: int, kind: int) -> tuple[Value, int]:
    """Read one value of a wire type."""
    if kind == VARINT:
        return _read_varint(view, at)
    if kind == LENGTH:
        length, at = _read_varint(view, at)
    elif kind in (FIXED64, FIXED32):
        length = 8 if kind == FIXED64 else 4
    else:
        raise WireError(f'wire type {kind} at byte {at}: must be one of 0, 1, 2, 5')
    end = at + length
    if end > len(view):
        raise WireError(f'a field of {length} bytes at byte {at}: only {len(view) - at} are left')
    piece = view[at:end]
    if kind == LENGTH:
        return piece, end
    value: float = struct.unpack('<d' if kind == FIXED64 else '<f', piece)[0]
    return value, end


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte."""
    value = 0
    for shift, byte in enumerate(view[at : at + LONGEST_VARINT]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, at + shift + 1
    raise WireError(f'the number at byte {at} has no end')
