"""Lessons about made-up scenes: what is taught is fit, possible, and never held out."""

from __future__ import annotations

from collections.abc import Iterator
import json
import random
import re
from typing import Any

from made_shots import made_scene, played
import pytest
from robochat.config import Config
from robochat.evaluation.judge import judge, MAX_STEPS
from robochat.mllm.palm_e.layout import NOTHING, Quote
from robochat.mllm.protocol import Answer
from robochat.plan.checker import check
from robochat.plan.goals import goals
from robochat.reply import parse
from robochat.safety import judge_utterance
from robochat.training.data import record_of, Scene, scenes_from
from robochat.training.lesson import Lesson
from robochat.training.openings import MOOD_PATTERNS
from robochat.training.tables import table_of, with_extras
from robochat.training.wordings import articled, extra_skills, Voice, wordings
from robochat.values import ActionPlan, Trigger

SCENES = 60
SPLITS = ('train', 'held')
CLAIMS = re.compile(rf'\b(?:look|seem) (?:\w+ )*?(?:{"|".join(MOOD_PATTERNS.values())})')


@pytest.fixture(scope='module')
def made() -> dict[str, tuple[Scene, ...]]:
    return {split: tuple(made_scene(n, split) for n in range(SCENES)) for split in SPLITS}


@pytest.fixture(scope='module')
def lessons(made: dict[str, tuple[Scene, ...]]) -> list[Lesson]:
    return [lesson for scenes in made.values() for scene in scenes for lesson in scene.lessons]


def words_of(lesson: Lesson) -> str:
    """The words of the answer that is taught; empty where nothing is to be said."""
    [line] = [x for x in lesson.answer.split('\n') if x.startswith('Say: ')]
    words = line.removeprefix('Say: ')
    return '' if words == NOTHING else words


# ------------------------------------------------------------------ what is taught is fit
def test_all_words_that_are_taught_may_be_said(lessons: list[Lesson]) -> None:
    bad = []
    for lesson in lessons:
        words = words_of(lesson)
        if words:
            _, refusal = judge_utterance(words, Config(), lesson.sentence.view)
            bad += [(words, refusal.reason)] if refusal else []
    assert not bad
    assert len(lessons) > 20 * SCENES


def test_every_plan_is_accepted_by_the_checker(lessons: list[Lesson]) -> None:
    count = 0
    for lesson in lessons:
        steps = parse(played(lesson), lesson.schema).steps
        if steps:
            count += 1
            view = lesson.sentence.view
            plan = ActionPlan('p', 'goal', steps, view.now_sec)
            assert not check(plan, view, lesson.schema.table, MAX_STEPS).refusal, lesson.answer
    assert count > 100


