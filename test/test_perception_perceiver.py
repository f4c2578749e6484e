from dataclasses import replace
import math
import threading

import numpy as np
from perception_pictures import blank, frames, noise, picture
import pytest
from robochat.config import config_from
from robochat.perception import perceiver as module
from robochat.perception.face_memory import FaceMemory
from robochat.perception.mesh import FaceMesh
from robochat.perception.perceiver import Perceiver, PerceptionError
from robochat.resources import MissingFileError
from robochat.values import Frame

CONFIG = config_from({})


@pytest.fixture
def perceiver():
    return Perceiver(CONFIG)


def see_all(perceiver, shown):
    return [perceiver.see(frame) for frame in shown]


def test_a_person_in_front_is_described(perceiver):
    (face,) = see_all(perceiver, frames('happy', 5))[-1].faces
    assert face.person == 'person_1'
    assert face.facing
    assert 0.8 < face.distance_m < 1.25
    assert abs(face.bearing_rad) < 0.1
    assert not face.mouth_active


def test_bearing_is_positive_to_the_left_and_only_who_looks_faces_the_robot(perceiver):
    faces = sorted(see_all(perceiver, frames('three', 6))[-1].faces, key=lambda f: f.box.x)
    assert [f.facing for f in faces] == [True, True, False]
    assert faces[0].bearing_rad > 0.2 > -0.2 > faces[2].bearing_rad


def test_ids_stay_when_the_budget_is_smaller_than_the_crowd():
    perceiver = Perceiver(CONFIG, faces_per_frame=1)
    seen = see_all(perceiver, frames('three', 12))
    assert all({f.person for f in o.faces} == {'person_1', 'person_2', 'person_3'} for o in seen)
    assert all(f.pose is not None for f in seen[-1].faces)


@pytest.mark.parametrize('rgb', [blank(), noise(), np.zeros((1, 1, 3), np.uint8)])
def test_nobody_is_seen_where_nobody_is(perceiver, rgb):
    assert all(perceiver.see(Frame(rgb, 0.1 * k)).faces == () for k in range(4))


def test_who_leaves_is_gone_at_once_and_comes_back_under_the_same_id(perceiver):
    see_all(perceiver, frames('happy', 5))
    gone = see_all(perceiver, frames('room', 5, start_sec=0.5))
    back = see_all(perceiver, frames('happy', 4, start_sec=1.0))
    assert all(o.faces == () for o in gone)
    assert back[-1].faces[0].person == 'person_1'


def test_a_face_that_moves_is_followed_between_searches(perceiver):
    rgb = picture('happy')
    places = []
    for k in range(10):
        shifted = np.ascontiguousarray(np.roll(rgb, 12 * k, axis=1))
        (face,) = perceiver.see(Frame(shifted, 0.1 * k)).faces
        assert face.person == 'person_1'
        places.append(face.box.center[0] - 12 * k)
    assert max(places) - min(places) < 8


def test_a_jump_across_the_picture_is_found_in_the_same_frame(perceiver):
    rgb = picture('happy')
    see_all(perceiver, frames('happy', 3))
    moved = np.ascontiguousarray(np.roll(rgb, 220, axis=1))
    (face,) = perceiver.see(Frame(moved, 0.3)).faces
    assert face.box.center[0] > 450


def test_a_clock_that_jumps_back_is_survived(perceiver):
    see_all(perceiver, frames('happy', 6, start_sec=1000.0))
    (face,) = see_all(perceiver, frames('happy', 6, start_sec=2.0))[-1].faces
    assert face.person == 'person_1'
    assert face.emotion.label == 'happy'


def test_the_same_stamp_over_and_over_is_survived(perceiver):
    frame = frames('happy', 1)[0]
    assert all(len(o.faces) == 1 for o in see_all(perceiver, [frame] * 5))


@pytest.mark.parametrize(
    'image',
    [
        np.zeros((480, 640), np.uint8),
        np.zeros((480, 640, 4), np.uint8),
        np.zeros((480, 640, 3), np.float32),
        np.zeros((0, 640, 3), np.uint8),
        None,
    ],
)
def test_what_is_no_picture_is_refused(perceiver, image):
    with pytest.raises(PerceptionError):
        perceiver.see(Frame(image, 0.0))
    with pytest.raises(PerceptionError):
        perceiver.look(Frame(image, 0.0))


