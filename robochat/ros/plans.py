"""Plans, their steps and their progress, as messages and as values."""

from __future__ import annotations

from diagnostic_msgs.msg import KeyValue
from robochat.ros import fields
from robochat.ros.fields import ConvertError
from robochat.values import ActionPlan, PlanStatus, PlanStep
from std_msgs.msg import Header

from robochat_msgs import msg as ros

# Words of the values in the order of the messages' constants.
PLAN_STATUSES = ('proposed', 'accepted', 'refused')
RUN_STATUSES = ('pending', 'running', 'succeeded', 'failed', 'canceled', 'replanning')
ON_FAILURE = ('fail', 'continue', 'replan', 'ask')


def plan_to_msg(plan: ActionPlan, frame_id: str = '') -> ros.ActionPlan:
    """Write a plan; raises ConvertError for a status that no message has."""
    header = fields.header(plan.stamp_sec, frame_id)
    return ros.ActionPlan(
        header=header,
        id=fields.label(plan.id),
        version=fields.count(plan.version),
        parent_id=fields.label(plan.parent_id),
        goal=fields.text(plan.goal),
        rationale=fields.text(plan.rationale),
        requested_by=fields.label(plan.requested_by),
        steps=[step_to_msg(step, header) for step in plan.steps],
        confidence=float(plan.confidence),
        status=_code(plan.status, PLAN_STATUSES, 'plan.status'),
        refusal=fields.text(plan.refusal),
    )


def plan_from_msg(message: ros.ActionPlan, stamp_sec: float) -> ActionPlan:
    """Read a plan; raises ConvertError."""
    return ActionPlan(
        id=fields.label(message.id),
        goal=fields.text(message.goal),
        steps=tuple(step_from_msg(step) for step in fields.few(message.steps, 'plan.steps')),
        stamp_sec=stamp_sec,
        version=int(message.version),
        parent_id=fields.label(message.parent_id),
        rationale=fields.text(message.rationale),
        requested_by=fields.label(message.requested_by),
        confidence=fields.share(message.confidence, 'plan.confidence'),
        status=_word(message.status, PLAN_STATUSES, 'plan.status'),
        refusal=fields.text(message.refusal),
    )


def step_to_msg(step: PlanStep, header: Header | None = None) -> ros.PlanStep:
    """Write a step of a plan; raises ConvertError for an `on_failure` that no message has."""
    return ros.PlanStep(
        header=header or Header(),
        id=fields.label(step.id),
        skill=fields.label(step.skill),
        arguments=[KeyValue(key=fields.label(k), value=fields.text(v)) for k, v in step.arguments],
        requires=[fields.label(name) for name in step.requires],
        on_failure=_code(step.on_failure, ON_FAILURE, 'step.on_failure'),
        retry_budget=fields.byte(step.retry_budget),
        timeout=fields.duration_to_msg(step.timeout_sec),
    )


def step_from_msg(message: ros.PlanStep) -> PlanStep:
    """Read a step of a plan; raises ConvertError."""
    pairs = fields.few(message.arguments, 'step.arguments')
    return PlanStep(
        skill=fields.label(message.skill),
        arguments=tuple((fields.label(pair.key), fields.text(pair.value)) for pair in pairs),
        id=fields.label(message.id),
        requires=fields.texts(message.requires, 'step.requires', fields.MAX_ID),
        on_failure=_word(message.on_failure, ON_FAILURE, 'step.on_failure'),
        retry_budget=int(message.retry_budget),
        timeout_sec=fields.duration_from_msg(message.timeout),
    )


def plan_status_to_msg(status: PlanStatus, stamp_sec: float) -> ros.PlanStatus:
    """Write how far a plan has come; raises ConvertError for a status that no message has."""
    return ros.PlanStatus(
        header=fields.header(stamp_sec),
        plan_id=fields.label(status.plan_id),
        version=fields.count(status.version),
        status=_code(status.status, RUN_STATUSES, 'plan_status.status'),
        step_id=fields.label(status.step_id),
        progress=float(status.progress),
        message=fields.text(status.message),
    )


def plan_status_from_msg(message: ros.PlanStatus) -> PlanStatus:
    """Read how far a plan has come; raises ConvertError."""
    return PlanStatus(
        plan_id=fields.label(message.plan_id),
        version=int(message.version),
        status=_word(message.status, RUN_STATUSES, 'plan_status.status'),
        step_id=fields.label(message.step_id),
        progress=fields.share(message.progress, 'plan_status.progress'),
        message=fields.text(message.message),
    )


def _code(word: str, words: tuple[str, ...], name: str) -> int:
    """Turn a word into the message's constant."""
    if word not in words:
        raise ConvertError(f'{name} = {word!r}: must be one of {", ".join(words)}')
    return words.index(word)


def _word(code: int, words: tuple[str, ...], name: str) -> str:
    """Turn a message's constant into a word."""
    if not 0 <= code < len(words):
        raise ConvertError(f'{name} = {code}: must be from 0 to {len(words) - 1}')
    return words[code]
