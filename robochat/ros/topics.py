"""Every topic, service and action of the node: name, type and quality of service.

Inputs are relative names to remap; outputs are private names (`/robochat/...` by default).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from robochat_msgs.action import DoTask
from robochat_msgs.msg import (
    ActionPlan,
    Decision,
    EmotionArray,
    Feedback,
    PlanStatus,
    Refusal,
    RobotState,
    Scene,
    Turn,
    Utterance,
    WorldState,
)
from robochat_msgs.srv import Ask

NEWEST_PICTURE = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=1
)
RELIABLE = QoSProfile(reliability=ReliabilityPolicy.RELIABLE, depth=10)
EVERY_LINE = QoSProfile(reliability=ReliabilityPolicy.RELIABLE, depth=200)
# Takes from publishers of every kind, those that are only best effort too.
ANY = QoSProfile(reliability=ReliabilityPolicy.BEST_EFFORT, depth=10)
LATCHED = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL, depth=1
)


@dataclass(frozen=True)
class Topic:
    """A name, the type on it, how it is delivered, and what it carries."""

    name: str
    kind: type[Any]
    qos: QoSProfile = field(default_factory=lambda: RELIABLE)
    text: str = ''


IMAGE = Topic('image', Image, NEWEST_PICTURE, text='the camera')
IMAGE_COMPRESSED = Topic(
    'image/compressed',
    CompressedImage,
    NEWEST_PICTURE,
    text='the camera, as JPEG or PNG, where `camera.compressed` is set',
)
SPEECH = Topic('speech', String, text='what a speech recogniser heard')
EMOTIONS_IN = Topic(
    'emotions',
    EmotionArray,
    text='faces and emotions by another node, beside or instead of our own',
)
SCENE_IN = Topic(
    'scene', Scene, text='things and the place by another node, beside or instead of our own'
)
# What robochat_perception publishes; reliable, since the node listens so.
EMOTIONS_OUT = Topic('~/emotions', EmotionArray, text='the faces in the newest picture, as seen')
SCENE_OUT = Topic('~/scene', Scene, text='the things in a picture, as seen')
ROBOT_STATE = Topic('robot_state', RobotState, LATCHED, text='what the robot reports about itself')
FEEDBACK = Topic('feedback', Feedback, text='what someone thinks of an utterance or a plan')

UTTERANCE = Topic('~/utterance', Utterance, text='what to say, to whom, why, until when')
SAY = Topic('~/say', String, text='the words alone, for any text-to-speech node')
HUSH = Topic(
    '~/hush', String, text='the id of an utterance that must stop, since a person began to speak'
)
PLAN = Topic('~/plan', ActionPlan, LATCHED, text='a plan that was accepted, or refused and why')
PLAN_STATUS = Topic('~/plan_status', PlanStatus, LATCHED, text='how the running plan goes')
REFUSAL = Topic('~/refusal', Refusal, text="what the model wanted and the robot won't say or do")
EMOTIONS = Topic(
    '~/emotions', EmotionArray, NEWEST_PICTURE, text='the faces in the newest picture, as seen'
)
SCENE = Topic('~/scene', Scene, text='the things in a picture, as seen')
WORLD = Topic('~/world', WorldState, text='what is believed of people, things and the robot')
DECISION = Topic(
    '~/decision', Decision, text='speak or be silent, why, on what evidence, weighed how'
)
TURN = Topic('~/turn', Turn, text='a call of the language model, measured')
TAPE = Topic(
    '~/tape', String, EVERY_LINE, text='what the decisions are made from, for `robochat record`'
)
DIAGNOSTICS = Topic(
    '/diagnostics', DiagnosticArray, text='rate, latency, drops and last error of each stage'
)

OUTPUTS = (
    UTTERANCE,
    SAY,
    HUSH,
    PLAN,
    PLAN_STATUS,
    REFUSAL,
    EMOTIONS,
    SCENE,
    WORLD,
    DECISION,
    TURN,
    TAPE,
    DIAGNOSTICS,
)

ASK = Topic('~/ask', Ask, text='a question about what is seen now')
MUTE = Topic('~/mute', SetBool, text='say nothing at all while on')
CANCEL = Topic('~/cancel', Trigger, text='cut short the turn and the plan on their way')
DO_TASK = Topic(
    '~/do_task',
    DoTask,
    text='an instruction: planned, checked, and carried out where `plan.execute` is set',
)
