"""What holds words back: people who don't want them, groups, what is stored of people."""

from dataclasses import replace

import pytest
from robochat.engagement import Engagement
from robochat.memory.recall import NoRecall
from robochat.restraint import MAX_REMEMBERED, outdated
from robochat.settings import EngagementSettings
from robochat.values import Decision, EngagementState, Event, EventKind, Speech, Trigger
from test_engagement import decide, person, view

HAZARD = Event(EventKind.HAZARD, 'cup_1', 99.8, 'cup fell down')


class Remembers(NoRecall):
    """A memory of one person."""

    greeted: float | None = None
    hushed: float | None = None
    told_off: tuple[str, ...] = ()
    spoken: dict[str, float] = {}  # noqa: RUF012  a test's own

    def last_greeted(self, person):
        return self.greeted if person == 'person_1' else None

    def hushed_until(self, person):
        return self.hushed if person == 'person_1' else None

    def must_not_tell(self, person, topic):
        return topic.partition(':')[0] in self.told_off

    def topics(self, person):
        return self.spoken


def remembering(**what) -> Engagement:
    """A policy with such a memory."""
    recall = Remembers()
    for name, value in what.items():
        setattr(recall, name, value)
    return Engagement(EngagementSettings(), recall=recall)


# ------------------------------------------------------------------ who must be left alone
@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'eyes_closed': True}, 'closed eyes'),
        ({'on_phone': True}, 'on the phone'),
        ({'on_screen': True}, 'a face on a screen'),
        ({'mouth_active': True}, 'someone is speaking'),
        ({'engagement_state': EngagementState.DISENGAGED}, 'does not seem to want to talk'),
        ({'engagement_state': EngagementState.DISENGAGING}, 'does not seem to want to talk'),
    ],
)
def test_leaves_alone_and_says_why(change, reason):
    decision = decide(view(person(**change)))
    assert not decision.speak
    assert reason in decision.reason


@pytest.mark.parametrize('change', [{'eyes_closed': True}, {'on_phone': True}])
def test_warns_even_who_sleeps_or_phones(change):
    assert decide(view(person(**change), events=(HAZARD,))).trigger is Trigger.HAZARD


def test_does_not_open_while_anybody_in_earshot_speaks():
    other = person('person_2', facing=False, facing_sec=0.0, mouth_active=True)
    assert not decide(view(person(), other)).speak
    assert decide(view(person(), replace(other, distance_m=5.0))).speak


def test_never_answers_while_someone_speaks():
    words = Speech('person_1', 'Well, robot', 99.5, seen=True)
    other = person('person_2', facing=False, facing_sec=0.0, mouth_active=True)
    for people in ((person(mouth_active=True),), (person(), other)):
        late = view(*people, speech=(words,), now_sec=102.0)
        assert 'still speaking' in decide(late).reason
    screen = replace(other, on_screen=True)
    assert decide(view(person(), screen, speech=(words,))).trigger is Trigger.REPLY


def test_a_first_sight_of_a_phone_holds_an_opening_back_until_it_is_refuted():
    assert 'on the phone' in decide(view(person(phone_seen_sec=99.4))).reason
    assert decide(view(person(phone_seen_sec=98.4))).speak


# ------------------------------------------------------------------ "not now", and talk
def test_who_asked_for_quiet_is_answered_when_they_speak_to_the_robot():
    policy = Engagement(EngagementSettings())
    policy.hush('person_1', 90.0)
    aside = person(facing=False, facing_sec=0.0)
    asked = Speech('person_1', 'What is the time?', 99.5)
    assert policy.decide(view(person(), speech=(asked,))).trigger is Trigger.REPLY
    assert policy.decide(view(aside, speech=(replace(asked, text='Robot?'),))).speak
    assert not policy.decide(view(aside, speech=(asked,))).speak


def test_the_words_that_ask_for_quiet_are_not_answered_and_openings_stay_forbidden():
    policy = Engagement(EngagementSettings())
    policy.hush('person_1', 99.5)
    asks = Speech('person_1', 'Not now.', 99.5)
    assert not policy.decide(view(person(), speech=(asks,))).speak
    assert not policy.decide(view(person(), now_sec=105.0)).speak


