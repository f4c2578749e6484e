"""The simulation: people, things and the robot follow the scenario, the same way every time."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest
from robochat_sim.scenario import load_scenario
from robochat_sim.script import Act, PersonSpec, Reply
from robochat_sim.simulation import Simulation
from robochat_sim.view import person_seen

ANNA = PersonSpec('anna', 'anna', (1.4, -0.3), math.pi, 'neutral', 'robot', False, True)


def story(**changes):
    """A quiet home with what a test adds."""
    return replace(load_scenario('empty_room'), duration_sec=120.0, **changes)


def answers(text='Hello yourself.', **changes):
    """Anna's answer to the robot."""
    act = Act(0.0, person='anna', say=text)
    return replace(Reply('anna', 'any', 1.0, False, act), **changes)


def run_skill(simulation, name, start_sec=0.0, **arguments):
    """Run a skill to its end; return its status and the time."""
    simulation.execute(name, arguments, start_sec)
    now_sec = start_sec
    while not simulation.skill_status.done and now_sec < start_sec + 60:
        now_sec += 0.1
        simulation.step(now_sec)
    return simulation.skill_status, now_sec


# --------------------------------------------------------------------------- determinism
def test_the_same_seed_gives_the_same_states():
    scenario = load_scenario('sad_homecoming')
    a, b = Simulation(scenario, 3), Simulation(scenario, 3)
    assert all(a.step(t / 4) == b.step(t / 4) for t in range(80))


def test_the_outcome_does_not_depend_on_how_often_it_is_asked():
    scenario = load_scenario('two_talking')
    often, once = Simulation(scenario, 1), Simulation(scenario, 1)
    for number in range(1200):
        often.step(number / 100)
    assert often.step(12.0) == once.step(12.0)


def test_another_seed_blinks_at_other_times():
    def blinks(seed):
        simulation = Simulation(story(people=(ANNA,)), seed)
        states = [simulation.step(t / 20) for t in range(400)]
        return [any(unit == 'eyeBlink' for unit, _ in s.people[0].units) for s in states]

    assert any(blinks(1)) and blinks(1) == blinks(1) != blinks(2)


# --------------------------------------------------------------------------- people
def test_a_person_walks_to_a_place_and_turns_to_the_robot():
    simulation = Simulation(load_scenario('sad_homecoming'), 1)
    before = simulation.step(0.5)
    after = simulation.step(9.0)
    assert person_seen(before, before.people[0]).face_box is None
    seen = person_seen(after, after.people[0])
    assert seen.face_box is not None
    assert seen.facing_deg < 5 and 1.0 <= seen.distance_m <= 1.6


def test_an_expression_blends_over_half_a_second():
    scenario = story(people=(ANNA,), script=(Act(2.0, person='anna', mood='happy'),))
    simulation = Simulation(scenario, 1)

    def smile(now_sec):
        return dict(simulation.step(now_sec).people[0].units).get('mouthSmile', 0.0)

    amounts = [smile(2.0 + t / 10) for t in range(8)]
    assert amounts[0] == 0.0 and amounts == sorted(amounts)
    assert 0.1 < amounts[3] < 1.1 and amounts[-1] == pytest.approx(1.2)


def test_the_mouth_moves_while_a_person_speaks_and_rests_afterwards():
    scenario = story(people=(ANNA,), script=(Act(1.0, person='anna', say='Good morning to you.'),))
    simulation = Simulation(scenario, 1)
    jaw = [dict(simulation.step(t / 10).people[0].units).get('jawOpen', 0.0) for t in range(40)]
    assert max(jaw[11:22]) > 0.15 and not any(jaw[:10]) and not any(jaw[30:])


def test_who_leaves_is_gone():
    scenario = story(
        people=(ANNA,), script=(Act(1.0, person='anna', walk_to=(3, -2), leave=True),)
    )
    simulation = Simulation(scenario, 1)
    assert simulation.step(2.0).people[0].present
    assert not simulation.step(12.0).people[0].present


def test_a_passer_by_never_faces_the_robot():
    simulation = Simulation(load_scenario('passer_by'), 1)
    for number in range(90):
        state = simulation.step(number / 5)
        seen = person_seen(state, state.people[0])
        assert seen.face_box is None or seen.facing_deg > 25


