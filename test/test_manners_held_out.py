"""The held-out timelines: they are read, half want silence, and the bench plays a given folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from robochat.bench.manners import chosen, MannersError, run, Wish
from robochat.manners.play import played, settings_of
from robochat.manners.policy import ours
from robochat.manners.reading import load_timelines, read_timelines, TimelineError
from robochat.manners.score import score
from robochat.manners.timeline import Timeline

FOLDER = Path(__file__).resolve().parent / 'data' / 'manners_held_out'
SECOND = FOLDER.with_name('manners_held_out_2')
THIRD = FOLDER.with_name('manners_held_out_3')
FOURTH = FOLDER.with_name('manners_held_out_4')
FOLDERS = (FOLDER, SECOND, THIRD, FOURTH)
ALL = pytest.mark.parametrize('folder', FOLDERS, ids=['first', 'second', 'third', 'fourth'])
JUMPS = """
- name: jumps
  about: The clock moves by two hours, and later back.
  duration_sec: 60
  clock: [{at: 20, by_sec: 7200}, {at: 40, by_sec: -7200}]
"""


@ALL
def test_half_of_the_held_out_timelines_want_silence(folder):
    timelines = load_timelines(folder)
    assert len(timelines) >= 40
    assert 2 * sum(t.silent for t in timelines) == len(timelines)


@ALL
def test_none_of_them_is_in_the_package(folder):
    assert not {t.name for t in load_timelines(folder)} & {t.name for t in load_timelines()}


def test_no_timeline_is_in_two_lists():
    names = [t.name for folder in FOLDERS for t in load_timelines(folder)]
    assert len(names) == len(set(names))


@ALL
def test_every_window_leaves_time_to_react(folder):
    for timeline in load_timelines(folder):
        assert all(w.end_sec - w.start_sec >= 3.0 for w in timeline.windows), timeline.name


@pytest.mark.parametrize(
    ('folder', 'false', 'flawless'),
    [(FOLDER, 1, 41), (SECOND, 1, 39), (THIRD, 0, 44), (FOURTH, 3, 37)],
)
def test_our_policy_keeps_on_them_what_it_has_reached(folder, false, flawless):
    scores = [score(played(t, ours(settings_of(t).engagement))) for t in load_timelines(folder)]
    assert sum(s.right for s in scores) == sum(s.windows for s in scores)
    assert sum(s.false for s in scores) <= false
    assert not sum(s.repeats for s in scores)
    assert sum(s.passed for s in scores) >= flawless


def test_the_bench_plays_a_given_folder():
    wish = Wish(only=('guard_at_night',), policies=('silent',), folder=str(FOLDER))
    assert run(wish, lambda _: None).results[0].scores[0].passed


def test_names_of_the_package_are_not_found_in_a_given_folder():
    with pytest.raises(MannersError, match='there are'):
        chosen(Wish(only=('walks_up_and_stops',), folder=str(FOLDER)))


def test_a_folder_without_timelines_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / 'missing'):
        with pytest.raises(MannersError, match='no timelines'):
            chosen(Wish(folder=str(folder)))


def test_a_broken_file_in_a_folder_is_refused(tmp_path):
    (tmp_path / 'x.yaml').write_text('- {name: x}\n')
    with pytest.raises(TimelineError, match='about'):
        chosen(Wish(folder=str(tmp_path)))


def test_films_come_from_no_other_folder():
    with pytest.raises(MannersError, match='films'):
        chosen(Wish(folder=str(FOLDER), pixels=True))


def test_time_that_a_jump_forward_skips_has_passed_and_one_back_has_not():
    timeline: Timeline = read_timelines(JUMPS)[0]
    assert timeline.passed_sec(10.0, 19.0) == 9.0
    assert timeline.passed_sec(10.0, 30.0) == 7220.0
    assert timeline.passed_sec(30.0, 50.0) == 20.0
