"""`robochat plan`: an instruction becomes a checked plan, once and without ROS.

Prints one JSON object with the fields of the ActionPlan message, and with the words that the model
said along with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
import json
import sys
from typing import Any

from robochat.config import Config, load_config
from robochat.values import ActionPlan, Decision, PlanStep, Trigger, Turn, WorldView

ACCEPTED, REFUSED = 0, 3
# Nobody stands waiting for the words here, unlike in a conversation.
PATIENCE_SEC = 60.0
STATUSES = ('proposed', 'accepted', 'refused')
ON_FAILURE = ('fail', 'continue', 'replan', 'ask')


class InstructionError(ValueError):
    """The instruction is empty, or the picture can't be read."""


@dataclass(frozen=True)
class _Outcome:
    """What came of an instruction: the plan, the words, what was held back, which model."""

    plan: ActionPlan
    say: str = ''
    problems: tuple[str, ...] = ()
    model: str = ''
    fallback: str = ''
    seconds: float = 0.0


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'plan',
        help='turn an instruction into a checked plan',
        description='Ask the model for a plan, check it on the scene, print it as JSON. Exits '
        'with 0 when the plan may run, with 3 when it is refused, with 2 on bad input.',
    )
    parser.add_argument('instruction', metavar='INSTRUCTION', help='what the robot should do')
    parser.add_argument('--image', metavar='FILE', help='a picture of what the robot sees')
    parser.add_argument('--scene', metavar='FILE', help='people and things, in YAML or JSON')
    parser.add_argument('--params', metavar='FILE', help='a parameter file')
    parser.add_argument(
        '--steps',
        metavar='CALLS',
        help='check these steps, such as "navigate_to(table); pick(cup_1)", and ask no model',
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the plan, print it, and return 0 when it is accepted or 3 when it is refused."""
    from robochat.safety import clean_speech

    config = load_config(args.params) if args.params else Config()
    instruction = clean_speech(args.instruction, config.safety)
    if not instruction:
        raise InstructionError('the instruction has no words; say what the robot should do')
    view, turn = _situation(args, config, instruction)
    if args.steps is None:
        outcome = _asked(turn, view, config)
    else:
        outcome = _Outcome(_written(args.steps, instruction, view, config))
    sys.stdout.write(json.dumps(_mirrored(outcome), ensure_ascii=False) + '\n')
    return ACCEPTED if outcome.plan.status == 'accepted' else REFUSED


# --------------------------------------------------------------------------- what is there
def _situation(args: argparse.Namespace, config: Config, words: str) -> tuple[WorldView, Turn]:
    """Join what the picture shows with what the scene file says."""
    from robochat.cli.scenes import load_scene

    view = load_scene(args.scene) if args.scene else WorldView(now_sec=0.0)
    turn = Turn('plan_1', _decision(view), instruction=words)
    if not args.image:
        return view, turn
    seen, frame = _perceived(args.image, config)
    view = replace(
        view,
        people=view.people or seen.people,
        things=view.things or seen.things,
        place=view.place if view.place.label else seen.place,
    )
    return view, replace(turn, decision=_decision(view), frames=(frame,))


def _perceived(path: str, config: Config) -> tuple[WorldView, Any]:
    """Look at a picture once."""
    import cv2
    import numpy as np
    from robochat.perception.perceiver import Perceiver
    from robochat.values import Frame
    from robochat.world import World

    bgr = cv2.imread(path, cv2.IMREAD_COLOR)
    if bgr is None:
        raise InstructionError(f'{path}: no picture that OpenCV reads; give a JPEG or PNG')
    frame = Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8), 0.0)
    perceiver, world = Perceiver(config), World(config.world)
    world.seen(perceiver.see(frame))
    world.looked(perceiver.look(frame))
    return world.view(0.0), frame


def _decision(view: WorldView) -> Decision:
    """Speak to the nearest person in view, because of a task."""
    people = sorted((p for p in view.people if p.visible), key=lambda p: p.distance_m or 99.0)
    return Decision(
        speak=True,
        reason='an instruction was given',
        stamp_sec=view.now_sec,
        trigger=Trigger.TASK,
        addressee=people[0].id if people else '',
        score=1.0,
    )


# --------------------------------------------------------------------------- the plan
def _asked(turn: Turn, view: WorldView, config: Config) -> _Outcome:
    """Ask the model, and collect what may leave."""
    from robochat.assembly import Assembly
    from robochat.dialogue import Dialogue
    from robochat.values import ModelCall, Refusal, Utterance

    patient = replace(
        config,
        perception=replace(config.perception, enabled=False),
        memory=replace(config.memory, enabled=False),
        model=replace(config.model, deadline_sec=max(PATIENCE_SEC, config.model.deadline_sec)),
    )
    parts = Assembly.load(patient)
    try:
        situation = parts.responder.situation(turn, view, Dialogue(config.dialogue.history))
        out: list[Any] = []
        parts.responder.respond(situation, lambda: view, out.append, lambda: False)
    finally:
        parts.close()
    none = ActionPlan(turn.id, turn.instruction, (), 0.0, status='refused', refusal='no answer')
    call = next((o for o in out if isinstance(o, ModelCall)), None)
    return _Outcome(
        plan=next((o for o in out if isinstance(o, ActionPlan)), none),
        say=next((o.text for o in out if isinstance(o, Utterance)), ''),
        problems=tuple(o.reason for o in out if isinstance(o, Refusal)),
        model=call.model if call else '',
        fallback=call.fallback if call else '',
        seconds=call.seconds if call else 0.0,
    )


def _written(steps: str, instruction: str, view: WorldView, config: Config) -> ActionPlan:
    """Check steps that a person wrote; raises CallError where one can't be read."""
    from robochat.plan.checker import check
    from robochat.plan.grammar import schema_for
    from robochat.plan.skills import load_skills
    from robochat.resources import named_file

    table = load_skills(named_file(config.plan.skills, 'config/skills'))
    schema = schema_for(view, table, max_steps=config.plan.max_steps)
    calls = (call for call in steps.split(';') if call.strip())
    plan = ActionPlan('plan_1', instruction, tuple(map(schema.parse_call, calls)), view.now_sec)
    return check(plan, view, table, config.plan.max_steps)


# --------------------------------------------------------------------------- JSON
def _mirrored(outcome: _Outcome) -> dict[str, Any]:
    """Write the plan with the fields of the ActionPlan message."""
    plan = outcome.plan
    return {
        't': round(outcome.seconds, 3),
        'kind': 'plan',
        'id': plan.id,
        'version': plan.version,
        'parent_id': plan.parent_id,
        'goal': plan.goal,
        'rationale': plan.rationale,
        'requested_by': plan.requested_by,
        'steps': [dict(_step(step)) for step in plan.steps],
        'confidence': round(plan.confidence, 4),
        'status': STATUSES.index(plan.status),
        'refusal': plan.refusal,
        'say': outcome.say,
        'held_back': list(outcome.problems),
        'model': outcome.model,
        'fallback': outcome.fallback,
    }


def _step(step: PlanStep) -> Iterator[tuple[str, Any]]:
    """Write a step with the fields of the PlanStep message."""
    whole_sec = int(step.timeout_sec)
    yield 'id', step.id
    yield 'skill', step.skill
    yield 'arguments', [{'key': key, 'value': value} for key, value in step.arguments]
    yield 'requires', list(step.requires)
    yield 'on_failure', ON_FAILURE.index(step.on_failure)
    yield 'retry_budget', step.retry_budget
    nanosec = round((step.timeout_sec - whole_sec) * 1e9)
    yield 'timeout', {'sec': whole_sec, 'nanosec': nanosec}