# --------------------------------------------------------------------------- talk
def test_a_person_answers_after_the_robot_has_finished():
    simulation = Simulation(story(people=(ANNA,), replies=(answers(),)), 1)
    simulation.hear('Hello there!', 2.0)
    assert simulation.step(2.1).robot.speaking
    assert simulation.speech(3.6) == ()
    (spoken,) = simulation.speech(5.0)
    assert (spoken.person, spoken.text) == ('anna', 'Hello yourself.')
    assert spoken.at_sec == pytest.approx(2.0 + 12 * 0.06 + 1.0, abs=0.03)
    assert not simulation.step(5.0).robot.speaking


def test_a_person_ignores_words_that_call_for_no_answer():
    simulation = Simulation(story(people=(ANNA,), replies=(answers(to='coffee'),)), 1)
    simulation.hear('Good evening.', 2.0)
    assert simulation.speech(10.0) == ()
    simulation.hear('Would you like a Coffee?', 10.0)
    assert len(simulation.speech(20.0)) == 1


def test_a_person_who_answers_once_is_silent_afterwards():
    simulation = Simulation(story(people=(ANNA,), replies=(answers(once=True),)), 1)
    simulation.hear('Hello.', 1.0)
    assert len(simulation.speech(6.0)) == 1
    simulation.hear('Hello again.', 6.0)
    assert simulation.speech(20.0) == ()


def test_nobody_answers_from_another_room():
    far = replace(ANNA, at=(40.0, 0.0))
    simulation = Simulation(story(people=(far,), replies=(answers(),)), 1)
    simulation.hear('Hello?', 1.0)
    assert simulation.speech(10.0) == ()


# --------------------------------------------------------------------------- skills
def test_a_picked_cup_leaves_the_table():
    simulation = Simulation(story(), 1)
    status, now_sec = run_skill(simulation, 'navigate_to', target='cup_1')
    assert status.success
    status, _ = run_skill(simulation, 'pick', now_sec, object='cup_1')
    assert status.success
    assert simulation.state().thing('cup_1').on == 'gripper'
    assert simulation.state().robot.holding == 'cup_1'


def test_names_that_the_robot_made_up_are_understood():
    simulation = Simulation(story(people=(ANNA,)), 1)
    status, now_sec = run_skill(simulation, 'navigate_to', target='cup_7')
    status, now_sec = run_skill(simulation, 'pick', now_sec, object='cup_7')
    assert status.success
    status, now_sec = run_skill(simulation, 'approach', now_sec, person='person_3')
    status, now_sec = run_skill(
        simulation, 'hand_over', now_sec, object='cup_7', person='person_3'
    )
    assert status.success
    assert simulation.state().thing('cup_1').on == 'anna'
    assert simulation.state().person('anna').pose.reach == 1.0


def test_a_thing_can_be_carried_to_another_surface():
    simulation = Simulation(story(), 1)
    _, now_sec = run_skill(simulation, 'navigate_to', target='cup_1')
    _, now_sec = run_skill(simulation, 'pick', now_sec, object='cup_1')
    _, now_sec = run_skill(simulation, 'navigate_to', now_sec, target='sofa')
    status, _ = run_skill(simulation, 'place', now_sec, object='cup_1', target='couch_1')
    assert status.success, status.message
    cup = simulation.state().thing('cup_1')
    assert cup.on == 'sofa' and cup.z == pytest.approx(0.42)
    assert simulation.state().robot.holding == ''


@pytest.mark.parametrize('place', ['living_room', 'table', 'sofa', 'kitchen', 'door', 'dock'])
def test_the_robot_drives_to_every_place(place):
    simulation = Simulation(story(), 1)
    run_skill(simulation, 'navigate_to', target='dock' if place != 'dock' else 'sofa')
    status, _ = run_skill(simulation, 'navigate_to', 60.0, target=place)
    assert status.success, status.message
    assert simulation.state().robot.place == place


def test_looking_at_something_turns_the_head_and_back():
    simulation = Simulation(story(), 1)
    status, now_sec = run_skill(simulation, 'look_at', target='bottle_1')
    assert status.success
    assert simulation.state().robot.pan_rad > 0.3
    assert simulation.step(now_sec + 10).robot.pan_rad == pytest.approx(0.0)