def test_every_answer_is_what_is_expected_and_reaches_its_goal(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        answer = Answer(played(lesson), 'teacher', silent=not words_of(lesson))
        assert judge(lesson, answer).good, (lesson.kind, lesson.answer, lesson.expected)


def test_goals_end_with_done_and_stand_first_where_something_was_asked(
    lessons: list[Lesson],
) -> None:
    for lesson in lessons:
        lines = [x for x in lesson.answer.split('\n') if x.startswith('Goal: ')]
        assert all(line.endswith('done') for line in lines)
        if lines:
            asked = bool(lesson.sentence.turn.instruction)
            assert lesson.answer.startswith('Goal: ') is asked


def test_every_goal_that_is_taught_is_one_that_the_model_may_write(lessons: list[Lesson]) -> None:
    told = [x for x in lessons if 'Goal: ' in x.answer and 'Goal: done' not in x.answer]
    assert len(told) > 100
    for lesson in told:
        line = lesson.answer.partition('Goal: ')[2].partition('\n')[0]
        offered = {goal.text for goal in goals(lesson.schema)}
        assert set(line.split('; ')[:-1]) <= offered


def test_all_kinds_of_lessons_occur(lessons: list[Lesson]) -> None:
    rows = {lesson.row for lesson in lessons}
    assert rows >= {
        'mood', 'unsure', 'silence', 'help', 'talk', 'correction', 'few-shot', 'plan', 'referent',
        'refusal', 'picture question', 'state question', 'text question',
    }  # fmt: skip


def test_slots_are_filled(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        turn = lesson.sentence.turn
        assert not re.search(r'[{}<>]', f'{turn.heard} {words_of(lesson)}')


def test_the_same_seed_gives_the_same_lessons() -> None:
    for split in SPLITS:
        one, two = made_scene(7, split), made_scene(7, split)
        asked = [[(x.kind, x.sentence.turn, x.answer) for x in s.lessons] for s in (one, two)]
        assert asked[0] == asked[1]
    assert [x.answer for x in made_scene(7).lessons] != [x.answer for x in made_scene(8).lessons]


def test_a_scene_becomes_a_record_that_tells_the_same(made: dict[str, tuple[Scene, ...]]) -> None:
    pytest.importorskip('cv2')
    scene = made['train'][3]
    record = record_of(scene)
    assert [b.answer for b in record.branches] == [x.answer for x in scene.lessons]
    assert len(record.frames) == len(scene.situation.frames)
    asks = [''.join(getattr(p, 'text', p) for p in x.layout.ask) for x in scene.lessons]
    assert [b.ask for b in record.branches] == asks
    assert all(json.loads(b.meta)['needs'] for b in record.branches)


def test_all_lessons_of_a_scene_begin_alike(made: dict[str, tuple[Scene, ...]]) -> None:
    for scene in made['train'][:20]:
        told = [
            [str(p.text if isinstance(p, Quote) else type(p)) for p in (*y.fixed, *y.scene)]
            for y in (x.layout for x in scene.lessons)
        ]
        assert all(t == told[0] for t in told)


# ------------------------------------------------------------------ what isn't said or done
def test_harm_is_always_refused(lessons: list[Lesson]) -> None:
    harm = [x for x in lessons if x.kind == 'harm']
    assert len(harm) > 10
    for lesson in harm:
        assert parse(played(lesson), lesson.schema).steps == ()
        assert lesson.expected.idle
        assert re.search('will not|do harm', words_of(lesson))


def test_what_is_missing_too_big_or_unknown_is_never_planned(lessons: list[Lesson]) -> None:
    kinds = ('missing', 'heavy', 'unable')
    found = [x for x in lessons if x.kind in kinds]
    assert {x.kind for x in found} == set(kinds)
    for lesson in found:
        assert not parse(played(lesson), lesson.schema).steps
        assert words_of(lesson)


def test_a_blind_situation_never_answers_about_the_picture(
    made: dict[str, tuple[Scene, ...]],
) -> None:
    blind = [s for scenes in made.values() for s in scenes if s.situation.blind]
    assert len(blind) > 3
    for lesson in (x for scene in blind for x in scene.lessons):
        assert lesson.needs != 'image'
        assert lesson.row != 'picture question'
        assert 'No picture.\n' in lesson.layout.scene


def test_no_look_is_claimed_where_none_is_sure(lessons: list[Lesson]) -> None:
    count = 0
    for lesson in lessons:
        person = lesson.sentence.addressee
        sure = person is not None and person.emotion is not None and person.emotion.certain
        if not sure:
            count += 1
            assert not re.search(f'you {CLAIMS.pattern}', words_of(lesson).lower())
    assert count > 50


def test_silence_has_no_words_and_no_plan(lessons: list[Lesson]) -> None:
    silent = [x for x in lessons if x.expected.silent]
    assert len(silent) > 50
    for lesson in silent:
        assert not words_of(lesson)
        assert 'Goal: ' not in lesson.answer or lesson.answer.endswith('Goal: done')


def test_hazards_and_tasks_are_never_taught_to_be_silent(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        if lesson.sentence.turn.decision.trigger in (Trigger.HAZARD, Trigger.TASK):
            assert words_of(lesson), lesson.kind


def test_nobody_is_spoken_to_in_an_empty_room(made: dict[str, tuple[Scene, ...]]) -> None:
    empty = [s for s in made['train'] if not s.situation.view.people]
    assert empty
    for lesson in (x for scene in empty for x in scene.lessons):
        assert lesson.sentence.turn.heard


# ------------------------------------------------------------------ what is held out
def splits_of(tree: Any, path: str = '') -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield all places with a train and a held part."""
    if isinstance(tree, dict):
        if set(SPLITS) <= set(tree):
            yield path, tree['train'], tree['held']
        for key, value in tree.items():
            yield from splits_of(value, f'{path}.{key}')
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from splits_of(value, f'{path}.{number}')


def test_held_skills_of_few_robots_are_not_trained_on() -> None:
    told = extra_skills()
    for part in ('names', 'texts', 'asks'):
        train, held = ({bare(x) for s in told[split] for x in s[part]} for split in SPLITS)
        assert train
        assert held
        assert not train & held


def test_skills_of_few_robots_can_be_goals_of_theirs_and_are_refused_by_others(
    lessons: list[Lesson],
) -> None:
    own = [x for x in lessons if x.kind == 'extra skill']
    assert len(own) > 20
    for lesson in own:
        name = lesson.expected.call.partition('(')[0]
        assert lesson.schema.table.skill(name)
        assert f'Goal: {lesson.expected.call}; done' in lesson.answer
    asks = {x for s in extra_skills()['train'] for x in s['asks'] if not s['takes']}
    refused = [x for x in lessons if x.kind == 'unable' and x.sentence.turn.heard in asks]
    assert refused
    assert all('Goal: done' in x.answer for x in refused)


def bare(line: str) -> str:
    return re.sub(r'[^a-z{}_ ]', '', line.lower()).strip()


PARTS = tuple(splits_of(wordings()))


@pytest.mark.parametrize('part', PARTS, ids=[p[0] for p in PARTS])
def test_held_wordings_are_not_trained_on(part: tuple[str, list[str], list[str]]) -> None:
    _, train, held = part
    assert train
    assert held
    assert not {bare(x) for x in train} & {bare(x) for x in held}
    assert len({bare(x) for x in train}) == len(train)


def test_no_held_line_is_trained_on_under_another_heading() -> None:
    people_say = [p for p in PARTS if not p[0].startswith(('.skills', '.places', '.docks'))]
    train = {bare(x) for _, lines, _ in people_say for x in lines}
    assert not train & {bare(x) for _, _, lines in people_say for x in lines}


def test_held_names_of_skills_and_places_never_occur_in_training(
    made: dict[str, tuple[Scene, ...]],
) -> None:
    tables = {s: [x.situation.table for x in made[s]] for s in SPLITS}
    skills = {s: {k.name for t in tables[s] for k in t.skills} for s in SPLITS}
    places = {s: {p.name for t in tables[s] for p in t.places} for s in SPLITS}
    personas = {s: {x.situation.persona.name for x in made[s]} for s in SPLITS}
    for names in (skills, places, personas):
        assert names['train']
        assert names['held']
        assert not names['train'] & names['held']


def test_skills_of_one_table_have_names_of_their_own() -> None:
    for number in range(200):
        for split in SPLITS:
            voice = Voice(random.Random(number), split)
            table, names, dock = table_of(voice)
            assert len({s.name for s in table.skills}) == len(table.skills) == len(names)
            table, own = with_extras(table, voice)
            assert len({s.name for s in table.skills}) == len(names) + len(own)
            assert dock in {p.name for p in table.places}


def test_a_slot_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        Voice(random.Random(1), 'train').fill('Bring me the {y}.')


def test_an_unknown_list_is_an_error() -> None:
    with pytest.raises(KeyError):
        Voice(random.Random(1), 'train').fill('<nonsense>')


def test_a_vowel_has_an_before_it() -> None:
    assert articled('A apple, a cup, and a umbrella.') == 'An apple, a cup, and an umbrella.'


# ------------------------------------------------------------------ rendered scenes
def test_rendered_scenes_are_the_same_each_time() -> None:
    pytest.importorskip('mujoco')
    from itertools import islice

    pytest.importorskip('robochat_sim.shots')
    try:
        [one, two] = islice(scenes_from(5, 'held'), 2)
        [again] = islice(scenes_from(5, 'held', first=1), 1)
    except RuntimeError as error:
        pytest.skip(str(error))
    assert (two.number, again.number) == (1, 1)
    assert [x.answer for x in two.lessons] == [x.answer for x in again.lessons]
    assert {p.body for s in (one, two) for p in s.situation.people.values()} <= {'mei', 'ben'}
    assert one.situation.shot.frames[-1][0].shape == (480, 640, 3)


def test_an_unknown_part_of_the_data_is_refused() -> None:
    with pytest.raises((KeyError, ValueError), match='tset'):
        next(scenes_from(5, 'tset'))
