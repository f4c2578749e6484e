"""Values as JSON and back, exactly: every float comes back as it was.

Flow: `to_json` writes frozen dataclasses, tuples and enumerations; `from_json` reads them by the
declared type, so that nothing but that type can come out.

*Safety*: what is read is untrusted. Whatever doesn't fit raises CodecError, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
import functools
import types
from typing import Any, get_args, get_origin, get_type_hints, Union

MAX_ITEMS = 10_000
MAX_CHARS = 100_000
MAX_NUMBER = 1e15
PLAIN = (bool, int, float, str)


class CodecError(ValueError):
    """What was read does not fit the declared type; the message says where."""


def to_json(value: Any) -> Any:
    """Write a value; a dataclass carries its name as `is`."""
    if is_dataclass(value) and not isinstance(value, type):
        written = {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
        return {'is': type(value).__name__, **written}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    if hasattr(value, 'item'):  # a number of NumPy
        value = value.item()
    return value


def from_json(kind: Any, data: Any, where: str = 'value') -> Any:
    """Read a value of the type `kind`; raises CodecError."""
    if is_dataclass(kind):
        return _dataclass(kind, data, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), data, where)
    if origin is tuple:
        return _tuple(get_args(kind), data, where)
    if kind is None or kind is type(None):
        if data is None:
            return None
    elif isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind, data, where)
    elif kind in PLAIN:
        return _plain(kind, data, where)
    raise _misfit(kind, data, where)


def _dataclass(kind: Any, data: Any, where: str) -> Any:
    """Read every field that is there; the others take their defaults."""
    if not isinstance(data, Mapping) or data.get('is', kind.__name__) != kind.__name__:
        raise _misfit(kind, data, where)
    hints = hints_of(kind)
    given = {
        name: from_json(hint, data[name], f'{where}.{name}')
        for name, hint in hints.items()
        if name in data
    }
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise CodecError(f'{where}: no {kind.__name__}: {error}') from error


@functools.cache
def hints_of(kind: Any) -> Mapping[str, Any]:
    """The declared types of a dataclass' fields."""
    names = {f.name for f in fields(kind) if f.init}
    return {name: hint for name, hint in get_type_hints(kind).items() if name in names}


def _union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    """Read the first type that fits."""
    for kind in kinds:
        try:
            return from_json(kind, data, where)
        except CodecError:
            continue
    raise CodecError(f'{where} = {_short(data)}: fits none of the types that it may have')


def _tuple(kinds: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    """Read a tuple of any length of one type, or of a fixed length."""
    if not isinstance(data, list) or len(data) > MAX_ITEMS:
        raise CodecError(f'{where} = {_short(data)}: must be a list of at most {MAX_ITEMS}')
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(from_json(kinds[0], item, f'{where}[{n}]') for n, item in enumerate(data))
    if len(data) != len(kinds):
        raise CodecError(f'{where} has {len(data)} items: must be {len(kinds)}')
    return tuple(from_json(k, item, where) for k, item in zip(kinds, data, strict=True))


def _enum(kind: type[Enum], data: Any, where: str) -> Enum:
    try:
        return kind(data)
    except (ValueError, TypeError):
        known = ', '.join(str(k.value) for k in kind)
        raise CodecError(f'{where} = {_short(data)}: must be one of {known}') from None


def _plain(kind: type, data: Any, where: str) -> Any:
    """Read a truth, a number that is neither infinite nor absurd, or a text."""
    if kind is float and type(data) is int and abs(data) < MAX_NUMBER:
        return float(data)
    if kind in (int, float) and type(data) is kind and not abs(data) < MAX_NUMBER:
        raise _misfit(kind, data, where)
    if type(data) is not kind or (isinstance(data, str) and len(data) > MAX_CHARS):
        raise _misfit(kind, data, where)
    return data


def _misfit(kind: Any, data: Any, where: str) -> CodecError:
    name = getattr(kind, '__name__', str(kind))
    return CodecError(f'{where} = {_short(data)}: must be {name}')


def _short(data: Any) -> str:
    """Show the beginning of what was read."""
    shown = repr(data)
    return shown if len(shown) <= 40 else f'{shown[:40]}...'
