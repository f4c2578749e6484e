"""A scenario in Gazebo: what is spawned and moved, by a stand-in of Gazebo that writes it down."""

from __future__ import annotations

from dataclasses import replace
import math
import time
from xml.etree import ElementTree

from fake_gazebo import FakeGazebo, picture
import numpy as np
import pytest
from robochat_sim.gazebo import stage as stages
from robochat_sim.gazebo.sdf import Pose6
from robochat_sim.gazebo.stage import clock_of, GazeboStage, quaternion
from robochat_sim.gazebo.transport import GazeboError
from robochat_sim.gazebo.wire import block, block_of, fields, text_of, whole, whole_of
from robochat_sim.scenario import load_scenario
from robochat_sim.simulation import Simulation

CAMERA = '/gazebo/home/robot/head/camera/image'
PLACES = '/gazebo/home/pose/info'
MODIFY, FACTORY = '/gazebo/home/model/modify', '/gazebo/home/factory'
HZ = 100.0


def filming(*pictures):
    """A camera that sends these pictures again and again."""

    def feed(link):
        while True:
            for message in pictures:
                link.send(message)
                time.sleep(1 / HZ)

    cup = block(2, block(1, 'cup_1::link'), whole(2, 115))
    return {CAMERA: feed, PLACES: lambda link: link.send(block(1, whole(1, 1)) + cup)}


@pytest.fixture
def gazebo():
    """A stand-in with a camera."""
    with FakeGazebo(filming(picture())) as fake:
        yield fake


@pytest.fixture
def start(gazebo):
    """Give a function that opens a stage, which is closed in the end."""
    opened = []

    def begin(name):
        opened.append(GazeboStage(gazebo.address, load_scenario(name), wait_sec=5.0))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def moved(gazebo):
    """Where each model was moved last: name to (x, y, z)."""
    places = {}
    for message in gazebo.messages(MODIFY):
        model = fields(message)
        if 4 in model:
            place = fields(block_of(fields(block_of(model, 4)), 3))
            places[text_of(model, 1)] = tuple(place[n][0] for n in (1, 2, 3))
    return places


def spawned(gazebo):
    """Models that were added: name to element."""
    roots = [ElementTree.fromstring(text_of(fields(m), 1)) for m in gazebo.messages(FACTORY)]
    return {root[0].get('name') or root[0].findtext('name'): root[0] for root in roots}


def until(done):
    """Wait until something is true."""
    end_sec = time.monotonic() + 5.0
    while not done() and time.monotonic() < end_sec:
        time.sleep(0.01)
    return done()


# --------------------------------------------------------------------------- the start
def test_looks_are_spawned_out_of_sight(gazebo, start):
    start('sad_homecoming')
    models = spawned(gazebo)
    assert 'anna__head_sad_0_0' in models
    assert 'anna__body_0' in models
    for model in models.values():
        assert float(model.findtext('pose').split()[2]) < -10


def test_only_bodies_collide(gazebo, start):
    start('sad_homecoming')
    models = spawned(gazebo)
    assert models['anna__body_0'].find('.//collision') is not None
    assert models['anna__head_sad_0_0'].find('.//collision') is None


def test_what_the_scenario_adds_is_spawned_and_what_it_moves_is_moved(gazebo, start):
    start('falling_cup')
    stool = spawned(gazebo)['stool']
    assert stool.findtext('uri') == 'model://robochat_stool'
    assert until(lambda: moved(gazebo).get('cup_1', (0,))[:2] == (1.47, 0.17))


def test_an_empty_room_gets_nothing(gazebo, start):
    start('empty_room')
    assert gazebo.messages(FACTORY) == []


# --------------------------------------------------------------------------- playing
def test_a_person_is_shown_once_and_where_the_scenario_says(gazebo, start):
    stage, simulation = start('sad_homecoming'), Simulation(load_scenario('sad_homecoming'))
    for number in range(15 * 8):
        state = simulation.step(number / 15)
        stage.place(state)
    anna = state.person('anna')

    def seen():
        return {n: p for n, p in moved(gazebo).items() if n.startswith('anna__') and p[2] > -1}

    here = pytest.approx((anna.x, anna.y, anna.z))
    assert until(lambda: len(seen()) == 2 and all(place == here for place in seen().values()))
    assert {name.split('_0')[0] for name in seen()} == {'anna__body', 'anna__head_sad'}


