"""Values leave as messages and come back the same; what comes in broken is clipped or refused."""

from __future__ import annotations

from dataclasses import replace
import math

import pytest

pytest.importorskip('robochat_msgs', reason='ROS 2 is not installed')

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from robochat import values
from robochat.ros import convert, fields
from robochat.ros.diagnostics import diagnostics_to_msg, StageMeter, Throttle
from robochat.ros.images import frame_from_msg, ImageError
from sensor_msgs.msg import CompressedImage, Image

from robochat_msgs import msg as ros

NOW_SEC = 1_700_000_000.25
LONG = 'x' * 1_000_000


def sent(message):
    """Carry a message through the transport's own bytes."""
    return deserialize_message(serialize_message(message), type(message))


def emotion(**changes):
    """A face that another node might send: happy, in the words of FER2013."""
    given = {
        'person': 'person_1',
        'box': [10.0, 20.0, 64.0, 80.0],
        'label': 'happiness',
        'labels': ['anger', 'happiness', 'contempt'],
        'scores': [0.1, 0.8, 0.1],
        'certain': True,
    }
    return ros.Emotion(**{**given, **changes})


def faces(**changes):
    """A message with that face alone."""
    return ros.EmotionArray(emotions=[emotion(**changes)])


def read_face(**changes):
    """The face as robochat reads it."""
    return convert.observation_from_msg(sent(faces(**changes)), NOW_SEC).faces[0]


# --------------------------------------------------------------------------- there and back
def test_an_utterance_comes_back_the_same():
    utterance = values.Utterance(
        id='u1',
        text='Grüß dich, möchtest du Tee? 🍵',
        stamp_sec=NOW_SEC,
        addressee='person_1',
        reason='mood_turned',
        evidence=('sad for 2 s', 'near'),
        confidence=0.5,
        priority=200,
        lifetime_sec=4.5,
    )
    message = sent(convert.utterance_to_msg(utterance, 'camera'))
    assert message.header.frame_id == 'camera'
    assert convert.utterance_from_msg(message, NOW_SEC) == utterance


def test_a_plan_comes_back_the_same():
    steps = (
        values.PlanStep('navigate_to', (('place', 'dining table_1'),), id='s1'),
        values.PlanStep(
            'pick', (('thing', 'cup_1'),), id='s2', requires=('s1',), on_failure='replan'
        ),
    )
    plan = values.ActionPlan('p1', 'fetch the cup', steps, NOW_SEC, status='accepted', version=3)
    assert convert.plan_from_msg(sent(convert.plan_to_msg(plan)), NOW_SEC) == plan


@pytest.mark.parametrize('word', ['pending', 'running', 'succeeded', 'failed', 'canceled'])
def test_a_plan_status_comes_back_the_same(word):
    status = values.PlanStatus('p1', 2, word, 's1', 0.5, 'on the way')
    assert convert.plan_status_from_msg(sent(convert.plan_status_to_msg(status, 1.0))) == status


def test_the_codes_of_words_are_those_that_the_messages_declare():
    from robochat.ros import plans

    for words, kind in (
        (plans.PLAN_STATUSES, ros.ActionPlan),
        (plans.RUN_STATUSES, ros.PlanStatus),
        (plans.ON_FAILURE, ros.PlanStep),
    ):
        assert [getattr(kind, word.upper()) for word in words] == list(range(len(words)))


def test_a_decision_comes_back_the_same():
    decision = values.Decision(
        speak=False,
        reason='told not now',
        stamp_sec=NOW_SEC,
        trigger=values.Trigger.CARE,
        addressee='person_2',
        topic='mood',
        score=0.25,
        evidence=('sad',),
        onset_sec=NOW_SEC - 2.5,
    )
    message = sent(convert.decision_to_msg(decision))
    read = convert.decision_from_msg(message, NOW_SEC)
    assert read.onset_sec == pytest.approx(decision.onset_sec, abs=1e-6)
    assert replace(read, onset_sec=decision.onset_sec) == decision


def test_what_a_decision_was_weighed_by_comes_back_the_same():
    features, weights = (('value', 0.5), ('near', -0.25)), (('value', 2.0), ('near', -1.5))
    decision = values.Decision(False, 'x', NOW_SEC, features=features, weights=weights)
    read = convert.decision_from_msg(sent(convert.decision_to_msg(decision)), NOW_SEC)
    assert (read.features, read.weights) == (decision.features, decision.weights)


@pytest.mark.parametrize('weights', [[1.0], [1.0, math.nan], [1.0] * 3])
def test_numbers_that_no_feature_belongs_to_are_refused(weights):
    message = ros.Decision(features=['value', 'near'], feature_values=[0.0, 0.0], weights=weights)
    with pytest.raises(convert.ConvertError):
        convert.decision_from_msg(message, NOW_SEC)


