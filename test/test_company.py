"""Who speaks, who holds a phone, which face is only a picture; and what a jump of a face means."""

from dataclasses import replace
import math

import pytest
from robochat.addressee import meanings
from robochat.company import busy_together, holds_phone, inside_screen, likely_speaker, listener_of
from robochat.settings import WorldSettings
from robochat.things import dropped
from robochat.values import (
    Box,
    EventKind,
    FaceObservation,
    HeadPose,
    ObjectObservation,
    Observation,
    Person,
    SceneObservation,
    Speech,
    Thing,
    WorldView,
)
from robochat.world import World

HEAD = Box(300, 100, 60, 70)
PERSON = Person('person_1', 0.0, 0.0, HEAD, 0.0, facing=True)
FACE = FaceObservation(
    'person_1', HEAD, 0.9, 0.0, distance_m=1.3, pose=HeadPose(0, 0, 0), facing=True
)
AT_EAR, IN_HAND = Box(352, 125, 20, 35), Box(320, 230, 20, 35)

NEAR_M = 2.6


def phone(box: Box) -> Thing:
    return Thing('cell phone_1', 'cell phone', 0.8, box, 0.0, 0.0)


def watched(seconds: float, things=(), world: World | None = None, **changes) -> World:
    """A world that has watched one face, and things, for a while."""
    world = world or World(WorldSettings())
    start_sec = max(0.0, world._last_seen_sec + 0.1)
    for tick in range(round(seconds * 10)):
        stamp_sec = start_sec + tick / 10
        world.seen(Observation(stamp_sec, 640, 480, (replace(FACE, **changes),)))
        if tick % 7 == 0:
            world.looked(SceneObservation(stamp_sec, 640, 480, tuple(things)))
    return world


def person_of(world: World) -> Person:
    return world.view(world._last_seen_sec).people[0]


def seen(label: str, box: Box) -> ObjectObservation:
    return ObjectObservation(f'{label}_1', label, 0.8, box)


# ------------------------------------------------------------------ phones and screens
def test_a_phone_at_the_ear_is_seen_and_one_in_the_hand_is_not():
    assert holds_phone(PERSON, [phone(AT_EAR)])
    assert not holds_phone(PERSON, [phone(IN_HAND)])
    assert not holds_phone(PERSON, [replace(phone(AT_EAR), label='cup')])
    assert not holds_phone(PERSON, [replace(phone(AT_EAR), visible=False)])


def test_a_call_is_believed_once_it_has_lasted_and_until_it_has_ended():
    assert not person_of(watched(0.5, [seen('cell phone', AT_EAR)])).on_phone
    world = watched(3.0, [seen('cell phone', AT_EAR)])
    assert person_of(world).on_phone
    assert not person_of(watched(9.0, [], world)).on_phone


def test_a_face_that_was_always_within_a_screen_is_a_picture():
    screen = seen('tv', Box(250, 50, 200, 160))
    assert person_of(watched(2.0, [screen])).on_screen
    assert not person_of(watched(2.0, [seen('tv', Box(250, 120, 200, 160))])).on_screen


def test_who_walks_past_a_screen_is_no_picture():
    world = watched(1.0, [seen('tv', Box(0, 0, 100, 100))])
    assert not person_of(watched(2.0, [seen('tv', Box(250, 50, 200, 160))], world)).on_screen
    assert not inside_screen(PERSON, [])


# ------------------------------------------------------------------ eyes and mouths
def test_a_blink_closes_no_eyes_and_sleep_does():
    world = watched(1.0)
    assert not person_of(watched(0.3, world=world, eyes_closed=True)).eyes_closed
    assert person_of(watched(1.5, world=world, eyes_closed=True)).eyes_closed
    assert not person_of(watched(0.2, world=world)).eyes_closed


def test_a_word_does_not_end_between_two_syllables():
    world = watched(1.0, mouth_active=True)
    assert person_of(watched(0.2, world=world)).mouth_active
    assert not person_of(watched(1.0, world=world)).mouth_active


def test_words_are_those_of_the_moving_mouth():
    still, moving = PERSON, replace(PERSON, id='person_2', facing=False, mouth_active=True)
    assert likely_speaker([still, moving]) == 'person_2'
    assert likely_speaker([still]) == 'person_1'


def test_a_still_face_beside_people_who_talk_to_each_other_did_not_speak():
    chatting = replace(PERSON, facing=False, with_others=0.8)
    pair = replace(chatting, id='person_2'), replace(chatting, id='person_3')
    assert likely_speaker([PERSON, *pair]) == ''


