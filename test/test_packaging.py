"""What is built, installed and launched is what the files say."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree

from minilaunch import processes
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROFILE = 'FASTDDS_DEFAULT_PROFILES_FILE'


@pytest.fixture(autouse=True)
def no_profile(monkeypatch):
    """Launch as from a shell that names no DDS profile."""
    monkeypatch.delenv(PROFILE, raising=False)
    monkeypatch.delenv('FASTRTPS_DEFAULT_PROFILES_FILE', raising=False)


def tree(path):
    """The parsed package.xml of a package."""
    return ElementTree.parse(ROOT / path / 'package.xml').getroot()


def setup_says(word):
    """What `setup.py --WORD` prints."""
    words = [sys.executable, 'setup.py', '--quiet', f'--{word}']
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


# --------------------------------------------------------------------------- packages
def test_the_version_is_the_one_of_package_xml():
    assert setup_says('version') == tree('.').findtext('version')
    for name in ('setup.py', 'pyproject.toml', 'robochat/__init__.py'):
        assert tree('.').findtext('version') not in (ROOT / name).read_text()


def test_both_packages_have_the_same_version_and_licence():
    assert tree('.').findtext('version') == tree('robochat_msgs').findtext('version')
    assert tree('.').findtext('license') == tree('robochat_msgs').findtext('license')


def test_the_changelog_is_one_that_ros_tools_read():
    lines = (ROOT / 'CHANGELOG.rst').read_text().splitlines()
    assert lines[1] == 'Changelog for package robochat'
    assert lines[0] == lines[2] == '^' * len(lines[1])


def test_ament_finds_the_program_and_the_marker():
    assert (ROOT / 'resource' / 'robochat').is_file()
    assert 'script_dir=$base/lib/robochat' in (ROOT / 'setup.cfg').read_text()


def test_every_imported_ros_package_is_declared():
    declared = {element.text for element in tree('.') if element.tag.endswith('depend')}
    found = set()
    for source in [*(ROOT / 'robochat' / 'ros').glob('*.py'), *ROOT.glob('sim/node.py')]:
        words = re.findall(r'^(?:from|import) (\w+)', source.read_text(), re.MULTILINE)
        found |= {word for word in words if re.fullmatch(r'rclpy|\w+_(msgs|srvs)', word)}
    assert found <= declared


def test_every_folder_with_modules_is_a_package():
    modules = [path for top in ('robochat', 'sim') for path in (ROOT / top).rglob('*.py')]
    folders = {path.parent for path in modules if 'tools' not in path.parts}
    assert not [folder for folder in folders if not (folder / '__init__.py').is_file()]


def test_no_weight_is_too_large_for_a_repository():
    large = [p for p in (ROOT / 'robochat').rglob('*') if p.is_file() and p.stat().st_size > 45e6]
    assert not large


def test_the_dds_profile_is_well_formed_and_large_enough():
    namespace = {'dds': 'http://www.eprosima.com'}
    profile = ElementTree.parse(ROOT / 'config' / 'fastdds.xml')
    size = profile.findtext('.//dds:segment_size', namespaces=namespace)
    assert int(size) >= 4 * 1920 * 1080 * 3


# --------------------------------------------------------------------------- messages
def test_every_message_begins_with_a_header():
    for path in (ROOT / 'robochat_msgs' / 'msg').glob('*.msg'):
        fields = [line for line in path.read_text().splitlines() if not line.startswith('#')]
        assert fields[0] == 'std_msgs/Header header', path.name


def test_every_message_says_what_it_is():
    for path in (ROOT / 'robochat_msgs').rglob('*.[msa][srac]*'):
        if path.suffix in ('.msg', '.srv', '.action'):
            assert path.read_text().startswith('# '), path.name


# --------------------------------------------------------------------------- launch files
def launch(name, **arguments):
    """The processes of a launch file in this repository."""
    return processes(str(ROOT / 'launch' / name), **arguments)


def test_the_launch_file_starts_the_node_with_the_shipped_settings():
    (node,) = launch('robochat.launch.py')
    assert node.command[:3] == ('robochat', 'robochat', 'run')
    given = node.command[node.command.index('--params-file') + 1]
    assert 'camera' in yaml.safe_load(Path(given).read_text())['/**']['ros__parameters']
    assert Path(node.env[PROFILE]).is_file()
    assert node.respawn


def test_the_launch_file_overrides_nothing_that_was_not_named():
    (node,) = launch('robochat.launch.py')
    assert not [word for word in node.command if 'persona' in word or 'backend' in word]


def test_the_launch_file_passes_on_what_was_named():
    (node,) = launch(
        'robochat.launch.py', image='/head/rgb', persona='receptionist', namespace='/lobby/'
    )
    assert 'image:=/head/rgb' in node.command
    assert 'image/compressed:=/head/rgb/compressed' in node.command
    assert "dialogue.persona:='receptionist'" in node.command
    assert '__ns:=/lobby' in node.command


def test_the_launch_file_keeps_a_profile_of_the_users_own(monkeypatch):
    monkeypatch.setenv(PROFILE, '/etc/my.xml')
    (node,) = launch('robochat.launch.py')
    assert not node.env


def test_the_simulator_ends_everything_when_it_ends():
    node, simulator = launch('sim.launch.py', scenario='falling_cup', respawn='false')
    assert not node.respawn
    assert simulator.ends_all
    assert 'falling_cup' in simulator.command


# --------------------------------------------------------------------------- the command
def run_cli(*words, **env):
    """The finished command `robochat WORDS`."""
    return subprocess.run(
        [sys.executable, '-m', 'robochat.cli', *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_help_names_every_command():
    done = run_cli('--help')
    assert done.returncode == 0
    for name in ('demo', 'run', 'look', 'ask', 'plan', 'bench', 'doctor'):
        assert re.search(rf'^    {name} ', done.stdout, re.M)


def test_an_unknown_command_is_refused_with_the_known_ones():
    done = run_cli('dance')
    assert done.returncode == 2
    assert 'doctor' in done.stderr


def test_a_bad_parameter_file_is_a_message_and_no_traceback(tmp_path):
    bad = tmp_path / 'bad.yaml'
    bad.write_text('/**:\n  ros__parameters:\n    camera:\n      hfov_deg: 900.0\n')
    done = run_cli('run', '--params', str(bad))
    assert done.returncode == 2
    assert 'camera.hfov_deg = 900.0: must lie in 10 to 170' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_missing_parameter_file_is_a_message_and_no_traceback(tmp_path):
    done = run_cli('run', '--params', str(tmp_path / 'none.yaml'))
    assert done.returncode == 2
    assert 'Traceback' not in done.stderr
