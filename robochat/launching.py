"""The arguments of the launch files, and whether those that were given fit.

Flow: a launch file declares its table -> `check` reports everything that is wrong at once ->
`parameters` turns them into those of
the node.

What this doesn't do: start anything. The files in `launch/` do, and this module does not know
`launch`, so that tests and the documentation can read the tables without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import difflib
from importlib.util import find_spec
import os
from pathlib import Path

from robochat.config import ConfigError, load_config
from robochat.resources import MissingFileError, named_file

TRUE, FALSE = ('true', '1', 'yes', 'on'), ('false', '0', 'no', 'off')
MODELS_PATH, OUR_MODEL = 'GZ_SIM_RESOURCE_PATH', 'model://robochat_'
NEAR = 0.8
# What `ros2 launch` itself understands besides the arguments of a file.
LAUNCHS_OWN = (
    'emulate_tty',
    'launch-prefix',
    'launch-prefix-filter',
    'sigkill_timeout',
    'sigterm_timeout',
)


class LaunchArgumentError(ValueError):
    """One or more launch arguments are wrong; the message has a line for each."""


@dataclass(frozen=True)
class Argument:
    """A launch argument; `choices` are all that it may be, a `switch` is true or false."""

    default: str
    text: str
    choices: tuple[str, ...] = ()
    switch: bool = False

    def problem(self, name: str, value: str) -> str:
        """Say what is wrong with `value`, or return an empty string."""
        if value == self.default:
            return ''
        if self.switch and value.lower() not in (*TRUE, *FALSE):
            return f'{name}:={value}: must be true or false'
        if self.choices and value not in self.choices:
            return f'{name}:={value}: must be one of {", ".join(filter(None, self.choices))}'
        return ''


EYES: dict[str, Argument] = {
    'image': Argument('image', 'Topic of the camera; compressed:=true takes its "/compressed"'),
    'compressed': Argument('', 'Take compressed pictures', switch=True),
    'params': Argument('robochat', 'Parameter file: the name of one in config, or a path'),
    'namespace': Argument('', 'Namespace of the node'),
    'use_sim_time': Argument('', 'Take the time from /clock', switch=True),
    'respawn': Argument('true', 'Start the node again when it dies', switch=True),
    'log_level': Argument(
        'info',
        'Least severity that is logged',
        choices=('debug', 'info', 'warn', 'error', 'fatal'),
    ),
}
ROBOCHAT: dict[str, Argument] = {
    **EYES,
    'model': Argument('', 'Model backend, such as palm_e, smollm2, phrases or endpoint'),
    'persona': Argument('', 'Persona: the name of a shipped one, or a file'),
    'skills': Argument('', 'Skill file: the name of a shipped one, or a file'),
    'perception': Argument(
        '',
        'Who looks at the pictures: own (this node), external (robochat_perception, see '
        'perception.launch.py) or none (whoever publishes emotions and scene)',
        choices=('', 'own', 'external', 'none'),
    ),
    'autostart': Argument(
        '', 'Configure and activate by itself; false leaves that to a manager', switch=True
    ),
    'view': Argument(
        'false', 'Show what it sees and thinks on a page (robochat view)', switch=True
    ),
}
SIM: dict[str, Argument] = {
    'simulator': Argument(
        'embedded', 'Which one: embedded or gazebo (gz-sim)', choices=('embedded', 'gazebo')
    ),
    'scenario': Argument('sad_homecoming', 'embedded: scenario, a name or a file'),
    'seed': Argument('1', 'embedded: seed of the simulator'),
    'world': Argument('home', 'gazebo: world, a name from sim/worlds or a file'),
    'headless': Argument('false', 'gazebo: no window', switch=True),
}
FLEET: dict[str, Argument] = {
    'robots': Argument('2', 'How many, or their namespaces: robots:=anna,bert'),
}


def is_true(value: str) -> bool:
    """Read a switch; empty is false."""
    return value.lower() in TRUE


def check(
    known: Mapping[str, Argument],
    given: Mapping[str, str],
    files: Iterable[str] = (),
    command: Iterable[str] = (),
) -> None:
    """Raise LaunchArgumentError with a line for every argument that is wrong.

    `ros2 launch` passes over names that a file does not declare. Where the `command` line names
    one of `files`, all its `name:=value` words are meant for that file, and unknown ones are
    refused.
    """
    words = tuple(command)
    problems = [
        *(_misspelt(words, known) if {Path(w).name for w in words} & set(files) else ()),
        *(p for name, value in given.items() if (p := known[name].problem(name, value))),
        *_of_files(given),
    ]
    if problems:
        raise LaunchArgumentError('\n'.join(problems))


def lookalikes(names: Iterable[str], known: Mapping[str, Argument]) -> list[str]:
    """Warn of names that are nearly ours: what a launch file that includes ours misspelt."""
    others = (name for name in names if name not in known)
    found = ((name, difflib.get_close_matches(name, known, 1, NEAR)) for name in sorted(others))
    return [
        f'{name}: no argument of robochat; is {near[0]} meant?' for name, near in found if near
    ]


def _misspelt(words: Iterable[str], known: Mapping[str, Argument]) -> Iterator[str]:
    """Yield a line for each unknown `name:=value`."""
    for word in words:
        name, found, _ = word.partition(':=')
        if not found or name in known or name in LAUNCHS_OWN:
            continue
        near = difflib.get_close_matches(name, known, 2, 0.5)
        hint = f'did you mean {" or ".join(near)}?' if near else f'known: {", ".join(known)}'
        yield f'{name}: no such launch argument; {hint}'


def _of_files(given: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the files that the arguments name."""
    folders = {'params': 'config', 'persona': 'config/personas', 'skills': 'config/skills'}
    for name, folder in folders.items():
        try:
            path = named_file(given[name], folder) if given.get(name) else None
            if path is not None and name == 'params':
                load_config(path)
        except MissingFileError as error:
            yield f'{name}:={given[name]}: {error}'
        except ConfigError as error:
            yield from error.problems


