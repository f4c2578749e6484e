"""Messages to values and back: `x_from_msg`, `x_to_msg`.

*Units*: stamps are seconds on the node's clock. Those of messages that come in are judged by
`fields.StampReader`, so every `x_from_msg` takes the stamp to use.

*Safety*: what comes in is clipped where that does no harm and else refused with ConvertError; no
message makes these functions raise anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from robochat.ros import fields
from robochat.ros.faces import (
    observation_from_msg,
    observation_to_msg,
    scene_from_msg,
    scene_to_msg,
)
from robochat.ros.fields import ConvertError, StampReader
from robochat.ros.plans import (
    plan_from_msg,
    plan_status_from_msg,
    plan_status_to_msg,
    plan_to_msg,
    step_from_msg,
    step_to_msg,
)
from robochat.values import (
    Decision,
    EngagementState,
    Event,
    ModelCall,
    Person,
    Refusal,
    RobotState,
    Thing,
    Trigger,
    Utterance,
    WorldView,
)
from std_msgs.msg import Header

from robochat_msgs import msg as ros

__all__ = [
    'ConvertError',
    'StampReader',
    'decision_from_msg',
    'decision_to_msg',
    'observation_from_msg',
    'observation_to_msg',
    'plan_from_msg',
    'plan_status_from_msg',
    'plan_status_to_msg',
    'plan_to_msg',
    'refusal_from_msg',
    'refusal_to_msg',
    'robot_state_from_msg',
    'robot_state_to_msg',
    'scene_from_msg',
    'scene_to_msg',
    'step_from_msg',
    'step_to_msg',
    'turn_from_msg',
    'turn_to_msg',
    'utterance_from_msg',
    'utterance_to_msg',
    'world_to_msg',
]

MAX_TURN_SEC = 3600.0


# --------------------------------------------------------------------------- words
def utterance_to_msg(utterance: Utterance, frame_id: str = '') -> ros.Utterance:
    """Write an utterance."""
    return ros.Utterance(
        header=fields.header(utterance.stamp_sec, frame_id),
        id=fields.label(utterance.id),
        text=fields.text(utterance.text),
        language=fields.label(utterance.language),
        addressee=fields.label(utterance.addressee),
        proactive=utterance.proactive,
        reason=fields.text(utterance.reason),
        evidence=fields.written(utterance.evidence),
        expression=fields.label(utterance.expression),
        confidence=float(utterance.confidence),
        priority=fields.byte(utterance.priority),
        lifetime=fields.duration_to_msg(utterance.lifetime_sec),
        in_reply_to=fields.text(utterance.in_reply_to),
        trigger=fields.label(utterance.trigger),
    )


def utterance_from_msg(message: ros.Utterance, stamp_sec: float) -> Utterance:
    """Read an utterance; raises ConvertError."""
    return Utterance(
        id=fields.label(message.id),
        text=fields.text(message.text),
        stamp_sec=stamp_sec,
        language=fields.label(message.language),
        addressee=fields.label(message.addressee),
        proactive=message.proactive,
        reason=fields.text(message.reason),
        evidence=fields.texts(message.evidence, 'utterance.evidence'),
        expression=fields.label(message.expression),
        confidence=fields.share(message.confidence, 'utterance.confidence'),
        priority=int(message.priority),
        lifetime_sec=fields.duration_from_msg(message.lifetime),
        in_reply_to=fields.text(message.in_reply_to),
        trigger=fields.label(message.trigger),
    )


def decision_to_msg(decision: Decision, frame_id: str = '') -> ros.Decision:
    """Write a decision, silence included."""
    return ros.Decision(
        header=fields.header(decision.stamp_sec, frame_id),
        speak=decision.speak,
        addressee=fields.label(decision.addressee),
        trigger=decision.trigger.value,
        reason=fields.text(decision.reason),
        score=float(decision.score),
        evidence=fields.written(decision.evidence),
        priority=fields.byte(decision.priority),
        topic=fields.text(decision.topic),
        onset=fields.stamp_to_msg(decision.onset_sec),
        features=[name for name, _ in decision.features],
        feature_values=[float(value) for _, value in decision.features],
        weights=[float(weight) for _, weight in decision.weights],
    )


def decision_from_msg(message: ros.Decision, stamp_sec: float) -> Decision:
    """Read a decision; raises ConvertError."""
    try:
        trigger = Trigger(message.trigger)
    except ValueError:
        known = ', '.join(t.value for t in Trigger)
        trigger_name = fields.label(message.trigger)
        raise ConvertError(f'decision.trigger = {trigger_name}: must be one of {known}') from None
    return Decision(
        speak=message.speak,
        reason=fields.text(message.reason),
        stamp_sec=stamp_sec,
        trigger=trigger,
        addressee=fields.label(message.addressee),
        topic=fields.text(message.topic),
        score=fields.share(message.score, 'decision.score'),
        evidence=fields.texts(message.evidence, 'decision.evidence'),
        priority=int(message.priority),
        onset_sec=fields.stamp_from_msg(message.onset),
        features=_named(message.features, message.feature_values),
        weights=_named(message.features, message.weights),
    )


def _named(names: Sequence[str], values: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """Pair names with finite values; raises ConvertError unless there are as many."""
    if len(names) != len(values):
        raise ConvertError(
            f'decision has {len(names)} features and {len(values)} numbers for them: '
            'must be as many'
        )
    few = fields.few(values, 'decision.features')
    read = (fields.number(value, 'decision.features', -1e6, 1e6) for value in few)
    return tuple(zip(map(fields.label, names), read, strict=True))


def refusal_to_msg(refusal: Refusal, frame_id: str = '') -> ros.Refusal:
    """Write a refusal."""
    return ros.Refusal(
        header=fields.header(refusal.stamp_sec, frame_id),
        what=fields.label(refusal.what),
        reason=fields.text(refusal.reason),
    )


def refusal_from_msg(message: ros.Refusal, stamp_sec: float) -> Refusal:
    """Read a refusal."""
    return Refusal(fields.label(message.what), fields.text(message.reason), stamp_sec)


def turn_to_msg(call: ModelCall) -> ros.Turn:
    """Write the measures of one model call."""
    return ros.Turn(
        header=fields.header(call.stamp_sec),
        id=fields.label(call.turn),
        trigger=fields.label(call.trigger),
        model=fields.label(call.model),
        tokens_in=fields.count(call.tokens_in),
        tokens_out=fields.count(call.tokens_out),
        first_text_sec=fields.or_nan(call.first_text_sec),
        seconds=float(call.seconds),
        fallback=fields.text(call.fallback),
    )


def turn_from_msg(message: ros.Turn, stamp_sec: float) -> ModelCall:
    """Read the measures of one model call; raises ConvertError."""
    return ModelCall(
        turn=fields.label(message.id),
        stamp_sec=stamp_sec,
        trigger=fields.label(message.trigger),
        model=fields.label(message.model),
        tokens_in=int(message.tokens_in),
        tokens_out=int(message.tokens_out),
        first_text_sec=fields.optional(message.first_text_sec, 0.0, MAX_TURN_SEC),
        seconds=fields.number(message.seconds, 'turn.seconds', 0.0, MAX_TURN_SEC),
        fallback=fields.text(message.fallback),
    )


# --------------------------------------------------------------------------- robot and world
def robot_state_to_msg(state: RobotState, stamp_sec: float) -> ros.RobotState:
    """Write what the robot reports about itself."""
    return ros.RobotState(
        header=fields.header(stamp_sec),
        place=fields.label(state.place),
        holding=fields.label(state.holding),
        battery=fields.or_nan(state.battery),
        speaking=state.speaking,
    )


def robot_state_from_msg(message: ros.RobotState) -> RobotState:
    """Read what the robot reports about itself."""
    return RobotState(
        place=fields.label(message.place),
        holding=fields.label(message.holding),
        battery=fields.optional(message.battery, 0.0, 1.0),
        speaking=message.speaking,
    )


def world_to_msg(world: WorldView, frame_id: str = '') -> ros.WorldState:
    """Write the world as believed now."""
    header = fields.header(world.now_sec, frame_id)
    return ros.WorldState(
        header=header,
        people=[_person_to_msg(p, header, world.now_sec) for p in world.people],
        objects=[_thing_to_msg(thing, header) for thing in world.things],
        place=fields.label(world.place.label),
        place_score=float(world.place.score),
        robot=robot_state_to_msg(world.robot, world.now_sec),
        events=[_event_line(event) for event in world.events],
    )


def _person_to_msg(person: Person, header: Header, now_sec: float) -> ros.PersonState:
    """Write a person; what the expression abstains from is no mood."""
    return ros.PersonState(
        header=header,
        id=fields.label(person.id),
        name=fields.label(person.name),
        box=fields.box_to_msg(person.box),
        visible=person.visible,
        distance_m=fields.or_nan(person.distance_m),
        bearing_rad=float(person.bearing_rad),
        approach_mps=float(person.approach_mps),
        facing=person.facing,
        facing_sec=float(person.facing_sec),
        mouth_active=person.mouth_active,
        mood=fields.label(person.mood),
        mood_certain=bool(person.mood),
        mood_sec=max(0.0, now_sec - person.mood_since_sec) if person.mood else 0.0,
        with_others=float(person.with_others),
        first_seen=fields.stamp_to_msg(person.first_seen_sec),
        last_seen=fields.stamp_to_msg(person.last_seen_sec),
        engagement=float(person.engagement),
        engagement_state=list(EngagementState).index(person.engagement_state),
        eyes_closed=person.eyes_closed,
        on_phone=person.on_phone,
    )


def _thing_to_msg(thing: Thing, header: Header) -> ros.SceneObject:
    """Write a thing."""
    return ros.SceneObject(
        header=header,
        id=fields.label(thing.id),
        label=fields.label(thing.label),
        score=float(thing.score),
        box=fields.box_to_msg(thing.box),
        relations=fields.written(thing.relations),
    )


def _event_line(event: Event) -> str:
    """Write an event as its kind, its subject and the detail."""
    return fields.text(f'{event.kind.value} {event.subject} {event.detail}')
