from __future__ import annotations

from dataclasses import replace

from plan_views import HOME, home_view, person
import pytest
from robochat.plan.checker import check
from robochat.plan.execution import ANSWER_SEC, Execution, ExecutionError, GRACE_SEC, StepRequest
from robochat.plan.grammar import schema_for
from robochat.plan.skills import load_skills
from robochat.plan.table import SkillTable
from robochat.values import ActionPlan, RobotState, WorldView

TABLE = load_skills(HOME)


def running(*calls: str, table: SkillTable = TABLE, view: WorldView | None = None) -> Execution:
    view = view or home_view()
    schema = schema_for(view, table)
    plan = ActionPlan('p1', 'fetch', tuple(schema.parse_call(c) for c in calls), 0.0)
    run = Execution(check(plan, view, table, 6), table)
    run.start(0.0)
    return run


def ask(run: Execution, now_sec: float, view: WorldView | None = None) -> StepRequest:
    request = run.next_action(now_sec, view or home_view())
    assert request is not None, run.news()
    return request


def succeed(run: Execution, now_sec: float, view: WorldView | None = None) -> StepRequest:
    request = ask(run, now_sec, view)
    run.finished(request.id, True, '', now_sec)
    return request


def test_runs_a_plan_to_its_end() -> None:
    run = running('navigate_to(table)', 'pick(cup_1)', 'say(Here you are.)')
    asked = [succeed(run, t) for t in (0.0, 5.0, 9.0)]
    assert [r.step.skill for r in asked] == ['navigate_to', 'pick', 'say']
    assert asked[2].fields == (('data', 'Here you are.'),)
    assert (asked[0].ros.interface, asked[0].ros.name) == ('action', 'execute_skill')
    news = run.news()
    assert [n.status for n in news][:2] == ['running', 'running']
    assert (news[-1].status, news[-1].progress, news[-1].plan_id) == ('succeeded', 1.0, 'p1')
    assert run.over
    assert run.news() == ()


def test_asks_for_one_step_at_a_time() -> None:
    run = running('navigate_to(table)', 'pick(cup_1)')
    ask(run, 0.0)
    assert run.next_action(1.0, home_view()) is None


def test_does_nothing_before_it_is_started() -> None:
    plan = running('wait(5)').plan
    assert Execution(plan, TABLE).next_action(0.0, home_view()) is None


def test_reports_progress_over_the_whole_plan() -> None:
    run = running('navigate_to(table)', 'pick(cup_1)')
    request = ask(run, 0.0)
    run.feedback(request.id, 0.5)
    assert run.news()[-1].progress == 0.25


@pytest.mark.parametrize('progress', [float('nan'), -1.0, 2.0, float('inf')])
def test_ignores_progress_that_makes_no_sense(progress: float) -> None:
    run = running('navigate_to(table)')
    request = ask(run, 0.0)
    run.news()
    run.feedback(request.id, progress)
    run.feedback('strange', 0.5)
    assert run.news() == ()


def test_tries_again_within_the_budget_then_asks_for_a_new_plan() -> None:
    run = running('navigate_to(table)')
    first = ask(run, 0.0)
    run.finished(first.id, False, 'blocked', 1.0)
    second = ask(run, 1.0)
    assert (first.id, second.id) == ('s1.1', 's1.2')
    run.finished(second.id, False, 'blocked again', 2.0)
    assert run.status == 'replanning'
    assert 'blocked again' in run.news()[-1].message


def test_a_step_that_takes_too_long_is_withdrawn_and_its_late_result_ignored() -> None:
    run = running('navigate_to(table)')
    first = ask(run, 0.0)
    assert first.deadline_sec == 60.0
    second = ask(run, 60.1)
    assert run.withdrawn() == ('s1.1',)
    run.finished(first.id, False, 'canceled', 60.2)
    assert run.next_action(60.3, home_view()) is None
    run.finished(second.id, True, '', 61.0)
    assert run.status == 'succeeded'


def test_goes_on_after_a_failure_that_doesnt_matter() -> None:
    run = running('look_at(cup_1)', 'wait(5)')
    run.finished(ask(run, 0.0).id, False, 'neck stuck', 1.0)
    assert succeed(run, 1.0).step.skill == 'wait'
    assert run.status == 'succeeded'
    assert 'neck stuck' in run.news()[-1].message


def test_fails_for_good_where_the_step_says_so() -> None:
    run = running('wait(5)')
    strict = replace(run.plan, steps=(replace(run.plan.steps[0], on_failure='fail'),))
    run = Execution(strict, TABLE)
    run.start(0.0)
    run.finished(ask(run, 0.0).id, False, 'no', 1.0)
    assert run.status == 'failed'
    assert run.next_action(2.0, home_view()) is None