def parameters(given: Mapping[str, str]) -> list[str | dict[str, str | bool]]:
    """Return the parameter file, and the parameters that the arguments set over it.

    Empty arguments leave the file alone. Raises MissingFileError.
    """
    files = [str(named_file(given['params'], 'config'))] if given['params'] else []
    chosen = _overrides(given)
    return [*files, chosen] if chosen else [*files]


def _overrides(given: Mapping[str, str]) -> dict[str, str | bool]:
    """Name the parameters that the arguments set."""
    texts = {
        'model': 'model.backend',
        'persona': 'dialogue.persona',
        'skills': 'plan.skills',
    }
    switches = {
        'autostart': 'autostart',
        'compressed': 'camera.compressed',
        'use_sim_time': 'use_sim_time',
    }
    chosen: dict[str, str | bool] = {s: given[n] for n, s in texts.items() if given.get(n)}
    chosen.update({s: is_true(given[n]) for n, s in switches.items() if given.get(n)})
    if given.get('perception'):
        chosen['perception.enabled'] = given['perception'] == 'own'
    return chosen


def namespaces(robots: str) -> tuple[str, ...]:
    """Read how many robots, or their namespaces; raises LaunchArgumentError."""
    names = tuple(part.strip().strip('/') for part in robots.split(','))
    if len(names) == 1 and names[0].isdecimal():
        names = tuple(f'robot_{number}' for number in range(1, int(names[0]) + 1))
    bad = [n for n in names if not all(part.isidentifier() for part in n.split('/'))]
    if bad or not names or len(set(names)) < len(names):
        raise LaunchArgumentError(
            f'robots:={robots}: must be a number from 1, or different namespaces with commas '
            'between, of letters, digits and underscores'
        )
    return names


def world_file(name: str) -> Path:
    """Return a world of Gazebo: a shipped one by its name, or a file of the user's own.

    Raises MissingFileError.
    """
    own = Path(name).expanduser()
    if own.suffix == '.sdf' or os.sep in name:
        if own.is_file():
            return own.resolve()
        raise MissingFileError(f'{own}: no such file')
    simulator = find_spec('robochat_sim')
    folders = [
        Path(f) / 'worlds' for f in (simulator and simulator.submodule_search_locations) or ()
    ]
    found = {path.stem: path for folder in folders for path in sorted(folder.glob('*.sdf'))}
    if name not in found:
        raise MissingFileError(
            f'{name}: neither a file nor one of the shipped worlds ({", ".join(found) or "none"})'
        )
    return found[name]


def gazebo_models(world: Path) -> dict[str, str]:
    """Return the environment in which gz-sim finds the models of a world, beside its folder.

    Raises MissingFileError when a world of ours has no models yet: they are made, not shipped.
    """
    models = world.parent.parent / 'models'
    if models.is_dir():
        known = os.environ.get(MODELS_PATH, '')
        return {MODELS_PATH: os.pathsep.join(filter(None, (str(models), known)))}
    if OUR_MODEL in world.read_text('utf-8', 'replace'):
        raise MissingFileError(f'{models}: no such folder; make the models with: make gazebo')
    return {}