def test_a_stamp_that_is_no_time_is_refused(perceiver):
    with pytest.raises(PerceptionError, match='finite'):
        perceiver.see(Frame(picture('happy'), math.nan))


class Broken:
    """A detector that fails once."""

    def __init__(self, whole):
        self.whole = whole
        self.failed = False

    def detect(self, rgb):
        if not self.failed:
            self.failed = True
            raise RuntimeError('tensor of the wrong shape')
        return self.whole.detect(rgb)


def test_a_network_that_fails_costs_one_frame(perceiver):
    perceiver._objects = Broken(perceiver._objects)
    with pytest.raises(PerceptionError, match='wrong shape') as caught:
        perceiver.look(Frame(picture('room'), 0.0))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert perceiver.look(Frame(picture('room'), 1.0)).objects


def test_a_missing_weight_file_is_named_at_once(monkeypatch):
    def nowhere(name):
        raise MissingFileError(f'weight file {name} is missing')

    monkeypatch.setattr(module, 'model_path', nowhere)
    with pytest.raises(MissingFileError, match='coco80_labels'):
        Perceiver(CONFIG)


def test_things_of_the_room_are_found_and_people_are_none(perceiver):
    scene = perceiver.look(Frame(picture('room'), 0.0))
    assert {'cup', 'laptop', 'couch'} <= {o.label for o in scene.objects}
    crowd = perceiver.look(Frame(picture('three'), 1.0))
    assert 'person' not in {o.label for o in crowd.objects}


def test_ids_of_things_last_from_look_to_look(perceiver):
    first = perceiver.look(Frame(picture('room'), 0.0))
    second = perceiver.look(Frame(picture('room'), 0.7))
    assert [o.id for o in first.objects] == [o.id for o in second.objects]


def test_objects_can_be_turned_off():
    perceiver = Perceiver(config_from({'perception.objects_hz': 0.0}))
    scene = perceiver.look(Frame(picture('room'), 0.0))
    assert (scene.objects, scene.place.label) == ((), '')


def test_seeing_and_looking_at_once_give_what_each_gives_alone(perceiver):
    looked = []
    thread = threading.Thread(
        target=lambda: looked.extend(perceiver.look(f) for f in frames('room', 3, rate_hz=1.0))
    )
    thread.start()
    seen = see_all(perceiver, frames('happy', 15))
    thread.join(timeout=60)
    alone = see_all(Perceiver(CONFIG), frames('happy', 15))
    assert seen == alone
    assert len(looked) == 3


def mesh_with_mouth(opening):
    points = np.zeros((468, 3))
    points[33], points[263] = (0, 0, 0), (100, 0, 0)
    points[13], points[14] = (50, 80, 0), (50, 80 + 100 * opening, 0)
    points[10], points[152] = (50, -60, 0), (50, 120, 0)
    points[234], points[454] = (-20, 20, 0), (120, 20, 0)
    return FaceMesh(points, 1.0)


def mouth(openings):
    memory = FaceMemory(CONFIG.perception)
    for number, opening in enumerate(openings):
        memory.take_mesh(mesh_with_mouth(opening), 0.1 * number, number)
    return memory.mouth_active(0.1 * (len(openings) - 1))


def test_lips_that_go_to_and_fro_are_active():
    assert mouth([0.02, 0.2, 0.05, 0.25, 0.1, 0.22, 0.03])


@pytest.mark.parametrize(
    'openings',
    [[0.02] * 10, [0.03 * k for k in range(10)], [0.3] * 10, [0.02, 0.3], [0.05, 0.065] * 5],
)
def test_lips_that_rest_open_once_or_tremble_are_not(openings):
    assert not mouth(openings)


def test_a_small_face_is_ignored_when_so_set():
    perceiver = Perceiver(config_from({'perception.min_face_px': 200.0}))
    assert perceiver.see(frames('happy', 1)[0]).faces == ()


def test_frames_between_two_readings_repeat_what_is_known(perceiver):
    first, second = see_all(perceiver, frames('happy', 2, rate_hz=30.0))
    assert replace(second, stamp_sec=first.stamp_sec) == first
