"""vision_msgs/Detection2DArray becomes a scene, or is refused with a reason.

The messages are stand-ins with the public fields: vision_msgs is in no registry.
"""

from __future__ import annotations

import math
from types import SimpleNamespace as Message

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')

from robochat.ros.detections import Detections
from robochat.ros.fields import ConvertError


def detection(  # noqa: PLR0913  the fields of a detection
    label='cup', *, score=0.8, x=100.0, y=50.0, size=40.0, name='', others=()
):
    guesses = [(label, score), *others] if label is not None else []
    return Message(
        id=name,
        results=[Message(hypothesis=Message(class_id=each, score=sure)) for each, sure in guesses],
        bbox=Message(
            center=Message(position=Message(x=x, y=y), theta=0.0), size_x=size, size_y=size
        ),
    )


def scene(*found, reader=None, stamp_sec=1.0):
    return (reader or Detections(2.0)).scene(Message(detections=list(found)), stamp_sec)


def test_a_detection_becomes_a_thing_with_its_corner_in_pixels():
    (thing,) = scene(detection()).objects
    assert (thing.label, thing.score) == ('cup', 0.8)
    assert (thing.box.x, thing.box.y, thing.box.width) == (80.0, 30.0, 40.0)


def test_the_likeliest_hypothesis_counts():
    (thing,) = scene(detection(others=[('bowl', 0.9), ('vase', 0.1)])).objects
    assert thing.label == 'bowl'


def test_a_thing_keeps_its_id_when_it_moves_a_little_and_two_have_two():
    reader = Detections(2.0)
    first = scene(detection(), detection(x=400.0), reader=reader)
    then = scene(detection(x=104.0), detection(x=404.0), reader=reader, stamp_sec=1.1)
    assert [t.id for t in first.objects] == [t.id for t in then.objects]
    assert len({t.id for t in first.objects}) == 2


def test_an_id_of_the_detector_is_kept():
    assert scene(detection(name='track_7')).objects[0].id == 'track_7'


def test_a_detection_without_a_hypothesis_is_nothing():
    assert scene(detection(label=None)).objects == ()
    assert scene().objects == ()


@pytest.mark.parametrize('label', ['41', '', '\x00'])
def test_a_class_without_a_name_is_refused(label):
    with pytest.raises(ConvertError, match='no name'):
        scene(detection(label=label))


@pytest.mark.parametrize('bad', [{'x': math.nan}, {'size': -1.0}, {'score': math.nan}])
def test_numbers_that_mean_nothing_are_refused(bad):
    with pytest.raises(ConvertError):
        scene(detection(**bad))


def test_a_flood_is_refused():
    with pytest.raises(ConvertError):
        scene(*[detection()] * 1000)
