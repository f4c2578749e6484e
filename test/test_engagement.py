"""When the robot speaks, and above all when it does not."""

from dataclasses import replace

import pytest
from robochat.cues import replies
from robochat.decision_model import load_decision_model
from robochat.engagement import Engagement, in_quiet_hours
from robochat.settings import EngagementSettings
from robochat.values import (
    Box,
    Decision,
    Emotion,
    EMOTIONS,
    Event,
    EventKind,
    HeadPose,
    Person,
    RobotState,
    Speech,
    Trigger,
    WorldView,
)


def emotion(label: str, score: float = 0.8, certain: bool = True) -> Emotion:
    """An emotion whose other labels share the rest."""
    rest = (1 - score) / (len(EMOTIONS) - 1)
    scores = tuple(score if name == label else rest for name in EMOTIONS)
    return Emotion(label, score, scores, 0.0, 0.0, certain)


def person(name: str = 'person_1', mood: str = 'neutral', **changes: object) -> Person:
    """Someone 1.3 m away who has faced the robot for two seconds, at time 100."""
    values: dict[str, object] = {
        'id': name,
        'first_seen_sec': 96.0,
        'last_seen_sec': 100.0,
        'box': Box(300, 100, 60, 70),
        'bearing_rad': 0.0,
        'distance_m': 1.3,
        'pose': HeadPose(0, 0, 0),
        'facing': True,
        'facing_sec': 2.0,
        'emotion': emotion(mood) if mood else None,
        'mood': mood,
        'mood_since_sec': 98.0,
    }
    return Person(**{**values, **changes})  # type: ignore[arg-type]


def view(*people: Person, **changes: object) -> WorldView:
    values: dict[str, object] = {'now_sec': 100.0, 'hour': 12.0, 'people': people}
    return WorldView(**{**values, **changes})  # type: ignore[arg-type]


def decide(seen: WorldView, policy: Engagement | None = None, **settings: object) -> Decision:
    engagement = policy or Engagement(replace(EngagementSettings(), **settings))  # type: ignore[arg-type]
    return engagement.decide(seen)


HAZARD = Event(EventKind.HAZARD, 'cup_1', 99.8, 'cup fell down')


# ------------------------------------------------------------------ speaks
def test_greets_who_came_near_and_faces_the_robot():
    decision = decide(view(person()))
    assert (decision.speak, decision.trigger, decision.addressee) == (
        True,
        Trigger.GREETING,
        'person_1',
    )
    assert any('faces the robot' in e for e in decision.evidence)


def test_cares_when_a_sad_look_has_stayed():
    decision = decide(view(person(mood='sad')))
    assert (decision.speak, decision.trigger) == (True, Trigger.CARE)
    assert decision.onset_sec == 98.0


def test_warns_of_a_hazard_before_anything_else():
    decision = decide(view(person(mood='sad'), events=(HAZARD,)))
    assert (decision.trigger, decision.priority) == (Trigger.HAZARD, 240)


@pytest.mark.parametrize(
    'settings', [{'do_not_disturb': True}, {'quiet_from_hour': 0.0, 'quiet_to_hour': 24.0}]
)
def test_warns_of_a_hazard_in_spite_of_quiet_hours_and_do_not_disturb(settings):
    assert decide(view(person(), events=(HAZARD,)), **settings).trigger is Trigger.HAZARD


def test_warns_who_turns_the_back_or_was_there_a_moment_ago_but_no_empty_room():
    away = person(visible=False, facing=False)
    assert decide(view(away, events=(HAZARD,))).trigger is Trigger.HAZARD
    assert not decide(view(events=(HAZARD,))).speak


def test_warns_someone_who_said_not_now():
    policy = Engagement(EngagementSettings())
    policy.hush('person_1', 99.0)
    assert decide(view(person(), events=(HAZARD,)), policy).trigger is Trigger.HAZARD


def test_offers_help_when_something_harmless_fell():
    fell = Event(EventKind.OBJECT_FELL, 'book_1', 99.0, 'book')
    assert decide(view(person(), events=(fell,))).trigger is Trigger.HELP


def test_answers_who_spoke_to_it():
    words = Speech('person_1', 'what is on the table', 99.5)
    assert decide(view(person(), speech=(words,))).trigger is Trigger.REPLY


def test_makes_small_talk_after_a_long_silence_in_company():
    policy = Engagement(EngagementSettings())
    policy.spoke(Decision(True, '', 0.0, Trigger.GREETING, 'person_1', 'greeting'), 10.0)
    idle = person(first_seen_sec=5.0, attention=0.9)
    assert decide(view(idle), policy).trigger is Trigger.SMALL_TALK
    busy = replace(idle, attention=0.2)
    assert not decide(view(busy), policy).speak


# ------------------------------------------------------------------ stays silent
def test_is_silent_in_an_empty_room():
    decision = decide(view())
    assert (decision.speak, decision.reason) == (False, 'nobody is in view')


