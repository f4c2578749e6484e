"""How news becomes a belief, and how belief fades."""

from dataclasses import replace
import math

import pytest
from robochat.mood import fuse
from robochat.settings import WorldSettings
from robochat.values import (
    Box,
    Emotion,
    EMOTIONS,
    EventKind,
    FaceObservation,
    HeadPose,
    ObjectObservation,
    Observation,
    RobotState,
    SceneObservation,
    Speech,
)
from robochat.world import World

BOX = Box(300, 100, 60, 70)


def emotion(label: str, certain: bool = True, score: float = 0.8) -> Emotion:
    rest = (1 - score) / (len(EMOTIONS) - 1)
    scores = tuple(score if name == label else rest for name in EMOTIONS)
    return Emotion(label, score, scores, 0.0, 0.0, certain)


def face(name: str = 'person_1', label: str = 'neutral', **changes: object) -> FaceObservation:
    values: dict[str, object] = {
        'person': name,
        'box': BOX,
        'score': 0.9,
        'bearing_rad': 0.0,
        'distance_m': 1.4,
        'pose': HeadPose(0, 0, 0),
        'facing': True,
        'emotion': emotion(label),
    }
    return FaceObservation(**{**values, **changes})  # type: ignore[arg-type]


def watch(world: World, *faces: FaceObservation, start: float, end: float, hz: float = 10) -> None:
    """Let the world see the same faces for a while."""
    for k in range(round((end - start) * hz)):
        world.seen(Observation(start + k / hz, 640, 480, faces))


def kinds(world: World, now_sec: float) -> list[EventKind]:
    return [e.kind for e in world.view(now_sec).events]


def look(
    world: World, stamp_sec: float, *objects: ObjectObservation, external: bool = False
) -> None:
    world.looked(SceneObservation(stamp_sec, 640, 480, objects), external)


def cup(y: float = 250, name: str = 'cup_1') -> ObjectObservation:
    return ObjectObservation(name, 'cup', 0.7, Box(320, y, 40, 50))


# ------------------------------------------------------------------ people
def test_someone_arrives_once_after_being_seen_for_a_while():
    world = World(WorldSettings())
    watch(world, face(), start=0, end=3)
    assert kinds(world, 3).count(EventKind.ARRIVED) == 1


def test_a_face_of_one_frame_is_no_arrival():
    world = World(WorldSettings())
    watch(world, face(), start=0, end=0.2)
    assert EventKind.ARRIVED not in kinds(world, 6)
    assert EventKind.LEFT not in kinds(world, 6)


def test_someone_unseen_for_long_has_left_and_may_arrive_again():
    world = World(WorldSettings())
    watch(world, face(), start=0, end=3)
    assert world.view(8).people == ()
    assert EventKind.LEFT in kinds(world, 8)
    watch(world, face(), start=20, end=23)
    assert kinds(world, 23).count(EventKind.ARRIVED) == 2


def test_a_mood_needs_to_last():
    world = World(WorldSettings(mood_dwell_sec=1.0))
    watch(world, face(label='neutral'), start=0, end=2)
    watch(world, face(label='sad'), start=2, end=2.8)
    assert world.view(2.8).people[0].mood == 'neutral'
    watch(world, face(label='sad'), start=2.8, end=4)
    assert world.view(4).people[0].mood == 'sad'
    turned = [e for e in world.view(4).events if e.kind is EventKind.MOOD_TURNED]
    assert turned[-1].detail == 'neutral to sad'


def test_an_uncertain_expression_makes_no_mood():
    world = World(WorldSettings())
    watch(world, face(emotion=emotion('sad', certain=False)), start=0, end=5)
    assert world.view(5).people[0].mood == ''
    assert EventKind.MOOD_TURNED not in kinds(world, 5)


def test_a_flickering_expression_makes_no_mood():
    world = World(WorldSettings())
    for k in range(60):
        label = 'sad' if k % 2 else 'angry'
        world.seen(Observation(k / 10, 640, 480, (face(label=label),)))
    assert world.view(6).people[0].mood == ''


def test_facing_survives_a_short_gap_and_ends_with_a_long_one():
    world = World(WorldSettings())
    watch(world, face(), start=0, end=1)
    watch(world, face(facing=False), start=1, end=1.2)
    watch(world, face(), start=1.2, end=2)
    assert world.view(2).people[0].facing_sec > 1.5
    watch(world, face(facing=False), start=2, end=3)
    assert not world.view(3).people[0].facing


