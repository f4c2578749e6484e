"""What is written for Gazebo: worlds and models that are whole and show the simulated home."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest
from robochat_sim.gazebo import sdf, worlds
from robochat_sim.gazebo.check import problems_in
from robochat_sim.gazebo.looks import BodyLook, HeadLook, Wardrobe
from robochat_sim.gazebo.meshes import (
    box,
    cut,
    Look,
    smooth_normals,
    Surface,
    write_looks,
    write_obj,
)
from robochat_sim.people import load_body
from robochat_sim.room import load_scene

ROOT = Path(__file__).resolve().parents[1]
SDF_CHECKERS = (('ign', 'sdf', '--check'), ('gz', 'sdf', '--check'))


@pytest.fixture(scope='module')
def home(tmp_path_factory):
    """The shipped home and one person with two looks, written once."""
    pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')
    from robochat_sim.gazebo.export import export, write_person

    out = tmp_path_factory.mktemp('gazebo')
    export(out, [])
    heads = (HeadLook('sad'), HeadLook('happy', talks=True))
    write_person(out / 'models', Wardrobe('mei', heads, (BodyLook(seat=2),)))
    return out


@pytest.fixture
def copy(home, tmp_path):
    """A copy of the written home that a test may break."""
    shutil.copytree(home, tmp_path / 'copy')
    return tmp_path / 'copy'


def problems(out):
    """What is wrong with the written world."""
    return problems_in(out / 'worlds' / 'home.sdf', out / 'models')


def replace(path, old, new):
    """Change the text of a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def vertices_of(path):
    """The vertices of an OBJ file."""
    lines = (line.split() for line in path.read_text().splitlines())
    return np.array([[float(x) for x in words[1:]] for words in lines if words[0] == 'v'])


# --------------------------------------------------------------------------- the world
def test_the_home_is_whole(home):
    assert problems(home) == []


def test_a_person_is_whole(home):
    folder = home / 'models' / 'robochat_mei'
    assert problems_in(folder / 'model.sdf', home / 'models') == []


def test_the_world_in_the_repository_is_the_one_that_the_scene_makes():
    assert (ROOT / 'sim' / 'worlds' / 'home.sdf').read_text() == worlds.world(load_scene('home'))


def test_everything_of_the_scene_stands_where_the_scene_says(home):
    scene = load_scene('home')
    tree = ElementTree.parse(home / 'worlds' / 'home.sdf')
    found = {i.findtext('name'): i for i in tree.iter('include')}
    assert set(found) == {'room', *(p.id for p in (*scene.furniture, *scene.things))}
    cup = next(t for t in scene.things if t.id == 'cup_1')
    pose = [float(word) for word in found['cup_1'].findtext('pose').split()]
    assert pose[:3] == pytest.approx([cup.x, cup.y, cup.z])
    assert found['cup_1'].findtext('uri') == 'model://robochat_cup'


def test_things_fall_and_furniture_does_not(home):
    def model(name):
        return ElementTree.parse(home / 'models' / name / 'model.sdf').find('model')

    assert model('robochat_sofa').findtext('static') == 'true'
    cup = model('robochat_cup')
    assert cup.find('static') is None
    assert float(cup.findtext('.//mass')) > 0


def test_a_mesh_has_the_size_of_its_model(home):
    for piece in load_scene('home').furniture:
        folder = home / 'models' / worlds.folder_of(piece)
        points = vertices_of(folder / f'{folder.name}.obj')
        deep, wide, high = np.ptp(points, axis=0)
        assert (deep, wide, high) == pytest.approx(piece.model.size_m, abs=0.03), piece.id
        assert points[:, 2].min() == pytest.approx(0, abs=0.02), piece.id


