"""The parameter files: those that are shipped are right, and those that aren't say everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from robochat.config import Config, ConfigError, declarations, flatten, load_config
import yaml

CONFIG = Path(__file__).resolve().parents[1] / 'config'
ROBOTS = ('tiago', 'turtlebot', 'webcam')


def written(path):
    """The settings that a file names."""
    return flatten(yaml.safe_load(path.read_text())['/**']['ros__parameters'])


def load(tmp_path, text):
    """The configuration of a file with this text."""
    path = tmp_path / 'my.yaml'
    path.write_text(text)
    return load_config(path)


@pytest.mark.parametrize('name', [*ROBOTS, 'robochat'])
def test_the_shipped_files_are_right(name):
    load_config(CONFIG / f'{name}.yaml')


@pytest.mark.parametrize('name', ROBOTS)
def test_a_robot_changes_something_and_says_how_to_start_it(name):
    path = CONFIG / f'{name}.yaml'
    assert load_config(path) != Config()
    assert f'params:={name}' in path.read_text()
    assert len(written(path)) < len(list(declarations())) / 4


@pytest.mark.parametrize('name', ROBOTS)
def test_no_word_would_be_read_as_a_truth_value(name):
    """rcl's reader takes a bare y, n, on or off for one."""
    for line in (CONFIG / f'{name}.yaml').read_text().splitlines():
        value = line.partition(': ')[2].strip()
        assert value.lower() not in ('y', 'n', 'on', 'off', 'yes', 'no'), line


def test_a_wrong_type_a_wrong_name_and_a_wrong_range_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(
            tmp_path,
            '/**:\n  ros__parameters:\n    camera: {hfov_deg: wide, max_pixels: 1.5}\n'
            '    engagement: {treshold: 0.4, quiet_from_hour: 30.0}\n'
            '    world: {scene: sometimes}\n    model: {deadline_sec: .nan}\n',
        )
    problems = caught.value.problems
    assert len(problems) == 6
    assert any('did you mean engagement.threshold' in p for p in problems)


def test_what_a_file_says_of_other_nodes_is_passed_over(tmp_path):
    config = load(
        tmp_path,
        '/**:\n  ros__parameters: {use_sim_time: true}\n'
        'slam_toolbox:\n  ros__parameters: {mode: mapping, camera: {hfov_deg: 1000.0}}\n'
        'robochat:\n  ros__parameters: {autostart: false, camera: {hfov_deg: 80.0}}\n',
    )
    assert config.camera.hfov_deg == 80.0


@pytest.mark.parametrize('name', ['/lobby/robochat', '/**/robochat', 'robochat_perception'])
def test_a_node_may_be_named_with_its_namespace(tmp_path, name):
    text = f'{name}:\n  ros__parameters: {{camera: {{hfov_deg: 80.0}}}}\n'
    assert load(tmp_path, text).camera.hfov_deg == 80.0


def test_namespaces_may_be_nested(tmp_path):
    text = 'lobby:\n  robochat:\n    ros__parameters: {camera: {hfov_deg: 80.0}}\n'
    assert load(tmp_path, text).camera.hfov_deg == 80.0


def test_a_file_for_other_nodes_only_changes_nothing(tmp_path):
    assert load(tmp_path, 'nav2:\n  ros__parameters: {speed: 3.0}\n') == Config()


@pytest.mark.parametrize('text', ['camera: {hfov_deg: 80.0}\n', '- 1\n', 'just words\n'])
def test_a_file_without_parameters_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match='ros__parameters'):
        load(tmp_path, text)
