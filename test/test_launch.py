"""The launch files: what they start, and what they refuse, as `ros2 launch` would run them."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

from minilaunch import processes, visited
import pytest
from robochat.launching import (
    check,
    EYES,
    FLEET,
    gazebo_models,
    LaunchArgumentError,
    lookalikes,
    namespaces,
    ROBOCHAT,
    SIM,
    world_file,
)
from robochat.resources import MissingFileError

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    'robochat.launch.py': ROBOCHAT,
    'robochat.launch.xml': ROBOCHAT,
    'perception.launch.py': EYES,
    'sim.launch.py': SIM | ROBOCHAT,
    'fleet.launch.py': FLEET | ROBOCHAT,
}


def launch(name, **arguments):
    """The processes of a launch file in this repository."""
    return processes(str(ROOT / 'launch' / name), **arguments)


def pairs(process, flag):
    """What follows a flag on a command line, parted at `:=`."""
    found = (word for before, word in itertools.pairwise(process.command) if before == flag)
    return [word.split(':=', 1) for word in found]


def parameters(process):
    """The parameters that a process is given on its command line."""
    return {name: value.strip("'") for name, value in pairs(process, '-p')}


def remapped(process):
    """The remappings of a process."""
    return dict(pairs(process, '-r'))


# --------------------------------------------------------------------------- arguments
@pytest.mark.parametrize('name', FILES)
def test_every_file_starts_something_with_its_defaults(name):
    assert launch(name)


@pytest.mark.parametrize('name', FILES)
def test_a_misspelt_argument_is_refused_with_the_nearest_ones(name):
    with pytest.raises(LaunchArgumentError, match='imag: no such launch argument; did you mean'):
        launch(name, imag='/camera')


@pytest.mark.parametrize('name', FILES)
def test_an_argument_that_resembles_none_is_refused_with_the_known_ones(name):
    with pytest.raises(LaunchArgumentError, match=r'zzz: no such launch argument; known: .*image'):
        launch(name, zzz='1')


def test_what_ros2_launch_itself_understands_is_left_to_it():
    assert launch('robochat.launch.py', sigterm_timeout='2')


def test_all_wrong_arguments_are_reported_at_once(tmp_path):
    bad = tmp_path / 'bad.yaml'
    bad.write_text('/**:\n  ros__parameters: {camera: {hfov_deg: 900.0, compresed: true}}\n')
    with pytest.raises(LaunchArgumentError) as caught:
        launch(
            'robochat.launch.py',
            params=str(bad),
            compressed='maybe',
            perception='mine',
            persona='nobody',
            skills='/no/such.yaml',
            log_level='loud',
            viw='true',
        )
    lines = str(caught.value).splitlines()
    assert len(lines) == 8
    for word in (
        'compressed:=maybe: must be true or false',
        'perception:=mine: must be one of own, external, none',
        'persona:=nobody',
        'companion, receptionist',
        '/no/such.yaml: no such file',
        'log_level:=loud',
        'viw: no such launch argument',
        'camera.hfov_deg = 900.0: must lie in 10 to 170',
        'did you mean camera.compressed',
    ):
        assert word in str(caught.value)


def test_a_parameter_file_that_is_not_there_is_refused():
    with pytest.raises(LaunchArgumentError, match='shipped ones .*robochat'):
        launch('robochat.launch.py', params='robochta')


def test_a_file_that_includes_ours_may_have_arguments_of_its_own(tmp_path):
    """Only the command line of our own file is ours; a likely mistake in an include is a hint."""
    user = tmp_path / 'bringup.launch.py'
    user.write_text(
        'from launch import LaunchDescription\n'
        'from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription\n'
        'from launch.launch_description_sources import PythonLaunchDescriptionSource\n'
        f'ours = {str(ROOT / "launch" / "robochat.launch.py")!r}\n'
        'def generate_launch_description():\n'
        "    arm = DeclareLaunchArgument('arm', default_value='left', description='Which arm')\n"
        '    source = PythonLaunchDescriptionSource(ours)\n'
        "    given = {'image': '/head/rgb', 'personna': 'receptionist'}.items()\n"
        '    node = IncludeLaunchDescription(source, launch_arguments=given)\n'
        '    return LaunchDescription([arm, node])\n'
    )
    context = visited(str(user), arm='right')
    assert remapped(context.processes[0])['image'] == '/head/rgb'
    assert context.log == ['personna: no argument of robochat; is persona meant?']


def test_no_hint_is_given_for_names_that_are_far_from_ours():
    assert lookalikes(['arm', 'map', 'slam', 'image'], ROBOCHAT) == []


def test_the_xml_twin_has_the_same_arguments_and_starts_the_same():
    elements = ElementTree.parse(ROOT / 'launch' / 'robochat.launch.xml').getroot().findall('arg')
    twin = {e.get('name'): (e.get('default'), e.get('description')) for e in elements}
    assert twin == {name: (a.default, a.text) for name, a in ROBOCHAT.items()}
    for given in ({}, {'perception': 'external', 'view': 'true', 'namespace': 'lobby'}):
        assert launch('robochat.launch.xml', **given) == launch('robochat.launch.py', **given)


def test_the_documentation_has_every_argument_with_its_default():
    page = (ROOT / 'docs' / 'launch.md').read_text()
    for name, argument in {**SIM, **FLEET, **ROBOCHAT}.items():
        default = f'`{argument.default}` ' if argument.default else ''
        assert f'| `{name}` | {default}| {argument.text} |' in page


# --------------------------------------------------------------------------- the node
def test_empty_arguments_leave_the_parameter_file_alone():
    (node,) = launch('robochat.launch.py')
    assert parameters(node) == {}


def test_arguments_become_parameters():
    (node,) = launch(
        'robochat.launch.py',
        model='phrases',
        persona='receptionist',
        skills='talk_only',
        compressed='True',
        autostart='false',
        use_sim_time='true',
        perception='own',
    )
    assert parameters(node) == {
        'model.backend': 'phrases',
        'dialogue.persona': 'receptionist',
        'plan.skills': 'talk_only',
        'camera.compressed': 'true',
        'autostart': 'false',
        'use_sim_time': 'true',
        'perception.enabled': 'true',
    }


def test_without_perception_of_its_own_the_node_hears_whoever_has_some():
    (node,) = launch('robochat.launch.py', perception='none')
    assert parameters(node) == {'perception.enabled': 'false'}
    assert not {'emotions', 'scene'} & remapped(node).keys()


def test_external_perception_and_its_node_meet_in_one_namespace():
    (node,) = launch('robochat.launch.py', perception='external', namespace='lobby')
    (eyes,) = launch('perception.launch.py', namespace='lobby', image='/head/rgb')
    assert parameters(node) == {'perception.enabled': 'false'}
    assert remapped(node)['emotions'] == f'{remapped(eyes)["__node"]}/emotions'
    assert remapped(node)['scene'] == f'{remapped(eyes)["__node"]}/scene'
    assert remapped(node)['__ns'] == remapped(eyes)['__ns'] == '/lobby'
    assert remapped(eyes)['image/compressed'] == '/head/rgb/compressed'


def test_the_view_is_started_only_when_it_is_wanted():
    node, view = launch('robochat.launch.py', view='true', image='/head/rgb')
    assert view.command[:3] == ('robochat', 'robochat', 'view')
    assert remapped(view)['image'] == '/head/rgb'
    assert not view.respawn and node.respawn
    assert len(launch('robochat.launch.py', view='false')) == 1


# --------------------------------------------------------------------------- fleet, simulators
def test_each_robot_of_a_fleet_has_a_namespace_and_a_camera_of_its_own():
    nodes = launch('fleet.launch.py', robots='3', persona='receptionist')
    assert [remapped(n)['__ns'] for n in nodes] == ['/robot_1', '/robot_2', '/robot_3']
    assert {remapped(n)['image'] for n in nodes} == {'image'}
    assert all(parameters(n) == {'dialogue.persona': 'receptionist'} for n in nodes)


def test_a_fleet_may_be_named_and_live_in_a_namespace():
    nodes = launch('fleet.launch.py', robots='anna, bert', namespace='/hotel/', view='true')
    assert [remapped(n)['__ns'] for n in nodes] == [
        *('/hotel/anna', '/hotel/anna', '/hotel/bert', '/hotel/bert'),
    ]


@pytest.mark.parametrize('robots', ['0', '', '-1', 'anna,anna', 'a b', '2,', 'anna;bert'])
def test_a_fleet_of_nobody_or_with_bad_names_is_refused(robots):
    with pytest.raises(LaunchArgumentError, match='must be a number from 1'):
        namespaces(robots)


def test_the_simulator_follows_the_node_into_its_namespace():
    node, simulator = launch('sim.launch.py', namespace='lab', image='camera/image_raw')
    assert remapped(node)['__ns'] == remapped(simulator)['__ns'] == '/lab'
    assert remapped(node)['image'] == remapped(simulator)['image']


def test_gazebo_opens_a_world_with_the_bridge(monkeypatch, tmp_path):
    world = tmp_path / 'mine.sdf'
    world.write_text('<sdf version="1.7"/>')
    if not (ROOT / 'config' / 'gz_bridge.yaml').is_file():
        pytest.skip('config/gz_bridge.yaml is not there')
    node, gazebo, bridge = launch(
        'sim.launch.py', simulator='gazebo', world=str(world), headless='true'
    )
    assert gazebo.command == ('gz', 'sim', '-r', '-s', str(world))
    assert gazebo.ends_all
    assert bridge.command[:2] == ('ros_gz_bridge', 'parameter_bridge')
    assert Path(parameters(bridge)['config_file']).is_file()


def test_gazebo_is_told_where_the_models_are_or_how_they_are_made(monkeypatch, tmp_path):
    world = tmp_path / 'worlds' / 'home.sdf'
    world.parent.mkdir()
    world.write_text('<include><uri>model://robochat_cup</uri></include>')
    with pytest.raises(MissingFileError, match='make gazebo'):
        gazebo_models(world)
    (tmp_path / 'models').mkdir()
    monkeypatch.setenv('GZ_SIM_RESOURCE_PATH', '/mine')
    assert gazebo_models(world) == {'GZ_SIM_RESOURCE_PATH': f'{tmp_path / "models"}:/mine'}


def test_a_world_that_is_not_there_is_refused():
    for name in ('atlantis', '/no/such.sdf'):
        with pytest.raises(MissingFileError, match=name):
            world_file(name)


def test_a_check_without_a_command_line_judges_only_values():
    check(ROBOCHAT, {'view': 'YES', 'image': 'anything'})
    with pytest.raises(LaunchArgumentError, match='view:=perhaps'):
        check(ROBOCHAT, {'view': 'perhaps'})