def test_walking_up_is_an_approach():
    world = World(WorldSettings())
    for k in range(30):
        world.seen(Observation(k / 10, 640, 480, (face(distance_m=3.5 - k * 0.08),)))
    assert EventKind.APPROACHED in kinds(world, 3)
    assert world.view(2.9).people[0].approach_mps > 0.4


def test_two_heads_turned_to_each_other_are_busy():
    world = World(WorldSettings())
    left = face('person_1', box=Box(100, 100, 60, 70), facing=False, pose=HeadPose(0.8, 0, 0))
    right = face('person_2', box=Box(400, 100, 60, 70), facing=False, pose=HeadPose(-0.8, 0, 0))
    watch(world, left, right, start=0, end=4)
    assert all(p.with_others > 0.7 for p in world.view(4).people)


def test_two_people_side_by_side_are_not_busy_with_each_other():
    world = World(WorldSettings())
    watch(world, face('person_1'), face('person_2', box=Box(450, 100, 60, 70)), start=0, end=4)
    assert all(p.with_others == 0 for p in world.view(4).people)


def test_old_frames_and_hostile_numbers_do_no_harm():
    world = World(WorldSettings())
    watch(world, face(), start=10, end=12)
    world.seen(Observation(5.0, 640, 480, (face(distance_m=math.nan),)))
    world.seen(Observation(12.1, 640, 480, (face(distance_m=math.nan),)))
    assert world.view(12.1).people[0].distance_m == 1.4


def test_more_faces_than_fit_are_left_out():
    world = World(WorldSettings())
    world.seen(Observation(0, 640, 480, tuple(face(f'person_{k}') for k in range(500))))
    assert len(world.view(0).people) <= 50


# ------------------------------------------------------------------ other nodes' estimates
def test_estimates_of_another_node_stand_in_for_our_own_eyes():
    world = World(WorldSettings())
    for k in range(30):
        world.felt(Observation(k / 10, 640, 480, (face('anna', 'sad'),)))
    assert world.view(3).people[0].mood == 'sad'


def test_contradicting_estimates_are_uncertain():
    joined = fuse(emotion('happy'), emotion('sad'))
    assert joined is not None
    assert not joined.certain


def test_an_estimate_that_agrees_stays_certain_and_an_uncertain_one_gives_way():
    both = fuse(emotion('sad'), emotion('sad', score=0.9))
    one = fuse(emotion('happy', certain=False), emotion('sad'))
    assert both is not None and both.certain and both.label == 'sad'
    assert one is not None and one.label == 'sad'


def test_replacing_estimates_silence_our_own():
    world = World(WorldSettings(emotions='replace'))
    watch(world, face(label='sad'), start=0, end=4)
    assert world.view(4).people[0].mood == ''


def test_ignored_estimates_change_nothing():
    world = World(WorldSettings(emotions='ignore', scene='ignore'))
    world.felt(Observation(0, 640, 480, (face(),)))
    look(world, 0, cup(), external=True)
    assert world.view(0).people == () and world.view(0).things == ()


# ------------------------------------------------------------------ things
def test_a_cup_seen_lower_soon_after_fell_and_is_a_hazard():
    world = World(WorldSettings())
    for k in range(4):
        look(world, k * 0.7, cup())
    look(world, 2.8, cup(y=390))
    assert {EventKind.OBJECT_FELL, EventKind.HAZARD} <= set(kinds(world, 3))


@pytest.mark.parametrize('name', ['chair_1', 'chair_2'])
def test_furniture_does_not_fall_when_the_robot_moves(name):
    world = World(WorldSettings())
    chair = ObjectObservation('chair_1', 'chair', 0.7, Box(320, 250, 40, 50))
    for k in range(4):
        look(world, k * 0.7, chair)
    for k in range(4, 8):
        look(world, k * 0.7, replace(chair, id=name, box=Box(320, 390, 40, 50)))
    assert EventKind.OBJECT_FELL not in kinds(world, 6)


def test_a_cup_that_falls_and_gets_a_new_id_fell_too():
    world = World(WorldSettings())
    for k in range(4):
        look(world, k * 0.7, cup())
    look(world, 3.5, cup(y=400, name='cup_2'))
    assert kinds(world, 4).count(EventKind.OBJECT_FELL) == 1


def test_a_cup_that_is_carried_away_did_not_fall():
    world = World(WorldSettings())
    for k in range(4):
        look(world, k * 0.7, cup())
    for k in range(6):
        look(world, 2.8 + k * 0.7, replace(cup(), box=Box(320 - 40 * k, 250 - 10 * k, 40, 50)))
    assert EventKind.OBJECT_FELL not in kinds(world, 8)


