"""Who wants to interact: a probability that follows its cues in two seconds, and the states."""

from dataclasses import replace

import pytest
from robochat.intention import BIAS, CUES, cues_of, Intention, probability_of, Talk, WEIGHTS
from robochat.values import Box, EngagementState, HeadPose, Person, Speech

NOBODY = Talk()
LOOKS = Person(
    'person_1',
    0.0,
    0.0,
    Box(300, 100, 60, 70),
    0.0,
    distance_m=1.3,
    pose=HeadPose(0, 0, 0),
    facing=True,
    facing_sec=2.0,
)
AWAY = replace(LOOKS, facing=False, facing_sec=0.0)


def watched(*spans: tuple[Person, float], talk: Talk = NOBODY) -> list[Intention]:
    """What is believed after each tenth of a second of each span."""
    intention, now_sec, seen = Intention(), 0.0, []
    for person, seconds in spans:
        for _ in range(round(seconds * 10)):
            now_sec += 0.1
            intention.fold(person, talk, now_sec)
            seen.append(replace(intention))
    return seen


def states(seen: list[Intention]) -> list[EngagementState]:
    """The states in the order in which they came."""
    return [s.state for n, s in enumerate(seen) if n == 0 or seen[n - 1].state is not s.state]


# ------------------------------------------------------------------ wants to
def test_who_looks_from_near_is_engaged_within_two_seconds():
    assert watched((LOOKS, 2.0))[-1].state is EngagementState.ENGAGED


def test_who_turns_away_is_no_longer_engaged_within_two_seconds():
    seen = watched((LOOKS, 4.0), (AWAY, 2.0))
    assert seen[-1].probability < 0.35
    assert seen[-1].state in (EngagementState.DISENGAGING, EngagementState.DISENGAGED)


def test_walks_through_the_states_of_rep_155():
    assert states(watched((AWAY, 1.0), (LOOKS, 3.0), (AWAY, 4.0))) == [
        EngagementState.UNKNOWN,
        EngagementState.DISENGAGED,
        EngagementState.ENGAGING,
        EngagementState.ENGAGED,
        EngagementState.DISENGAGING,
        EngagementState.DISENGAGED,
    ]


def test_a_short_look_away_does_not_end_an_engagement():
    seen = watched((LOOKS, 4.0), (AWAY, 0.2), (LOOKS, 2.0))
    assert states(seen)[-1] is EngagementState.ENGAGED
    assert EngagementState.DISENGAGED not in states(seen)[2:]


@pytest.mark.parametrize(
    ('better', 'worse'),
    [
        ({'distance_m': 1.0}, {'distance_m': 3.4}),
        ({'approach_mps': 0.5}, {'approach_mps': -0.5}),
        ({'facing_sec': 2.0}, {'facing_sec': 0.1}),
        ({'lateral_mps': 0.0}, {'lateral_mps': 0.8}),
        ({'with_others': 0.0}, {'with_others': 0.9}),
        ({}, {'eyes_closed': True}),
        ({}, {'on_phone': True}),
        ({}, {'facing': False, 'facing_sec': 0.0}),
    ],
)
def test_every_cue_counts_in_its_direction(better, worse):
    good, bad = (
        probability_of(cues_of(replace(LOOKS, **one), NOBODY, 9.0)) for one in (better, worse)
    )
    assert good > bad


def test_words_to_the_robot_count():
    talk = Talk.of((Speech('', 'Hello.', 7.0, by_robot=True), Speech('person_1', 'Hi.', 8.0)))
    spoke, silent = (cues_of(LOOKS, t, 9.0) for t in (talk, NOBODY))
    assert probability_of(spoke) > probability_of(silent)
    assert cues_of(LOOKS, talk, 60.0) == silent


# ------------------------------------------------------------------ does not
def test_a_glance_engages_nobody():
    seen = watched((AWAY, 2.0), (replace(LOOKS, facing_sec=0.2), 0.4), (AWAY, 2.0))
    assert EngagementState.ENGAGED not in states(seen)


def test_who_passes_by_is_not_engaged():
    passing = replace(LOOKS, lateral_mps=1.0, facing_sec=0.3, distance_m=2.4)
    assert EngagementState.ENGAGED not in states(watched((passing, 2.0)))


def test_closed_eyes_and_a_phone_engage_nobody():
    for change in ({'eyes_closed': True}, {'on_phone': True}):
        assert watched((replace(LOOKS, **change), 5.0))[-1].state is EngagementState.DISENGAGED


def test_nothing_is_known_of_who_was_only_just_seen():
    assert watched((LOOKS, 0.4))[-1].state is EngagementState.UNKNOWN


def test_who_is_out_of_view_is_less_and_less_engaged():
    assert watched((LOOKS, 3.0), (replace(LOOKS, visible=False), 2.0))[-1].probability < 0.1


def test_one_moment_told_twice_or_out_of_order_changes_nothing():
    intention = Intention()
    for now_sec in (1.0, 2.0, 3.0):
        intention.fold(LOOKS, NOBODY, now_sec)
    before = replace(intention)
    intention.fold(AWAY, NOBODY, 3.0)
    intention.fold(AWAY, NOBODY, 2.5)
    assert intention == before


def test_what_is_no_number_counts_as_nothing():
    odd = replace(LOOKS, distance_m=float('nan'), approach_mps=float('inf'))
    assert 0.0 <= probability_of(cues_of(odd, NOBODY, 9.0)) <= 1.0


def test_every_cue_has_a_weight():
    assert len(CUES) == len(WEIGHTS) == len(cues_of(LOOKS, NOBODY, 0.0))
    assert BIAS < 0
