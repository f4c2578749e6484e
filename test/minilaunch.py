"""A stand-in for the `launch` packages, which no registry has: it resolves a launch file.

Supports what the files in `launch/` use, and nothing else, in Python and in XML. The result is the
list of processes that would start, as plain values; `command` makes one of ours ready to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import re
import runpy
import sys
from types import ModuleType
from typing import Any
from xml.etree import ElementTree


@dataclass(frozen=True)
class Process:
    """A process that would start."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    respawn: bool = False
    ends_all: bool = False


@dataclass
class Context:
    """Arguments as given and defaulted, the processes and the words for the log so far."""

    launch_configurations: dict[str, str]
    processes: list[Process] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass
class LaunchDescription:
    entities: list[Any]


class DeclareLaunchArgument:
    def __init__(self, name: str, *, default_value: str, description: str) -> None:
        assert description, f'argument {name} has no description'
        self.name, self.default = name, default_value

    def visit(self, context: Context) -> None:
        context.launch_configurations.setdefault(self.name, self.default)


class LaunchConfiguration:
    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: Context) -> str:
        return context.launch_configurations[self.name]


class OpaqueFunction:
    def __init__(self, *, function: Any) -> None:
        self.function = function

    def visit(self, context: Context) -> None:
        for entity in self.function(context):
            entity.visit(context)


class LogInfo:
    def __init__(self, *, msg: str) -> None:
        self.msg = msg

    def visit(self, context: Context) -> None:
        context.log.append(self.msg)


class Shutdown:
    def __init__(self, *, reason: str) -> None:
        self.reason = reason


class ExecuteProcess:
    def __init__(
        self, *, cmd: list[str], output: str, on_exit: Any, additional_env: Any = None
    ) -> None:
        ends_all = isinstance(on_exit, Shutdown)
        self.process = Process(tuple(cmd), additional_env or {}, ends_all=ends_all)

    def visit(self, context: Context) -> None:
        context.processes.append(self.process)


class Node:
    def __init__(self, **given: Any) -> None:
        self.given = given

    def visit(self, context: Context) -> None:
        given = {
            'arguments': [],
            'parameters': [],
            'remappings': [],
            'respawn': False,
            **self.given,
        }
        words = [given['package'], given['executable'], *given['arguments'], '--ros-args']
        if 'name' in given:
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
    def __init__(
        self, source: PythonLaunchDescriptionSource, *, launch_arguments: Any = ()
    ) -> None:
        self.source = source
        self.arguments = launch_arguments

    def visit(self, context: Context) -> None:
        context.launch_configurations.update(self.arguments)
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
    if path.endswith('.xml'):
        _run_xml(Path(path), context)
        return
    description = runpy.run_path(path)['generate_launch_description']()
    for entity in description.entities:
        entity.visit(context)


def _run_xml(path: Path, context: Context) -> None:
    """Visit the arguments and includes of an XML launch file."""

    def filled(text: str) -> str:
        text = text.replace('$(dirname)', str(path.parent))
        return re.sub(r'\$\(var (\w+)\)', lambda m: context.launch_configurations[m[1]], text)

    for element in ElementTree.parse(path).getroot():
        if element.tag == 'arg':
            assert element.get('description')
            context.launch_configurations.setdefault(
                element.attrib['name'], filled(element.attrib['default'])
            )
        else:
            assert element.tag == 'include', element.tag
            passed = {e.attrib['name']: filled(e.attrib['value']) for e in element}
            source = PythonLaunchDescriptionSource(filled(element.attrib['file']))
            IncludeLaunchDescription(source, launch_arguments=passed).visit(context)


def visited(path: str, **arguments: str) -> Context:
    """Visit a launch file as `ros2 launch PATH name:=value ...` does; nothing is started."""
    context = Context(dict(arguments))
    command = sys.argv
    sys.argv = ['ros2', 'launch', path, *(f'{n}:={v}' for n, v in arguments.items())]
    try:
        with _modules():
            _run(path, context)
    finally:
        sys.argv = command
    return context


def processes(path: str, **arguments: str) -> list[Process]:
    """Return the processes that `ros2 launch PATH name:=value ...` would start."""
    return visited(path, **arguments).processes


def command(process: Process) -> list[str]:
    """Return the words after `python` that run a process of ours from the checkout."""
    programs = {'robochat': (), 'robochat_perception': ('perception',)}
    if process.command[0] == 'robochat':
        return ['-m', 'robochat.cli', *programs[process.command[1]], *process.command[2:]]
    return list(process.command[1:])
