"""The bench of manners: timelines, senses, play, figures, and what it says of known policies."""

from __future__ import annotations

from dataclasses import replace
import json
import math

import numpy as np
import pytest
from robochat.bench.manners import Bench, MannersError, run, Wish
from robochat.manners.figures import macro_f1, Pool
from robochat.manners.play import played, RESPONSE_SEC
from robochat.manners.policy import DutyCycle, GazeDistance, GreetOnFace, POLICIES, Silent
from robochat.manners.reading import load_timelines, read_timelines, TimelineError
from robochat.manners.record import FREE, LISTEN, SPEAK, WAIT
from robochat.manners.report import result_of, row_values, table
from robochat.manners.sampler import sampled
from robochat.manners.score import gaps, score
from robochat.manners.stream import news_of
from robochat.manners.timeline import legs_of, Move
from robochat.settings import EngagementSettings
from robochat.values import Decision, Trigger

VISITOR = """
- name: visitor
  about: Anna stands before the robot and looks at it.
  duration_sec: 20
  noise: {jitter: 0, drop: 0, mood: 0}
  people:
    anna:
      - {at: 0.0, from: [1.5, 0.0], looks: robot}
"""
WINDOW = '  speak:\n    - {from: 2.0, until: 8.0, to: anna, why: [greeting]}\n'


def timeline_of(text):
    return read_timelines(text, 'test')[0]


class Script(Silent):
    """Decides to speak at given times of the robot's clock, which starts at 1000 s."""

    def __init__(self, *times, trigger=Trigger.GREETING, to='person_1', priority=128):
        super().__init__(EngagementSettings())
        self.times = list(times)
        self.trigger, self.to, self.priority = trigger, to, priority
        self.told = []

    def decide(self, view):
        if self.times and view.now_sec >= 1000.0 + self.times[0] - 1e-6:
            self.times.pop(0)
            return Decision(
                True, 'scripted', view.now_sec, self.trigger, self.to, priority=self.priority
            )
        return Decision(False, 'waits', view.now_sec)

    def spoke(self, decision, now_sec):
        self.told.append('spoke')

    def took_back(self, decision, talk_sec=None):
        self.told.append('took back')

    def heard(self, speech):
        self.told.append(f'heard {speech.speaker}')

    def shift(self, by_sec):
        self.told.append(f'shift {by_sec:.0f}')


def scored(text, policy):
    return score(played(timeline_of(text), policy))


# --------------------------------------------------------------------------- files
def test_there_are_enough_timelines_and_half_of_them_want_silence():
    timelines = load_timelines()
    assert len(timelines) >= 60
    assert 2 * sum(t.silent for t in timelines) >= len(timelines)


def test_every_window_lies_within_its_timeline_and_gives_time_to_react():
    for timeline in load_timelines():
        for window in timeline.windows:
            assert window.start_sec >= 0 and window.end_sec <= timeline.duration_sec
            assert window.end_sec - window.start_sec >= 3.0, timeline.name


def test_every_mistake_of_a_file_is_reported_with_its_line():
    with pytest.raises(TimelineError) as caught:
        read_timelines(
            '- name: x\n  about: y\n  duration_sec: 20\n  peple: {}\n'
            '  speak:\n    - {from: 1, until: 30, to: nobody_known, why: [gossip]}\n'
        )
    text = str(caught.value)
    assert "did you mean 'people'" in text
    for fault in ('nobody_known', 'gossip', '30', 'line 6'):
        assert fault in text


def test_a_time_cannot_be_right_and_wrong():
    with pytest.raises(TimelineError, match='is right and not'):
        timeline_of(VISITOR + WINDOW + '  wrong:\n    - {from: 7, until: 9}\n')


def test_people_cannot_come_from_nowhere():
    with pytest.raises(TimelineError, match='comes from nowhere'):
        timeline_of('- {name: x, about: y, duration_sec: 9, people: {a: [{at: 1, looks: robot}]}}')


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(TimelineError, match='engagement.politeness'):
        timeline_of(VISITOR + '  settings: {engagement.politeness: 11}\n')


