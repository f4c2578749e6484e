"""Random homes and labelled pictures: what the labels say is what the picture shows."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
import pytest
from robochat.values import EMOTIONS
from robochat_sim import colors
from robochat_sim.before import Earlier, earlier, holds
from robochat_sim.furnish import overlap
from robochat_sim.homes import random_home
from robochat_sim.people import load_body, load_expressions
from robochat_sim.regions import cell_of, lit
from robochat_sim.seen import CHANGES, column_of, MOOD_WORDS
from robochat_sim.staging import Stage

pytest.importorskip('mujoco', reason='the simulator needs the extra "sim"')
BODIES = ('anna', 'chidi')


def home_of(seed, bodies=BODIES, models=None):
    """A random home."""
    return random_home(np.random.default_rng(seed), bodies, models)


def stage_of(seed, home=None):
    """A stage in a random home."""
    return Stage(home or home_of(seed), np.random.default_rng(seed), load_expressions())


@pytest.fixture(scope='module')
def taken():
    """Some pictures of one home."""
    from robochat_sim.shots import Shots

    shots = Shots(5, BODIES)
    found = [shots.take() for _ in range(10)]
    shots.close()
    return found


@pytest.fixture(scope='module')
def home_view():
    """A home, its labels and a state with a person in view."""
    from robochat_sim.labels import Labels
    from robochat_sim.render import Renderer

    home = home_of(3)
    renderer = Renderer(home.scene, {b: b for b in home.tops}, 0, home.paints)
    labels = Labels(home, renderer)
    stage = stage_of(4, home)
    for _ in range(20):
        state = stage.state(1)
        sight = labels.sight(state)
        if sight.people and sight.things:
            break
    yield labels, stage, state, sight
    renderer.close()


# --------------------------------------------------------------------------- homes
@pytest.mark.parametrize('seed', range(12))
def test_furniture_stands_in_the_room_and_apart(seed):
    home = home_of(seed)
    room = home.scene.room
    for number, area in enumerate(home.taken):
        assert room.x[0] <= area[0] and area[1] <= room.x[1]
        assert room.y[0] <= area[2] and area[3] <= room.y[1]
        assert not any(overlap(area, other) for other in home.taken[:number])


@pytest.mark.parametrize('seed', range(12))
def test_doors_are_not_behind_furniture(seed):
    home = home_of(seed)
    room = home.scene.room
    for door in (d for d in room.decor if d.kind == 'door'):
        low, high = door.along_m - door.width_m / 2, door.along_m + door.width_m / 2
        before = {
            'front': (room.x[1] - 0.5, room.x[1], low, high),
            'back': (room.x[0], room.x[0] + 0.5, low, high),
            'left': (low, high, room.y[1] - 0.5, room.y[1]),
            'right': (low, high, room.y[0], room.y[0] + 0.5),
        }[door.wall]
        assert not any(overlap(before, area) for area in home.taken)


def test_the_same_seed_gives_the_same_home_and_another_one_another():
    assert home_of(1).scene == home_of(1).scene
    assert home_of(1).scene != home_of(2).scene


def test_only_the_allowed_models_occur():
    allowed = ('table', 'chair', 'cup')
    for seed in range(8):
        scene = home_of(seed, models=allowed).scene
        assert {p.model.name for p in (*scene.furniture, *scene.things)} <= set(allowed)


def test_a_home_without_any_model_is_an_empty_room():
    scene = home_of(1, models=()).scene
    assert scene.furniture == () and scene.things == ()
    assert stage_of(1, home_of(1, models=())).state(1).things == ()


def test_an_unknown_body_or_model_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"\['zoe'\] are unknown: choose from anna"):
        home_of(0, bodies=('anna', 'zoe'))
    with pytest.raises(ValueError, match=r"\['throne'\] are unknown: choose from .*sofa"):
        home_of(0, models=('throne',))


# --------------------------------------------------------------------------- colours
@pytest.mark.parametrize('word', colors.TOP_COLORS)
def test_clothes_get_the_colour_of_their_word_and_faces_keep_theirs(word):
    picture = load_body('tim').picture
    dressed = colors.clothes(colors.TOP_COLORS[word], (0.2, 0.2, 0.2), 1.0)(picture)
    wanted = np.array(colors.TOP_COLORS[word]) * 255
    assert np.abs(np.median(dressed[colors.TOP_PX], axis=(0, 1)) - wanted).max() < 12
    assert dressed[colors.TOP_PX].std() > 1.0
    assert (dressed[:416] == picture[:416]).all()


def test_the_tops_part_of_the_atlas_covers_chest_and_arms_but_no_head():
    body = load_body('olga')
    heights = body.deform()[colors.is_top(body.uv), 2]
    assert heights.min() > 0.6 and heights.max() < 1.45


def test_a_black_thing_is_painted_dark_and_a_white_one_light():
    picture = np.full((8, 8, 3), 128, np.uint8)
    assert colors.tinted(colors.TOP_COLORS['black'])(picture).mean() < 45
    assert colors.tinted(colors.TOP_COLORS['white'])(picture).mean() > 200


# --------------------------------------------------------------------------- staging
@pytest.mark.parametrize('seed', range(8))
def test_people_stand_in_the_room_and_not_in_furniture(seed):
    stage = stage_of(seed)
    room = stage.home.scene.room
    for person in stage.state(2).people:
        if person.present and person.pose.seated == 0:
            assert room.x[0] + 0.2 < person.x < room.x[1] - 0.2
            assert room.y[0] + 0.2 < person.y < room.y[1] - 0.2
            spot = (person.x, person.x, person.y, person.y)
            assert not any(overlap(spot, area, 0.1) for area in stage.home.taken)


@pytest.mark.parametrize('seed', range(8))
def test_things_lie_on_their_furniture_and_not_in_each_other(seed):
    stage = stage_of(seed)
    things = [t for t in stage.state(0).things if t.on]
    models = {t.id: t.model for t in stage.home.scene.things}
    for number, thing in enumerate(things):
        piece = stage.home.scene.piece(thing.on)
        assert thing.z == (piece.surface_m if piece else 0.0)
        if piece:
            reach = math.hypot(*piece.model.size_m[:2]) / 2
            assert math.hypot(thing.x - piece.x, thing.y - piece.y) < reach
        for other in things[:number]:
            wide = max(models[thing.id].size_m[:2]) + max(models[other.id].size_m[:2])
            apart = math.hypot(thing.x - other.x, thing.y - other.y)
            assert apart >= wide / 2 or abs(thing.z - other.z) >= 0.4


def test_nobody_is_there_when_nobody_was_asked_for():
    assert not any(p.present for p in stage_of(2).state(0).people)


def test_nobody_sits_on_a_thing():
    stage = stage_of(3)
    seats = stage.seats(())
    assert seats
    thing = replace(stage.state(0).things[0], x=seats[0].x, y=seats[0].y, on=seats[0].furniture)
    assert seats[0] not in stage.seats((thing,))


# --------------------------------------------------------------------------- labels
def test_every_label_is_one_of_the_known_words(taken):
    for shot in taken:
        assert shot.wall in colors.WALL_COLORS and shot.light in ('bright', 'dim')
        assert len(shot.region_words) == 12 and shot.frames[-1][1] == 0.0
        for image, age_sec in shot.frames:
            assert image.shape == (480, 640, 3) and image.dtype == np.uint8
            assert 0.0 <= age_sec <= 4.0 and image.mean() > 10
        for person in shot.people:
            assert person.mood in EMOTIONS and person.top_color in colors.TOP_COLORS
            assert 0.15 <= person.visible_share <= 1.0


def test_things_say_what_they_stand_on(taken):
    for shot in taken:
        for thing in shot.things:
            if thing.on_index >= 0:
                assert shot.things[thing.on_index].label == thing.on
            assert not (thing.on == '' and thing.graspable)
            assert thing.box[2] * thing.box[3] >= 60


def test_the_face_is_named_in_its_cell(taken):
    faces = 0
    for shot in taken:
        for person in (p for p in shot.people if p.box[2] > 0):
            x, y, wide, high = person.box
            words = shot.region_words[cell_of(x + wide / 2, y + high / 2)]
            assert {'face', 'person', MOOD_WORDS[person.mood]} <= set(words)
            faces += 1
    assert faces > 2


def test_who_faces_the_robot_has_a_face_to_be_seen(taken):
    for person in (p for shot in taken for p in shot.people):
        assert person.box[2] > 0 or not person.facing
        assert not (person.facing and person.with_other)


def test_pairs_and_only_pairs_have_a_change(taken):
    for shot in taken:
        assert (shot.change is not None) == (len(shot.frames) == 2)
        if shot.change:
            assert shot.change.kind in CHANGES


def test_who_is_hidden_or_gone_is_not_listed(home_view):
    labels, _, state, sight = home_view
    nobody = replace(state, people=tuple(replace(p, present=False) for p in state.people))
    assert labels.sight(nobody).people == ()
    away = replace(state.robot, heading_rad=state.robot.heading_rad + math.pi)
    assert labels.sight(replace(state, robot=away)).person_ids != sight.person_ids


def test_a_top_has_its_colour_in_the_picture(home_view):
    labels, _, state, sight = home_view
    assert labels.sight(state) == sight
    assert any(sight.people[0].top_color in words for words in sight.region_words)


# --------------------------------------------------------------------------- changes
def test_an_event_that_the_older_picture_does_not_show_is_refused(home_view):
    _, _, state, sight = home_view
    assert holds(Earlier(state, 'person_came', sight.person_ids[0]), sight, sight) is None
    assert holds(Earlier(state, 'thing_gone', 'cup_9'), sight, sight) is None
    assert holds(Earlier(state, 'nothing', ''), sight, sight).kind == 'nothing'


def test_who_came_was_not_there_before(home_view):
    labels, stage, state, sight = home_view
    event = earlier('person_came', stage, state, sight)
    change = holds(event, sight, labels.sight(event.state))
    assert change.kind == 'person_came' and change.subject == 0
    empty = labels.sight(event.state)
    assert earlier('person_came', stage, event.state, empty) is None
    assert earlier('mood_turned', stage, event.state, empty) is None


def test_an_unknown_change_is_refused(home_view):
    _, stage, state, sight = home_view
    with pytest.raises(ValueError, match="'exploded' is unknown"):
        earlier('exploded', stage, state, sight)


# --------------------------------------------------------------------------- sampler
def test_the_same_seed_gives_the_same_pictures():
    from robochat_sim.shots import Shots

    first, second = (Shots(8, ('tim',), ('table', 'cup')) for _ in range(2))
    a, b = [first.take() for _ in range(2)], [second.take() for _ in range(2)]
    first.close()
    second.close()
    for one, other in zip(a, b, strict=True):
        assert one.people == other.people and one.things == other.things
        for (image, _), (again, _) in zip(one.frames, other.frames, strict=True):
            assert (image == again).all()


def test_no_bodies_or_a_bad_seed_or_name_is_refused_at_once():
    from robochat_sim.shots import Shots

    with pytest.raises(ValueError, match='no bodies'):
        Shots(1, ())
    with pytest.raises(ValueError, match='seed -1 is negative'):
        Shots(-1, ('anna',))
    with pytest.raises(ValueError, match='unknown'):
        Shots(1, ('nobody',))


# --------------------------------------------------------------------------- regions
def test_cells_and_columns_stay_within_the_picture():
    assert cell_of(-5, -5) == 0 and cell_of(900, 900) == 11
    assert [column_of(x) for x in (-1, 320, 700)] == ['left', 'middle', 'right']


def test_dark_and_bright_cells_are_named():
    image = np.full((480, 640, 3), 120, np.uint8)
    image[:160, :160], image[320:, 480:] = 10, 250
    words = lit(tuple(() for _ in range(12)), image)
    assert words[0] == ('dark',) and words[11] == ('bright',) and words[5] == ()
