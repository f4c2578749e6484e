"""Who is remembered and who is not, and what the policy is told of them."""

from __future__ import annotations

from dataclasses import replace
import time

import pytest
from robochat.memory.acquaintances import Acquaintances
from robochat.memory.durable import is_durable, key_of
from robochat.memory.people import PeopleMemory
from robochat.memory.recall import NoRecall, Recall
from robochat.values import (
    Box,
    Decision,
    FaceObservation,
    Observation,
    Person,
    Speech,
    Trigger,
    Utterance,
    WorldView,
)

WALL_SEC = time.mktime((2026, 11, 28, 9, 0, 0, 0, 0, -1))
TRANSIENT = ('person_', 'face_')
BOX = Box(100, 100, 50, 60)


class Hall:
    """A robot's run: its policy clock starts at zero, its memory may be an older one."""

    def __init__(self, memory: PeopleMemory | None = None, wall_sec: float = WALL_SEC) -> None:
        self.wall_sec = wall_sec
        self.memory = memory or PeopleMemory(clock=lambda: self.wall_sec)
        self.memory.clock = lambda: self.wall_sec
        self.who = Acquaintances(self.memory)
        self.now_sec = 0.0

    def pass_time(self, seconds: float) -> None:
        self.wall_sec += seconds
        self.now_sec += seconds

    def see(self, *ids: str, **changes: object) -> WorldView:
        someone = replace(Person('', self.now_sec - 5.0, self.now_sec, BOX, 0.0), **changes)
        people = tuple(replace(someone, id=one) for one in ids)
        return self.who.recognise(WorldView(self.now_sec, people=people))

    def hear(self, text: str, speaker: str = 'person_1') -> None:
        self.who.heard(Speech(speaker, text, self.now_sec))

    def say(
        self, text: str, who: str = 'person_1', trigger=Trigger.GREETING, topic: str = 'greeting'
    ) -> Decision:
        decision = Decision(True, '', self.now_sec, trigger, addressee=who, topic=topic)
        proactive = trigger is not Trigger.REPLY
        utterance = Utterance('u', text, self.now_sec, addressee=who, proactive=proactive)
        self.who.said(decision, utterance, self.now_sec)
        return decision


def restarted(hall: Hall, after_sec: float = 60.0) -> Hall:
    """The same memory in a new run, in which ids begin again."""
    return Hall(hall.memory, hall.wall_sec + after_sec)


# --------------------------------------------------------------------------- who
def test_an_id_that_lasts_or_a_name_makes_a_person_durable():
    person = Person('person_3', 0.0, 0.0, BOX, 0.0)
    assert not is_durable(person, TRANSIENT)
    assert is_durable(replace(person, name='Anna'), TRANSIENT)
    assert is_durable(replace(person, id='anna_7'), TRANSIENT)
    assert not is_durable(replace(person, id='', name='  '), TRANSIENT)


def test_an_id_counts_more_than_a_name():
    assert key_of('anna_7', 'Anna', TRANSIENT) == 'id:anna_7'
    assert key_of('person_1', 'Anna  Maria', TRANSIENT) == 'name:anna maria'
    assert key_of('person_1', '', TRANSIENT) == ''


def test_nobody_is_remembered_by_the_id_of_a_track():
    hall = Hall()
    hall.see('person_1', 'face_ab12', 'anonymous_person_3')
    hall.say('Hello!')
    hall.hear("Don't tell me about the weather")
    assert hall.memory.everybody() == {}


def test_ids_of_another_node_are_remembered():
    hall = Hall()
    hall.see('anna_7')
    assert set(hall.memory.everybody()) == {'id:anna_7'}


def test_a_name_that_was_given_is_known_again_once_it_is_given_again():
    hall = Hall()
    hall.see('person_1')
    hall.hear('My name is Anna')
    [anna] = hall.see('person_1').people
    assert anna.name == 'Anna'
    later = restarted(hall)
    [stranger] = later.see('person_1').people
    assert stranger.name == ''
    assert later.who.last_greeted('person_1') is None
    hall.say('Hello!')
    later.hear("I'm Anna")
    assert later.see('person_1').people[0].name == 'Anna'
    assert later.who.last_greeted('person_1') is not None