# --------------------------------------------------------------------------- senses
def test_a_walk_begins_where_the_one_before_has_come_to():
    legs = legs_of(
        [Move(0.0, start=(4.0, 0.0), goal=(0.0, 0.0)), Move(2.0, goal=(2.0, 2.0), speed_mps=2.0)]
    )
    assert legs[1].start == (2.0, 0.0)
    assert legs[1].at(2.5) == pytest.approx((2.0, 1.0))


def test_the_same_seed_senses_the_same():
    timeline = replace(timeline_of(VISITOR), noise=replace(timeline_of(VISITOR).noise, jitter=1.0))
    assert news_of(timeline, 3) == news_of(timeline, 3)
    assert news_of(timeline, 3) != news_of(timeline, 4)


def test_a_turned_head_is_not_seen():
    turned = timeline_of(VISITOR.replace('looks: robot', 'looks: back'))
    assert not any(news.seen.faces for news in news_of(turned))


def test_a_head_that_looks_aside_does_not_face_the_robot():
    aside = timeline_of(VISITOR.replace('looks: robot', 'looks: away'))
    faces = [f for news in news_of(aside) for f in news.seen.faces]
    assert faces and not any(f.facing for f in faces)


def test_looking_at_someone_turns_the_head_to_their_side_of_the_picture():
    text = VISITOR.replace('looks: robot', 'looks: ben') + (
        '    ben:\n      - {at: 0.0, from: [0.9, 0.5], looks: robot}\n'
    )
    anna, ben = news_of(timeline_of(text))[0].seen.faces
    assert ben.box.x < anna.box.x
    assert anna.pose.yaw_rad < -0.5


# --------------------------------------------------------------------------- play
def test_words_come_after_the_response_and_are_heard_as_the_robots():
    play = played(timeline_of(VISITOR), Script(3.0))
    assert play.openings[0].begun_sec == pytest.approx(3.0 + RESPONSE_SEC)
    speaking = [t.at_sec for t in play.ticks if t.view.robot.speaking]
    assert speaking and min(speaking) >= play.openings[0].begun_sec - 0.06


def test_one_opening_is_on_its_way_at_a_time():
    assert len(played(timeline_of(VISITOR), Script(3.0, 3.2, 3.4)).openings) == 1


def test_a_muted_robot_says_nothing():
    text = VISITOR + '  muted:\n    - {from: 0, until: 20}\n'
    assert played(timeline_of(text), Script(3.0, 9.0)).openings == ()


def test_a_person_who_speaks_up_takes_back_what_is_on_its_way():
    text = VISITOR + '  says:\n    - {at: 3.2, who: anna, words: what is that}\n'
    policy = Script(3.0)
    assert played(timeline_of(text), policy).openings == ()
    assert policy.told[:2] == ['spoke', 'took back']


def test_the_robot_stops_for_who_talks_to_it_but_not_while_it_warns():
    text = VISITOR + (
        '  says:\n    - {on: robot, at: 0.5, who: anna, words: wait a minute please}\n'
    )
    greeting = played(timeline_of(text), Script(3.0)).openings[0]
    warning = played(timeline_of(text), Script(3.0, trigger=Trigger.HAZARD)).openings[0]
    assert greeting.end_sec < greeting.begun_sec + 1.5 < warning.end_sec


def test_words_that_wait_for_the_robots_are_never_said_to_a_silent_one():
    text = VISITOR + '  says:\n    - {on: robot, at: 0.5, who: anna, words: wait}\n'
    play = played(timeline_of(text), Silent(EngagementSettings()))
    assert play.said == () and play.windows == ()


def test_words_reach_the_policy():
    text = VISITOR + '  says:\n    - {at: 3, who: anna, words: Not now, answer: false}\n'
    policy = Script()
    played(timeline_of(text), policy)
    assert policy.told == ['heard person_1']


def test_a_clock_that_goes_back_moves_what_the_policy_remembers():
    policy = Script()
    played(timeline_of(VISITOR + '  clock:\n    - {at: 5, by_sec: -60}\n'), policy)
    assert policy.told == ['shift -60']


