"""Whether eyes are closed, from the landmarks of a face."""

import numpy as np
from perception_pictures import picture
import pytest
from robochat.perception.face_memory import FaceMemory, LIDS_DOWN, MESH_VALID_SEC
from robochat.perception.faces import FaceDetector
from robochat.perception.mesh import EYES, FaceMesh, MeshReader
from robochat.resources import model_path
from robochat.settings import PerceptionSettings


def mesh(left: float, right: float, turned: float = 0.0) -> FaceMesh:
    """A face whose lids are this far apart, in widths of the eye."""
    points = np.zeros((468, 3))
    points[[234, 127, 93, 33, 132], 0], points[[454, 356, 323, 263, 361], 0] = -40.0, 40.0
    points[[454, 356, 323, 263, 361], 2] = 80.0 * np.tan(turned)
    points[10], points[152] = (0, -60, 0), (0, 60, -12.6)
    for (upper, lower, outer, inner), gap in zip(EYES, (left, right), strict=True):
        side = np.sign(points[outer, 0])
        points[inner] = points[outer] - side * np.array([30.0, 0, 0])
        points[upper, 1], points[lower, 1] = -15.0 * gap, 15.0 * gap
    return FaceMesh(points, 0.9)


def closed(seen: FaceMesh, now_sec: float = 1.0) -> bool:
    memory = FaceMemory(PerceptionSettings())
    memory.take_mesh(seen, 1.0, 0)
    return memory.eyes_closed(now_sec)


def test_the_gap_is_measured_in_widths_of_the_eye():
    assert mesh(0.3, 0.25).eyes_open == pytest.approx(0.3)


def test_both_lids_down_are_closed_eyes():
    assert closed(mesh(LIDS_DOWN - 0.02, LIDS_DOWN - 0.05))


def test_a_wink_and_narrow_eyes_are_open():
    assert not closed(mesh(0.1, 0.3))
    assert not closed(mesh(0.25, 0.25))


def test_a_head_turned_far_or_not_seen_lately_tells_nothing():
    assert not closed(mesh(0.1, 0.1, turned=0.8))
    assert not closed(mesh(0.1, 0.1), now_sec=1.1 + MESH_VALID_SEC)


@pytest.mark.parametrize('name', ['angry', 'happy', 'neutral', 'sad', 'surprise', 'three'])
def test_every_face_of_the_pictures_has_its_eyes_open(name):
    image = picture(name)
    reader = MeshReader(model_path('face_landmark.tflite'))
    path = model_path('face_detection_full_range_sparse.tflite')
    for face in FaceDetector(path, 0.6, 1).detect(image):
        assert reader.read(image, face.box, face.roll_rad).eyes_open > LIDS_DOWN
