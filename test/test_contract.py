"""Rules that a program can check: who imports whom, what importing costs, how long things get."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys

import pytest
from robochat.config import parameter_file

ROOT = Path(__file__).resolve().parents[1]
ROS = (
    'rclpy',
    'rcl_interfaces',
    'builtin_interfaces',
    'rosidl_runtime_py',
    'launch',
    'launch_ros',
)
HEAVY = ('torch', 'transformers', 'onnxruntime', 'mujoco', 'rclpy', 'xllamacpp', 'ai_edge_litert')
LONGEST_MODULE, LONGEST_FUNCTION = 300, 45
# Declarations without code: one place to look things up is worth more than short files.
LISTINGS = ('robochat/settings.py', 'robochat/values.py')


def modules(*folders):
    """Python files of the repository, relative to it."""
    found = [p for folder in folders for p in sorted((ROOT / folder).rglob('*.py'))]
    return [path.relative_to(ROOT) for path in found]


def imports(path, top_level_only=False):
    """Names of the modules that a file imports."""
    tree = ast.parse(text(path))
    nodes = tree.body if top_level_only else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f'{node.module}.{alias.name}' for alias in node.names}
    return names


def text(path):
    """A file's text."""
    return (ROOT / path).read_text(encoding='utf-8')


def lines_of(function):
    """How long a function is."""
    return function.end_lineno - function.lineno + 1


def is_broad(handler):
    """Tell whether an `except` catches everything."""
    kind = ast.unparse(handler.type) if handler.type else ''
    return kind in ('', 'Exception', 'BaseException')


def is_empty(handler):
    """Tell whether an `except` does nothing."""
    return all(isinstance(statement, ast.Pass) for statement in handler.body)


def is_command(path):
    """Tell whether a module is the edge of the command line."""
    return path.parts[:2] in (('robochat', 'cli'), ('robochat', 'bench'))


def is_simulator(name):
    """Tell whether a module belongs to the simulator."""
    return name.split('.')[0] in ('sim', 'robochat_sim')


def is_ros(name):
    """Tell whether a module belongs to ROS."""
    first = name.split('.')[0]
    return first in ROS or first.endswith(('_msgs', '_srvs'))


def fresh(code):
    """What a new Python prints."""
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


EDGE = (Path('robochat/ros'), Path('sim/node.py'))
CORE = [p for p in modules('robochat', 'sim') if not any(p.is_relative_to(e) for e in EDGE)]


# --------------------------------------------------------------------------- layers
def test_the_core_does_not_know_ros():
    assert not [(str(p), name) for p in CORE for name in imports(p) if is_ros(name)]


def test_only_commands_reach_for_the_edge_and_only_when_they_run():
    early = [p for p in CORE if any(n.startswith('robochat.ros') for n in imports(p, True))]
    late = [p for p in CORE if any(n.startswith('robochat.ros') for n in imports(p))]
    assert not early
    assert not [p for p in late if not is_command(p)]


def test_only_commands_and_training_reach_for_the_simulator():
    reaching = [p for p in modules('robochat') if any(map(is_simulator, imports(p)))]
    others = [p for p in reaching if p.parts[:2] != ('robochat', 'training')]
    assert not [p for p in others if not is_command(p)]


# --------------------------------------------------------------------------- imports
# What only a robot's node, or only training and the torch runtime, imports.
APART = (
    'robochat.ros',
    'robochat.training',
    'robochat.mllm.palm_e.lora',
    'robochat.mllm.palm_e.network',
    'robochat.mllm.palm_e.torch_',
)


def test_importing_the_core_loads_nothing_heavy():
    names = [str(p.with_suffix('')).replace('/', '.') for p in modules('robochat')]
    core = [n for n in names if not n.startswith(APART) and not n.endswith('__main__')]
    code = (
        f'import importlib, sys\n'
        f'for name in {core!r}: importlib.import_module(name.removesuffix(".__init__"))\n'
        f'print(*(name for name in {HEAVY!r} if name in sys.modules))'
    )
    assert fresh(code) == []


def test_asking_for_help_loads_no_numbers():
    code = (
        'import sys, robochat.cli as cli\n'
        'try: cli.main(["--help"])\n'
        'except SystemExit: pass\n'
        'print("loaded:", *(n for n in ("numpy", "cv2", "yaml", "rclpy") if n in sys.modules))'
    )
    assert fresh(code)[-1] == 'loaded:'


# --------------------------------------------------------------------------- one source
def test_the_parameter_file_is_the_one_that_the_settings_make():
    assert (ROOT / 'config' / 'robochat.yaml').read_text(encoding='utf-8') == parameter_file()


# --------------------------------------------------------------------------- size
def test_modules_stay_short():
    lines = {str(p): text(p).count('\n') for p in modules('robochat', 'sim', 'launch')}
    for listing in LISTINGS:
        del lines[listing]
    assert not {path: count for path, count in lines.items() if count > LONGEST_MODULE}


def test_functions_stay_short():
    long = []
    for path in modules('robochat', 'sim', 'launch'):
        functions = [n for n in ast.walk(ast.parse(text(path))) if isinstance(n, ast.FunctionDef)]
        long += [(str(path), f.name) for f in functions if lines_of(f) > LONGEST_FUNCTION]
    assert not long


def test_no_error_is_swallowed_in_silence():
    silent = []
    for path in modules('robochat', 'sim'):
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.ExceptHandler) and is_broad(node) and is_empty(node):
                silent.append(f'{path}:{node.lineno}')
    assert not silent


# --------------------------------------------------------------------------- messages
DESIGN = {
    'Utterance': 'id text language addressee proactive reason evidence expression confidence '
    'priority lifetime in_reply_to',
    'ActionPlan': 'id version parent_id goal rationale requested_by steps confidence status '
    'refusal',
    'PlanStep': 'id skill arguments requires on_failure retry_budget timeout',
    'PlanStatus': 'plan_id version status step_id progress message',
    'Emotion': 'person box label score labels scores valence arousal certain yaw pitch facing',
    'EmotionArray': 'source emotions',
    'SceneObject': 'id label score box relations',
    'Scene': 'source place place_score objects caption',
    'Decision': 'speak addressee trigger reason score evidence priority',
    'RobotState': 'place holding battery speaking',
    'WorldState': 'people objects place robot events',
    'Refusal': 'what reason',
    'Feedback': 'id rating correction',
}


@pytest.mark.parametrize('name', DESIGN)
def test_messages_have_every_promised_field(name):
    text = (ROOT / 'robochat_msgs' / 'msg' / f'{name}.msg').read_text()
    lines = [line.split('#')[0].split() for line in text.splitlines()]
    fields = {words[1] for words in lines if len(words) == 2 and '=' not in words[1]}
    assert set(DESIGN[name].split()) <= fields