def test_each_tick_says_what_would_have_been_right():
    text = (
        VISITOR
        + WINDOW
        + (
            '  free:\n    - {from: 10, until: 12}\n'
            '  says:\n    - {at: 14, who: anna, for_sec: 2, words: hello}\n'
        )
    )
    labels = {t.at_sec: t.label for t in played(timeline_of(text), Script(3.0)).ticks}
    at = {round(sec, 1): label for sec, label in labels.items()}
    assert (at[1.0], at[2.5], at[11.0], at[15.0], at[17.0]) == (WAIT, SPEAK, FREE, LISTEN, SPEAK)
    assert at[5.0] == WAIT  # the window has got its words


# --------------------------------------------------------------------------- score
def test_words_in_the_window_are_right_and_before_it_wrong():
    found = scored(VISITOR + WINDOW, Script(0.5, 4.0))
    assert (found.right, found.false, found.windows) == (1, 1, 1)
    assert found.delays_sec == (pytest.approx(4.0 + RESPONSE_SEC - 2.0),)


def test_a_window_takes_one_opening_of_the_right_kind_to_the_right_person():
    assert scored(VISITOR + WINDOW, Script(3.0, 6.5)).false == 1
    assert scored(VISITOR + WINDOW, Script(3.0, trigger=Trigger.CARE)).right == 0
    assert scored(VISITOR + WINDOW, Script(3.0, to='person_9')).right == 0


def test_words_in_a_free_span_do_not_count():
    text = VISITOR + '  free:\n    - {from: 2, until: 8}\n'
    assert scored(text, Script(3.0)).openings == 0


def test_a_greeting_is_no_warning():
    text = VISITOR + WINDOW.replace('greeting', 'hazard')
    assert scored(text, Script(3.0, trigger=Trigger.NONE)).right == 0
    assert scored(text, Script(3.0, trigger=Trigger.HAZARD)).hazard_sec == (pytest.approx(1.05),)


def test_the_same_words_twice_to_one_person_are_a_repeat():
    assert scored(VISITOR, Script(3.0, 12.0)).repeats == 1
    assert scored(VISITOR, Script(3.0)).repeats == 0


def test_words_that_begin_over_a_speaking_person_are_counted():
    text = VISITOR + '  says:\n    - {at: 3, who: anna, for_sec: 6, words: well then}\n'
    assert scored(text, Script(4.0, trigger=Trigger.REPLY)).over == 1
    assert scored(text, Script(4.0, trigger=Trigger.HAZARD)).over == 0
    assert scored(text, Script(12.0, trigger=Trigger.REPLY)).over == 0


def test_silence_is_right_where_nothing_is_to_be_said_and_misses_every_window():
    quiet = scored(VISITOR, Silent(EngagementSettings()))
    assert quiet.passed and quiet.silent
    missed = scored(VISITOR + WINDOW, Silent(EngagementSettings()))
    assert not missed.passed and not missed.false
    assert math.isinf(Pool([missed]).figures()['wait_p50_sec'])


def test_macro_f1_is_the_mean_over_the_labels_that_occur():
    assert macro_f1(np.diag([5.0, 3.0, 2.0])) == 1.0
    assert macro_f1(np.array([[8.0, 2, 0], [2, 8, 0], [0, 0, 0]])) == pytest.approx(0.8)
    assert math.isnan(macro_f1(np.zeros((3, 3))))


def test_a_false_opening_counts_as_speaking_where_it_should_wait():
    right = Pool([scored(VISITOR + WINDOW, Script(3.0))]).figures()
    wrong = Pool([scored(VISITOR + WINDOW, Script(3.0, 12.0))]).figures()
    assert right['macro_f1'] == 1.0 > wrong['macro_f1']
    assert (right['false_per_hour'], wrong['false_per_hour']) == (0.0, pytest.approx(180.0))


def test_gaps_are_what_no_span_covers():
    assert list(gaps([(2.0, 5.0), (4.0, 6.0)], 10.0)) == [(0.0, 2.0), (6.0, 10.0)]


def test_intervals_hold_the_figure_and_repeat_with_the_seed():
    scores = [scored(VISITOR + WINDOW, Script(*times)) for times in ((3.0,), (12.0,), (4.0,))]
    low, high = Pool(scores).intervals(seed=2)['recall']
    assert low <= Pool(scores).figures()['recall'] <= high
    assert Pool(scores).intervals(seed=2) == Pool(scores).intervals(seed=2)


