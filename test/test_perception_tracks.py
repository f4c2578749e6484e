import math

import pytest
from robochat.perception.tracks import Found, inside, Tracker
from robochat.values import Box


def face(x, y=200.0, side=60.0):
    return Found('person', Box(x - side / 2, y - side / 2, side, side))


def test_ids_are_words_with_numbers_and_spaces_become_underscores():
    found = [Found('dining table', Box(0, 0, 300, 200)), Found('cup', Box(400, 0, 30, 30))]
    assert Tracker(2.0).update(found, 0.0) == ('dining_table_1', 'cup_1')


def test_a_walking_face_keeps_its_id():
    tracker = Tracker(2.0)
    assert {tracker.update([face(100 + 40 * k)], 0.1 * k)[0] for k in range(12)} == {'person_1'}


def test_an_id_survives_a_short_occlusion():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 0.0)
    for k in range(1, 15):
        tracker.update([], 0.1 * k)
    assert tracker.update([face(110)], 1.5) == ('person_1',)


def test_who_returns_too_late_gets_a_new_id():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 0.0)
    tracker.update([], 1.0)
    assert tracker.update([face(100)], 3.1) == ('person_2',)


def test_who_appears_elsewhere_gets_a_new_id():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 0.0)
    assert tracker.update([face(500)], 0.1) == ('person_2',)


def test_a_neighbour_does_not_inherit_the_id_of_who_left():
    tracker = Tracker(2.0)
    tracker.update([face(100), face(300)], 0.0)
    for k in range(1, 12):
        assert tracker.update([face(300)], 0.1 * k) == ('person_2',)


def test_two_people_who_pass_each_other_keep_their_ids():
    tracker = Tracker(2.0)
    ids = []
    for k in range(25):
        right, left = 100 + 18 * k, 540 - 18 * k
        near, far = face(right, side=70.0), face(left, y=194.0, side=56.0)
        hidden = abs(right - left) < 50
        ids.append(tracker.update([near] if hidden else [near, far], 0.1 * k))
    assert ids[0] == ids[-1] == ('person_1', 'person_2')
    assert all(found[0] == 'person_1' for found in ids)


def test_the_order_of_the_detections_does_not_matter():
    tracker = Tracker(2.0)
    tracker.update([face(100), face(400)], 0.0)
    assert tracker.update([face(402), face(101)], 0.1) == ('person_2', 'person_1')


def test_a_face_found_twice_has_one_id():
    tracker = Tracker(2.0)
    tracker.update([face(200)], 0.0)
    assert tracker.update([face(200), face(207, side=52)], 0.1) == ('person_1', None)
    assert tracker.update([face(200)], 0.2) == ('person_1',)


def test_two_faces_that_merge_leave_no_double_id():
    tracker = Tracker(2.0)
    tracker.update([face(200), face(280)], 0.0)
    ids = tracker.update([face(240)], 0.1)
    assert len(ids) == 1
    assert tracker.update([face(200), face(280)], 0.2) == ('person_1', 'person_2')


def test_labels_are_never_mixed():
    tracker = Tracker(2.0)
    box = Box(100, 100, 50, 50)
    tracker.update([Found('cup', box)], 0.0)
    assert tracker.update([Found('bowl', box)], 0.1) == ('bowl_1',)


def test_what_grows_at_once_is_another_thing():
    tracker = Tracker(2.0)
    tracker.update([face(200, side=30)], 0.0)
    assert tracker.update([face(200, side=160)], 0.1) == ('person_2',)


@pytest.mark.parametrize('box', [Box(0, 0, 0, 0), Box(10, 10, -5, 20)])
def test_an_empty_box_gets_no_id(box):
    assert Tracker(2.0).update([Found('cup', box)], 0.0) == (None,)


def test_a_clock_that_jumps_back_keeps_who_is_still_there():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 1e9)
    assert tracker.update([face(104)], 3.0) == ('person_1',)
    assert tracker.update([], 4.0) == ()
    assert tracker.update([face(104)], 6.0) == ('person_2',)


def test_a_clock_that_jumps_ahead_forgets():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 0.0)
    assert tracker.update([face(100)], 1e9) == ('person_2',)


def test_the_same_stamp_twice_is_no_error():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 1.0)
    assert tracker.update([face(108)], 1.0) == ('person_1',)


def test_a_followed_face_is_matched_where_it_went():
    tracker = Tracker(2.0)
    tracker.update([face(100)], 0.0)
    for k in range(1, 5):
        tracker.follow({'person_1': face(100 + 60 * k).box}, 0.1 * k)
    assert tracker.update([face(400)], 0.5) == ('person_1',)


def test_following_an_unknown_id_does_nothing():
    tracker = Tracker(2.0)
    tracker.follow({'person_9': face(100).box}, 0.0)
    assert tracker.ids == frozenset()


def test_inside_is_a_share_of_the_smaller_box():
    assert math.isclose(inside(Box(0, 0, 100, 100), Box(90, 0, 20, 100)), 0.5)
    assert inside(Box(0, 0, 10, 10), Box(50, 50, 10, 10)) == 0.0