def test_opens_nothing_until_a_conversation_has_rested():
    pair = person(), person('person_2', facing=False, facing_sec=0.0)
    talk = (Speech('person_2', 'We leave at six.', 94.0),)
    assert 'talking to each other' in decide(view(*pair, speech=talk)).reason
    assert decide(view(*pair, speech=talk, now_sec=102.5)).speak


def test_who_mutters_alone_or_phones_has_no_conversation():
    aside = person(facing=False, facing_sec=0.0)
    mutters = Speech('person_1', 'Where are my keys.', 96.0, gaze=0.0, by=aside)
    assert decide(view(person(), speech=(mutters,))).speak
    caller = person('person_2', facing=False, on_phone=True)
    call = Speech('person_2', 'Yes, at six.', 96.0, by=caller)
    assert decide(view(person(), caller, speech=(call,))).speak


def test_talk_cuts_an_opening_off_for_as_long_as_the_conversation_lasts():
    policy = Engagement(EngagementSettings())
    decision = policy.decide(view(person()))
    policy.spoke(decision, 100.0)
    policy.took_back(decision, 100.5)
    assert 'cut these words off' in policy.decide(view(person(), now_sec=103.0)).reason
    later = view(person(facing_sec=9.0), now_sec=109.0)
    assert policy.decide(later).trigger is Trigger.GREETING


# ------------------------------------------------------------------ at the first word
@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'facing': False}, 'turned away'),
        ({'last_seen_sec': 98.0, 'visible': False}, 'out of view'),
        ({'phone_seen_sec': 99.9}, 'took a phone'),
        ({'on_phone': True}, 'took a phone'),
        ({'eyes_closed': True}, 'closed the eyes'),
        ({'mouth_active': True}, 'began to speak'),
        ({'mood': 'fear'}, 'care comes first'),
    ],
)
def test_a_greeting_is_taken_back_when_its_moment_has_passed(change, reason):
    decision = decide(view(person()))
    assert outdated(decision, view(person())) == ''
    assert reason in outdated(decision, view(person(**change)))
    assert 'has left' in outdated(decision, view())


def test_an_answer_is_taken_back_for_a_speaker_who_left_but_not_for_one_who_looks_away():
    answer = decide(view(person(), speech=(Speech('person_1', 'Hello robot', 99.5),)))
    assert outdated(answer, view(person(facing=False, eyes_closed=True))) == ''
    assert 'began to speak' in outdated(answer, view(person(mouth_active=True)))
    assert 'has left' in outdated(answer, view())


def test_a_warning_is_never_taken_back():
    warning = decide(view(person(), events=(HAZARD,)))
    assert outdated(warning, view(person(mouth_active=True, on_phone=True))) == ''
    assert outdated(warning, view()) == ''


def test_answers_nobody_on_the_phone_unless_the_robot_is_named():
    on_phone = person(on_phone=True)
    assert not decide(view(on_phone, speech=(Speech('person_1', 'Yes, at six.', 99.0),))).speak
    assert decide(view(on_phone, speech=(Speech('person_1', 'Robot, stop.', 99.0),))).speak


# ------------------------------------------------------------------ groups
def test_twenty_people_who_enter_at_once_are_greeted_once():
    crowd = [person(f'person_{n}', first_seen_sec=98.0) for n in range(20)]
    policy = Engagement(EngagementSettings())
    spoken = 0
    for tenth in range(600):
        now_sec = 100.0 + tenth / 10
        decision = policy.decide(view(*crowd, now_sec=now_sec))
        assert decision.reason
        if decision.trigger is Trigger.GREETING:
            policy.spoke(decision, now_sec)
            spoken += 1
    assert spoken == 1


def test_who_follows_into_the_group_is_not_greeted_again():
    policy = Engagement(EngagementSettings())
    policy.spoke(policy.decide(view(person())), 100.0)
    late = person('person_2', first_seen_sec=102.0)
    assert not policy.decide(view(person(), late, now_sec=106.0)).speak


