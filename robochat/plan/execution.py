"""Watches an accepted plan run, step by step, as a state machine without clock and without ROS.

Flow: `start`, then again and again `next_action`; what it returns is to be carried out, and its
`feedback` and result (`finished`) come back here. `news` gives the statuses since the last call,
`withdrawn` the requests that should be stopped. Before each step its preconditions are asked of
the newest view; what isn't so yet may become so for a short while, since a robot's report often
comes after the result of its action.

A step that fails is tried again within its budget, and then its `on_failure` decides: *fail* ends
the plan, *continue* goes on, *replan* asks the caller for a new plan, *ask* asks a person.

Threads: not safe by itself; the node calls it on the executor's thread only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from robochat.plan.belief import Belief
from robochat.plan.checker import shown, unmet
from robochat.plan.mapping import filled_fields
from robochat.plan.table import RosTarget, Skill, SkillTable
from robochat.values import ActionPlan, PlanStatus, PlanStep, WorldView

GRACE_SEC = 2.0
ANSWER_SEC = 60.0
OVER = ('succeeded', 'failed', 'canceled', 'replanning')


class ExecutionError(ValueError):
    """A plan can't be run: it wasn't accepted, or has a skill that the table lacks."""


@dataclass(frozen=True)
class StepRequest:
    """One attempt at a step: to be carried out by `ros`, done before `deadline_sec`.

    `id` names the attempt, `fields` are the message fields that the skill file fills.
    """

    id: str
    plan_id: str
    step: PlanStep
    ros: RosTarget
    fields: tuple[tuple[str, str], ...]
    deadline_sec: float


@dataclass
class _Progress:
    """Where the plan is."""

    status: str = 'pending'
    index: int = 0
    attempt: int = 0
    share: float = 0.0
    message: str = ''
    question: str = ''
    request: StepRequest | None = None
    unmet_since_sec: float | None = None
    asked_sec: float = 0.0
    succeeded: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


class Execution:
    """One run of one plan.

    Raises ExecutionError unless `check` accepted the plan with this table.
    """

    def __init__(self, plan: ActionPlan, table: SkillTable) -> None:
        if plan.status != 'accepted':
            raise ExecutionError(
                f'plan {shown(plan.id)} is {plan.status}; only an accepted plan may run: check it'
            )
        unknown = [s.skill for s in plan.steps if table.skill(s.skill) is None]
        if unknown:
            raise ExecutionError(
                f'plan {shown(plan.id)} has the skill {shown(unknown[0])}; known: '
                f'{", ".join(table.names)}; check the plan with this table'
            )
        self.plan = plan
        self.table = table
        self._at = _Progress()
        self._belief = Belief()
        self._news: list[PlanStatus] = []
        self._withdrawn: list[str] = []

    # ------------------------------------------------------------------ what the caller reads
    @property
    def status(self) -> str:
        """One of pending, running, succeeded, failed, canceled, replanning."""
        return self._at.status

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self._at.status in OVER

    @property
    def question(self) -> str:
        """What a person is to be asked before the plan goes on; empty when nothing is."""
        return self._at.question

    @property
    def step(self) -> PlanStep | None:
        """The step it is at, or None after the last."""
        steps = self.plan.steps
        return steps[self._at.index] if self._at.index < len(steps) else None

    def news(self) -> tuple[PlanStatus, ...]:
        """Return the statuses since the last call, oldest first."""
        news, self._news = tuple(self._news), []
        return news

    def withdrawn(self) -> tuple[str, ...]:
        """Return the ids of requests to be stopped since the last call."""
        ids, self._withdrawn = tuple(self._withdrawn), []
        return ids

    # ------------------------------------------------------------------ what the caller tells
    def start(self, now_sec: float) -> None:
        """Begin; a second start changes nothing."""
        if self._at.status == 'pending' and not self._at.question:
            self._become('running', f'started: {shown(self.plan.goal)}')
            self._end_if_done()

    def next_action(self, now_sec: float, view: WorldView) -> StepRequest | None:
        """Return what is to be carried out now, or None while nothing is.

        Call it at a few hertz: it also notices timeouts.
        """
        self._belief = self._belief.seen(view, self.table)
        self._note_timeouts(now_sec)
        step = self.step
        if self._at.status != 'running' or self._at.request is not None or step is None:
            return None
        skill = self._skill(step)
        missing = [name for name in step.requires if name not in self._at.succeeded]
        if missing:
            self._give_up(f'{missing[0]}, which it requires, has not succeeded', now_sec)
            return None
        reason = unmet(step, skill, self._belief.state)
        if reason:
            self._wait_or_give_up(reason, now_sec)
            return None
        return self._request(step, skill, now_sec)

    def feedback(self, request_id: str, progress: float) -> None:
        """Note how far an attempt is, 0 to 1; late and strange ones are ignored."""
        at = self._at
        if at.request is None or at.request.id != request_id or not 0.0 <= progress <= 1.0:
            return
        if progress > at.share:
            at.share = progress
            self._tell(at.message)

    def finished(self, request_id: str, success: bool, message: str, now_sec: float) -> None:
        """Take the result of an attempt; results of withdrawn attempts are ignored."""
        at = self._at
        if at.request is None or at.request.id != request_id:
            return
        step, at.request = at.request.step, None
        if success:
            self._belief = self._belief.did(step, self._skill(step))
            at.succeeded.add(step.id)
            self._go_on(f'{shown(step.call)} done')
        else:
            self._retry_or_give_up(step, shown(message) or 'no reason given', now_sec)

    def answer(self, yes: bool, now_sec: float) -> None:
        """Take a person's answer to `question`: try the step again, or let the plan fail."""
        at = self._at
        if not at.question:
            return
        at.question, at.attempt, at.unmet_since_sec = '', 0, None
        if yes:
            self._become('running', 'asked, and told to try again')
        else:
            self._become('failed', 'asked, and told to stop')

    def cancel(self, now_sec: float) -> None:
        """Stop for good."""
        if self.over:
            return
        self._withdraw()
        self._at.question = ''
        self._become('canceled', 'canceled')

    # ------------------------------------------------------------------ what follows
    def _skill(self, step: PlanStep) -> Skill:
        """Look a step's skill up; the constructor made sure that it is there."""
        skill = self.table.skill(step.skill)
        if skill is None:
            raise ExecutionError(f'{step.skill}: no such skill')
        return skill

    def _request(self, step: PlanStep, skill: Skill, now_sec: float) -> StepRequest:
        """Make the next attempt at a step."""
        at = self._at
        at.attempt += 1
        at.share, at.unmet_since_sec = 0.0, None
        at.request = StepRequest(
            id=f'{step.id}.{at.attempt}',
            plan_id=self.plan.id,
            step=step,
            ros=skill.ros,
            fields=filled_fields(step, skill, self.table),
            deadline_sec=now_sec + step.timeout_sec,
        )
        again = f' (attempt {at.attempt})' if at.attempt > 1 else ''
        self._tell(f'{shown(step.call)}{again}')
        return at.request

    def _note_timeouts(self, now_sec: float) -> None:
        """Fail an attempt, or a question, that took too long."""
        at = self._at
        if at.request is not None and now_sec > at.request.deadline_sec:
            step = at.request.step
            self._withdraw()
            self._retry_or_give_up(step, f'took longer than {step.timeout_sec:g} s', now_sec)
        elif at.question and now_sec - at.asked_sec > ANSWER_SEC:
            at.question = ''
            self._become('failed', f'asked, and nobody answered within {ANSWER_SEC:g} s')

    def _withdraw(self) -> None:
        """Have the running attempt stopped."""
        if self._at.request is not None:
            self._withdrawn.append(self._at.request.id)
            self._at.request = None

    def _wait_or_give_up(self, reason: str, now_sec: float) -> None:
        """Give a precondition a little time to become true."""
        at = self._at
        if at.unmet_since_sec is None:
            at.unmet_since_sec = now_sec
        if now_sec - at.unmet_since_sec >= GRACE_SEC:
            self._give_up(reason, now_sec)

    def _retry_or_give_up(self, step: PlanStep, reason: str, now_sec: float) -> None:
        """Try the step again while its budget lasts."""
        if self._at.attempt <= step.retry_budget:
            self._tell(f'{shown(step.call)} failed, trying again: {reason}')
        else:
            self._give_up(reason, now_sec)

    def _give_up(self, reason: str, now_sec: float) -> None:
        """Do what the step says for the case that it fails."""
        step = self.step
        if step is None:
            return
        text = f'{shown(step.call)} failed: {reason}'
        self._at.failures.append(text)
        if step.on_failure == 'continue':
            self._go_on(text)
        elif step.on_failure == 'replan':
            self._become('replanning', text)
        elif step.on_failure == 'ask':
            self._at.question, self._at.asked_sec = f'{text}. Shall I try again?', now_sec
            self._become('pending', text)
        else:
            self._become('failed', text)

    def _go_on(self, message: str) -> None:
        """Turn to the next step, or end well."""
        at = self._at
        at.index, at.attempt, at.share, at.unmet_since_sec = at.index + 1, 0, 0.0, None
        if not self._end_if_done():
            self._tell(message)

    def _end_if_done(self) -> bool:
        """End when no step is left."""
        if self.step is not None:
            return False
        self._become('succeeded', '; '.join(['done', *self._at.failures]))
        return True

    def _become(self, status: str, message: str) -> None:
        self._at.status = status
        self._tell(message)

    def _tell(self, message: str) -> None:
        """Add a status to the news."""
        at, count = self._at, max(1, len(self.plan.steps))
        at.message = message
        self._news.append(
            PlanStatus(
                plan_id=self.plan.id,
                version=self.plan.version,
                status=at.status,
                step_id=self.step.id if self.step else '',
                progress=min(1.0, (at.index + at.share) / count),
                message=message,
            )
        )
