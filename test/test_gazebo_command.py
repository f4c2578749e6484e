"""The commands around Gazebo: what they write, and how they end where there is no Gazebo."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess

import pytest
from robochat.cli import main
from robochat.cli.gazebo import Watch
import yaml

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = 77


def install(folder, **programs):
    """Run `.ci/gazebo` with programs of our own before those of the system."""
    tools = folder / 'tools'
    tools.mkdir()
    for name, script in programs.items():
        (tools / name).write_text(f'#!/bin/sh\n{script}\n')
        (tools / name).chmod(0o755)
    return subprocess.run(
        [ROOT / '.ci' / 'gazebo', folder / 'root'],
        env={**os.environ, 'PATH': f'{tools}:{os.environ["PATH"]}'},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# --------------------------------------------------------------------------- installing
def test_it_says_when_it_was_skipped_for_the_processor(tmp_path):
    done = install(tmp_path, uname='echo riscv64')
    assert done.returncode == SKIPPED
    assert re.search('SKIPPED: .*(riscv64|root)', done.stdout)
    assert not (tmp_path / 'root').exists()


def test_it_says_when_it_was_skipped_for_the_mirror(tmp_path):
    done = install(tmp_path, uname='echo x86_64', debootstrap='echo no bullseye here; exit 1')
    assert done.returncode == SKIPPED
    assert re.search('SKIPPED: .*(bullseye|root)', done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may enter a chroot')
def test_what_is_installed_is_not_installed_again(tmp_path):
    programs = tmp_path / 'root' / 'usr' / 'bin'
    programs.mkdir(parents=True)
    for name in ('gzserver', 'Xvfb'):
        (programs / name).touch(0o755)
    done = install(tmp_path, debootstrap='exit 1')
    assert (done.returncode, done.stdout) == (0, '')


def test_a_gazebo_of_this_system_is_not_installed():
    if Path('/usr/bin/gzserver').exists():
        pytest.skip('it is installed here')
    command = [ROOT / '.ci' / 'gazebo', '/']
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == SKIPPED
    assert done.stdout.startswith('SKIPPED: gzserver')


def test_make_ends_well_where_it_was_skipped():
    recipe = (ROOT / 'Makefile').read_text().split('gazebo-test: setup')[1].split('\n\n')[0]
    assert '[[ $$status -eq 77 ]]' in recipe


# --------------------------------------------------------------------------- playing
def test_without_gazebo_the_command_says_how_to_get_it(capsys, tmp_path):
    assert main(['gazebo', '--root', str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert 'gzserver is missing' in message
    assert f'.ci/gazebo {tmp_path}' in message


def test_an_unknown_scenario_is_refused_before_anything_starts(capsys, tmp_path):
    assert main(['gazebo', '--scenario', 'nonsense', '--root', str(tmp_path)]) == 2
    assert 'nonsense' in capsys.readouterr().err


def test_the_factor_is_that_of_the_time_that_was_played():
    watch = Watch()
    for now in ((10.0, 100.0), (11.0, 101.0), (28.0, 120.0)):
        watch.on_clock(*now)
        watch.tick()
    watch.on_clock(90.0, 130.0)
    assert watch.factor() == pytest.approx(18 / 20)


def test_nothing_played_is_no_factor():
    assert Watch().factor() == 0


# --------------------------------------------------------------------------- exporting
def test_the_command_writes_what_a_scenario_needs(capsys, tmp_path):
    pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')
    from robochat_sim.gazebo.__main__ import main as export

    assert export(['--scenario', 'two_talking', '--out', str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.err == ''
    assert f'GAZEBO_MODEL_PATH={tmp_path}/models' in said.out
    assert {p.stem for p in (tmp_path / 'worlds').iterdir()} == {'home', 'two_talking'}
    world = (tmp_path / 'worlds' / 'two_talking.sdf').read_text()
    assert 'mei__head_' in world
    assert 'ben__head_' in world
    assert 'mei__head_' not in (tmp_path / 'worlds' / 'home.sdf').read_text()


def test_the_command_refuses_an_unknown_scenario(capsys, tmp_path):
    from robochat_sim.gazebo.__main__ import main as export

    assert export(['--scenario', 'nonsense', '--out', str(tmp_path)]) == 2
    assert 'shipped ones' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------- the bridge
def test_the_bridge_takes_what_the_world_gives():
    world = (ROOT / 'sim' / 'worlds' / 'home.sdf').read_text()
    entries = yaml.safe_load((ROOT / 'config' / 'gz_bridge.yaml').read_text())
    by_topic = {entry['gz_topic_name']: entry for entry in entries}
    topic = '/' + re.search('<topic>(.+?)</topic>', world).group(1)
    assert by_topic[topic]['ros_topic_name'] == 'image'
    assert by_topic[topic]['ros_type_name'] == 'sensor_msgs/msg/Image'
    for entry in entries:
        assert entry['direction'] == 'GZ_TO_ROS'
        assert entry['gz_type_name'].startswith('gz.msgs.')


def test_a_scene_of_ones_own_is_written_whole(tmp_path):
    pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')
    from robochat_sim.gazebo.__main__ import main as export
    from robochat_sim.gazebo.check import problems_in

    (tmp_path / 'cell.yaml').write_text(
        'name: cell\nroom: {x: [-1, 3], y: [-1, 1]}\n'
        'things: [{id: mug, model: cup, at: [1, 0]}]\n'
        'places: {here: {at: [0, 0]}}\n'
    )
    (tmp_path / 'story.yaml').write_text(
        f'name: story\nabout: Nobody is here.\nduration_sec: 1\nscene: {tmp_path}/cell.yaml\n'
        'robot: {place: here}\nfurniture: [{id: stool, model: stool, at: [2, 0]}]\n'
    )
    assert export(['--scenario', str(tmp_path / 'story.yaml'), '--out', str(tmp_path)]) == 0
    world = tmp_path / 'worlds' / 'cell.sdf'
    assert 'robochat_stool' in world.read_text()
    assert problems_in(world, tmp_path / 'models') == []
