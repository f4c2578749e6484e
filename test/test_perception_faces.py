import math

import numpy as np
from perception_pictures import blank, noise, picture
import pytest
from robochat.perception.faces import FaceDetector
from robochat.perception.mesh import MeshReader
from robochat.perception.networks import LiteNetwork, OnnxNetwork, WeightsError
from robochat.resources import model_path
from robochat.values import Box


@pytest.fixture(scope='module')
def detector():
    return FaceDetector(model_path('face_detection_full_range_sparse.tflite'))


@pytest.fixture(scope='module')
def mesh_reader():
    return MeshReader(model_path('face_landmark.tflite'))


def read(mesh_reader, detector, rgb):
    face = detector.detect(rgb)[0]
    return mesh_reader.read(rgb, face.box, face.roll_rad)


@pytest.mark.parametrize('name', ['happy', 'sad', 'angry', 'surprise', 'neutral', 'turned'])
def test_one_face_is_found_where_one_person_is(detector, name):
    (face,) = detector.detect(picture(name))
    assert face.right_eye[0] < face.left_eye[0]
    assert abs(face.box.center[0] - 320) < 60


def test_three_faces_are_found_and_do_not_overlap(detector):
    faces = detector.detect(picture('three'))
    assert len(faces) == 3
    assert all(a.box.iou(b.box) == 0 for a in faces for b in faces if a is not b)


@pytest.mark.parametrize('rgb', [blank(), noise(), np.zeros((7, 900, 3), np.uint8)])
def test_no_face_is_found_where_there_is_none(detector, rgb):
    assert detector.detect(rgb) == ()


def test_an_empty_room_has_no_face(detector):
    assert detector.detect(picture('room')) == ()


def test_a_tall_picture_keeps_its_coordinates(detector):
    rgb = np.full((1280, 640, 3), 128, np.uint8)
    rgb[700:1180] = picture('happy')
    (face,) = detector.detect(rgb)
    assert abs(face.box.center[1] - 700 - 250) < 60


def test_a_frontal_face_has_a_pose_near_zero(detector, mesh_reader):
    pose = read(mesh_reader, detector, picture('happy')).pose
    assert max(abs(pose.yaw_rad), abs(pose.pitch_rad), abs(pose.roll_rad)) < math.radians(13)


def test_yaw_is_positive_toward_the_images_right_and_negative_in_its_mirror(detector, mesh_reader):
    rgb = picture('turned')
    yaw = math.degrees(read(mesh_reader, detector, rgb).pose.yaw_rad)
    mirrored = np.ascontiguousarray(rgb[:, ::-1])
    other = math.degrees(read(mesh_reader, detector, mirrored).pose.yaw_rad)
    assert 30 < yaw < 55
    assert -55 < other < -30


def test_roll_is_positive_when_the_picture_turns_clockwise(detector, mesh_reader):
    import cv2

    rgb = picture('happy')
    matrix = cv2.getRotationMatrix2D((320, 240), -20, 1.0)
    turned = cv2.warpAffine(rgb, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    roll = math.degrees(read(mesh_reader, detector, turned).pose.roll_rad)
    assert 14 < roll < 26


def test_an_open_mouth_measures_more_than_a_closed_one(detector, mesh_reader):
    closed = read(mesh_reader, detector, picture('neutral')).mouth_open
    opened = read(mesh_reader, detector, picture('angry')).mouth_open
    assert closed < 0.06
    assert opened > 0.15


def test_the_mesh_box_agrees_with_the_detectors(detector, mesh_reader):
    face = detector.detect(picture('happy'))[0]
    assert read(mesh_reader, detector, picture('happy')).box.iou(face.box) > 0.7


@pytest.mark.parametrize('rgb', [blank(), noise()])
def test_the_mesh_says_when_it_sees_no_face(mesh_reader, rgb):
    assert not mesh_reader.read(rgb, Box(250, 200, 80, 80), 0.0).is_face


def test_a_box_beyond_the_picture_is_no_error(mesh_reader):
    assert not mesh_reader.read(blank(), Box(-500, 9000, 0, 0), 0.3).is_face


@pytest.mark.parametrize('kind', [LiteNetwork, OnnxNetwork])
def test_a_damaged_weight_file_is_named(kind, tmp_path):
    path = tmp_path / 'face.bin'
    path.write_bytes(b'not a network at all')
    with pytest.raises(WeightsError, match='face.bin'):
        kind(path)
