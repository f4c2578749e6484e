"""Every setting, declared once: default, text, unit, range.

The ROS parameters, `config/robochat.yaml` and the reference page are made from these classes. A
parameter's name is `group.field`, for example `engagement.cooldown_person_sec`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
import difflib
import math
from pathlib import Path
from typing import Any

Value = bool | int | float | str | tuple[str, ...]


class ConfigError(ValueError):
    """One or more settings are wrong; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__('\n'.join(problems))


def setting(
    default: Any,
    text: str,
    *,
    unit: str = '',
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """Declare a setting; `live` ones may change while the node runs."""
    meta = {'text': text, 'unit': unit, 'low': low, 'high': high, 'choices': choices, 'live': live}
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class CameraSettings:
    """The camera as robochat sees it."""

    hfov_deg: float = setting(
        65.0, 'Horizontal field of view of the camera', unit='deg', low=10.0, high=170.0
    )
    compressed: bool = setting(False, 'Subscribe to image/compressed instead of image')
    max_pixels: int = setting(
        16_000_000, 'Larger pictures are dropped and counted', unit='px', low=4096, high=200_000_000
    )
    stale_sec: float = setting(
        2.0, 'Without a picture for this long the camera counts as silent', unit='s', low=0.1, high=60.0
    )


@dataclass(frozen=True)
class PerceptionSettings:
    """Faces, expressions, objects."""

    enabled: bool = setting(True, 'Look at pictures; false leaves seeing to the emotions and scene topics')
    rate_hz: float = setting(10.0, 'Most faces-and-emotions passes in a second', unit='Hz', low=0.5, high=60.0)
    objects_hz: float = setting(1.5, 'Object passes in a second; 0 turns them off', unit='Hz', low=0.0, high=10.0)
    threads: int = setting(1, 'Threads of each network', low=1, high=16)
    min_face_px: float = setting(20.0, 'Smaller faces are ignored', unit='px', low=8.0, high=400.0)
    face_score: float = setting(0.6, 'Least score of a face', low=0.05, high=1.0)
    object_score: float = setting(0.4, 'Least score of an object', low=0.05, high=1.0)
    facing_yaw_deg: float = setting(
        20.0, 'A head turned less than this from the camera faces the robot', unit='deg', low=5.0, high=60.0
    )
    facing_pitch_deg: float = setting(
        22.0, 'A head nodded less than this from the camera faces the robot', unit='deg', low=5.0, high=60.0
    )
    emotion_yaw_deg: float = setting(
        30.0, 'Expressions of heads turned further are not read', unit='deg', low=5.0, high=90.0
    )
    emotion_pitch_deg: float = setting(
        28.0, 'Expressions of heads nodded further are not read', unit='deg', low=5.0, high=90.0
    )
    emotion_smoothing_sec: float = setting(
        1.2, 'Time constant over which expressions are averaged', unit='s', low=0.1, high=10.0
    )
    emotion_certain: float = setting(
        0.6, 'Below this smoothed score an expression is uncertain', low=0.2, high=1.0
    )
    track_lost_sec: float = setting(
        2.0, 'A track unseen for longer gets a new id when it returns', unit='s', low=0.2, high=30.0
    )


@dataclass(frozen=True)
class WorldSettings:
    """What is remembered of people and things."""

    emotions: str = setting(
        'merge', 'Estimates from the emotions topic: use instead of, or beside, our own', choices=('merge', 'replace', 'ignore')
    )
    scene: str = setting(
        'merge', 'Estimates from the scene topic: use instead of, or beside, our own', choices=('merge', 'replace', 'ignore')
    )
    person_left_sec: float = setting(2.5, 'A person unseen for this long has left', unit='s', low=0.5, high=60.0)
    forget_person_sec: float = setting(
        300.0, 'What was said to a person that left is forgotten after', unit='s', low=10.0, high=86400.0
    )
    thing_gone_sec: float = setting(6.0, 'A thing unseen for this long has vanished', unit='s', low=1.0, high=600.0)
    mood_dwell_sec: float = setting(1.5, 'A certain expression must last this long to be a mood', unit='s', low=0.2, high=30.0)
    arrival_quiet_sec: float = setting(
        1.0, 'Someone must be seen for this long to have arrived', unit='s', low=0.0, high=10.0
    )
    silence_sec: float = setting(45.0, 'This long without a word is a silence', unit='s', low=5.0, high=3600.0)


@dataclass(frozen=True)
class EngagementSettings:
    """When to speak."""

    rate_hz: float = setting(10.0, 'Decisions in a second', unit='Hz', low=1.0, high=50.0)
    proactive: bool = setting(True, 'Speak first; false only answers', live=True)
    do_not_disturb: bool = setting(False, 'Only hazards are spoken of', live=True)
    quiet_from_hour: float = setting(22.0, 'Quiet hours begin (local time)', unit='h', low=0.0, high=24.0, live=True)
    quiet_to_hour: float = setting(7.0, 'Quiet hours end; equal to the beginning means none', unit='h', low=0.0, high=24.0, live=True)
    greet_distance_m: float = setting(2.6, 'People further away are not greeted', unit='m', low=0.3, high=10.0, live=True)
    facing_dwell_sec: float = setting(0.8, 'Someone must face the robot this long to be greeted', unit='s', low=0.1, high=10.0, live=True)
    mood_dwell_sec: float = setting(1.5, 'A mood must have stayed this long to be spoken of', unit='s', low=0.5, high=60.0, live=True)
    cooldown_person_sec: float = setting(
        15.0, 'Least time between two openings to one person', unit='s', low=0.0, high=3600.0, live=True
    )
    cooldown_topic_sec: float = setting(
        120.0, 'Least time between two openings on one topic to one person', unit='s', low=0.0, high=86400.0, live=True
    )
    greeted_sec: float = setting(
        1800.0, 'A greeted person is not greeted again for', unit='s', low=0.0, high=604800.0, live=True
    )
    not_now_sec: float = setting(
        900.0, 'Silence after someone said "not now"', unit='s', low=0.0, high=86400.0, live=True
    )
    small_talk_sec: float = setting(
        60.0, 'Companionable silence before small talk; 0 never talks small', unit='s', low=0.0, high=86400.0, live=True
    )
    threshold: float = setting(0.5, 'Least score at which the robot speaks', low=0.0, high=1.0, live=True)
    decision_topic_sec: float = setting(1.0, 'An unchanged silence is published this often', unit='s', low=0.1, high=60.0)
    local_time: str = setting('', 'Pretend that it was this time of day at start, as HH:MM; empty uses the clock')


@dataclass(frozen=True)
class DialogueSettings:
    """What is said and remembered of a conversation."""

    persona: str = setting('companion', 'Name of a file in config/personas, or the path of one')
    language: str = setting('en', 'Language of the utterances', choices=('en',))
    history: int = setting(6, 'Lines of the conversation given to the model', low=0, high=50)
    max_words: int = setting(28, 'Longest utterance', unit='words', low=3, high=100)


@dataclass(frozen=True)
class ModelSettings:
    """The language model."""

    backend: str = setting('smollm2', 'Which model speaks: a built-in name or an entry point in robochat.mllms')
    path: str = setting('', 'Folder or file of the model; empty uses the packaged one')
    threads: int = setting(2, 'Threads of the embedded model', low=1, high=64)
    context_tokens: int = setting(2048, 'Longest prompt and answer together', unit='tokens', low=512, high=131072)
    deadline_sec: float = setting(
        6.0, 'After this long a phrase of the persona is said instead', unit='s', low=0.2, high=300.0
    )
    temperature: float = setting(0.0, 'Randomness of the words; 0 always takes the likeliest', low=0.0, high=2.0)
    seed: int = setting(7, 'Seed of that randomness', low=0, high=2**31 - 1)
    warm_up: bool = setting(True, 'Read the fixed part of the prompt once at start')


@dataclass(frozen=True)
class PlanSettings:
    """Plans and their execution."""

    skills: str = setting('home', 'Name of a file in config/skills, or the path of one')
    max_steps: int = setting(6, 'Longest plan', unit='steps', low=1, high=50)
    execute: bool = setting(False, 'Run accepted plans through the mapping in the skill file; false only publishes them')
    repairs: int = setting(1, 'How often a failed plan may be replaced', low=0, high=10)


@dataclass(frozen=True)
class SafetySettings:
    """What may be said."""

    max_chars: int = setting(240, 'Longest utterance', unit='characters', low=20, high=2000)
    max_speech_chars: int = setting(1000, 'Longer speech is cut before anything reads it', unit='characters', low=50, high=100000)
    log_content: bool = setting(False, 'Write words and emotions of people to the log (debug level only)')


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
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return f'{self.name} = {value!r}: must lie in {self.low:g} to {self.high:g} {self.unit}'.rstrip()
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
            yield Declaration(f'{group.name}.{item.name}', getattr(section, item.name), **item.metadata)


def config_from(values: Mapping[str, Any], base: Config | None = None) -> Config:
    """Make a Config from flat names such as `model.backend`.

    Raises ConfigError with one line for every unknown name and every bad value.
    """
    known = {d.name: d for d in declarations()}
    problems = [_unknown(name, known) for name in values if name not in known]
    problems += [p for name, value in values.items() if name in known and (p := known[name].problem(value))]
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


def load_config(path: str | Path) -> Config:
    """Read a ROS parameter file (`/**: ros__parameters: ...`).

    Raises ConfigError when it can't be read, isn't YAML or has bad settings.
    """
    import yaml

    try:
        tree = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([f'{path}: can\'t be read as YAML: {error}']) from error
    values: dict[str, Any] = {}
    for node in (tree or {}).values() if isinstance(tree, Mapping) else ():
        if isinstance(node, Mapping) and isinstance(node.get('ros__parameters'), Mapping):
            values.update(flatten(node['ros__parameters']))
    if not values and tree:
        raise ConfigError([f'{path}: has no "ros__parameters"; start it with "/**:\\n  ros__parameters:"'])
    return config_from(values)


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
