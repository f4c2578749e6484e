"""Pictures: what changes in the home changes in the picture, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
import math
import subprocess
import sys

import numpy as np
import pytest
from robochat_sim.people import BODIES, load_body, load_expressions, Pose, STATURES
from robochat_sim.scenario import load_scenario
from robochat_sim.script import PersonSpec
from robochat_sim.simulation import Simulation
from robochat_sim.view import person_seen, thing_box

pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')


# --------------------------------------------------------------------------- bodies
@pytest.mark.parametrize('name', BODIES)
def test_the_measures_of_a_body_are_those_of_its_mesh(name):
    measured, written = load_body(name).stature, STATURES[name]
    for field in ('height_m', 'eye_height_m', 'eye_forward_m', 'hip_height_m'):
        assert getattr(measured, field) == pytest.approx(getattr(written, field), abs=0.002)


def test_every_expression_uses_known_face_units():
    body = load_body('olga')
    for units in load_expressions().values():
        body.deform(units)


def test_an_unknown_face_unit_is_refused():
    with pytest.raises(KeyError):
        load_body('ben').deform([('noseWiggle', 1.0)])


def test_an_unknown_body_names_the_known_ones():
    with pytest.raises(ValueError, match='anna, ben'):
        load_body('zoe')


def test_an_expression_moves_only_the_head():
    body = load_body('ben')
    moved = np.abs(body.deform(load_expressions()['happy']) - body.deform()).max(axis=1) > 1e-4
    assert 500 < moved.sum() < body.vertex_count / 2
    assert body.deform()[moved, 2].min() > 0.85 * STATURES['ben'].eye_height_m


def test_turning_the_head_leaves_the_feet_alone():
    body = load_body('ben')
    moved = np.abs(body.deform((), Pose(head_yaw_rad=0.5)) - body.deform()).max(axis=1)
    assert moved[body.deform()[:, 2] < 1.0].max() == 0.0
    assert moved.max() > 0.03


# --------------------------------------------------------------------------- pictures
@pytest.fixture(scope='module')
def studio():
    """Anna and Ben before the robot, and a renderer for them."""
    from robochat_sim.render import Renderer

    people = (
        PersonSpec('anna', 'anna', (1.4, -0.3), math.pi, 'neutral', 'robot', False, True),
        PersonSpec('ben', 'ben', (2.4, -1.1), math.pi, 'neutral', 'robot', False, True),
    )
    scenario = replace(load_scenario('empty_room'), people=people)
    renderer = Renderer(scenario.scene, {p.id: p.body for p in people})
    yield renderer, Simulation(scenario, 1).step(0.0)
    renderer.close()


def with_person(state, number, **changes):
    """The state with one person changed."""
    people = list(state.people)
    people[number] = replace(people[number], **changes)
    return replace(state, people=tuple(people))


def differing(a, b):
    """Rows and columns of pixels that differ visibly."""
    return np.argwhere(np.abs(a.astype(int) - b).max(axis=2) > 12)


def test_a_picture_has_the_size_and_kind_of_the_camera(studio):
    renderer, state = studio
    image = renderer.frame(state)
    assert image.shape == (480, 640, 3) and image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert 60 < image.mean() < 200


def test_the_same_state_gives_the_same_picture(studio):
    renderer, state = studio
    first = renderer.frame(state)
    renderer.frame(with_person(state, 0, units=load_expressions()['angry']))
    assert not len(differing(first, renderer.frame(state)))


def test_an_expression_changes_pixels_in_the_face_only(studio):
    renderer, state = studio
    before = renderer.frame(state)
    after = renderer.frame(with_person(state, 0, units=load_expressions()['happy']))
    rows, columns = differing(before, after).T
    x, y, width, height = person_seen(state, state.people[0]).face_box
    assert len(rows) > 100
    assert columns.min() >= x - 12 and columns.max() <= x + width + 12
    assert rows.min() >= y - 20 and rows.max() <= y + height + 20


def test_who_is_absent_is_not_in_the_picture(studio):
    renderer, state = studio
    with_both = renderer.frame(state)
    without = renderer.frame(with_person(state, 0, present=False))
    x, y, width, height = (int(v) for v in person_seen(state, state.people[0]).face_box)
    face = slice(y, y + height), slice(x, x + width)
    assert np.abs(with_both[face].astype(int) - without[face]).mean() > 20


def test_the_room_is_drawn_alike_whether_kept_or_new(studio):
    renderer, state = studio
    kept = renderer.frame(state)
    renderer.frame(replace(state, robot=replace(state.robot, pan_rad=0.4)))
    renderer.frame(state)
    again = renderer.frame(state)
    assert len(differing(kept, again)) == 0


def test_a_picked_cup_leaves_the_table_and_appears_in_the_gripper(studio):
    renderer, state = studio
    cup = state.thing('cup_1')
    model = next(t.model for t in load_scenario('empty_room').scene.things if t.id == 'cup_1')
    x, y, width, height = (int(v) for v in thing_box(state.robot, cup, model))
    table = slice(y, y + height), slice(x, x + width)
    before = renderer.frame(state)
    after = renderer.frame(replace(state, robot=replace(state.robot, holding='cup_1')))
    assert np.abs(before[table].astype(int) - after[table]).mean() > 25
    rows, columns = differing(before, after).T
    lower_right = (rows > 300) & (columns > 400)
    assert lower_right.sum() > 2000


def test_a_nearer_person_hides_a_farther_one(studio):
    renderer, state = studio
    hidden = with_person(state, 1, x=3.2, y=-0.8)
    ahead = with_person(hidden, 0, x=1.4, y=-0.36)
    alone = with_person(ahead, 1, present=False)
    x, y, width, height = (int(v) for v in person_seen(ahead, ahead.people[0]).face_box)
    inner = slice(y + 15, y + height - 15), slice(x + 15, x + width - 15)
    assert np.array_equal(renderer.frame(ahead)[inner], renderer.frame(alone)[inner])


def test_a_missing_opengl_is_explained():
    code = (
        'from robochat_sim.render import Renderer; from robochat_sim.room import load_scene; '
        'from robochat_sim.canvas import RenderError\n'
        'try: Renderer(load_scene("home"))\n'
        'except RenderError as error: print(error)'
    )
    env = {'MUJOCO_GL': 'no_such_backend', 'PATH': '/usr/bin'}
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, env=env, check=True
    )
    assert 'apt-get install libegl1 libgl1-mesa-dri' in done.stdout
    assert 'no_such_backend' in done.stdout
