"""What came of an opening: folded from what people do, say and rate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from robochat.learning.outcomes import MAX_OPENINGS, Outcome, Outcomes, Reaction
from robochat.values import Box, Decision, Person, RobotState, Speech, Trigger, WorldView

FEATURES = (('facing', 1.0), ('near', 0.6))
ANN = Person('ann', 0.0, 10.0, Box(300, 100, 60, 70), 0.0, facing=True)


def decision(trigger: Trigger = Trigger.GREETING, who: str = 'ann') -> Decision:
    return Decision(True, 'because', 10.0, trigger, who, score=0.8, features=FEATURES)


class Room:
    """Outcomes, and a clock that shows them a view ten times a second."""

    def __init__(self, trigger: Trigger = Trigger.GREETING, who: str = 'ann') -> None:
        self.now_sec = 10.0
        self.outcomes = Outcomes()
        self.outcomes.opened(decision(trigger, who), 'turn_1', self.now_sec)
        self.found: list[Outcome] = []

    def watch(self, seconds: float, *people: Person, speaking: bool = False) -> None:
        for _ in range(round(seconds * 10)):
            self.now_sec += 0.1
            seen = tuple(replace(p, last_seen_sec=self.now_sec) for p in people)
            robot = RobotState(speaking=speaking)
            self.outcomes.saw(WorldView(self.now_sec, people=seen, robot=robot))
            self.found += self.outcomes.due(self.now_sec)

    def says(self, text: str, who: str = 'ann') -> None:
        self.outcomes.heard(Speech(who, text, self.now_sec))

    def rated(self, rating: int, name: str = 'turn_1') -> bool:
        known = self.outcomes.rated(name, rating)
        self.found += self.outcomes.due(self.now_sec)
        return known

    @property
    def last(self) -> Outcome:
        return self.found[-1]


AWAY = replace(ANN, facing=False)


# ------------------------------------------------------------------ implicit
def test_an_answer_within_five_seconds_makes_an_opening_welcome():
    room = Room()
    room.watch(2.0, ANN)
    room.says('Oh, hello!')
    room.watch(4.0, ANN)
    [outcome] = room.found
    assert (outcome.reaction, outcome.welcome) == (Reaction.ANSWERED, True)
    assert (outcome.features, outcome.score, outcome.stamp_sec) == (FEATURES, 0.8, 10.0)


def test_an_answer_after_five_seconds_is_none():
    room = Room()
    room.watch(5.3, ANN)
    room.says('Hello?')
    room.watch(2.0, ANN)
    assert [(o.reaction, o.welcome) for o in room.found] == [(Reaction.NOTHING, None)]


def test_the_five_seconds_begin_when_the_robot_has_ended():
    room = Room()
    room.watch(4.0, ANN, speaking=True)
    room.watch(3.0, ANN)
    assert not room.found
    room.says('I am fine, thanks.')
    room.watch(3.0, ANN)
    assert room.last.reaction is Reaction.ANSWERED


def test_a_robot_that_always_claims_to_speak_still_gets_outcomes():
    room = Room()
    room.watch(70.0, ANN, speaking=True)
    assert len(room.found) == 1


@pytest.mark.parametrize('words', ['Not now, please.', 'Stop!', 'Leave me alone.'])
def test_words_that_ask_for_silence_make_it_unwelcome_whatever_else_was_said(words):
    room = Room()
    room.watch(1.0, ANN)
    room.says('Hello.')
    room.watch(1.0, ANN)
    room.says(words)
    room.watch(5.0, ANN)
    assert [(o.reaction, o.welcome) for o in room.found] == [(Reaction.STOPPED, False)]


def test_who_turns_away_for_a_while_did_not_welcome_it():
    room = Room()
    room.watch(1.0, ANN)
    room.watch(1.5, AWAY)
    room.watch(4.0, ANN)
    assert (room.last.reaction, room.last.welcome) == (Reaction.TURNED_AWAY, False)


def test_a_glance_aside_is_no_turning_away():
    room = Room()
    room.watch(1.0, ANN)
    room.watch(0.6, AWAY)
    room.watch(4.0, ANN)
    assert room.last.reaction is Reaction.NOTHING


def test_who_leaves_did_not_welcome_it():
    room = Room()
    room.watch(1.0, ANN)
    room.watch(5.0)
    assert (room.last.reaction, room.last.welcome) == (Reaction.LEFT, False)


def test_an_id_that_another_one_took_over_proves_nothing():
    room = Room()
    room.watch(1.0, ANN)
    room.watch(5.0, replace(ANN, id='person_9', first_seen_sec=11.2))
    assert (room.last.reaction, room.last.welcome) == (Reaction.UNCLEAR, None)


def test_who_gets_an_answer_to_their_own_words_may_turn_away():
    room = Room(Trigger.REPLY)
    room.watch(1.0, ANN)
    room.watch(5.0, AWAY)
    assert (room.last.reaction, room.last.welcome) == (Reaction.NOTHING, None)


def test_who_just_stays_proves_nothing():
    room = Room()
    room.watch(6.0, ANN)
    assert room.last.welcome is None


# ------------------------------------------------------------------ whose words
@pytest.mark.parametrize('change', [{'with_others': 0.9}, {'on_phone': True}])
def test_words_to_someone_else_are_no_answer(change):
    room = Room()
    room.watch(1.0, replace(ANN, **change))
    room.says('As I was saying, the meeting is on Monday.')
    room.watch(5.0, replace(ANN, **change))
    assert room.last.reaction is Reaction.NOTHING


def test_words_of_somebody_else_are_no_answer():
    room = Room()
    room.watch(1.0, ANN)
    room.says('Hello!', who='bob')
    room.watch(5.0, ANN)
    assert room.last.reaction is Reaction.NOTHING


def test_a_voice_without_a_face_answers_the_only_one_who_was_spoken_to():
    room = Room()
    room.watch(1.0, ANN)
    room.says('Hello!', who='')
    room.watch(5.0, ANN)
    assert room.last.reaction is Reaction.ANSWERED


def test_a_voice_without_a_face_answers_nobody_where_two_were_spoken_to():
    room = Room()
    room.outcomes.opened(decision(who='bob'), 'turn_2', room.now_sec)
    room.watch(1.0, ANN, replace(ANN, id='bob'))
    room.says('Hello!', who='')
    room.watch(5.0, ANN, replace(ANN, id='bob'))
    assert [o.reaction for o in room.found] == [Reaction.NOTHING] * 2


def test_the_robots_own_words_are_no_answer():
    room = Room()
    room.watch(1.0, ANN)
    room.outcomes.heard(Speech('ann', 'Hello!', room.now_sec, by_robot=True))
    room.watch(5.0, ANN)
    assert room.last.reaction is Reaction.NOTHING


# ------------------------------------------------------------------ explicit
def test_an_explicit_rating_outweighs_what_was_seen():
    room = Room()
    room.watch(1.0, ANN)
    room.says('Hello!')
    room.rated(-1)
    room.watch(5.0, ANN)
    assert (room.last.reaction, room.last.rating) == (Reaction.ANSWERED, -1)
    assert room.last.welcome is False
    assert room.last.weight > replace(room.last, rating=None).weight


def test_a_neutral_rating_says_that_nothing_can_be_concluded():
    room = Room()
    room.says('Hello!')
    room.rated(0)
    room.watch(6.0, ANN)
    assert room.last.welcome is None


def test_a_late_rating_gives_the_outcome_again():
    room = Room()
    room.watch(60.0, ANN)
    assert room.rated(1)
    assert [(o.opening, o.rating) for o in room.found] == [('turn_1', None), ('turn_1', 1)]


def test_a_late_not_now_gives_the_outcome_again_as_unwelcome():
    room = Room()
    room.watch(8.0, ANN)
    room.says('Not now.')
    room.watch(0.1, ANN)
    assert [o.welcome for o in room.found] == [None, False]


def test_not_now_after_half_a_minute_is_about_something_else():
    room = Room()
    room.watch(40.0, ANN)
    room.says('Not now.')
    room.watch(1.0, ANN)
    assert [o.welcome for o in room.found] == [None]


def test_a_rating_of_a_plan_counts_for_the_words_that_came_with_it():
    room = Room()
    room.outcomes.named('turn_1_plan', 'turn_1')
    assert room.rated(1, 'turn_1_plan')
    room.watch(6.0, ANN)
    assert room.last.welcome


def test_a_rating_of_nothing_known_is_refused():
    room = Room()
    assert not room.rated(1, 'turn_99')
    assert not room.rated(1, '')


# ------------------------------------------------------------------ bounds, clock
def test_openings_without_end_are_bounded_and_none_is_lost():
    outcomes = Outcomes()
    found = []
    for number in range(5000):
        outcomes.opened(decision(), f'turn_{number}', number * 0.01)
        found += outcomes.due(0.0)
    assert len(outcomes._openings) == MAX_OPENINGS
    assert len(found) == 5000 - MAX_OPENINGS
    assert len(outcomes._aliases) <= 4 * MAX_OPENINGS
    assert not outcomes.rated('turn_0', 1)


def test_after_a_jump_of_the_clock_what_was_not_settled_is_unclear():
    room = Room()
    room.watch(1.0, ANN)
    room.outcomes.forget()
    assert [(o.reaction, o.welcome) for o in room.outcomes.due(0.0)] == [(Reaction.UNCLEAR, None)]
    assert room.outcomes.due(1e9) == ()