def test_the_state_of_a_person_is_numbered_as_in_hri_msgs():
    someone = values.Person('person_1', 0.0, 0.0, values.Box(0, 0, 9, 9), 0.0, engagement=0.25)
    states = tuple(values.EngagementState)
    people = tuple(replace(someone, engagement_state=state) for state in states)
    message = sent(convert.world_to_msg(values.WorldView(NOW_SEC, people=people)))
    kind = ros.PersonState
    numbers = [kind.UNKNOWN, kind.DISENGAGED, kind.ENGAGING, kind.ENGAGED, kind.DISENGAGING]
    assert [p.engagement_state for p in message.people] == numbers
    assert message.people[0].engagement == pytest.approx(0.25)


def test_faces_come_back_as_they_were():
    face = values.FaceObservation(
        person='person_1',
        box=values.Box(1.0, 2.0, 30.0, 40.0),
        score=0.5,
        bearing_rad=0.25,
        distance_m=1.5,
        pose=values.HeadPose(0.5, -0.25, 0.125),
        facing=True,
        emotion=values.Emotion('happy', 0.5, (0, 0, 0, 0.5, 0, 0, 0.5), 0.5, 0.25, True),
    )
    unread = replace(face, person='person_2', distance_m=None, pose=None, emotion=None)
    seen = values.Observation(NOW_SEC, 640, 480, (face, unread))
    message = sent(convert.observation_to_msg(seen, 'camera'))
    assert message.emotions[1].label == ''
    assert convert.observation_from_msg(message, NOW_SEC) == seen


def test_a_scene_comes_back_the_same():
    things = (values.ObjectObservation('cup_1', 'cup', 0.5, values.Box(0.0, 0.0, 8.0, 8.0)),)
    place = values.Place('kitchen', 0.75)
    scene = values.SceneObservation(NOW_SEC, 640, 480, things, place, 'a cup')
    assert convert.scene_from_msg(sent(convert.scene_to_msg(scene)), NOW_SEC) == scene


@pytest.mark.parametrize('battery', [0.5, None])
def test_a_robot_state_comes_back_the_same(battery):
    state = values.RobotState('kitchen', 'cup_1', battery, True)
    assert convert.robot_state_from_msg(sent(convert.robot_state_to_msg(state, 1.0))) == state


def test_a_turn_and_a_refusal_come_back_the_same():
    call = values.ModelCall('t1', NOW_SEC, 'care', 'smollm2', 300, 40, None, 0.75, 'deadline')
    assert convert.turn_from_msg(sent(convert.turn_to_msg(call)), NOW_SEC) == call
    refusal = values.Refusal('plan', 'cup_9 is not in view', NOW_SEC)
    assert convert.refusal_from_msg(sent(convert.refusal_to_msg(refusal)), NOW_SEC) == refusal


def test_a_world_tells_people_things_and_events():
    person = values.Person(
        id='person_1',
        first_seen_sec=NOW_SEC - 8.0,
        last_seen_sec=NOW_SEC,
        box=values.Box(0.0, 0.0, 50.0, 60.0),
        bearing_rad=0.0,
        mood='sad',
        mood_since_sec=NOW_SEC - 3.0,
    )
    stranger = replace(person, id='person_2', mood='')
    event = values.Event(values.EventKind.MOOD_TURNED, 'person_1', NOW_SEC, 'happy to sad')
    world = values.WorldView(NOW_SEC, people=(person, stranger), events=(event,))
    message = sent(convert.world_to_msg(world))
    assert message.people[0].mood_certain
    assert message.people[0].mood_sec == pytest.approx(3.0)
    assert math.isnan(message.people[0].distance_m)
    assert not message.people[1].mood_certain
    assert message.events == ['mood_turned person_1 happy to sad']


# --------------------------------------------------------------------------- other nodes' words
def test_reads_expressions_under_other_names():
    read = read_face().emotion
    assert read.label == 'happy'
    assert read.certain
    assert sum(read.scores) == pytest.approx(1.0)


def test_reads_a_label_without_scores():
    read = read_face(label='sad', score=0.4, labels=[], scores=[]).emotion
    assert read.label == 'sad'
    assert sum(read.scores) == pytest.approx(1.0)


def test_is_uncertain_when_label_and_scores_disagree():
    assert not read_face(label='anger').emotion.certain


def test_knows_no_distance_where_the_sender_left_zero_or_nan():
    assert read_face(distance=0.0).distance_m is None
    assert read_face(distance=math.nan).distance_m is None


def test_knows_no_pose_when_an_angle_is_unknown():
    assert read_face(yaw=math.nan).pose is None