def test_warns_nobody_in_an_empty_room():
    assert not decide(view(events=(HAZARD,))).speak


def test_leaves_alone_who_does_not_look():
    decision = decide(view(person(facing=False, facing_sec=0.0, emotion=None, mood='')))
    assert not decision.speak
    assert 'does not face' in decision.reason


def test_leaves_alone_who_is_far_away():
    assert not decide(view(person(distance_m=4.5))).speak


def test_leaves_alone_two_people_who_talk_to_each_other():
    pair = (
        person('person_1', 'sad', with_others=0.8),
        person('person_2', 'happy', with_others=0.8),
    )
    decision = decide(view(*pair))
    assert not decision.speak
    assert 'someone else' in decision.reason


def test_does_not_speak_of_an_uncertain_face():
    unsure = person(mood='sad', emotion=emotion('sad', 0.5, certain=False), facing_sec=1.0)
    assert not decide(view(unsure)).speak


def test_does_not_speak_of_a_mood_that_has_only_just_turned():
    fresh = person(mood='sad', mood_since_sec=99.5)
    policy = Engagement(EngagementSettings())
    policy.spoke(Decision(True, '', 0.0, Trigger.GREETING, 'person_1', 'greeting'), 10.0)
    assert not decide(view(fresh), policy).speak


def test_looks_before_it_greets_a_face_it_cannot_read():
    assert not decide(view(person(mood='', facing_sec=1.0))).speak
    assert not decide(view(person(mood='', facing_sec=2.6))).speak
    assert decide(view(person(mood='', facing_sec=3.6))).speak


def test_does_not_greet_twice():
    policy = Engagement(EngagementSettings())
    first = decide(view(person()), policy)
    policy.spoke(first, 100.0)
    later = view(replace(person(), last_seen_sec=130.0), now_sec=130.0)
    decision = policy.decide(later)
    assert not decision.speak
    assert 'greeted already' in decision.reason


def test_keeps_the_cooldown_of_a_person():
    policy = Engagement(EngagementSettings())
    policy.spoke(decide(view(person()), policy), 99.0)
    decision = decide(view(person(mood='sad')), policy)
    assert not decision.speak
    assert 'spoken to' in decision.reason


def test_does_not_return_to_a_topic_within_its_cooldown():
    policy = Engagement(EngagementSettings())
    policy.spoke(decide(view(person(mood='sad')), policy), 100.0)
    later = view(person(mood='sad', mood_since_sec=98.0), now_sec=150.0)
    assert not policy.decide(later).speak


def test_honours_not_now_for_a_quarter_of_an_hour():
    policy = Engagement(EngagementSettings())
    policy.hush('person_1', 90.0)
    decision = decide(view(person(mood='sad')), policy)
    assert not decision.speak
    assert 'not to be disturbed' in decision.reason
    assert policy.decide(view(person(mood='sad', mood_since_sec=995.0), now_sec=1000.0)).speak


def test_not_now_of_an_unknown_speaker_holds_for_everybody():
    policy = Engagement(EngagementSettings())
    policy.hush('', 99.0)
    assert not decide(view(person(mood='sad')), policy).speak


@pytest.mark.parametrize('hour', [22.0, 23.5, 3.0, 6.9])
def test_opens_no_conversation_in_quiet_hours(hour):
    decision = decide(view(person(mood='sad'), hour=hour))
    assert not decision.speak
    assert 'quiet hours' in decision.reason


def test_opens_no_conversation_on_do_not_disturb():
    assert not decide(view(person()), do_not_disturb=True).speak


def test_only_answers_when_proactive_speech_is_off():
    assert not decide(view(person()), proactive=False).speak
    words = Speech('person_1', 'hello robot', 99.5)
    assert decide(view(person(), speech=(words,)), proactive=False).speak


def test_does_not_speak_over_itself_or_over_a_person():
    assert not decide(view(person(), robot=RobotState(speaking=True))).speak
    other = Speech('person_2', 'well then', 99.6)
    busy = (person(), person('person_2', facing=False, with_others=0.9))
    assert not decide(view(*busy, speech=(other,))).speak


def test_does_not_answer_words_meant_for_someone_else():
    words = Speech('person_1', 'did you see the game', 99.0)
    pair = (
        person(facing=False, with_others=0.9),
        person('person_2', facing=False, with_others=0.9),
    )
    assert not decide(view(*pair, speech=(words,))).speak


def test_does_not_answer_a_speaker_who_looks_elsewhere_unless_named_or_in_talk():
    aside = person(facing=False, facing_sec=0.0, mood='', emotion=None)
    assert not decide(view(aside, speech=(Speech('person_1', 'And I make the tea.', 99.5),))).speak
    assert decide(view(aside, speech=(Speech('person_1', 'Robot, come here.', 99.5),))).speak
    policy = Engagement(EngagementSettings())
    policy.spoke(Decision(True, '', 90.0, Trigger.CARE, 'person_1', 'mood:sad'), 90.0)
    words = (Speech('person_1', 'It was a long day.', 99.5),)
    assert decide(view(aside, speech=words), policy).trigger is Trigger.REPLY