def test_who_is_not_here_is_not_shown(gazebo, start):
    stage, simulation = start('sad_homecoming'), Simulation(load_scenario('sad_homecoming'))
    state = simulation.step(8.0)
    stage.place(state)
    gone = replace(state, people=tuple(replace(p, present=False) for p in state.people))
    stage.place(gone)

    def shown():
        return [n for n, p in moved(gazebo).items() if n.startswith('anna__') and p[2] > -1]

    assert until(lambda: not shown())


def test_nothing_is_sent_while_nothing_moves(gazebo, start):
    stage, simulation = start('empty_room'), Simulation(load_scenario('empty_room'))
    state = simulation.step(1.0)
    stage.place(state)
    assert until(lambda: 'robot' in moved(gazebo))
    count = len(gazebo.messages(MODIFY))
    for _ in range(20):
        stage.place(state)
    time.sleep(0.1)
    assert len(gazebo.messages(MODIFY)) == count
    assert set(moved(gazebo)) == {'robot'}  # things are left to Gazebo's physics


def test_a_thing_leaves_physics_once_when_the_scenario_moves_it(gazebo, start):
    stage, simulation = start('falling_cup'), Simulation(load_scenario('falling_cup'))
    for number in range(15 * 12):
        stage.place(simulation.step(number / 15))
    assert until(lambda: moved(gazebo)['cup_1'][2] == pytest.approx(0.3))
    links = [fields(block_of(m, 6)) for m in map(fields, gazebo.messages(MODIFY)) if 6 in m]
    assert len(links) == 1
    assert [whole_of(links[0], n) for n in (1, 4, 5)] == [115, 0, 1]


def test_the_rest_of_a_turn_turns_the_person(gazebo, start):
    stage = start('sad_homecoming')
    person = Simulation(load_scenario('sad_homecoming')).state().people[0]
    turned = replace(person, pose=replace(person.pose, head_yaw_rad=0.1), heading_rad=0.0)
    stage._place_person(turned)
    assert stage._poses['anna__body_0'].yaw_rad == pytest.approx(0.1)


# --------------------------------------------------------------------------- pictures
def test_each_picture_is_given_once(start):
    stage = start('empty_room')
    state = Simulation(load_scenario('empty_room')).state()
    frames = []
    assert until(
        lambda: frames.append(stage.frame(state)) or len([f for f in frames if f is not None]) > 2
    )
    frame = next(f for f in frames if f is not None)
    assert frame.shape == (2, 4, 3)
    assert frame.ravel().tolist() == list(range(24))
    assert any(f is None for f in frames)


def test_what_is_no_picture_is_dropped_and_counted():
    wrong = (picture(pixel_format=8), picture(data=b'short'), picture(0, 0, data=b''), b'')
    with FakeGazebo(filming(picture(), *wrong)) as gazebo:
        stage = GazeboStage(gazebo.address, load_scenario('empty_room'), wait_sec=5.0)
        assert until(lambda: stage.dropped >= 8)
        assert until(lambda: isinstance(stage._picture, np.ndarray))
        stage.close()


def test_a_gazebo_that_ends_ends_the_play(gazebo, start):
    stage, state = start('empty_room'), Simulation(load_scenario('empty_room')).state()
    gazebo.drop()
    with pytest.raises(GazeboError):
        for _ in range(300):
            stage.frame(state)
            time.sleep(0.01)


def test_a_camera_that_sends_nothing_is_an_error(monkeypatch):
    monkeypatch.setattr(stages, 'LOADING_SEC', 0.3)
    silent = {**filming(), CAMERA: lambda link: time.sleep(1.0)}
    with FakeGazebo(silent) as gazebo, pytest.raises(GazeboError, match='no picture'):
        GazeboStage(gazebo.address, load_scenario('empty_room'), wait_sec=5.0)


def test_a_world_without_the_robot_is_an_error():
    with FakeGazebo() as gazebo, pytest.raises(GazeboError, match=CAMERA):
        GazeboStage(gazebo.address, load_scenario('empty_room'), wait_sec=0.3)


# --------------------------------------------------------------------------- messages
def test_a_clock_is_read():
    message = block(2, whole(1, 12), whole(2, 500000000)) + block(4, whole(1, 13))
    assert clock_of(fields(message)) == (12.5, 13.0)


def test_a_quaternion_turns_as_roll_pitch_and_yaw_do():
    w, x, y, z = quaternion(Pose6(pitch_rad=0.2, yaw_rad=1.0))
    # A camera that is tilted by 0.2 and turned by 1.0 looks down and aside.
    ahead = (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y))
    down = (math.cos(0.2) * math.cos(1.0), math.cos(0.2) * math.sin(1.0), -math.sin(0.2))
    assert ahead == pytest.approx(down)