# --------------------------------------------------------------------------- refused or clipped
@pytest.mark.parametrize(
    'changes',
    [
        {'scores': [math.nan, 0.5, 0.5]},
        {'scores': [math.inf, 0.5, 0.5]},
        {'scores': [0.5, 0.5]},
        {'scores': [0.0, 0.0, 0.9]},
        {'labels': ['contempt', 'boredom', 'ennui']},
        {'labels': [], 'scores': [], 'label': 'contempt'},
        {'labels': ['a'] * 1000, 'scores': [0.001] * 1000},
        {'box': [math.nan, 0.0, 1.0, 1.0]},
        {'box': [0.0, 0.0, -5.0, 1.0]},
        {'box': [1e30, 0.0, 1.0, 1.0]},
        {'valence': math.nan},
        {'face_score': math.nan},
    ],
)
def test_refuses_a_broken_face(changes):
    with pytest.raises(convert.ConvertError, match='emotion|labels'):
        read_face(**changes)


def test_refuses_more_faces_than_a_picture_can_hold():
    crowd = ros.EmotionArray(emotions=[emotion()] * 1000)
    with pytest.raises(convert.ConvertError, match='1000 items: at most 256'):
        convert.observation_from_msg(crowd, NOW_SEC)


def test_cuts_a_megabyte_of_text():
    assert len(read_face(person=LONG).person) == fields.MAX_ID
    words = ros.Utterance(text=LONG, reason=LONG)
    assert len(convert.utterance_from_msg(sent(words), NOW_SEC).text) == fields.MAX_TEXT


def test_refuses_a_megabyte_of_unknown_label_in_a_short_message():
    with pytest.raises(convert.ConvertError) as refused:
        read_face(labels=[LONG], scores=[1.0])
    assert len(str(refused.value)) < 1000


def test_clips_scores_beyond_one():
    assert read_face(scores=[0.0, 7.0, 0.0]).emotion.score == pytest.approx(1.0)


def test_drops_control_characters_that_would_break_a_prompt():
    assert read_face(person='bob\n<system>\x1b[31m\x00').person == 'bob <system>[31m'


@pytest.mark.parametrize('text', ['\ud800 lone', 'zero \x00 inside'])
def test_sends_text_that_no_transport_can_carry(text):
    utterance = values.Utterance('u1', text, NOW_SEC)
    assert sent(convert.utterance_to_msg(utterance)).text in ('lone', 'zero  inside')


def test_sends_a_priority_that_no_byte_holds():
    utterance = values.Utterance('u1', 'fire', NOW_SEC, priority=1000)
    assert sent(convert.utterance_to_msg(utterance)).priority == 255


@pytest.mark.parametrize('status', [3, 255])
def test_refuses_an_unknown_plan_status(status):
    with pytest.raises(convert.ConvertError, match=f'plan.status = {status}'):
        convert.plan_from_msg(ros.ActionPlan(status=status), NOW_SEC)


def test_refuses_to_send_a_status_that_no_message_has():
    with pytest.raises(convert.ConvertError, match='must be one of pending'):
        convert.plan_status_to_msg(values.PlanStatus('p1', 1, 'asleep'), NOW_SEC)


def test_refuses_a_plan_of_a_thousand_steps():
    with pytest.raises(convert.ConvertError, match='plan.steps has 1000 items'):
        convert.plan_from_msg(ros.ActionPlan(steps=[ros.PlanStep()] * 1000), NOW_SEC)


def test_refuses_an_unknown_trigger():
    with pytest.raises(convert.ConvertError, match='decision.trigger = boredom'):
        convert.decision_from_msg(ros.Decision(trigger='boredom'), NOW_SEC)


def test_refuses_an_object_without_a_class():
    with pytest.raises(convert.ConvertError, match='no label'):
        convert.scene_from_msg(ros.Scene(objects=[ros.SceneObject(id='x')]), NOW_SEC)


def test_knows_no_battery_when_it_is_nan_and_clips_percent():
    assert convert.robot_state_from_msg(ros.RobotState(battery=math.nan)).battery is None
    assert convert.robot_state_from_msg(ros.RobotState(battery=87.0)).battery == 1.0


# --------------------------------------------------------------------------- time
@pytest.mark.parametrize('seconds', [0.0, 0.999999999, 1.5, NOW_SEC, 2**31 - 2.0])
def test_a_stamp_comes_back_to_the_microsecond(seconds):
    read = fields.stamp_from_msg(fields.stamp_to_msg(seconds))
    assert (read or 0.0) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize('seconds', [None, math.nan, -1.0, math.inf, 1e12])
def test_a_stamp_that_no_message_holds_is_left_out(seconds):
    assert fields.stamp_to_msg(seconds) == Time()


def test_a_second_that_rounds_up_carries_over():
    assert fields.stamp_to_msg(1.9999999999) == Time(sec=2)


