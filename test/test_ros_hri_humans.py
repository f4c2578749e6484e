"""What other nodes track becomes observations: who, where, how they look, and who speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from types import SimpleNamespace as Message

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')

from robochat.config import Config, config_from
from robochat.ros.fields import ConvertError
from robochat.ros.hri.humans import Humans
from std_msgs.msg import Bool, Header, String
from transforms import facing_camera


@dataclass
class Ears:
    """Keeps what it is told."""

    observations: list = field(default_factory=list)
    words: list = field(default_factory=list)
    floor: list = field(default_factory=list)
    drops: dict = field(default_factory=dict)

    def felt(self, observation):
        self.observations.append(observation)

    def heard(self, words, person):
        self.words.append((words, person))

    def began_to_speak(self, person):
        self.floor.append(person)

    def dropped(self, what, count=1, why=''):
        self.drops[what] = self.drops.get(what, 0) + count


class Scene:
    """Humans on a clock that the test moves."""

    def __init__(self, config: Config | None = None) -> None:
        self.now_sec = 100.0
        self.ears = Ears()
        self.humans = Humans(config or Config(), self.ears, lambda: self.now_sec)

    def anna(self):
        """Anna is there with a face and a voice."""
        self.humans.on_face_id('anna', String(data='f1'))
        self.humans.on_voice_id('anna', String(data='v1'))
        return self

    def roi(self, face='f1', stamp_sec=None, **corners):
        header = Header(frame_id='camera')
        whole = self.now_sec if stamp_sec is None else stamp_sec
        header.stamp.sec, header.stamp.nanosec = int(whole), int(whole % 1 * 1e9)
        corners = {'xmin': 0.4, 'ymin': 0.4, 'xmax': 0.6, 'ymax': 0.6, **corners}
        self.humans.on_roi(face, Message(header=header, **corners))
        return self

    def speech(self, final='', incremental='', locale='en'):
        message = Message(final=final, incremental=incremental, locale=locale, confidence=1.0)
        self.humans.on_speech('v1', message)

    def only(self, faces_are_persons=False):
        """The one face that is observed now."""
        observation = self.humans.observe(faces_are_persons)
        assert observation is not None and len(observation.faces) == 1
        return observation.faces[0]


def test_a_person_is_observed_under_the_persons_id():
    face = Scene().anna().roi().only()
    assert face.person == 'anna' and face.box.width == pytest.approx(128.0)
    assert face.emotion is None and face.pose is None


def test_a_face_that_is_nobodys_waits_for_its_person():
    scene = Scene().roi('f9')
    assert scene.humans.observe(faces_are_persons=False) is None


def test_where_nobody_publishes_persons_a_face_stands_for_one():
    assert Scene().roi('f9').only(faces_are_persons=True).person == 'f9'


def test_what_was_passed_on_is_no_news():
    scene = Scene().anna().roi()
    assert scene.humans.observe(False) is not None
    assert scene.humans.observe(False) is None


def test_an_old_face_is_not_here_now():
    assert Scene().anna().roi(stamp_sec=98.0).humans.observe(False) is None


@pytest.mark.parametrize('stamp_sec', [0.0, 50_000.0])
def test_a_stamp_of_another_clock_counts_as_now(stamp_sec):
    observation = Scene().anna().roi(stamp_sec=stamp_sec).humans.observe(False)
    assert observation.stamp_sec == 100.0


def test_the_picture_of_our_own_camera_gives_the_pixels():
    scene = Scene()
    scene.humans.picture_is(1280, 720)
    assert scene.anna().roi().only().box.height == pytest.approx(144.0)


def test_without_tf_distance_is_guessed_and_engagement_says_who_faces_the_robot():
    scene = Scene().anna().roi(ymin=0.4, ymax=0.6)
    assert not scene.only().facing
    scene.humans.on_engagement('anna', Message(level=3))
    face = scene.roi().only()
    assert face.facing and 0.5 < face.distance_m < 1.5


@pytest.mark.parametrize('level', [0, 1, 4])
def test_who_is_not_engaged_does_not_face_the_robot(level):
    scene = Scene().anna().roi()
    scene.humans.on_engagement('anna', Message(level=level))
    assert not scene.only().facing


def test_an_engagement_that_is_not_renewed_expires():
    scene = Scene().anna()
    scene.humans.on_engagement('anna', Message(level=3))
    scene.now_sec += 5.0
    assert not scene.roi().only().facing


def test_tf_tells_distance_bearing_and_pose_and_overrules_the_level():
    scene = Scene().anna().roi()
    scene.humans.on_engagement('anna', Message(level=3))
    away = facing_camera('face_f1', place=(0.0, 0.0, 1.7), yaw=1.0)
    scene.humans.on_tf(Message(transforms=[away]), scene.now_sec)
    face = scene.only()
    assert face.distance_m == pytest.approx(1.7) and face.pose.yaw_rad == pytest.approx(1.0)
    assert not face.facing
    scene.humans.on_tf(Message(transforms=[facing_camera('face_f1')]), scene.now_sec)
    assert scene.roi().only().facing


def test_the_setting_names_the_camera_where_regions_do_not():
    scene = Scene(config_from({'hri.camera_frame': 'camera'})).anna().roi()
    scene.humans.on_tf(Message(transforms=[facing_camera('face_f1')]), scene.now_sec)
    scene.humans.on_roi('f1', Message(x_offset=1, y_offset=1, width=50, height=60))
    assert scene.only().pose is not None


def test_a_look_is_kept_for_a_moment():
    scene = Scene().anna().roi()
    sad = Message(expression='sad', confidence=0.9, valence=-0.4, arousal=0.0)
    scene.humans.on_expression('f1', sad)
    assert scene.only().emotion.label == 'sad'
    scene.now_sec += 3.0
    assert scene.roi().only().emotion is None


def test_words_come_with_who_said_them():
    scene = Scene().anna()
    scene.speech(final='Hello robot')
    assert scene.ears.words == [('Hello robot', 'anna')]


def test_words_of_a_voice_that_is_nobodys_have_no_speaker():
    scene = Scene()
    scene.speech(final='Hello robot')
    assert scene.ears.words == [('Hello robot', '')]


def test_words_that_begin_take_the_floor_and_are_no_words_yet():
    scene = Scene().anna()
    scene.speech(incremental='Hel')
    assert scene.ears.floor == ['anna'] and scene.ears.words == []
    assert scene.roi().only().mouth_active


def test_a_voice_that_stops_no_longer_moves_the_mouth():
    scene = Scene().anna()
    scene.humans.on_speaking('v1', Bool(data=True))
    assert scene.roi().only().mouth_active
    scene.humans.on_speaking('v1', Bool(data=False))
    assert not scene.roi().only().mouth_active


def test_words_in_a_language_that_the_robot_does_not_speak_are_counted_not_answered():
    scene = Scene().anna()
    scene.speech(final='Bonjour', locale='fr_FR')
    assert scene.ears.words == [] and scene.ears.floor == ['anna']
    assert scene.ears.drops == {'speech in another language': 1}


def test_who_is_gone_is_forgotten():
    scene = Scene().anna().roi()
    scene.humans.forget(('anna',), ('f1',))
    scene.humans.forget_voices(('v1', 'never there'))
    assert scene.humans.observe(False) is None
    scene.speech(final='Hi')
    assert scene.ears.words == [('Hi', '')]


def test_transforms_that_are_none_are_counted():
    scene = Scene()
    scene.humans.on_tf(Message(transforms=[facing_camera('f', (math.nan, 0.0, 1.0))]), 100.0)
    assert scene.ears.drops == {'transforms': 1}


def test_a_bad_region_leaves_the_face_as_it_was():
    scene = Scene().anna().roi()
    with pytest.raises(ConvertError):
        scene.roi(xmin=math.nan)
    assert scene.only().box.width == pytest.approx(128.0)
