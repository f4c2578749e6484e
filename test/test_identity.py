"""A face that the tracker lost and found again under another id stays the same person."""

from robochat.identity import Identities, MAX_ALIASES, same_person
from robochat.settings import WorldSettings
from robochat.values import Box, FaceObservation, HeadPose, Observation, Person
from robochat.world import World

HERE, THERE = Box(300, 100, 60, 70), Box(100, 100, 60, 70)


def face(name: str, box: Box = HERE) -> FaceObservation:
    return FaceObservation(
        name, box, 0.9, 0.0, distance_m=1.3, pose=HeadPose(0, 0, 0), facing=True
    )


def known(name: str, seen_sec: float, box: Box = HERE) -> Person:
    return Person(name, 0.0, seen_sec, box, 0.0)


def names(ids: Identities, stamp_sec: float, faces, people) -> list[str]:
    settled = ids.settle(Observation(stamp_sec, 640, 480, tuple(faces)), people)
    return [f.person for f in settled.faces]


# ------------------------------------------------------------------ keeps it
def test_a_new_id_in_the_old_place_is_the_same_person():
    ids = Identities()
    assert names(ids, 10.2, [face('person_9')], [known('person_1', 10.0)]) == ['person_1']
    assert names(ids, 20.0, [face('person_9', THERE)], [known('person_1', 19.9)]) == ['person_1']


def test_ids_that_flicker_are_one_person_who_has_faced_the_robot_all_the_time():
    world = World(WorldSettings())
    for tick in range(40):
        stamp_sec = tick / 10
        world.seen(Observation(stamp_sec, 640, 480, (face(f'person_{tick // 5}'),)))
    view = world.view(3.9)
    assert [p.id for p in view.people] == ['person_0']
    assert view.people[0].facing_sec > 3.5


# ------------------------------------------------------------------ does not
def test_a_new_id_elsewhere_is_someone_else():
    ids = Identities()
    assert names(ids, 10.2, [face('person_9', THERE)], [known('person_1', 10.0)]) == ['person_9']


def test_a_new_id_where_somebody_was_long_ago_is_someone_else():
    ids = Identities()
    assert names(ids, 15.0, [face('person_9')], [known('person_1', 10.0)]) == ['person_9']


def test_with_two_to_choose_from_nobody_is_chosen():
    people = [known('person_1', 10.0), known('person_2', 10.0)]
    assert names(Identities(), 10.2, [face('person_9')], people) == ['person_9']


def test_who_is_still_in_view_keeps_the_id_for_themselves():
    faces = [face('person_1'), face('person_9')]
    assert names(Identities(), 10.2, faces, [known('person_1', 10.1)]) == ['person_1', 'person_9']


def test_two_ids_seen_at_once_are_two_people_again():
    ids, people = Identities(), [known('person_1', 10.0)]
    names(ids, 10.2, [face('person_9')], people)
    both = names(ids, 10.3, [face('person_1'), face('person_9', THERE)], people)
    assert both == ['person_1', 'person_9']


def test_what_is_remembered_of_ids_is_bounded():
    ids = Identities()
    for number in range(MAX_ALIASES + 50):
        names(ids, 10.2, [face(f'new_{number}')], [known(f'old_{number}', 10.0)])
    assert len(ids._aliases) == MAX_ALIASES


def test_another_nodes_face_is_matched_by_id_or_overlap():
    people = [known('person_1', 10.0), known('person_2', 10.0, THERE)]
    assert same_person(face('person_2'), people) == 'person_2'
    assert same_person(face('theirs', THERE), people) == 'person_2'
    assert same_person(face('theirs', Box(500, 400, 20, 20)), people) is None