def test_the_name_of_someone_with_a_lasting_id_is_known_after_a_restart():
    hall = Hall()
    hall.see('anna_7')
    hall.hear('Call me Anna', 'anna_7')
    assert restarted(hall).see('anna_7').people[0].name == 'Anna'


def test_an_id_that_flickers_by_is_not_remembered():
    hall = Hall()
    hall.see('anna_7', first_seen_sec=-1.0)
    assert hall.memory.everybody() == {}


def test_another_nodes_id_for_a_face_that_we_track_is_taken():
    hall = Hall()
    hall.see('person_1')
    face = FaceObservation('anna_7', replace(BOX, x=105.0), 0.9, 0.0)
    hall.who.felt(Observation(0.0, 640, 480, (face,)))
    hall.say('Hello!')
    hall.see('person_1')
    assert set(hall.memory.everybody()) == {'id:anna_7'}
    assert restarted(hall).who.last_greeted('anna_7') is not None


def test_but_not_for_a_face_elsewhere():
    hall = Hall()
    hall.see('person_1')
    face = FaceObservation('anna_7', replace(BOX, x=400.0), 0.9, 0.0)
    hall.who.felt(Observation(0.0, 640, 480, (face,)))
    assert hall.memory.everybody() == {}
    hall.say('Hello!')
    assert hall.memory.everybody() == {}


def test_words_of_an_unknown_speaker_name_nobody():
    hall = Hall()
    hall.see('person_1')
    hall.hear('My name is Anna', speaker='')
    assert hall.see('person_1').people[0].name == ''
    assert hall.memory.everybody() == {}


# --------------------------------------------------------------------------- recall
def test_both_recalls_are_recalls():
    recalls: list[Recall] = [NoRecall(), Acquaintances()]
    for recall in recalls:
        assert recall.last_greeted('person_1') is None
        assert recall.hushed_until('person_1') is None
        assert not recall.opened_today('person_1', 'Hello!')
        assert not recall.must_not_tell('person_1', 'greeting')
        assert dict(recall.topics('person_1')) == {}


def test_a_greeting_before_the_restart_is_told_on_the_clock_of_the_policy():
    hall = Hall()
    hall.see('anna_7')
    hall.pass_time(100.0)
    hall.say('Hello!', 'anna_7')
    later = restarted(hall, after_sec=600.0)
    later.see('anna_7')
    assert later.who.last_greeted('anna_7') == pytest.approx(-600.0)
    assert later.who.topics('anna_7')['greeting'] == pytest.approx(-600.0)


def test_no_opening_comes_twice_in_a_day_even_after_a_restart():
    hall = Hall()
    hall.see('anna_7')
    hall.say('Hello, good to see you!', 'anna_7')
    later = restarted(hall)
    later.see('anna_7')
    assert later.who.opened_today('anna_7', 'hello good to see you')
    assert later.who.objection('anna_7', 'Hello, good to see you!')
    assert not later.who.objection('anna_7', 'Good day!')
    assert not later.who.objection('ben_3', 'Hello, good to see you!')
    tomorrow = restarted(hall, after_sec=86400.0)
    tomorrow.see('anna_7')
    assert not tomorrow.who.opened_today('anna_7', 'Hello, good to see you!')


def test_a_reply_is_no_opening():
    hall = Hall()
    hall.see('anna_7')
    hall.say('Yes.', 'anna_7', Trigger.REPLY, 'reply:3')
    assert not hall.who.opened_today('anna_7', 'Yes.')
    assert dict(hall.who.topics('anna_7')) == {}
    assert hall.who.last_greeted('anna_7') is not None