def test_does_not_offer_help_for_what_it_warned_of():
    policy = Engagement(EngagementSettings())
    fell = Event(EventKind.OBJECT_FELL, 'cup_1', 99.8, 'cup')
    seen = view(person(), events=(HAZARD, fell))
    policy.spoke(policy.decide(seen), 99.9)
    assert policy.decide(seen).trigger is not Trigger.HELP


def test_answers_the_same_words_once():
    policy = Engagement(EngagementSettings())
    heard = view(person(), speech=(Speech('person_1', 'hello', 99.5),))
    policy.spoke(policy.decide(heard), 100.0)
    assert not policy.decide(heard).speak


def test_warns_once_of_one_hazard():
    policy = Engagement(EngagementSettings())
    danger = view(person(), events=(HAZARD,))
    policy.spoke(policy.decide(danger), 100.0)
    assert policy.decide(danger).trigger is not Trigger.HAZARD


def test_takes_an_opening_back_that_was_never_spoken():
    policy = Engagement(EngagementSettings())
    decision = decide(view(person()), policy)
    policy.spoke(decision, 100.0)
    policy.took_back(decision)
    assert policy.decide(view(person())).trigger is Trigger.GREETING


def test_quiet_hours_may_cross_midnight_or_be_off():
    assert in_quiet_hours(23, 22, 7)
    assert not in_quiet_hours(12, 22, 7)
    assert in_quiet_hours(13, 12, 14)
    assert not in_quiet_hours(23, 7, 7)


def test_gives_a_reason_for_every_silence():
    for seen in (view(), view(person(distance_m=9.0)), view(person(facing_sec=0.1, mood=''))):
        assert decide(seen).reason


# ------------------------------------------------------------------ how sure it must be
@pytest.mark.parametrize(
    ('changes', 'speaks'),
    [
        ({'first_seen_sec': 40.0, 'facing_sec': 1.5}, False),
        ({'first_seen_sec': 40.0, 'facing_sec': 2.6}, True),
        ({'first_seen_sec': 40.0, 'came_sec': 97.0, 'facing_sec': 1.5}, True),
        ({'facing_sec': 0.5, 'distance_m': 1.3}, True),
        ({'facing_sec': 0.5, 'distance_m': 2.5}, False),
        ({'facing_sec': 0.5, 'distance_m': 2.5, 'approach_mps': 0.8}, True),
        ({'facing_sec': 0.8, 'distance_m': 2.5, 'pose': HeadPose(0.3, 0, 0)}, False),
        ({'approach_mps': 1.8}, False),
        ({'emotion': emotion('sad')}, False),
    ],
)
def test_a_look_must_last_the_longer_the_less_it_tells(changes, speaks):
    assert decide(view(person(**changes))).speak is speaks


@pytest.mark.parametrize(
    ('changes', 'cares'),
    [
        ({'mood_wavers': True}, False),
        ({'mood_wavers': True, 'mood_since_sec': 94.5}, True),
        ({'mood_seen_sec': 99.0}, False),
    ],
)
def test_a_mood_that_wavers_or_is_reported_no_more_must_stay_longer(changes, cares):
    seen = view(person(mood='sad', **changes))
    assert (decide(seen).trigger is Trigger.CARE) is cares


def test_leaves_who_shares_a_film_or_a_trouble_to_their_company():
    hanna = person(mood='sad', facing=False, facing_sec=0.0, bearing_rad=0.2, distance_m=2.2)
    jonas = person('person_2', facing=False, facing_sec=0.0, bearing_rad=-0.1, distance_m=2.4)
    settings = {'threshold': 0.4}
    assert decide(view(hanna), **settings).trigger is Trigger.CARE
    assert not decide(view(hanna, jonas), **settings).speak


def test_care_is_care_whatever_the_face_looks_like_now():
    policy = Engagement(EngagementSettings())
    policy.spoke(Decision(True, '', 60.0, Trigger.CARE, 'person_1', 'mood:sad'), 60.0)
    assert decide(view(person(mood='angry')), policy).trigger is not Trigger.CARE


def test_what_was_refused_stays_refused_whatever_is_seen_later():
    away = person(facing=False, facing_sec=0.0, engagement=0.1, mouth_active=True)
    words = Speech('person_1', 'Shall we go', 99.0, seen=True, gaze=0.0, by=away)
    policy = Engagement(EngagementSettings(), load_decision_model())
    scores = []
    for now_sec in (99.1, 101.0, 103.5):
        seen = view(person(engagement=0.99), now_sec=now_sec, speech=(words,))
        reply = next(replies(seen, {}, policy.settings))
        scores.append(policy.judge(reply, seen).score)
    assert len(set(scores)) == 1