def test_it_is_told_whether_the_speaker_was_seen_to_speak():
    assert watched(1.0, mouth_active=True).heard(Speech('', 'hello', 1.0)).seen
    given = Speech('person_1', 'hello', 1.0)
    assert watched(1.0, mouth_open=0.1).heard(given).seen is False
    assert watched(1.0).heard(Speech('', 'hello', 1.0)).seen is None


def test_lips_that_were_seen_to_be_still_rule_someone_out_as_the_speaker():
    turned = {'facing': False, 'pose': HeadPose(0.6, 0, 0)}
    assert watched(1.0, mouth_open=0.1, **turned).heard(Speech('', 'hello', 1.0)).speaker == ''
    far = watched(1.0, mouth_open=0.1, distance_m=4.0, **turned)
    assert far.heard(Speech('', 'hello', 1.0)).speaker == 'person_1'


def test_still_lips_of_the_only_one_there_make_no_robot_deaf_in_a_talk():
    def meant(spoken_to: dict[str, float]) -> bool:
        world = watched(3.0, mouth_open=0.1)
        assert world.heard(Speech('', 'it was a long day', 3.0)).speaker == 'person_1'
        return meanings(world.view(3.1), spoken_to, NEAR_M)[-1].for_robot

    assert meant({'person_1': 1.0})
    assert not meant({})


def test_whom_words_were_for_is_settled_by_the_gaze_during_them():
    world = watched(3.0, mouth_active=True)
    words = world.heard(Speech('', 'what is the time', 3.0))
    watched(3.0, world=world, facing=False, pose=HeadPose(1.0, 0, 0))
    assert words.gaze is not None and words.gaze > 0.9
    assert meanings(world.view(6.0), {}, NEAR_M)[-1].for_robot
    away = watched(3.0, mouth_active=True, facing=False, pose=HeadPose(1.0, 0, 0))
    away.heard(Speech('', 'what is the time', 3.0))
    watched(3.0, world=away)
    assert not meanings(away.view(6.0), {}, NEAR_M)[-1].for_robot


def test_words_that_follow_an_unseen_voice_answer_it_unless_the_robot_is_named_or_it_rested():
    def meant(text: str, at_sec: float) -> bool:
        voice = Speech('', 'Are you there?', 97.0)
        words = Speech('person_1', text, at_sec, seen=True, gaze=1.0, by=PERSON)
        return meanings(WorldView(at_sec, speech=(voice, words)), {}, NEAR_M)[-1].for_robot

    assert not meant('Yes, in a minute.', 99.0)
    assert meant('Robot, stop.', 99.0)
    assert meant('What is the time?', 106.0)


def test_eyes_that_open_begin_a_new_look():
    world = watched(3.0)
    assert person_of(world).facing_sec > 2.5
    watched(1.0, world=world, eyes_closed=True)
    assert person_of(world).facing_sec == 0.0
    watched(0.6, world=world)
    assert person_of(world).facing_sec < 0.6
    watched(0.2, world=world, eyes_closed=True)  # a blink
    watched(2.0, world=world)
    assert person_of(world).facing_sec > 2.5


def test_who_looks_at_someone_in_line_with_the_robot_does_not_look_at_the_robot():
    back = replace(PERSON, distance_m=2.5, bearing_rad=0.1)
    pose = HeadPose(-1.0, 0, 0)
    box = Box(340, 100, 60, 70)
    front = Person('person_2', 0.0, 0.0, box, 0.05, distance_m=1.5, pose=pose)
    assert busy_together(back, front) and busy_together(front, back)
    assert not busy_together(back, replace(front, facing=True))
    assert not busy_together(back, replace(front, bearing_rad=-0.5))
    assert not busy_together(replace(back, distance_m=1.2), front)


# ------------------------------------------------------------------ two faces under one id
def merged(first: FaceObservation, second: FaceObservation) -> Person:
    """What is believed when a tracker gives two faces one id, in turns."""
    world = World(WorldSettings())
    for tick in range(40):
        one = second if tick % 2 else first
        world.seen(Observation(tick / 10, 640, 480, (one,)))
        world.view(tick / 10)
    return world.view(3.9).people[0]


def test_two_faces_under_one_id_of_which_one_looks_away_never_look_for_long():
    other = replace(FACE, box=Box(100, 100, 60, 70), facing=False, pose=HeadPose(1.0, 0, 0))
    assert merged(FACE, other).facing_sec < 0.5