@pytest.mark.parametrize('words', SDF_CHECKERS)
def test_the_checker_of_gazebo_agrees(home, words):
    if shutil.which(words[0]) is None:
        pytest.skip(f'{words[0]} is not installed')
    files = [home / 'worlds' / 'home.sdf', home / 'models' / 'robochat_mei' / 'model.sdf']
    env = {**os.environ, 'SDF_PATH': str(home / 'models')}
    for file in files:
        command = [*words, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert 'Valid.' in done.stdout, done.stdout + done.stderr


# --------------------------------------------------------------------------- what is found wrong
def test_a_missing_picture_is_found(copy):
    picture = next((copy / 'models' / 'robochat_sofa').glob('*.png'))
    picture.unlink()
    assert [p for p in problems(copy) if picture.name in p and 'missing' in p]


def test_a_missing_mesh_is_found(copy):
    (copy / 'models' / 'robochat_cup' / 'robochat_cup.obj').unlink()
    assert [p for p in problems(copy) if 'robochat_cup.obj is missing' in p]


def test_a_missing_model_is_found(copy):
    shutil.rmtree(copy / 'models' / 'robochat_teddy')
    assert [p for p in problems(copy) if 'model://robochat_teddy is missing' in p]


@pytest.mark.parametrize('mass', ['0', '-1', 'nan', 'heavy', ''])
def test_a_mass_that_is_none_is_found(copy, mass):
    model = copy / 'models' / 'robochat_cup' / 'model.sdf'
    value = ElementTree.parse(model).findtext('.//mass')
    replace(model, f'<mass>{value}</mass>', f'<mass>{mass}</mass>')
    assert [p for p in problems(copy) if 'mass' in p]


def test_an_impossible_inertia_is_found(copy):
    model = copy / 'models' / 'robochat_cup' / 'model.sdf'
    value = ElementTree.parse(model).findtext('.//ixx')
    replace(model, f'<ixx>{value}</ixx>', '<ixx>9</ixx>')
    assert [p for p in problems(copy) if 'moments of inertia' in p]


def test_a_name_that_is_given_twice_is_found(copy):
    replace(copy / 'worlds' / 'home.sdf', '<name>chair_2</name>', '<name>chair_1</name>')
    assert [p for p in problems(copy) if "'chair_1'" in p]


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('model://robochat_cup', 'http://models.example.org/cup'),
        ('model://robochat_cup', 'model://../../etc'),
        ('<sdf version="1.7">', '<sdf version="1.7"><script/>'),
        ('<direction>0 0 1</direction>', '<direction>0 0 0</direction>'),
        ('</world>', ''),
    ],
)
def test_other_mistakes_are_found(copy, old, new):
    replace(copy / 'worlds' / 'home.sdf', old, new)
    assert problems(copy)


def test_a_world_that_is_not_there_is_one_problem(tmp_path):
    assert len(problems_in(tmp_path / 'no.sdf', tmp_path)) == 1


# --------------------------------------------------------------------------- people
def test_a_sad_and_a_happy_head_differ_and_the_cut_fits(home):
    folder = home / 'models' / 'robochat_mei'
    sad = vertices_of(folder / 'head_sad_0_0.obj')
    happy = vertices_of(folder / 'head_happy_talks_0_0.obj')
    plain = vertices_of(folder / 'head_neutral_0_0.obj')
    assert sad.shape == happy.shape == plain.shape
    assert np.abs(sad - happy).max() > 0.005
    body = vertices_of(folder / 'body_0.obj')
    assert len(plain) + len(body) >= load_body('mei').vertex_count
    rim = {tuple(p) for p in plain} & {tuple(p) for p in body}
    assert len(rim) > 50
    assert not rim - {tuple(p) for p in sad}  # an expression doesn't move the rim


def test_a_seated_body_is_lower_than_a_standing_one(home):
    folder = home / 'models' / 'robochat_mei'
    reach = [np.ptp(vertices_of(folder / f'body_{n}.obj')[:, 0]) for n in (0, 2)]
    assert reach[1] > reach[0] + 0.15  # the thighs point forward


# --------------------------------------------------------------------------- files
def test_what_is_written_is_what_was_given(tmp_path):
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    write_looks(tmp_path / 'm.mtl', {'a': Look(picture=picture), 'b': Look((0.5, 0.25, 0.0))})
    write_obj(
        tmp_path / 'm.obj',
        [box((0, 0, 1), (2, 4, 6), 'a'), box((0, 0, 0), (1, 1, 1), 'b')],
        'm.mtl',
    )
    points = vertices_of(tmp_path / 'm.obj')
    assert points[:24].min(axis=0).tolist() == [-1, -2, -2]
    assert points[:24].max(axis=0).tolist() == [1, 2, 4]
    faces = [w for w in (tmp_path / 'm.obj').read_text().splitlines() if w.startswith('f ')]
    assert len(faces) == 24
    assert '25/25/25' in faces[12]
    import cv2

    assert (cv2.imread(str(tmp_path / 'm_a.png'))[:, :, ::-1] == picture).all()
    assert 'Kd 0.500 0.250 0.000' in (tmp_path / 'm.mtl').read_text()


def test_a_picture_is_not_upside_down_in_the_file(tmp_path):
    upper_left = np.array([[0.0, 0.0], [0.25, 0.0], [0.0, 0.25]])
    flat = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    surface = Surface(flat, flat, upper_left, np.array([[0, 1, 2]]), 'a')
    write_obj(tmp_path / 'm.obj', [surface], 'm.mtl')
    assert 'vt 0.0000 1.0000' in (tmp_path / 'm.obj').read_text()


def test_normals_of_a_box_point_outward():
    cube = box((0, 0, 0), (1, 1, 1), 'a')
    again = smooth_normals(cube.vertices, cube.faces)
    assert again == pytest.approx(cube.normals)
    assert ((cube.vertices * cube.normals).sum(axis=1) > 0).all()


def test_a_cut_keeps_only_what_it_needs():
    cube = box((0, 0, 0), (1, 1, 1), 'a')
    side = cut(cube, np.arange(12) < 2)
    assert len(side.faces) == 2
    assert len(side.vertices) == 4
    assert side.faces.max() == 3


def test_numbers_are_short_and_have_no_minus_zero():
    assert sdf.numbers((0.1 + 0.2, -1e-9, 250.0, -1.5)) == '0.3 0 250 -1.5'