def test_a_cup_that_stands_still_did_not_fall():
    world = World(WorldSettings())
    for k in range(10):
        look(world, k * 0.7, cup(y=250 + k % 3))
    assert EventKind.OBJECT_FELL not in kinds(world, 7)


def test_a_second_cup_on_a_lower_shelf_did_not_fall():
    world = World(WorldSettings())
    for k in range(4):
        look(world, k * 0.7, cup())
    look(world, 2.8, cup(), cup(y=400, name='cup_2'))
    assert EventKind.OBJECT_FELL not in kinds(world, 3)


def test_a_thing_unseen_for_long_vanishes():
    world = World(WorldSettings())
    look(world, 0, cup())
    look(world, 0.7, cup())
    assert world.view(20).things == ()
    assert EventKind.OBJECT_VANISHED in kinds(world, 20)


def test_a_reported_fire_is_a_hazard_once():
    world = World(WorldSettings())
    fire = ObjectObservation('fire_1', 'fire', 0.9, Box(0, 0, 50, 50))
    look(world, 0, fire, external=True)
    look(world, 1, fire, external=True)
    assert kinds(world, 1).count(EventKind.HAZARD) == 1


def test_a_cup_stands_on_the_table_below_it():
    world = World(WorldSettings())
    table = ObjectObservation('dining_table_1', 'dining table', 0.8, Box(200, 270, 400, 200))
    look(world, 0, cup(), table)
    relations = {t.id: t.relations for t in world.view(0).things}
    assert relations == {'cup_1': ('on dining_table_1',), 'dining_table_1': ()}


# ------------------------------------------------------------------ words
def test_words_belong_to_the_one_whose_mouth_moves():
    world = World(WorldSettings())
    watch(world, face('person_1'), face('person_2', mouth_active=True), start=0, end=1)
    assert world.heard(Speech('', 'hello', 1.0)).speaker == 'person_2'


def test_words_of_a_crowd_belong_to_nobody():
    world = World(WorldSettings())
    watch(world, face('person_1'), face('person_2'), start=0, end=1)
    assert world.heard(Speech('', 'hello', 1.0)).speaker == ''
    assert world.heard(Speech('nobody_known', 'hello', 1.0)).speaker == ''


def test_a_long_silence_in_company_is_noted_once():
    world = World(WorldSettings(silence_sec=10))
    for k in range(300):
        world.seen(Observation(k / 10, 640, 480, (face(),)))
        world.view(k / 10)
    assert kinds(world, 30).count(EventKind.SILENCE) == 1


def test_an_empty_room_has_no_silence_to_break():
    world = World(WorldSettings(silence_sec=10))
    for k in range(30):
        world.view(float(k))
    assert kinds(world, 30) == []


def test_forgetting_keeps_what_the_robot_reported():
    world = World(WorldSettings())
    watch(world, face(), start=0, end=2)
    world.robot_is(RobotState(battery=0.5))
    world.forget()
    assert world.view(0).people == ()
    assert world.view(0).robot.battery == 0.5


def test_a_mood_lasts_only_while_it_is_reported():
    world = World(WorldSettings(emotions='replace'))
    for tick in range(30):
        at_sec = tick / 10
        world.seen(Observation(at_sec, 640, 480, (face(emotion=None),)))
        if at_sec <= 1.0:
            world.felt(Observation(at_sec, 640, 480, (face(emotion=emotion('angry')),)))
    assert world.view(3.0).people[0].mood == ''


def test_a_face_that_turns_from_glad_to_sad_within_seconds_wavers():
    for before, wavers in (('happy', True), ('neutral', False)):
        world = World(WorldSettings())
        for tick in range(60):
            label = before if tick < 30 else 'sad'
            world.seen(Observation(tick / 10, 640, 480, (face(emotion=emotion(label)),)))
        seen = world.view(6.0).people[0]
        assert (seen.mood, seen.mood_wavers) == ('sad', wavers)


def test_who_walks_up_came_just_now_and_who_stands_did_not():
    for speed_mps, came_sec in ((0.0, 0.0), (0.5, 3.0)):
        world = World(WorldSettings())
        for tick in range(40):
            away_m = 3.5 - speed_mps * tick / 10
            world.seen(Observation(tick / 10, 640, 480, (face(distance_m=away_m),)))
        assert world.view(4.0).people[0].came_sec >= came_sec
        assert (world.view(4.0).people[0].came_sec > 1.0) is (speed_mps > 0)
