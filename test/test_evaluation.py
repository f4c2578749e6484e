"""The judge, the rows, the contenders and the report of an evaluation, without a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from made_shots import made_scene, played
import numpy as np
import pytest
from robochat.cli import main
from robochat.evaluation import report
from robochat.evaluation.contenders import Altered, mix, shuffled, verbalised, without
from robochat.evaluation.judge import judge, Verdict
from robochat.evaluation.rows import MEASURES, Score, scores
from robochat.evaluation.run import Contest, contest, costs, OURS
from robochat.mllm.palm_e.layout import Layout, NOTHING, Picture, Quote, State
from robochat.mllm.protocol import Answer, ModelError
from robochat.training.lesson import Expected, Lesson

pytest.importorskip('tqdm')

MOODS = 'mood named or fittingly answered'
SILENT_ROW = 'silent where silence is due'


@pytest.fixture(scope='module')
def lessons() -> list[Lesson]:
    return [lesson for n in range(14) for lesson in made_scene(n, 'held').lessons]


def of(lessons: Sequence[Lesson], row: str, kind: str = '') -> Lesson:
    return next(x for x in lessons if x.row == row and kind in x.kind)


def goal_lesson(lessons: Sequence[Lesson]) -> Lesson:
    return next(x for x in lessons if x.expected.goal and x.skilled and 'pick' not in x.kind)


class Oracle:
    """Answers as the teacher does, or as `words` for all."""

    def __init__(self, lessons: Sequence[Lesson], answer: Answer | None = None) -> None:
        self._answers = {id(x.sentence): played(x) for x in lessons}
        self._layouts = {id(x.sentence): x.layout for x in lessons}
        self._answer = answer
        self.read: list[Layout] = []

    def layout(self, sentence: Any, _: Any) -> Layout:
        return self._layouts[id(sentence)]

    def generate(self, sentence: Any, schema: Any, **_: Any) -> Answer:
        self.read.append(self.layout(sentence, schema))
        if self._answer is not None:
            return self._answer
        text = self._answers[id(sentence)]
        return Answer(text, 'oracle', silent=f'Say: {NOTHING}' in text.split('\n'))


def asked(model: Any, lessons: Sequence[Lesson]) -> Contest:
    return contest(model, lessons, ablations=False)


# ------------------------------------------------------------------ judging
def test_right_words_are_right_and_others_are_not(lessons: list[Lesson]) -> None:
    lesson = replace(of(lessons, 'talk'), expected=Expected((r'\bblue\b',), (r'\bred\b',)))
    right = judge(lesson, Answer('Say: It is Blue.', 'x'))
    assert right.words
    assert right.good
    for wrong in ('Say: It is red and blue.', 'Say: It is green.', '', 'Say: nothing'):
        assert not judge(lesson, Answer(wrong, 'x')).words
    assert not judge(lesson, None).words


def test_silence_is_right_only_where_it_is_due(lessons: list[Lesson]) -> None:
    due, talk = of(lessons, 'silence'), of(lessons, 'mood')
    silent = Answer('', 'x', silent=True)
    assert judge(due, silent).words
    assert judge(due, Answer(f'Say: {NOTHING}', 'x')).words
    assert not judge(due, Answer('Say: Hello.', 'x')).words
    assert not judge(due, None).words
    assert judge(talk, silent) == Verdict(False, True, *judge_plan(talk, silent))


def judge_plan(lesson: Lesson, answer: Answer) -> tuple[bool | None, bool | None]:
    verdict = judge(lesson, answer)
    return verdict.plan, verdict.valid


def test_a_goal_is_reached_by_the_plan_only(lessons: list[Lesson]) -> None:
    lesson = goal_lesson(lessons)
    assert judge(lesson, Answer(played(lesson), 'x')).plan is True
    say = next(x for x in lesson.answer.split('\n') if x.startswith('Say'))
    missed = judge(lesson, Answer(say, 'x'))
    assert (missed.plan, missed.valid, missed.good) == (False, True, False)


def test_a_plan_that_cannot_run_is_not_valid(lessons: list[Lesson]) -> None:
    lesson = next(x for x in lessons if x.skilled and x.kind == 'bring')
    hand_over = played(lesson).split('; ')[-1]
    verdict = judge(lesson, Answer(f'Say: Sure.\nPlan: {hand_over}', 'x'))
    assert verdict.valid is False
    assert not verdict.good


def test_a_plan_where_nothing_may_be_done_is_wrong(lessons: list[Lesson]) -> None:
    harm = of(lessons, 'refusal', 'harm')
    call = harm.schema.next_steps()[0].call
    say = harm.answer.split('\n')[1]
    assert judge(harm, Answer(played(harm), 'x')).good
    assert judge(harm, Answer(f'{say}\nPlan: {call}', 'x')).plan is False


@pytest.mark.parametrize('garbage', ['', '\x00', '{"say": 1}', 'Plan: fly(moon)', '}' * 50_000])
def test_garbage_is_judged_wrong(lessons: list[Lesson], garbage: str) -> None:
    assert not judge(of(lessons, 'few-shot'), Answer(garbage, 'x')).good


# ------------------------------------------------------------------ the rows
def test_the_teacher_has_every_row_full(lessons: list[Lesson]) -> None:
    table = asked(Oracle(lessons), lessons).table[OURS]
    assert {name for name, score in table.items() if score.share < 1} == set()
    assert all(score.count > 0 for score in table.values())


def test_who_is_always_silent_is_right_on_silence_alone(lessons: list[Lesson]) -> None:
    table = asked(Oracle(lessons, Answer('', 'x', silent=True)), lessons).table[OURS]
    assert table[SILENT_ROW].share == 1
    assert {n for n, s in table.items() if s.right} == {SILENT_ROW, 'plan accepted by the checker'}
    assert table[MOODS].right == 0


def test_who_always_greets_is_never_silent(lessons: list[Lesson]) -> None:
    table = asked(Oracle(lessons, Answer('Say: Hello.', 'x')), lessons).table[OURS]
    assert table[SILENT_ROW].right == 0
    assert table['speaks where it should'].share == 1
    assert table[MOODS].right == 0


def test_a_model_that_fails_counts_as_wrong(lessons: list[Lesson]) -> None:
    model = Oracle(lessons)

    def fail(*_: Any, **__: Any) -> Answer:
        raise ModelError('no words')

    model.generate = fail  # type: ignore[method-assign]
    found = asked(model, lessons[:20])
    assert not any(g.verdict.words for g in found.answers[OURS])
    assert found.answers[OURS][0].text == '(no words)'


def test_no_answers_are_no_share() -> None:
    assert Score(0, 0).share == 0
    assert all(s == Score(0, 0) for s in scores(()).values())


# ------------------------------------------------------------------ what is taken away
def layout_of(*scene: Any) -> Layout:
    return Layout(('fixed',), scene, ('ask',))


def picture(number: int) -> Picture:
    from robochat.values import Frame

    return Picture(Frame(np.full((4, 4, 3), number, np.uint8), 9.0))


def state(kind: str, value: float) -> State:
    return State(kind, np.array([value], np.float32))


def test_without_pictures_is_told_as_without_pictures() -> None:
    full = layout_of('Picture 2 s ago:', picture(1), '\n', 'Picture:', picture(2), '\n', 'People:')
    assert without(Picture)(full).scene == ('No picture.\n', 'People:')
    assert without(Picture)(layout_of('No picture.\n', 'People:')).scene == (
        'No picture.\n',
        'People:',
    )


def test_without_states_all_are_unknown_and_the_rest_stays() -> None:
    shown = picture(1)
    scene = without(State)(layout_of(shown, Quote(' person_1'), state('person', 3))).scene
    assert scene[:2] == (shown, Quote(' person_1'))
    assert scene[2].kind == 'person'  # type: ignore[union-attr]
    assert not scene[2].vector.any()  # type: ignore[union-attr]


def test_shuffled_pictures_are_of_other_scenes() -> None:
    layouts = [layout_of(picture(n), state('person', n)) for n in range(4)]
    alter = shuffled(Picture, layouts, 1)
    for _ in range(10):
        for own in layouts:
            other = alter(own)
            assert other.scene[0].frame.image is not own.scene[0].frame.image  # type: ignore[union-attr]
            assert other.scene[1] is own.scene[1]
            assert (other.fixed, other.ask) == (own.fixed, own.ask)


def test_shuffled_states_are_others_of_their_kind() -> None:
    layouts = [layout_of(state('person', n), state('thing', 10 + n)) for n in range(4)]
    alter = shuffled(State, layouts, 1)
    for _ in range(10):
        for own in layouts:
            other = alter(own)
            assert [p.kind for p in other.scene] == ['person', 'thing']  # type: ignore[union-attr]
            for a, b in zip(other.scene, own.scene, strict=True):
                assert (a.vector != b.vector).all()  # type: ignore[union-attr]


def test_an_only_scene_is_shuffled_with_itself() -> None:
    only = layout_of(picture(1))
    assert len(shuffled(Picture, [only], 1)(only).scene) == 1


def test_a_model_is_as_before_after_it_was_altered(lessons: list[Lesson]) -> None:
    model = Oracle(lessons)
    lesson = next(x for x in lessons if any(isinstance(p, State) for p in x.layout.scene))
    with Altered(model, mix(State, lessons, 2)) as altered:  # type: ignore[arg-type]
        altered.generate(lesson.sentence, lesson.schema)
    with Altered(model, without(State)) as altered:  # type: ignore[arg-type]
        altered.generate(lesson.sentence, lesson.schema)
    model.generate(lesson.sentence, lesson.schema)
    known = [any(p.vector.any() for p in x.scene if isinstance(p, State)) for x in model.read]
    assert known == [True, False, True]
    assert 'layout' not in vars(model)


def test_the_bare_model_is_told_all_in_words(lessons: list[Lesson]) -> None:
    lesson = of(lessons, 'mood', 'care')
    told = verbalised(lesson.sentence, lesson.schema)
    pieces = (*told.fixed, *told.scene, *told.ask)
    assert not any(isinstance(p, Picture | State) for p in pieces)
    assert lesson.sentence.mood in ''.join(str(getattr(p, 'text', p)) for p in pieces)


# ------------------------------------------------------------------ the report
@pytest.fixture(scope='module')
def found(lessons: list[Lesson]) -> Contest:
    good = asked(Oracle(lessons), lessons)
    needed = [x for x in lessons if x.needs == 'state']
    less = asked(Oracle(lessons, Answer('Say: Hello.', 'x')), needed)
    bare = asked(Oracle(lessons, Answer('Say: Hello.', 'x')), lessons)
    answers = {
        **good.answers,
        'no state': less.answers[OURS],
        'zero-shot LM, state in words': bare.answers[OURS],
    }
    return replace(good, answers=answers)


def test_what_states_are_worth_is_told(found: Contest) -> None:
    ours, less = costs(found)['no state'][MOODS]
    assert ours.share == 1
    assert less.share == 0
    assert ours.count == less.count > 0
    assert 'no picture' not in costs(found)


def test_a_report_has_json_tables_a_picture_and_all_answers(
    found: Contest, tmp_path: Path
) -> None:
    pytest.importorskip('matplotlib')
    folder = tmp_path / 'new' / 'folder'
    report.write(found, {'eval': 'palm_e', 'scenes': 30}, folder)
    tree = json.loads((folder / report.JSON_FILE).read_text())
    assert (tree['eval'], tree['scenes']) == ('palm_e', 30)
    assert [row['what'] for row in tree['rows']] == [m.name for m in MEASURES]
    assert all(row['ok'] is not False for row in tree['rows'])
    text = (folder / report.TABLE_FILE).read_text()
    assert f'| {MOODS} |' in text
    assert '100.0%' in text
    assert (folder / report.PICTURE_FILE).read_bytes().startswith(b'\x89PNG')
    lines = (folder / report.ANSWERS_FILE).read_text().splitlines()
    assert len(lines) == sum(map(len, found.answers.values()))
    assert all('<|im_end|>' not in json.loads(line)['asked'] for line in lines)


def test_a_bar_that_is_missed_is_told(lessons: list[Lesson]) -> None:
    bad = asked(Oracle(lessons, Answer('Say: Hello.', 'x')), lessons)
    tree = report.as_json(bad, {})
    row = next(row for row in tree['rows'] if row['what'] == MOODS)
    assert (row['ok'], row['value']) == (False, 0)
    assert f'| {MOODS} | {row["count"]} | **0.0%** | 90% |' in '\n'.join(report.table(tree))


@pytest.mark.parametrize('option', ['--scenes', '--threads'])
@pytest.mark.parametrize('number', ['0', '-3'])
def test_nothing_to_measure_is_refused(
    option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['eval', option, number]) == 2
    assert f'{option} is {number}; at least one is needed' in capsys.readouterr().err


def test_weights_that_are_missing_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'none.safetensors'
    assert main(['eval', '--scenes', '1', '--weights', str(path)]) == 2
    assert 'no such weight file' in capsys.readouterr().err