def test_of_a_mood_only_the_kind_of_topic_is_kept_and_of_a_hazard_nothing():
    hall = Hall()
    hall.see('anna_7')
    hall.say('You look a bit down.', 'anna_7', Trigger.CARE, 'mood:sad')
    hall.say('Careful, glass!', 'anna_7', Trigger.HAZARD, 'hazard:cup_1')
    hall.say('Shall I get it?', 'anna_7', Trigger.HELP, 'help:spoon_1')
    assert set(hall.who.topics('anna_7')) == {'mood'}
    record = hall.memory.get('id:anna_7')
    assert record is not None
    assert 'sad' not in record.as_json()


def test_a_wish_holds_for_a_visitor_and_goes_along_with_the_name():
    hall = Hall()
    hall.see('person_1')
    hall.hear("Don't greet me")
    hall.hear("Don't tell me about the weather")
    assert hall.who.must_not_tell('person_1', 'greeting')
    assert hall.who.must_not_tell('person_1', 'The weather is fine today.')
    assert not hall.who.must_not_tell('person_1', 'mood:sad')
    assert not hall.who.must_not_tell('person_2', 'greeting')
    hall.hear('My name is Anna')
    later = restarted(hall)
    later.hear('My name is Anna', 'person_9')
    assert later.who.must_not_tell('person_9', 'greeting')


def test_not_now_outlives_a_restart_and_ends():
    hall = Hall()
    hall.see('anna_7')
    hall.who.hush(Speech('anna_7', 'Not now', hall.now_sec), 900.0)
    later = restarted(hall, after_sec=300.0)
    later.see('anna_7')
    assert later.who.hushed_until('anna_7') == pytest.approx(600.0)
    later.pass_time(601.0)
    later.see('anna_7')
    assert later.who.hushed_until('anna_7') is None


def test_words_that_were_cut_off_count_as_not_said():
    hall = Hall()
    hall.see('anna_7')
    decision = hall.say('Hello!', 'anna_7')
    hall.who.took_back(decision)
    assert hall.who.last_greeted('anna_7') is None
    assert not hall.who.opened_today('anna_7', 'Hello!')
    hall.who.took_back(decision)


def test_after_a_step_of_the_clock_names_stay_and_times_are_right():
    hall = Hall()
    hall.see('person_1')
    hall.hear('My name is Anna')
    hall.say('Hello!')
    hall.pass_time(50.0)
    hall.now_sec = -1000.0
    hall.who.set_clock(hall.now_sec)
    assert hall.see('person_1').people[0].name == 'Anna'
    assert hall.who.last_greeted('person_1') == pytest.approx(-1050.0)


# --------------------------------------------------------------------------- forgetting
def test_who_wants_to_be_forgotten_is_at_once_and_for_the_run():
    hall = Hall()
    hall.see('anna_7')
    hall.hear('Call me Anna', 'anna_7')
    hall.hear('Please forget me', 'anna_7')
    assert hall.see('anna_7').people[0].name == ''
    hall.say('Hello!', 'anna_7')
    assert hall.memory.everybody() == {}


def test_only_who_agreed_has_a_key_for_the_export():
    hall = Hall()
    view = hall.see('anna_7', 'person_1')
    anna, visitor = view.people
    assert hall.who.agreed(anna) == ''
    hall.memory.consent('id:anna_7', True)
    assert hall.who.agreed(anna) == 'id:anna_7'
    assert hall.who.agreed(visitor) == ''


def test_many_passing_ids_take_bounded_room():
    hall = Hall()
    for number in range(2000):
        hall.see(f'person_{number}')
        hall.hear('Not so loud, and do not greet me', f'person_{number}')
        hall.who.is_also(f'person_{number}', f'anna_{number}')
    assert len(hall.who._ids) <= 500
    assert len(hall.who._visitors.everybody()) <= 500


def test_being_seen_is_written_down_once_a_minute():
    hall = Hall()
    notes = 0
    for _ in range(700):
        before = hall.memory.get('id:anna_7')
        hall.see('anna_7')
        notes += hall.memory.get('id:anna_7') is not before
        hall.pass_time(0.1)
    assert notes == 2
