"""Carries accepted plans out through the actions, services and topics of the skill file.

Threads: `submit` may be called from any thread; all else happens in the executor, at `tick`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import queue
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.node import Node
from robochat.plan.execution import Execution, ExecutionError, StepRequest
from robochat.plan.table import SkillTable
from robochat.ros import plans
from robochat.ros.interfaces import Interfaces, set_field
from robochat.values import ActionPlan, PlanStatus, WorldView

OnStatus = Callable[[PlanStatus], None]
ENDED = ('succeeded', 'failed', 'canceled')


@dataclass(frozen=True)
class _Submitted:
    """A plan that is to run, and who wants to know how it goes."""

    plan: ActionPlan
    progressed: OnStatus | None
    ended: OnStatus | None


class SkillRunner:
    """Runs one plan at a time; a newer one cancels it."""

    def __init__(
        self,
        node: Node,
        table: SkillTable,
        view: Callable[[float], WorldView],
        on_status: OnStatus,
    ) -> None:
        self._table = table
        self._view = view
        self._on_status = on_status
        self._interfaces = Interfaces(node)
        self._waiting: queue.SimpleQueue[_Submitted] = queue.SimpleQueue()
        self._execution: Execution | None = None
        self._job: _Submitted | None = None
        self._goals: dict[str, Any] = {}
        self._now_sec = 0.0

    def submit(
        self, plan: ActionPlan, progressed: OnStatus | None = None, ended: OnStatus | None = None
    ) -> None:
        """Have a plan run at the next tick; `ended` gets its last status."""
        self._waiting.put(_Submitted(plan, progressed, ended))

    def tick(self, now_sec: float) -> None:
        """Start what waits, ask for the next step, and pass news on."""
        self._now_sec = now_sec
        while not self._waiting.empty():
            self._begin(self._waiting.get(), now_sec)
        execution = self._execution
        if execution is None:
            return
        request = execution.next_action(now_sec, self._view(now_sec))
        if request is not None:
            self._dispatch(request)
        self._pass_on(execution)

    def cancel(self, now_sec: float) -> bool:
        """Stop the running plan; false when none runs."""
        if self._execution is None:
            return False
        self._execution.cancel(now_sec)
        self._pass_on(self._execution)
        return True

    def close(self) -> None:
        """Stop, and take the clients off the graph."""
        self.cancel(self._now_sec)
        self._interfaces.close()

    def _begin(self, job: _Submitted, now_sec: float) -> None:
        """Start a plan in place of the one that runs."""
        self.cancel(now_sec)
        self._job = job
        try:
            self._execution = Execution(job.plan, self._table)
        except ExecutionError as error:
            self._tell(PlanStatus(job.plan.id, job.plan.version, 'failed', message=str(error)))
            return
        self._execution.start(now_sec)

    def _pass_on(self, execution: Execution) -> None:
        """Publish statuses, stop what was withdrawn, and let go of a plan that is over."""
        for request_id in execution.withdrawn():
            goal = self._goals.pop(request_id, None)
            if goal is not None:
                goal.cancel_goal_async()
        news = execution.news()
        if execution.over and self._execution is execution:
            self._execution = None
        for status in news:
            self._tell(status)

    def _tell(self, status: PlanStatus) -> None:
        """Publish a status; a plan that can't be replaced has failed."""
        if status.status == 'replanning':
            status = PlanStatus(
                status.plan_id,
                status.version,
                'failed',
                status.step_id,
                status.progress,
                status.message,
            )
        self._on_status(status)
        job = self._job
        if job is None or job.plan.id != status.plan_id:
            return
        if job.progressed is not None:
            job.progressed(status)
        if status.status in ENDED:
            self._job = None
            if job.ended is not None:
                job.ended(status)

    # ------------------------------------------------------------------ one step
    def _dispatch(self, request: StepRequest) -> None:
        """Carry one step out through what the skill file says."""
        carry = {'action': self._act, 'service': self._call, 'topic': self._publish}
        try:
            carry[request.ros.interface](request)
        except (ImportError, AttributeError, ValueError, TypeError, AssertionError) as error:
            self._finished(request, False, f'{request.ros.name} ({request.ros.type}): {error}')

    def _finished(self, request: StepRequest, success: bool, message: str) -> None:
        self._goals.pop(request.id, None)
        if self._execution is not None and self._execution.plan.id == request.plan_id:
            self._execution.finished(request.id, success, message, self._now_sec)

    def _publish(self, request: StepRequest) -> None:
        publisher, kind = self._interfaces.publisher(request.ros.name, request.ros.type)
        message = kind()
        for name, value in request.fields:
            set_field(message, name, value)
        publisher.publish(message)
        self._finished(request, True, 'published')

    def _call(self, request: StepRequest) -> None:
        client, kind = self._interfaces.client(request.ros.name, request.ros.type)
        if not client.service_is_ready():
            self._finished(request, False, f'no node offers the service {request.ros.name}')
            return
        message = kind.Request()
        for name, value in request.fields:
            set_field(message, name, value)
        future = client.call_async(message)
        future.add_done_callback(lambda done: self._judge(request, done.result()))

    def _judge(self, request: StepRequest, result: Any) -> None:
        """Read success and message of a result, where it has them."""
        success = bool(getattr(result, 'success', True))
        self._finished(request, success, str(getattr(result, 'message', '')))

    def _act(self, request: StepRequest) -> None:
        client, kind = self._interfaces.action_client(request.ros.name, request.ros.type)
        if not client.server_is_ready():
            self._finished(request, False, f'no node offers the action {request.ros.name}')
            return
        goal = kind.Goal()
        if request.fields:
            for name, value in request.fields:
                set_field(goal, name, value)
        else:
            goal.plan_id, goal.step = request.plan_id, plans.step_to_msg(request.step)

        def progressed(message: Any) -> None:
            share = getattr(message.feedback, 'progress', None)
            if share is not None and self._execution is not None:
                self._execution.feedback(request.id, float(share))

        future = client.send_goal_async(goal, feedback_callback=progressed)
        future.add_done_callback(lambda done: self._accepted(request, done.result()))

    def _accepted(self, request: StepRequest, handle: Any) -> None:
        """Wait for the result of an accepted goal; one withdrawn meanwhile is cancelled."""
        if not handle.accepted:
            self._finished(request, False, f'{request.ros.name} refused the goal')
            return
        if self._execution is None or self._execution.plan.id != request.plan_id:
            handle.cancel_goal_async()
            return
        self._goals[request.id] = handle
        handle.get_result_async().add_done_callback(
            lambda done: self._ended(request, done.result())
        )

    def _ended(self, request: StepRequest, response: Any) -> None:
        if response.status == GoalStatus.STATUS_SUCCEEDED:
            self._judge(request, response.result)
        else:
            message = (
                str(getattr(response.result, 'message', ''))
                or f'ended with status {response.status}'
            )
            self._finished(request, False, message)
