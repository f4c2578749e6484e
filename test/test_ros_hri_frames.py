"""Heads from transforms: where they are, where they look, and what is no transform."""

from __future__ import annotations

import math

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')

from robochat.ros.hri.frames import Frames, MAX_FRAMES, transform_from_msg
from transforms import facing_camera, gaze, set_rotation, transform

STATIC = math.inf


def test_a_face_that_looks_into_the_camera_has_no_angles():
    frames = Frames()
    assert frames.take([facing_camera('face_a')], 1.0) == 0
    head = frames.head('camera', 'a', 1.0)
    assert head.distance_m == pytest.approx(1.2) and head.bearing_rad == pytest.approx(0.0)
    assert (head.pose.yaw_rad, head.pose.pitch_rad, head.pose.roll_rad) == pytest.approx((0, 0, 0))


@pytest.mark.parametrize('with_gaze', [False, True])
def test_gaze_and_face_agree(with_gaze):
    frames = Frames()
    messages = [facing_camera('face_a', yaw=0.5)] + ([gaze()] if with_gaze else [])
    frames.take(messages, 1.0)
    pose = frames.head('camera', 'a', 1.0).pose
    assert pose.yaw_rad == pytest.approx(0.5) and pose.pitch_rad == pytest.approx(0.0)
    assert pose.roll_rad == pytest.approx(0.0)


def test_left_in_the_picture_is_left_of_the_robot():
    frames = Frames()
    frames.take([facing_camera('face_a', place=(-1.0, 0.0, 1.0))], 1.0)
    head = frames.head('camera', 'a', 1.0)
    assert head.bearing_rad == pytest.approx(math.pi / 4)
    assert head.distance_m == pytest.approx(math.sqrt(2))
    # It looks straight back along the axis, past the camera, to the camera's left.
    assert head.pose.yaw_rad == pytest.approx(-math.pi / 4)


def test_a_raised_chin_is_a_positive_pitch():
    frames = Frames()
    up = math.radians(30)
    message = facing_camera('face_a')
    cos, sin = math.cos(up), math.sin(up)
    set_rotation(message, ((0.0, 1.0, 0.0), (-sin, 0.0, -cos), (-cos, 0.0, sin)))
    frames.take([message], 1.0)
    assert frames.head('camera', 'a', 1.0).pose.pitch_rad == pytest.approx(up)


def test_goes_through_the_robot_from_the_camera_to_a_face_of_another_tree_branch():
    frames = Frames()
    frames.take([transform('base', 'camera', (0.0, 0.0, 1.0))], STATIC)
    frames.take([transform('base', '/map', (5.0, 0.0, 0.0))], STATIC)
    frames.take([transform('map', 'face_a', (-5.0, 0.0, 3.0))], 1.0)
    assert frames.head('camera', 'a', 1.2).distance_m == pytest.approx(2.0)


def test_old_transforms_say_nothing_and_static_ones_never_grow_old():
    frames = Frames()
    frames.take([transform('camera', 'mount')], STATIC)
    frames.take([transform('mount', 'face_a', (0.0, 0.0, 1.0))], 1.0)
    assert frames.head('camera', 'a', 1.5) is not None
    assert frames.head('camera', 'a', 2.5) is None
    assert frames.between('camera', 'mount', 1e9) is not None


@pytest.mark.parametrize(
    ('field', 'value'), [('x', math.nan), ('y', math.inf), ('z', 1e9), ('x', -1e300)]
)
def test_places_that_are_none_are_refused(field, value):
    message = transform('camera', 'face_a')
    setattr(message.transform.translation, field, value)
    frames = Frames()
    assert frames.take([message], 1.0) == 1
    assert frames.head('camera', 'a', 1.0) is None


@pytest.mark.parametrize('value', [math.nan, math.inf, 1e200, 0.0, 7.0])
def test_rotations_that_are_none_are_refused(value):
    message = transform('camera', 'face_a')
    message.transform.rotation.w = value
    assert transform_from_msg(message.transform) is None


def test_a_ring_of_frames_ends():
    frames = Frames()
    frames.take([transform('a', 'b'), transform('b', 'a'), transform('face_x', 'face_x')], 1.0)
    assert frames.between('camera', 'a', 1.0) is None
    assert frames.head('camera', 'x', 1.0) is None


def test_a_head_inside_the_camera_is_none():
    frames = Frames()
    frames.take([transform('camera', 'face_a', (0.0, 0.0, 0.001))], 1.0)
    assert frames.head('camera', 'a', 1.0) is None


def test_ids_that_come_and_go_do_not_fill_the_memory():
    frames = Frames()
    first = [transform('camera', f'face_{n}') for n in range(MAX_FRAMES)]
    assert frames.take(first, 1.0) == 0
    assert frames.take([transform('camera', 'face_more')], 1.1) == 1
    assert frames.take([transform('camera', 'face_later')], 9.0) == 0
