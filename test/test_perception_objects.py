import pytest
from robochat.perception.objects import DetectedObject, ObjectDetector, read_labels, suppress
from robochat.perception.place import guess_place, PlaceGuesser
from robochat.resources import model_path
from robochat.values import Box


def thing(label, score=0.8, x=0.0):
    return DetectedObject(label, score, Box(x, 0, 50, 50))


def test_there_are_eighty_labels_without_gaps():
    labels = read_labels(model_path('coco80_labels.txt'))
    assert len(set(labels)) == 80
    assert all(labels)
    assert (labels[0], labels[41], labels[79]) == ('person', 'cup', 'toothbrush')


def test_a_wrong_list_of_labels_is_refused():
    with pytest.raises(ValueError, match='79'):
        ObjectDetector(model_path('nanodet.onnx'), ['x'] * 79)


def test_the_best_of_overlapping_boxes_is_kept():
    kept = suppress([thing('cup', 0.5), thing('cup', 0.9, x=5)])
    assert [d.score for d in kept] == [0.9]


def test_one_box_has_one_name_but_neighbours_keep_theirs():
    kept = suppress([thing('cup', 0.9), thing('bowl', 0.6, x=1), thing('bowl', 0.5, x=20)])
    assert [(d.label, d.score) for d in kept] == [('cup', 0.9), ('bowl', 0.5)]


@pytest.mark.parametrize(
    ('labels', 'room'),
    [
        (('couch', 'tv'), 'living_room'),
        (('refrigerator', 'bowl'), 'kitchen'),
        (('bed',), 'bedroom'),
        (('toilet', 'sink'), 'bathroom'),
        (('keyboard', 'mouse', 'laptop'), 'office'),
        (('dining table', 'wine glass', 'fork'), 'dining_room'),
    ],
)
def test_a_room_is_known_by_its_things(labels, room):
    place = guess_place(dict.fromkeys(labels, 0.8))
    assert (place.label, place.score >= 0.5) == (room, True)


@pytest.mark.parametrize(
    'labels', [(), ('cup',), ('sink',), ('couch', 'bed'), ('giraffe', 'kite')]
)
def test_things_that_tell_nothing_or_quarrel_give_no_room(labels):
    assert guess_place(dict.fromkeys(labels, 0.8)).label == ''


def test_a_fridge_is_remembered_for_a_while_and_then_forgotten():
    guesser = PlaceGuesser()
    guesser.update([thing('refrigerator', 0.9)], 0.0)
    assert guesser.update([], 5.0).label == 'kitchen'
    assert guesser.update([], 60.0).label == ''


def test_a_clock_that_jumps_back_forgets_the_place():
    guesser = PlaceGuesser()
    guesser.update([thing('refrigerator', 0.9)], 100.0)
    assert guesser.update([], 1.0).label == ''