def test_help_is_called():
    simulation = Simulation(story(), 1)
    status, _ = run_skill(simulation, 'call_for_help', reason='fall')
    assert status.success and simulation.state().robot.called_help


@pytest.mark.parametrize(
    ('skill', 'arguments', 'reason'),
    [
        ('fly', {}, 'no skill'),
        ('navigate_to', {'target': 'moon'}, 'not a place'),
        ('approach', {'person': 'person_1'}, 'not here'),
        ('pick', {'object': 'bottle_1'}, 'the arm reaches'),
        ('pick', {'object': 'unicorn_1'}, 'no thing'),
        ('place', {'object': 'cup_1', 'target': 'table'}, 'does not hold'),
        ('hand_over', {'object': 'cup_1', 'person': 'person_1'}, 'does not hold'),
        ('look_at', {'target': 'unicorn_1'}, 'not here'),
        ('wait', {'seconds': 'long'}, 'not a number'),
    ],
)
def test_a_skill_that_can_not_be_done_fails_with_a_reason(skill, arguments, reason):
    status, _ = run_skill(Simulation(story(), 1), skill, **arguments)
    assert status.done and not status.success
    assert reason in status.message


def test_a_second_skill_is_refused_while_one_runs():
    simulation = Simulation(story(), 1)
    simulation.execute('wait', {'seconds': '5'}, 0.0)
    refused = simulation.execute('wait', {'seconds': '5'}, 1.0)
    assert refused.done and not refused.success and 'busy' in refused.message


def test_a_canceled_skill_stops_where_it_is():
    simulation = Simulation(story(), 1)
    simulation.execute('navigate_to', {'target': 'kitchen'}, 0.0)
    simulation.cancel(1.0)
    before = simulation.state().robot
    after = simulation.step(5.0).robot
    assert (before.x, before.y) == (after.x, after.y)
    assert simulation.skill_status.message == 'canceled'


# --------------------------------------------------------------------------- things
def test_a_falling_cup_leaves_the_table_and_stays_down():
    simulation = Simulation(load_scenario('falling_cup'), 1)
    assert simulation.step(9.9).thing('cup_1').z == pytest.approx(0.72)
    cup = simulation.step(12.0).thing('cup_1')
    assert cup.on == 'stool' and cup.z == pytest.approx(0.3)
    assert simulation.step(20.0).thing('cup_1') == cup


def test_a_held_cup_does_not_fall():
    scenario = story(script=(Act(30.0, thing='cup_1', fall_to=(1.4, -0.4)),))
    simulation = Simulation(scenario, 1)
    _, now_sec = run_skill(simulation, 'navigate_to', target='cup_1')
    run_skill(simulation, 'pick', now_sec, object='cup_1')
    assert simulation.step(40.0).thing('cup_1').on == 'gripper'


def test_a_cup_falls_on_its_side_to_the_floor():
    simulation = Simulation(story(script=(Act(1.0, thing='cup_1', fall_to=(1.4, -0.4)),)), 1)
    cup = simulation.step(5.0).thing('cup_1')
    assert cup.on == 'floor' and cup.z < 0.1
    assert cup.tilt_rad == pytest.approx(math.pi / 2)


# --------------------------------------------------------------------------- truth
def test_the_truth_tells_who_is_where_in_the_picture():
    simulation = Simulation(load_scenario('sad_homecoming'), 1)
    simulation.step(9.0)
    truth = simulation.truth()
    (anna,) = truth['people']
    x, y, width, height = anna['face_box']
    assert 0 < x < 640 and 0 < y < 480 and 40 < width < 120 and 40 < height < 140
    assert anna['mood'] == 'sad'
    cup = next(t for t in truth['things'] if t['id'] == 'cup_1')
    assert cup['box'] is not None and cup['on'] == 'table'


def test_the_truth_has_no_box_for_who_is_out_of_view():
    simulation = Simulation(load_scenario('sad_homecoming'), 1)
    simulation.step(0.1)
    assert simulation.truth()['people'][0]['face_box'] is None
