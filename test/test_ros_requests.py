"""The action `do_task`: a plan runs only where plans may run, and the result says so."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros


class Planner:
    """A pipeline that makes the same plan of every instruction."""

    def __init__(self, status: str) -> None:
        from robochat.values import ActionPlan, PlanStep

        step = PlanStep('navigate_to', (('target', 'kitchen'),))
        refusal = '' if status == 'accepted' else 'kitchen is not known'
        self._plan = ActionPlan('p1', 'tea', (step,), 1.0, status=status, refusal=refusal)

    def task(self, instruction: str, now_sec: float):
        from robochat.values import Decision, Turn

        return Turn('turn_1', Decision(True, 'an instruction was given', now_sec))

    def respond(self, turn, clock, emit, aloud: bool) -> None:
        emit(self._plan)


class Robot:
    """A skill runner that succeeds at once, and remembers what it ran."""

    def __init__(self) -> None:
        self.ran: list = []

    def submit(self, plan, progressed, ended) -> None:
        from robochat.values import PlanStatus

        self.ran.append(plan.id)
        status = PlanStatus(plan.id, plan.version, 'succeeded', message='done')
        progressed(status)
        ended(status)


@pytest.fixture
def do(spinner):
    """Give a function that asks for a task: the result, and what the robot ran."""
    from rclpy.action import ActionClient
    from robochat.ros.requests import Requests

    from robochat_msgs.action import DoTask

    node, made = spinner.node('robochat'), []

    def ask(status: str, may_execute: bool):
        robot = Robot()
        made.append(Requests(node, Planner(status), robot, lambda: 1.0, lambda: may_execute))
        client = ActionClient(node, DoTask, 'robochat/do_task')
        made.append(client)
        return spinner.act(client, DoTask.Goal(instruction='Make tea')), robot.ran

    yield ask
    requests, client = made
    client.destroy()
    requests.close()


def test_a_task_is_carried_out_where_plans_may_run(do):
    result, ran = do('accepted', may_execute=True)
    assert (result.success, result.message, ran) == (True, 'done', ['p1'])


def test_a_task_is_only_planned_where_they_may_not_and_the_result_says_so(do):
    result, ran = do('accepted', may_execute=False)
    assert not result.success and not ran
    assert 'plan.execute is false' in result.message
    assert result.plan.id == 'p1' and result.plan.steps[0].skill == 'navigate_to'


def test_a_plan_that_was_refused_says_why_and_does_not_run(do):
    result, ran = do('refused', may_execute=True)
    assert (result.success, result.message, ran) == (False, 'kitchen is not known', [])
