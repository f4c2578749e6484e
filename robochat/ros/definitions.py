"""The text of message types with all that they use, as MCAP wants it (`ros2msg`)."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import re
import sys

from rclpy.qos import QoSProfile

BUILT_IN = re.compile(
    r'^(bool|byte|char|float32|float64|u?int(8|16|32|64)|w?string)(<=\d+)?(\[.*\])?$'
)
SEPARATOR = '=' * 80
FOREVER = '{sec: 9223372036, nsec: 854775807}'


class DefinitionError(RuntimeError):
    """The definition of a type is not installed."""


def name_of(kind: type) -> str:
    """Write a message class as `package/msg/Name`."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def qos_text(qos: QoSProfile) -> str:
    """Write a quality of service as `ros2 bag` does, so that it can be offered again."""
    lines = (
        f'history: {qos.history.name.lower()}',
        f'depth: {qos.depth}',
        f'reliability: {qos.reliability.name.lower()}',
        f'durability: {qos.durability.name.lower()}',
        f'deadline: {FOREVER}',
        f'lifespan: {FOREVER}',
        'liveliness: automatic',
        f'liveliness_lease_duration: {FOREVER}',
        'avoid_ros_namespace_conventions: false',
    )
    return '- ' + '\n  '.join(lines) + '\n'


def definition_of(name: str) -> str:
    """Return the text of `package/msg/Name`, then that of every type inside it.

    Raises DefinitionError.
    """
    texts = {name: _text(name)}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for used in _used(texts[current], current.split('/')[0]):
            if used not in texts:
                texts[used] = _text(used)
                waiting.append(used)
    first, *others = texts.items()
    parts = [first[1], *(f'MSG: {_short(key)}\n{text}' for key, text in others)]
    return f'\n{SEPARATOR}\n'.join(parts)


def _text(name: str) -> str:
    """Read the definition from the first install folder that has it."""
    package, _, message = name.split('/')
    for share in _share_folders():
        path = share / package / 'msg' / f'{message}.msg'
        if path.is_file():
            return path.read_text(encoding='utf-8')
    raise DefinitionError(
        f"{name}: its definition isn't installed; install the package {package}, or source its "
        'workspace'
    )


def _share_folders() -> Iterator[Path]:
    """Where packages are installed: by colcon or apt, and by pip."""
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix:
            yield Path(prefix) / 'share'
    yield Path(sys.prefix) / 'share'


def _used(text: str, package: str) -> list[str]:
    """List the types of the fields that are messages themselves."""
    found = []
    for line in text.splitlines():
        words = line.split('#', 1)[0].split()
        if len(words) < 2 or '=' in words[1] or BUILT_IN.match(words[0]):
            continue
        path = re.sub(r'\[.*\]$', '', words[0]).split('/')
        found.append(f'{path[0] if len(path) > 1 else package}/msg/{path[-1]}')
    return found


def _short(name: str) -> str:
    """Write `package/Name`, as the dependencies are named."""
    package, _, message = name.split('/')
    return f'{package}/{message}'