# --------------------------------------------------------------------------- policies
def test_the_duty_cycle_speaks_to_a_reader_and_not_to_an_empty_room():
    reader = VISITOR.replace('looks: robot', 'looks: down').replace('20', '25')
    assert scored(reader, DutyCycle(EngagementSettings())).false == 2
    empty = '- {name: empty, about: x, duration_sec: 30}'
    assert scored(empty, DutyCycle(EngagementSettings())).openings == 0


def test_greet_on_face_greets_once_while_someone_stays():
    assert scored(VISITOR, GreetOnFace(EngagementSettings())).openings == 1
    far = VISITOR.replace('[1.5, 0.0]', '[3.5, 0.0]')
    assert scored(far, GreetOnFace(EngagementSettings())).openings == 0


def test_gaze_distance_needs_half_of_its_window():
    play = played(timeline_of(VISITOR), GazeDistance(EngagementSettings()))
    assert [o.decided_sec > 4.9 for o in play.openings] == [True]
    aside = timeline_of(VISITOR.replace('looks: robot', 'looks: away'))
    assert played(aside, GazeDistance(EngagementSettings())).openings == ()


@pytest.mark.parametrize(
    'name', ['walks_up_and_stops', 'reads_a_book', 'quiet_hours', 'two_in_conversation', 'muted']
)
def test_ours_makes_no_mistake_in_the_plainest_timelines(name):
    bench = run(Wish(only=(name,), policies=('robochat',)), lambda _: None)
    assert bench.results[0].scores[0].passed, bench.details


# --------------------------------------------------------------------------- sampler
def test_sampled_timelines_repeat_with_the_seed_and_differ_without():
    assert list(sampled(5, 4)) == list(sampled(5, 4))
    assert list(sampled(5, 4)) != list(sampled(6, 4))


def test_sampled_timelines_can_be_played_and_mix_silence_with_windows():
    timelines = list(sampled(1, 6))
    assert {t.silent for t in timelines} == {True, False}
    for timeline in timelines:
        play = played(timeline, Silent(EngagementSettings()))
        assert all(w.start_sec < w.end_sec for w in play.windows)
        assert {t.label for t in play.ticks} <= {WAIT, SPEAK, LISTEN, FREE}


def test_the_bench_is_not_what_is_sampled():
    names = {t.name for t in load_timelines()}
    assert not names & {t.name for t in sampled(1, 50)}


# --------------------------------------------------------------------------- report
def test_rows_name_the_bars_of_our_policy_alone():
    scores = [scored(VISITOR + WINDOW, Script(3.0))]
    results = [result_of('robochat', scores), result_of('duty_cycle', scores)]
    rows = {what: (bar, ok) for what, _, _, bar, ok in row_values(results)}
    assert rows['robochat: recall over windows'] == ('>= 0.9', True)
    assert rows['duty_cycle: recall over windows'] == ('', None)
    assert '| recall over windows | 1.00' in table(results)


def test_the_file_has_rows_table_and_every_play(tmp_path):
    bench = run(Wish(only=('empty_room',), policies=('silent', 'duty_cycle')), lambda _: None)
    bench.write(tmp_path / 'deep' / 'manners.json')
    content = json.loads((tmp_path / 'deep' / 'manners.json').read_text())
    assert content['bench'] == 'manners'
    assert [p['policy'] for p in content['plays']] == ['silent', 'duty_cycle']


@pytest.mark.parametrize(
    'wish', [Wish(only=('no_such',)), Wish(only=('empty_room',), policies=('rude',))]
)
def test_an_unknown_name_is_refused_with_the_known_ones(wish):
    with pytest.raises(MannersError, match='there are'):
        run(wish, lambda _: None)


def test_a_page_is_drawn(tmp_path):
    pytest.importorskip('matplotlib')
    run(
        Wish(only=('fire_while_talking',), policies=('silent',), plots=str(tmp_path)),
        lambda _: None,
    )
    assert (tmp_path / 'fire_while_talking.png').stat().st_size > 5000
    assert 'fire_while_talking.png' in (tmp_path / 'index.html').read_text()


def test_an_empty_bench_has_no_rows():
    assert Bench().rows() == []
    assert set(POLICIES) >= {'robochat', 'duty_cycle', 'greet_on_face', 'gaze_distance', 'silent'}