def test_two_faces_under_one_id_that_both_look_at_the_robot_do():
    assert merged(FACE, replace(FACE, box=Box(100, 100, 60, 70))).facing_sec > 3.0


# ------------------------------------------------------------------ what falls
def carried(*boxes: Box) -> list[EventKind]:
    """What happened to a cup that stands and then is seen at each box, 0.7 s apart."""
    world = World(WorldSettings())
    for number, box in enumerate((boxes[0],) * 4 + boxes):
        world.looked(SceneObservation(number * 0.7, 640, 480, (seen('cup', box),)))
    return [e.kind for e in world.view(9.0).events]


def test_what_drops_at_once_fell():
    assert EventKind.OBJECT_FELL in carried(Box(400, 140, 30, 36), Box(402, 300, 30, 36))


def test_what_sinks_step_by_step_is_carried():
    lower = (140, 160, 172, 190, 205)
    steps = (Box(400 - y / 10, y, 30, 36) for y in lower)
    assert EventKind.OBJECT_FELL not in carried(*steps)


def test_what_comes_nearer_sinks_in_the_picture_and_did_not_fall():
    assert not dropped(Box(300, 200, 20, 30), Box(296, 230, 27, 40))


# ------------------------------------------------------------------ whom words are for
def standing(name: str, x_m: float, y_m: float, yaw_deg: float, **changes) -> Person:
    """Someone `x_m` ahead of the robot and `y_m` to its left, whose head is turned by so much."""
    away_m, bearing = math.hypot(x_m, y_m), math.atan2(y_m, x_m)
    box = Box(320 - 500 * math.tan(bearing), 100, 60, 70)
    pose = HeadPose(math.radians(yaw_deg), 0, 0)
    values = {'distance_m': away_m, 'pose': pose, 'facing': abs(yaw_deg) < 20.0, **changes}
    return Person(name, 0.0, 0.0, box, bearing, **values)


ANNA = standing('anna', 2.0, 0.5, -50.0)


@pytest.mark.parametrize(
    ('speaker', 'other', 'listener'),
    [
        (ANNA, standing('ben', 1.2, 1.2, 0.0), 'ben'),
        (ANNA, standing('ben', 1.4, -0.6, 0.0), ''),  # she looks the other way
        (ANNA, standing('ben', 2.0, 1.6, 0.0), ''),
        (standing('anna', 2.0, 0.5, 80.0, pose=None), standing('ben', 2.0, -0.6, 0.0), 'ben'),
        (standing('anna', 2.4, 1.0, 4.0), standing('tim', 1.4, 0.5, 60.0), 'tim'),  # in line
        (standing('anna', 2.4, 1.0, 0.0), standing('tim', 1.4, -0.9, 0.0), ''),
        (standing('anna', 2.4, 0.5, 0.0), standing('tim', 2.4, -0.8, -72.0), 'tim'),  # he watches
    ],
)
def test_a_listener_is_who_is_looked_at_or_looks_at_the_speaker(speaker, other, listener):
    assert listener_of(speaker, (speaker, other)) == listener


@pytest.mark.parametrize(
    ('text', 'changes', 'spoke_sec', 'for_robot'),
    [
        ('It is late', {'listener': 'ben'}, -99.0, False),
        ('What is the time', {'listener': 'ben'}, -99.0, True),
        ('It is late', {'listener': 'ben'}, 96.0, True),
        ('Robot it is late', {'listener': 'ben'}, -99.0, True),
        ('Shall we go', {'listener': 'ben', 'gaze': 0.0}, 96.0, False),
        ('I do not know', {'by': replace(PERSON, distance_m=3.4)}, -99.0, False),
        ('Hello robot', {'by': replace(PERSON, distance_m=3.4)}, -99.0, True),
        ('I do not know', {'by': replace(PERSON, distance_m=3.4)}, 96.0, True),
    ],
)
def test_words_are_for_whom_they_are_said_to(text, changes, spoke_sec, for_robot):
    words = Speech('person_1', text, 99.0, seen=True, gaze=1.0, by=PERSON)
    seen = WorldView(99.1, speech=(replace(words, **changes),))
    assert meanings(seen, {'person_1': spoke_sec}, NEAR_M)[-1].for_robot is for_robot


def test_a_call_is_over_when_nobody_looks_for_phones_any_more():
    world = watched(3.0, things=(phone(AT_EAR),))
    assert person_of(world).on_phone
    for tick in range(30):
        world.seen(Observation(3.0 + tick / 10, 640, 480, (FACE,)))
    assert not world.view(6.0).people[0].on_phone
