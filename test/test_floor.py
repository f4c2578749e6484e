"""Who has the floor: the robot stops when a person begins to speak, and only then."""

from dataclasses import replace

from robochat.floor import Floor
from robochat.values import Box, Decision, Person, Trigger, Utterance

PERSON = Person(
    'person_1', 0.0, 0.0, Box(0, 0, 60, 70), 0.0, distance_m=1.3, facing=True, mouth_active=True
)
WORDS = 'You look a bit down this afternoon.'


def saying(trigger: Trigger = Trigger.CARE) -> Floor:
    """The robot began to speak at time 10; it takes two seconds."""
    floor = Floor()
    decision = Decision(True, 'looks sad', 9.0, trigger, 'person_1', 'mood:sad')
    floor.said(Utterance('turn_1', WORDS, 10.0), decision, 10.0)
    return floor


def watch(floor: Floor, person: Person, start_sec: float, end_sec: float):
    """The first hush that comes of watching someone."""
    for tenth in range(round(start_sec * 10), round(end_sec * 10)):
        hush = floor.taken((person,), tenth / 10)
        if hush is not None:
            return hush
    return None


# ------------------------------------------------------------------ gives it up
def test_words_of_a_person_stop_the_robot_at_once():
    hush = saying().heard(10.5)
    assert hush is not None
    assert (hush.utterance, hush.stamp_sec) == ('turn_1', 10.5)


def test_a_mouth_that_speaks_to_the_robot_stops_it_within_a_second():
    hush = watch(saying(), PERSON, 10.1, 12.0)
    assert hush is not None
    assert hush.stamp_sec <= 11.0


def test_what_was_hardly_said_may_be_said_again():
    floor = saying()
    hush = floor.heard(10.4)
    assert hush is not None
    unsaid = floor.stop(hush)
    assert unsaid is not None
    assert unsaid.topic == 'mood:sad'
    assert not floor.robot_speaks(10.5)


def test_speaks_for_as_long_as_the_words_take():
    floor = saying()
    assert floor.robot_speaks(11.9)
    assert not floor.robot_speaks(12.2)


# ------------------------------------------------------------------ keeps it
def test_a_warning_is_not_given_up():
    assert saying(Trigger.HAZARD).heard(10.5) is None


def test_the_last_syllable_is_not_cut_off():
    assert saying().heard(12.0) is None


def test_a_short_movement_of_the_lips_stops_nobody():
    floor = saying()
    assert watch(floor, PERSON, 10.1, 10.4) is None
    assert watch(floor, replace(PERSON, mouth_active=False), 10.4, 10.6) is None
    assert watch(floor, PERSON, 10.6, 10.9) is None


def test_who_talks_to_someone_else_does_not_take_the_floor():
    assert watch(saying(), replace(PERSON, facing=False), 10.1, 12.0) is None


def test_what_was_mostly_said_is_not_said_again():
    floor = saying()
    hush = floor.heard(11.5)
    assert hush is not None
    assert floor.stop(hush) is None


def test_nothing_is_hushed_when_nothing_is_said():
    assert Floor().heard(1.0) is None
    floor = saying()
    floor.shift(-100.0)
    assert floor.heard(10.5) is None