def failed_hand_over() -> Execution:
    view = home_view(people=(person('person_1', 0.8),), robot=RobotState(holding='cup_1'))
    run = running('hand_over(cup_1, person_1)', view=view)
    run.finished(ask(run, 0.0, view).id, False, 'not taken', 1.0)
    return run


def test_asks_a_person_and_tries_again_on_a_yes() -> None:
    run = failed_hand_over()
    assert run.status == 'pending'
    assert 'Shall I try again?' in run.question
    view = home_view(people=(person('person_1', 0.8),), robot=RobotState(holding='cup_1'))
    assert run.next_action(2.0, view) is None
    run.answer(True, 3.0)
    succeed(run, 4.0, view)
    assert run.status == 'succeeded'


def test_ends_on_a_no_and_when_nobody_answers() -> None:
    run = failed_hand_over()
    run.answer(False, 3.0)
    assert (run.status, run.question) == ('failed', '')
    run = failed_hand_over()
    run.next_action(ANSWER_SEC + 2.0, home_view())
    assert run.status == 'failed'
    assert 'nobody answered' in run.news()[-1].message


def test_a_cancelled_plan_stops_its_step_and_stays_cancelled() -> None:
    run = running('navigate_to(table)')
    request = ask(run, 0.0)
    run.cancel(1.0)
    assert run.withdrawn() == (request.id,)
    run.finished(request.id, True, '', 2.0)
    run.cancel(3.0)
    assert run.status == 'canceled'
    assert run.next_action(4.0, home_view()) is None


def test_asks_the_newest_view_before_each_step() -> None:
    run = running('approach(person_1)')
    assert run.next_action(0.0, home_view(people=())) is None
    assert run.status == 'running'
    assert run.next_action(GRACE_SEC, home_view(people=())) is None
    assert run.status == 'replanning'
    assert 'person_1 is not seen now' in run.news()[-1].message


def test_waits_a_moment_for_the_robots_own_report() -> None:
    before = home_view(robot=RobotState(place='door'))
    run = running('navigate_to(table)', 'pick(cup_1)', view=before)
    succeed(run, 0.0, before)
    assert run.next_action(0.1, before) is None
    there = home_view(robot=RobotState(place='table'))
    assert ask(run, 0.5, there).step.skill == 'pick'


def test_notices_that_a_thing_was_lost_on_the_way() -> None:
    run = running('navigate_to(cup_1)', 'pick(cup_1)', 'navigate_to(table)', 'place(cup_1, table)')
    succeed(run, 0.0)
    succeed(run, 1.0)
    succeed(run, 2.0, home_view(robot=RobotState(holding='cup_1')))
    lost = home_view(robot=RobotState(battery=0.8))
    assert run.next_action(3.0, lost) is None
    assert run.next_action(3.0 + GRACE_SEC, lost) is None
    assert run.status == 'replanning'
    assert 'the robot holds nothing' in run.news()[-1].message


def test_still_knows_who_is_out_of_sight_because_the_robot_turned_away() -> None:
    run = running('navigate_to(table)', 'pick(cup_1)', 'navigate_to(person_1)')
    succeed(run, 0.0)
    succeed(run, 1.0)
    alone = home_view(people=())
    assert ask(run, 2.0, alone).step.call == 'navigate_to(person_1)'


def test_a_step_fails_when_one_that_it_requires_has_failed() -> None:
    plan = running('look_at(cup_1)', 'wait(5)').plan
    steps = (plan.steps[0], replace(plan.steps[1], requires=('s1',), on_failure='fail'))
    run = Execution(replace(plan, steps=steps), TABLE)
    run.start(0.0)
    run.finished(ask(run, 0.0).id, False, 'stuck', 1.0)
    assert run.next_action(2.0, home_view()) is None
    assert run.status == 'failed'
    assert 's1, which it requires' in run.news()[-1].message


@pytest.mark.parametrize('status', ['proposed', 'refused'])
def test_wont_run_a_plan_that_wasnt_accepted(status: str) -> None:
    plan = replace(running('wait(5)').plan, status=status)
    with pytest.raises(ExecutionError, match='only an accepted plan'):
        Execution(plan, TABLE)


def test_wont_run_a_plan_made_for_another_robot() -> None:
    plan = running('wait(5)').plan
    with pytest.raises(ExecutionError, match='known: look_at, say'):
        Execution(plan, load_skills(HOME.with_name('talk_only.yaml')))
