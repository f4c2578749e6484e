"""What holds words back: people who don't want them, groups, what is stored of people."""

from dataclasses import replace

import pytest
from robochat.engagement import Engagement
from robochat.memory.recall import NoRecall
from robochat.restraint import MAX_REMEMBERED
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


def test_lets_a_speaker_finish_but_not_for_ever():
    words = Speech('person_1', 'Well, robot', 99.5, seen=True)
    talking = person(mouth_active=True)
    assert 'still speaking' in decide(view(talking, speech=(words,))).reason
    late = view(replace(talking, last_seen_sec=102.0), speech=(words,), now_sec=102.0)
    assert decide(late).trigger is Trigger.REPLY


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


def test_a_clock_that_went_back_leaves_no_promise_behind():
    policy = Engagement(EngagementSettings())
    policy.spoke(policy.decide(view(person())), 100.0)
    policy.forget()
    assert policy.decide(view(person())).trigger is Trigger.GREETING
