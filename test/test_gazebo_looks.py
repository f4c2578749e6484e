"""Which still figures a person needs in Gazebo, and which one is shown when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from robochat_sim.gazebo.looks import (
    body_of,
    BodyLook,
    head_of,
    HeadLook,
    joined,
    Wardrobe,
    wardrobes,
    YAW_STEP_RAD,
)
from robochat_sim.people import Pose
from robochat_sim.scenario import load_scenario
from robochat_sim.simulation import Simulation
from robochat_sim.state import PersonState

ANNA = PersonState('anna', 'anna', 1.0, 0.0, 0.0, 3.0)


def test_the_nearest_direction_is_shown():
    turned = replace(ANNA, pose=Pose(head_yaw_rad=1.4 * YAW_STEP_RAD, head_pitch_rad=-0.13))
    assert head_of(turned) == HeadLook(yaw=1, pitch=-1)


def test_a_mouth_opens_only_while_it_speaks():
    opened = (('jawOpen', 0.4),)
    assert head_of(replace(ANNA, speaking=True, units=opened)).talks
    assert not head_of(replace(ANNA, speaking=True, units=(('jawOpen', 0.1),))).talks
    assert not head_of(replace(ANNA, speaking=False, units=opened)).talks


def test_who_sits_does_not_walk():
    seated = replace(ANNA, pose=Pose(seated=1.0, stride=1.0, stride_rad=2.0))
    assert body_of(seated) == BodyLook(seat=2)
    walking = replace(ANNA, pose=Pose(stride=1.0, stride_rad=2.0))
    assert body_of(walking).stride == 3


def test_the_mood_counts_more_than_the_direction():
    wardrobe = Wardrobe('anna', (HeadLook(yaw=1), HeadLook('sad')), (BodyLook(),))
    assert wardrobe.head(HeadLook('sad', yaw=1)) == HeadLook('sad')
    assert wardrobe.head(HeadLook('happy', yaw=1)) == HeadLook(yaw=1)


def test_a_seat_is_never_shown_standing():
    wardrobe = Wardrobe('anna', (HeadLook(),), (BodyLook(), BodyLook(2), BodyLook(stride=1)))
    assert wardrobe.posture(BodyLook(2, reaches=True)) == BodyLook(2)
    assert wardrobe.posture(BodyLook(stride=6)) == BodyLook(stride=1)


@pytest.mark.parametrize('name', ['sad_homecoming', 'falling_cup', 'two_talking'])
def test_a_played_scenario_shows_only_looks_that_it_has(name):
    scenario = load_scenario(name)
    known = wardrobes(scenario)
    simulation = Simulation(scenario)
    for number in range(round(scenario.duration_sec * 15)):
        for person in simulation.step(number / 15).people:
            assert head_of(person) in known[person.id].heads
            assert body_of(person) in known[person.id].bodies


def test_who_may_answer_can_open_the_mouth():
    anna = wardrobes(load_scenario('sad_homecoming'))['anna']
    assert {h.mood for h in anna.heads} == {'neutral', 'sad'}
    assert {h.talks for h in anna.heads} == {False, True}


def test_who_says_nothing_has_no_looks_for_it():
    olga = wardrobes(load_scenario('passer_by'))['olga']
    assert not any(h.talks for h in olga.heads)
    assert wardrobes(load_scenario('empty_room')) == {}


def test_names_of_looks_differ():
    anna = wardrobes(load_scenario('sad_homecoming'))['anna']
    names = [look.name for look in (*anna.heads, *anna.bodies)]
    assert len(set(names)) == len(names)


def test_wardrobes_of_one_body_are_joined():
    first = Wardrobe('ben', (HeadLook(),), (BodyLook(),))
    second = Wardrobe('ben', (HeadLook('sad'),), (BodyLook(),))
    assert joined([first, second])['ben'] == Wardrobe(
        'ben', (HeadLook(), HeadLook('sad')), (BodyLook(),)
    )