def test_who_comes_later_is_greeted_too():
    policy = Engagement(EngagementSettings())
    policy.spoke(policy.decide(view(person())), 100.0)
    late = person('person_2', first_seen_sec=120.0)
    decision = policy.decide(view(person(), late, now_sec=124.0))
    assert (decision.trigger, decision.addressee) == (Trigger.GREETING, 'person_2')


def test_a_greeting_taken_back_greets_nobody():
    policy = Engagement(EngagementSettings())
    both = view(person(), person('person_2'))
    decision = policy.decide(both)
    policy.spoke(decision, 100.0)
    policy.took_back(decision)
    assert policy.decide(both).trigger is Trigger.GREETING


# ------------------------------------------------------------------ what is stored of people
def test_does_not_greet_who_was_greeted_before_the_restart():
    assert not remembering(greeted=50.0).decide(view(person())).speak
    assert remembering(greeted=-9999.0).decide(view(person())).speak


def test_keeps_a_stored_promise_of_quiet():
    assert not remembering(hushed=200.0).decide(view(person())).speak
    assert remembering(hushed=99.0).decide(view(person())).speak


def test_answers_who_asked_for_quiet_and_then_speaks():
    words = Speech('person_1', 'What is the time?', 99.5)
    assert remembering(hushed=200.0).decide(view(person(), speech=(words,))).speak


def test_does_not_tell_what_someone_does_not_want_to_be_told():
    decision = remembering(told_off=('greeting',)).decide(view(person()))
    assert not decision.speak
    assert 'asked not to be told' in decision.reason


def test_does_not_return_to_a_stored_topic_within_its_cooldown():
    sad = view(person(mood='sad'))
    assert remembering(spoken={'mood': 50.0}, greeted=50.0).decide(sad).trigger is Trigger.NONE
    assert remembering(spoken={'mood': -900.0}).decide(sad).trigger is Trigger.CARE


# ------------------------------------------------------------------ bounds
def test_what_is_remembered_is_bounded():
    policy = Engagement(EngagementSettings())
    for number in range(3 * MAX_REMEMBERED):
        topic = f'reply:{number}'
        policy.spoke(Decision(True, '', 0.0, Trigger.REPLY, f'p{number}', topic), float(number))
    books = vars(policy._restraint)
    assert all(len(b) <= MAX_REMEMBERED for b in books.values() if isinstance(b, dict))


def test_what_was_said_and_asked_for_moves_with_a_step_of_the_clock():
    policy = Engagement(EngagementSettings(not_now_sec=900.0))
    policy.spoke(Decision(True, '', 0.0, Trigger.CARE, 'person_1', 'mood:sad'), 3700.0)
    policy.hush('person_2', 3700.0)
    policy.shift(-3600.0)
    assert 'greeted already' in policy.decide(view(person())).reason
    assert 'not to be disturbed' in policy.decide(view(person('person_2'))).reason


# ------------------------------------------------------------------ quiet, and its end
def said(words: str, speaker: str = 'person_1') -> Speech:
    return Speech(speaker, words, 90.0)


@pytest.mark.parametrize('who', ['person_1', 'person_2', ''])
def test_quiet_of_the_room_ends_when_somebody_lifts_it(who):
    policy = Engagement(EngagementSettings())
    assert policy.heard(said('No talking please')) is True
    assert 'not to be disturbed' in policy.decide(view(person('person_3'))).reason
    assert policy.heard(said('Robot you may speak again', who)) is False
    assert policy.decide(view(person('person_3'))).speak


def test_nobody_lifts_the_quiet_that_another_asked_for_themselves():
    policy = Engagement(EngagementSettings())
    policy.heard(said('Not now robot I am in a hurry'))
    policy.heard(said('You may speak again', 'person_2'))
    assert not policy.decide(view(person())).speak


def test_other_words_change_nothing():
    policy = Engagement(EngagementSettings())
    assert policy.heard(said('You may speak again when we are done')) is None
    assert policy.heard(said('He told me to be quiet')) is None