@pytest.mark.parametrize(
    'stamp',
    [Time(), Time(sec=-5), Time(sec=5), Time(sec=2**31 - 1), Time(sec=5, nanosec=4_000_000_000)],
)
def test_replaces_a_stamp_of_another_clock_and_counts_it(stamp):
    reader = fields.StampReader(tolerance_sec=10.0)
    assert reader.read(stamp, NOW_SEC) == NOW_SEC
    assert reader.replaced == 1


def test_believes_a_stamp_that_is_a_little_old():
    reader = fields.StampReader()
    stamp = fields.stamp_to_msg(NOW_SEC - 0.5)
    assert reader.read(stamp, NOW_SEC) == pytest.approx(NOW_SEC - 0.5, abs=1e-6)
    assert reader.replaced == 0


def test_never_believes_in_the_future():
    assert fields.StampReader().read(fields.stamp_to_msg(NOW_SEC + 1.0), NOW_SEC) == NOW_SEC


def test_durations_are_never_negative_nor_endless():
    assert fields.duration_to_msg(-1.0) == fields.duration_to_msg(math.nan) == Duration()
    assert fields.duration_to_msg(math.inf).sec == 2**31 - 1
    assert fields.duration_from_msg(Duration(sec=-3)) == 0.0


# --------------------------------------------------------------------------- pictures
def picture(**changes):
    """A picture of 4 x 2 pixels, all red."""
    given = {'height': 2, 'width': 4, 'encoding': 'rgb8', 'step': 12, 'data': [255, 0, 0] * 8}
    return Image(**{**given, **changes})


def test_reads_a_picture_without_copying_it():
    message = picture()
    frame = frame_from_msg(message, NOW_SEC, 7)
    assert (frame.width_px, frame.height_px, frame.number) == (4, 2, 7)
    assert frame.image[1, 3].tolist() == [255, 0, 0]
    assert np.shares_memory(frame.image, np.frombuffer(message.data, np.uint8))


def test_reads_bgr_the_other_way_round():
    assert frame_from_msg(picture(encoding='bgr8'), 0.0).image[0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    'changes',
    [{'data': [0] * 5}, {'step': 3}, {'encoding': 'smell8'}, {'width': 0}, {'height': 2**31}],
)
def test_refuses_a_picture_that_lies_about_itself(changes):
    with pytest.raises(ImageError):
        frame_from_msg(picture(**changes), NOW_SEC)


@pytest.mark.parametrize('data', [b'', b'\xff\xd8 not a picture', b'GIF89a'])
def test_refuses_what_is_no_compressed_picture(data):
    with pytest.raises(ImageError):
        frame_from_msg(CompressedImage(format='jpeg', data=list(data)), NOW_SEC)


# --------------------------------------------------------------------------- diagnostics
def test_measures_rate_and_latency_over_the_window_only():
    meter = StageMeter('see', window_sec=10.0)
    meter.ran(0.0, 9.0)
    for tick in range(101):
        meter.ran(20.0 + tick / 10, 0.01)
    report = meter.report(30.0)
    assert report.rate_hz == pytest.approx(10.0)
    assert report.p99_sec == 0.01
    assert report.runs == 102


def test_a_stage_that_never_ran_has_no_latency_and_is_stale_when_it_should_run():
    assert StageMeter('respond').report(5.0).p50_sec is None
    assert not StageMeter('respond').report(5.0).stale
    assert StageMeter('see', expected_sec=2.0).report(5.0).stale


def test_counts_drops_by_reason_and_pools_endless_reasons():
    meter = StageMeter('see')
    for number in range(1000):
        meter.dropped(f'reason {number}')
    drops = dict(meter.report(0.0).drops)
    assert len(drops) <= 33
    assert sum(drops.values()) == 1000


def test_diagnostics_show_the_worst_stage_first_and_forget_old_errors():
    see, respond = StageMeter('see', expected_sec=2.0), StageMeter('respond')
    see.ran(100.0, 0.02)
    respond.failed(95.0, 'model: timed out')
    message = sent(diagnostics_to_msg([see.report(100.0), respond.report(100.0)], NOW_SEC))
    assert isinstance(message, DiagnosticArray)
    assert [status.level for status in message.status] == [
        DiagnosticStatus.WARN,
        DiagnosticStatus.OK,
        DiagnosticStatus.WARN,
    ]
    assert message.status[0].message == '5 s ago: model: timed out'
    later = diagnostics_to_msg([respond.report(300.0)], NOW_SEC)
    assert later.status[0].level == DiagnosticStatus.OK


def test_a_repeated_warning_is_held_back_and_counted():
    throttle = Throttle(5.0)
    assert throttle.admit('camera', 0.0) == 0
    assert throttle.admit('camera', 1.0) is None
    assert throttle.admit('model', 1.0) == 0
    assert throttle.admit('camera', 6.0) == 1
    assert throttle.admit('camera', 3.0) == 0
