"""The configuration: all settings together, read from files, checked as a set, described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
import difflib
import math
from pathlib import Path
from typing import Any

from robochat.settings import (
    CameraSettings,
    DialogueSettings,
    EngagementSettings,
    HriSettings,
    LearningSettings,
    MemorySettings,
    ModelSettings,
    PerceptionSettings,
    PlanSettings,
    SafetySettings,
    ViewSettings,
    WorldSettings,
)

Value = bool | int | float | str | tuple[str, ...]
# Parameters of the node that are no settings of robochat, by the beginning of their names.
FOREIGN = ('autostart', 'qos_overrides', 'start_type_description_service', 'use_sim_time')
NODES = ('**', '*', 'robochat', 'robochat_perception')


class ConfigError(ValueError):
    """One or more settings are wrong; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__('\n'.join(problems))


@dataclass(frozen=True)
class Config:
    """All settings."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    perception: PerceptionSettings = field(default_factory=PerceptionSettings)
    world: WorldSettings = field(default_factory=WorldSettings)
    engagement: EngagementSettings = field(default_factory=EngagementSettings)
    dialogue: DialogueSettings = field(default_factory=DialogueSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    plan: PlanSettings = field(default_factory=PlanSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    hri: HriSettings = field(default_factory=HriSettings)
    view: ViewSettings = field(default_factory=ViewSettings)


@dataclass(frozen=True)
class Declaration:
    """One setting as declared, for parameters, files and pages."""

    name: str
    default: Value
    text: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    live: bool

    def problem(self, value: Any) -> str:
        """Say what is wrong with `value`, or return an empty string."""
        if not self._has_right_type(value):
            return f'{self.name} = {value!r}: must be {type(self.default).__name__}'
        if isinstance(value, str):
            return self._problem_of_choice(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ''
        if not math.isfinite(value):
            return f'{self.name} = {value!r}: must be a finite number'
        if (self.low is not None and value < self.low) or (
            self.high is not None and value > self.high
        ):
            span = f'{self.low:g} to {self.high:g} {self.unit}'.rstrip()
            return f'{self.name} = {value!r}: must lie in {span}'
        return ''

    def _has_right_type(self, value: Any) -> bool:
        """Accept a whole number where a real one is declared, and nothing else that differs."""
        if isinstance(self.default, float):
            return isinstance(value, int | float) and not isinstance(value, bool)
        return type(value) is type(self.default)

    def _problem_of_choice(self, value: str) -> str:
        if self.choices and value not in self.choices:
            return f'{self.name} = {value!r}: must be one of {", ".join(self.choices)}'
        return ''


def declarations() -> Iterator[Declaration]:
    """Yield every setting in the order of the file."""
    config = Config()
    for group in fields(Config):
        section = getattr(config, group.name)
        for item in fields(section):
            yield Declaration(
                f'{group.name}.{item.name}', getattr(section, item.name), **item.metadata
            )


def config_from(values: Mapping[str, Any], base: Config | None = None) -> Config:
    """Make a Config from flat names such as `model.backend`.

    Raises ConfigError with one line for every unknown name and every bad value.
    """
    known = {d.name: d for d in declarations()}
    problems = [_unknown(name, known) for name in values if name not in known]
    problems += [
        p for name, value in values.items() if name in known and (p := known[name].problem(value))
    ]
    if problems:
        raise ConfigError(problems)
    config = base or Config()
    for name, value in values.items():
        group, item = name.split('.', 1)
        typed = float(value) if isinstance(known[name].default, float) else value
        section = replace(getattr(config, group), **{item: typed})
        config = replace(config, **{group: section})
    return config


def _unknown(name: str, known: Mapping[str, Declaration]) -> str:
    """Name the nearest known settings."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f'did you mean {", ".join(near)}?' if near else f'known groups: {", ".join(groups())}'
    return f'{name}: no such setting; {hint}'


def groups() -> tuple[str, ...]:
    """Names of the groups of settings."""
    return tuple(f.name for f in fields(Config))


def flatten(tree: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Turn nested mappings into flat names."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f'{prefix}{key}'
        if isinstance(value, Mapping):
            flat.update(flatten(value, f'{name}.'))
        else:
            flat[name] = value
    return flat


def load_config(path: str | Path, base: Config | None = None) -> Config:
    """Read a ROS parameter file (`/**: ros__parameters: ...`) over `base`, or the defaults.

    What it says of other nodes is passed over. Raises ConfigError when it can't be read, isn't
    YAML or has bad settings.
    """
    import yaml

    try:
        tree = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([f"{path}: can't be read as YAML: {error}"]) from error
    sections = tuple(_sections(tree)) if isinstance(tree, Mapping) else ()
    if not sections and tree:
        raise ConfigError(
            [f'{path}: has no "ros__parameters"; start it with "/**:\\n  ros__parameters:"']
        )
    values = {n: v for node, part in sections if node in NODES for n, v in flatten(part).items()}
    own = {n: v for n, v in values.items() if not n.startswith(FOREIGN)}
    return config_from(own, base)


def _sections(tree: Mapping[Any, Any], name: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the last part of a node's name, and its parameters; namespaces may be nested."""
    for key, value in tree.items():
        if key == 'ros__parameters':
            yield name.rpartition('/')[2], value if isinstance(value, Mapping) else {}
        elif isinstance(value, Mapping):
            yield from _sections(value, str(key))


def parameter_file() -> str:
    """Write the parameter file with every default, its text, unit and range."""
    lines = [
        '# Every setting of robochat with its default. Made by `python -m robochat.config`;',
        '# copy it, change what you need and start with `robochat run --params FILE`.',
        '/**:',
        '  ros__parameters:',
    ]
    last = ''
    for item in declarations():
        group, name = item.name.split('.', 1)
        if group != last:
            lines.append(f'    {group}:')
            last = group
        lines.append(f'      # {_describe(item)}')
        lines.append(f'      {name}: {_yaml(item.default)}')
    return '\n'.join(lines) + '\n'


def _describe(item: Declaration) -> str:
    """Write text, unit and range on one line."""
    extras = []
    if item.unit:
        extras.append(f'in {item.unit}')
    if item.low is not None and item.high is not None:
        extras.append(f'{item.low:g} to {item.high:g}')
    if item.choices:
        extras.append(f'one of {", ".join(item.choices)}')
    if item.live:
        extras.append('may change while running')
    return f'{item.text} ({"; ".join(extras)}).' if extras else f'{item.text}.'


def _yaml(value: Value) -> str:
    """Write a value so that rcl's YAML reader keeps its type."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


if __name__ == '__main__':
    import sys

    sys.stdout.write(parameter_file())
