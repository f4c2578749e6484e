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
LATCHED = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL, depth=1
)


@dataclass(frozen=True)
class Topic:
    """A name, the type on it, and how it is delivered."""

    name: str
    kind: type[Any]
    qos: QoSProfile = field(default_factory=lambda: RELIABLE)


IMAGE = Topic('image', Image, NEWEST_PICTURE)
IMAGE_COMPRESSED = Topic('image/compressed', CompressedImage, NEWEST_PICTURE)
SPEECH = Topic('speech', String)
EMOTIONS_IN = Topic('emotions', EmotionArray)
SCENE_IN = Topic('scene', Scene)
ROBOT_STATE = Topic('robot_state', RobotState, LATCHED)

UTTERANCE = Topic('~/utterance', Utterance)
SAY = Topic('~/say', String)
PLAN = Topic('~/plan', ActionPlan, LATCHED)
PLAN_STATUS = Topic('~/plan_status', PlanStatus, LATCHED)
REFUSAL = Topic('~/refusal', Refusal)
EMOTIONS = Topic('~/emotions', EmotionArray, NEWEST_PICTURE)
SCENE = Topic('~/scene', Scene)
WORLD = Topic('~/world', WorldState)
DECISION = Topic('~/decision', Decision)
TURN = Topic('~/turn', Turn)
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray)

OUTPUTS = (
    UTTERANCE,
    SAY,
    PLAN,
    PLAN_STATUS,
    REFUSAL,
    EMOTIONS,
    SCENE,
    WORLD,
    DECISION,
    TURN,
    DIAGNOSTICS,
)

ASK = Topic('~/ask', Ask)
MUTE = Topic('~/mute', SetBool)
CANCEL = Topic('~/cancel', Trigger)
DO_TASK = Topic('~/do_task', DoTask)
