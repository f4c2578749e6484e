"""A stand-in for the `launch` packages, which no registry has: it resolves a launch file.

Supports what the files in `launch/` use, and nothing else. The result is the list of processes
that would start, as plain values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import runpy
import sys
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Process:
    """A process that would start."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    respawn: bool = False
    ends_all: bool = False


@dataclass
class Context:
    """Arguments as given and defaulted, and the processes found so far."""

    arguments: dict[str, str]
    processes: list[Process] = field(default_factory=list)


@dataclass
class LaunchDescription:
    entities: list[Any]


class DeclareLaunchArgument:
    def __init__(self, name: str, *, default_value: str, description: str) -> None:
        assert description, f'argument {name} has no description'
        self.name, self.default = name, default_value

    def visit(self, context: Context) -> None:
        context.arguments.setdefault(self.name, self.default)


class LaunchConfiguration:
    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: Context) -> str:
        return context.arguments[self.name]


class OpaqueFunction:
    def __init__(self, *, function: Any) -> None:
        self.function = function

    def visit(self, context: Context) -> None:
        for entity in self.function(context):
            entity.visit(context)


class Shutdown:
    def __init__(self, *, reason: str) -> None:
        self.reason = reason


class ExecuteProcess:
    def __init__(self, *, cmd: list[str], additional_env: Any, output: str, on_exit: Any) -> None:
        self.process = Process(tuple(cmd), additional_env, ends_all=isinstance(on_exit, Shutdown))

    def visit(self, context: Context) -> None:
        context.processes.append(self.process)


class Node:
    def __init__(self, **given: Any) -> None:
        self.given = given

    def visit(self, context: Context) -> None:
        given = self.given
        words = [given['package'], given['executable'], *given['arguments'], '--ros-args']
        words += ['-r', f'__node:={given["name"]}']
        if given['namespace']:
            words += ['-r', f'__ns:=/{given["namespace"].strip("/")}']
        for source in given['parameters']:
            words += _parameters(source)
        for old, new in given['remappings']:
            words += ['-r', f'{old}:={new}']
        process = Process(tuple(words), given['additional_env'], given['respawn'])
        context.processes.append(process)


class PythonLaunchDescriptionSource:
    def __init__(self, path: str) -> None:
        self.path = path


class IncludeLaunchDescription:
    def __init__(self, source: PythonLaunchDescriptionSource) -> None:
        self.source = source

    def visit(self, context: Context) -> None:
        _run(self.source.path, context)


def _parameters(source: Any) -> Iterator[str]:
    """Turn a parameter file or a dict into words of the command line."""
    if isinstance(source, str):
        yield from ('--params-file', source)
        return
    for name, value in source.items():
        written = str(value).lower() if isinstance(value, bool) else f"'{value}'"
        yield from ('-p', f'{name}:={written}')


@contextmanager
def _modules() -> Iterator[None]:
    """Let `import launch` find the classes above for a while."""
    here = {name: value for name, value in globals().items() if isinstance(value, type)}
    here['LaunchContext'] = Context
    here['LaunchDescriptionEntity'] = object
    names = (
        'launch',
        'launch.actions',
        'launch.substitutions',
        'launch.launch_description_sources',
        'launch_ros',
        'launch_ros.actions',
    )
    before = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(here)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _run(path: str, context: Context) -> None:
    """Visit everything that a launch file describes."""
    description = runpy.run_path(path)['generate_launch_description']()
    for entity in description.entities:
        entity.visit(context)


def processes(path: str, **arguments: str) -> list[Process]:
    """Return the processes that `ros2 launch PATH name:=value ...` would start."""
    context = Context(dict(arguments))
    with _modules():
        _run(path, context)
    return context.processes
