"""What other nodes ask for: questions by service, tasks by action.

Threads: callbacks are coroutines of the executor that wait for futures, so they block nothing; the
model is asked on a worker of its own, one request after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rclpy.action.server import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from robochat.pipeline import Pipeline
from robochat.response import Output
from robochat.ros import plans, topics
from robochat.ros.skills import SkillRunner
from robochat.ros.workers import Worker
from robochat.values import ActionPlan, PlanStatus, Refusal, Turn, Utterance

BUSY = 'another request is being answered; ask again'
NOT_CARRIED_OUT = (
    'planned and checked, but not carried out: plan.execute is false; set it to true once you '
    'trust the plans'
)


@dataclass
class Asked:
    """One request on its way: what came of it so far, and who waits for it."""

    turn: Turn
    done: Future[Asked]
    utterance: Utterance | None = None
    plan: ActionPlan | None = None
    refusals: list[Refusal] = field(default_factory=list)

    def take(self, output: Output) -> None:
        """Keep what belongs in the answer."""
        if isinstance(output, Utterance):
            self.utterance = output
        elif isinstance(output, ActionPlan):
            self.plan = output
        elif isinstance(output, Refusal):
            self.refusals.append(output)

    @property
    def complaint(self) -> str:
        """Why there is no answer."""
        return '; '.join(r.reason for r in self.refusals) or 'the model gave no answer'


class Requests:
    """The `ask` service and the `do_task` action; `may_execute` tells whether plans may run."""

    def __init__(
        self,
        node: Node,
        pipeline: Pipeline,
        skills: SkillRunner,
        clock: Callable[[], float],
        may_execute: Callable[[], bool],
    ) -> None:
        self._node = node
        self._pipeline = pipeline
        self._skills = skills
        self._clock = clock
        self._may_execute = may_execute
        self._busy = False
        self._worker = Worker[Asked]('asked', self._answer, self._failed)
        self._current: Asked | None = None
        # Callbacks that wait must not hold up the others, which share a group of their own.
        group = ReentrantCallbackGroup()
        self._service = node.create_service(
            topics.ASK.kind, topics.ASK.name, self._on_ask, callback_group=group
        )
        self._action = ActionServer(
            node,
            topics.DO_TASK.kind,
            topics.DO_TASK.name,
            execute_callback=self._on_task,
            callback_group=group,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    async def _on_ask(self, request: Any, response: Any) -> Any:
        """Answer a question about what is seen now; the words go to nobody else."""
        asked = await self._ask(self._pipeline.question(request.question, self._clock()))
        if asked is None or asked.utterance is None:
            response.success, response.message = False, BUSY if asked is None else asked.complaint
            return response
        response.success, response.answer = True, asked.utterance.text
        response.confidence = float(asked.utterance.confidence)
        return response

    async def _on_task(self, goal: Any) -> Any:
        """Plan for an instruction, check the plan, run it where plans may run, and report."""
        result = topics.DO_TASK.kind.Result()
        asked = await self._ask(self._pipeline.task(goal.request.instruction, self._clock()))
        if asked is None or asked.plan is None:
            result.message = BUSY if asked is None else asked.complaint
            goal.abort()
            return result
        result.plan = plans.plan_to_msg(asked.plan)
        if asked.plan.status != 'accepted':
            result.message = asked.plan.refusal
        elif not self._may_execute():
            result.message = NOT_CARRIED_OUT
        else:
            last = await self._run(goal, asked.plan)
            result.success, result.message = last.status == 'succeeded', last.message
            self._finish(goal, last)
            return result
        goal.abort()
        return result

    async def _run(self, goal: Any, plan: ActionPlan) -> PlanStatus:
        """Run a plan and pass its progress on as feedback."""
        ended: Future[PlanStatus] = Future()

        def progressed(status: PlanStatus) -> None:
            if goal.is_cancel_requested and status.status not in (
                'canceled',
                'succeeded',
                'failed',
            ):
                self._skills.cancel(self._clock())
            feedback = topics.DO_TASK.kind.Feedback()
            feedback.status = plans.plan_status_to_msg(status, self._clock())
            goal.publish_feedback(feedback)

        self._skills.submit(plan, progressed, ended.set_result)
        status = await ended
        assert status is not None
        return status

    @staticmethod
    def _finish(goal: Any, last: PlanStatus) -> None:
        """Put the goal into the state that its plan ended in."""
        if last.status == 'succeeded':
            goal.succeed()
        elif last.status == 'canceled' and goal.is_cancel_requested:
            goal.canceled()
        else:
            goal.abort()

    async def _ask(self, turn: Turn) -> Asked | None:
        """Have the worker answer a turn; None when it is busy."""
        if self._busy:
            return None
        self._busy = True
        try:
            self._current = Asked(turn, Future())
            self._worker.submit(self._current)
            return await self._current.done
        finally:
            self._busy = False

    def _answer(self, asked: Asked) -> None:
        """Ask the model, on the worker; always lets go of who waits."""
        try:
            self._pipeline.respond(asked.turn, self._clock, asked.take, aloud=False)
        finally:
            asked.done.set_result(asked)

    def _failed(self, error: Exception) -> None:
        """The failure is in the answer already: there is none."""
        self._node.get_logger().warning(f'request failed: {type(error).__name__}: {error}')

    def close(self) -> None:
        """Take service and action off the graph and end the worker."""
        self._worker.stop(timeout_sec=2.0)
        self._node.destroy_service(self._service)
        self._action.destroy()
