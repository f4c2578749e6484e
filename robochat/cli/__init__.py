"""The command `robochat`.

Only the module of the command that was asked for is imported, and heavy libraries only when it
runs, so `robochat --help` answers at once. A command's module has `add_parser(subparsers)`, which
sets `run`, a function from the parsed arguments to an exit status.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import os
from pathlib import Path
import signal
import sys

COMMANDS = {
    'demo': 'run the simulator and the node, and print the conversation',
    'run': 'run the ROS 2 node',
    'view': 'show a running robot on a page in the browser',
    'perception': 'run perception as a ROS 2 node of its own',
    'look': 'show what perception sees in pictures, videos or a camera',
    'ask': 'ask the model about pictures',
    'plan': 'turn an instruction into a checked plan',
    'train': 'train the embedded model on scenes of the simulator',
    'eval': 'measure the embedded model on held-out scenes',
    'learn': 'refit when to speak to how people took it',
    'record': 'record what the robot takes in and gives out',
    'replay': 'play a recording again: the same decisions, or how another version differs',
    'gazebo': 'play a scenario in Gazebo 11',
    'bench': 'measure perception, reaction, manners, plans, model or scale',
    'memory': 'list, show, forget or export the people that are remembered',
    'doctor': 'say what is installed, what is missing and how to get it',
}
EXTRAS = {
    'cryptography': 'memory',
    'gguf': 'palm_e',
    'matplotlib': 'train',
    'mcap': 'record',
    'mcap_ros2': 'record',
    'mujoco': 'sim',
    'peft': 'train',
    'pyarrow': 'train',
    'rclpy': 'ros',
    'rerun': 'rerun',
    'safetensors': 'palm_e',
    'sklearn': 'learn',
    'tensorboard': 'train',
    'tokenizers': 'palm_e',
    'torch': 'transformers',
    'tqdm': 'train',
    'transformers': 'transformers',
    'zstandard': 'record',
    'xllamacpp': 'palm_e',
}
REFUSED = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 is success, 2 a mistake that the message on stderr explains, 130 an interrupt.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # so that no child outlives a command that is told to end
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if argv is None and _started_by_ros(sys.argv[0], words):
        words = ['run', *words]
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _close_stdout()
    except ModuleNotFoundError as error:
        return _complain(_missing_module(error))
    except Exception as error:
        if not _is_foreseen(error):
            raise
        return _complain(str(error))


def _dispatch(words: list[str]) -> int:
    """Parse the words and run their command."""
    words, ros_words = _split_ros(words)
    args = _parser(words[0] if words else '').parse_args(words)
    args.ros_args = ros_words
    return int(args.run(args) or 0)


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Make the parser with the arguments of the wanted command, and the names of all."""
    parser = argparse.ArgumentParser(
        prog='robochat',
        description='A robot that perceives people, understands, and speaks first.',
        epilog='`robochat COMMAND --help` explains a command.',
    )
    parser.add_argument('--version', action='version', version=_version())
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    for name, text in COMMANDS.items():
        if name == wanted:
            importlib.import_module(f'{__name__}.{name}').add_parser(commands)
        else:
            commands.add_parser(name, help=text)
    return parser


def _version() -> str:
    """Read the version of the installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f'robochat {version("robochat")}'
    except PackageNotFoundError:
        return 'robochat (not installed)'


def _split_ros(words: list[str]) -> tuple[list[str], list[str]]:
    """Part our own words from those that start at `--ros-args`, which are rclpy's."""
    if '--ros-args' not in words:
        return words, []
    at = words.index('--ros-args')
    return words[:at], words[at:]


def _started_by_ros(program: str, words: list[str]) -> bool:
    """Tell whether `ros2 run` or a launch file started us, without naming a command."""
    if words and words[0] != '--ros-args':
        return False
    return bool(words) or Path(program).parent.parts[-2:] == ('lib', 'robochat')


def _is_foreseen(error: Exception) -> bool:
    """Tell whether robochat declares this exception: its message is then meant for a person."""
    names = {kind.__module__.split('.')[0] for kind in type(error).__mro__}
    return bool(names & {'robochat', 'robochat_sim'})


def _missing_module(error: ModuleNotFoundError) -> str:
    """Say which part of the installation is missing and how to get it."""
    name = (error.name or '').split('.')[0]
    if name in EXTRAS:
        return f'{name} is not installed; get it with: pip install "robochat[{EXTRAS[name]}]"'
    return f'{error.name or error} is not installed; `robochat doctor` says what is missing'


def _complain(message: str) -> int:
    """Write a message for a person to stderr."""
    sys.stderr.write(f'robochat: {message}\n')
    return REFUSED


def _close_stdout() -> int:
    """Leave quietly when the reader of our output has gone; Python flushes once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
