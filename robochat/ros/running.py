"""What exists while the node is active: subscriptions, timers, workers, services.

Threads: everything named `_on_*` and the timers run in the executor; `_respond` on its worker.
"""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from rclpy.node import Node
from robochat.assembly import Assembly
from robochat.config import Config
from robochat.daytime import day_clock
from robochat.pipeline import Pipeline
from robochat.response import Output
from robochat.ros import convert, faces, fields, plans, topics
from robochat.ros.cameras import Camera
from robochat.ros.diagnostics import diagnostics_to_msg, StageMeter, Throttle
from robochat.ros.fields import ConvertError
from robochat.ros.outlets import Outlets
from robochat.ros.requests import Requests
from robochat.ros.skills import SkillRunner
from robochat.ros.topics import Topic
from robochat.ros.workers import Worker
from robochat.values import ActionPlan, Decision, PlanStatus, Turn, Utterance

WORLD_HZ = 2.0
SKILLS_HZ = 10.0
ENDED = ('succeeded', 'failed', 'canceled')


class Running:
    """Wires the pipeline to the graph until `stop`."""

    def __init__(self, node: Node, config: Config, assembly: Assembly) -> None:
        self._node = node
        self._config = config
        self._assembly = assembly
        self._throttle = Throttle()
        self._last_decision: tuple[str, float] = ('', 0.0)
        self.deciding, self.responding = StageMeter('decide'), StageMeter('respond')
        hour_at = day_clock(config.engagement.local_time, self.now_sec())
        self.pipeline = Pipeline(config, assembly.responder, assembly.perceiver, hour_at)
        self.outlets = Outlets(node)
        self._camera = Camera(
            config, self.pipeline, self.outlets.emit, self.now_sec, self._complain
        )
        self._respond_worker = Worker[Turn]('respond', self._respond, self._response_failed)
        self._skills = SkillRunner(node, assembly.table, self.pipeline.view, self._on_plan_status)
        self._requests = Requests(node, self.pipeline, self._skills, self.now_sec)
        self._entities = [*self._subscriptions(), *self._services(), *self._timers()]

    def now_sec(self) -> float:
        """Seconds of the node's clock."""
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def configure(self, config: Config) -> None:
        """Take settings that may change while running."""
        self.pipeline.configure(config)

    # ------------------------------------------------------------------ wiring
    def _subscriptions(self) -> list[Any]:
        wanted: list[tuple[Topic, Callable[[Any], None]]] = [
            (topics.SPEECH, self._on_speech),
            (topics.EMOTIONS_IN, self._guarded('emotions', self._on_emotions)),
            (topics.SCENE_IN, self._guarded('scene', self._on_scene)),
            (topics.ROBOT_STATE, self._guarded('robot_state', self._on_robot_state)),
        ]
        if self._assembly.perceiver is not None:
            compressed = self._config.camera.compressed
            image = topics.IMAGE_COMPRESSED if compressed else topics.IMAGE
            wanted.append((image, self._camera.on_image))
        return [self._node.create_subscription(t.kind, t.name, call, t.qos) for t, call in wanted]

    def _services(self) -> list[Any]:
        return [
            self._node.create_service(topics.MUTE.kind, topics.MUTE.name, self._on_mute),
            self._node.create_service(topics.CANCEL.kind, topics.CANCEL.name, self._on_cancel),
        ]

    def _timers(self) -> list[Any]:
        create = self._node.create_timer
        return [
            create(1 / self._config.engagement.rate_hz, self._decide),
            create(1 / SKILLS_HZ, lambda: self._skills.tick(self.now_sec())),
            create(1 / WORLD_HZ, lambda: self.outlets.emit(self.pipeline.view(self.now_sec()))),
            create(1.0, self._diagnose),
        ]

    def _guarded(self, name: str, call: Callable[[Any], None]) -> Callable[[Any], None]:
        """Drop and count a message that can't be read."""

        def guarded(message: Any) -> None:
            try:
                call(message)
            except ConvertError as error:
                self.deciding.dropped(f'{name} message')
                self._complain(f'{name} message dropped', str(error))

        return guarded

    # ------------------------------------------------------------------ what comes in
    def _on_speech(self, message: Any) -> None:
        if self.pipeline.hear(message.data, self.now_sec()) is None:
            self.deciding.dropped('speech without words')

    def _on_emotions(self, message: Any) -> None:
        self.pipeline.felt(faces.observation_from_msg(message, self._stamp(message)))

    def _on_scene(self, message: Any) -> None:
        self.pipeline.shown(faces.scene_from_msg(message, self._stamp(message)))

    def _on_robot_state(self, message: Any) -> None:
        self.pipeline.robot_is(convert.robot_state_from_msg(message))

    def _stamp(self, message: Any) -> float:
        """The header's stamp where it is near now, else now."""
        now_sec = self.now_sec()
        stamp_sec = fields.stamp_from_msg(message.header.stamp)
        near = stamp_sec is not None and abs(now_sec - stamp_sec) < 5.0
        return stamp_sec if near and stamp_sec is not None else now_sec

    def _on_mute(self, request: Any, response: Any) -> Any:
        self.pipeline.mute(request.data)
        response.success, response.message = True, 'muted' if request.data else 'not muted'
        return response

    def _on_cancel(self, request: Any, response: Any) -> Any:
        turn, plan = self.pipeline.cancel(), self._skills.cancel(self.now_sec())
        response.success = turn or plan
        response.message = 'cancelled' if response.success else 'nothing was on its way'
        return response

    # ------------------------------------------------------------------ decide and respond
    def _decide(self) -> None:
        """Judge the world, publish what is new, and start a turn when there is one."""
        started_sec = time.perf_counter()
        now_sec = self.now_sec()
        decision, turn = self.pipeline.decide(now_sec)
        self.deciding.ran(now_sec, time.perf_counter() - started_sec)
        if self._worth_publishing(decision):
            self.outlets.emit(decision)
        if turn is not None:
            self._respond_worker.submit(turn)

    def _worth_publishing(self, decision: Decision) -> bool:
        """Publish every wish to speak, every new reason, and an old one now and then."""
        reason, since_sec = self._last_decision
        old_sec = abs(decision.stamp_sec - since_sec)
        said = decision.reason.rstrip('0123456789. s')
        if (
            not decision.speak
            and said == reason
            and old_sec < self._config.engagement.decision_topic_sec
        ):
            return False
        self._last_decision = (said, decision.stamp_sec)
        return True

    def _respond(self, turn: Turn) -> None:
        started_sec = time.perf_counter()
        self.pipeline.respond(turn, self.now_sec, self._emit)
        self.responding.ran(self.now_sec(), time.perf_counter() - started_sec)

    def _emit(self, output: Output) -> None:
        """Publish what a turn made; an accepted plan may run."""
        self.outlets.emit(output)
        if (
            isinstance(output, ActionPlan)
            and output.status == 'accepted'
            and self._config.plan.execute
        ):
            self._skills.submit(output)
        if isinstance(output, Utterance) and self._config.safety.log_content:
            self._node.get_logger().debug(f'said: {output.text}')

    def _response_failed(self, error: Exception) -> None:
        self.responding.dropped(type(error).__name__)
        self.responding.failed(self.now_sec(), str(error))
        self._complain(f'response failed ({type(error).__name__})', str(error))

    def _on_plan_status(self, status: PlanStatus) -> None:
        message = plans.plan_status_to_msg(status, self.now_sec())
        self.outlets.publish(topics.PLAN_STATUS, message)
        if status.status in ENDED:
            self.pipeline.plan_ended(status.plan_id, status.status, self.now_sec())

    # ------------------------------------------------------------------ health
    def _diagnose(self) -> None:
        """Publish rates, latencies, drops and the state of the model."""
        now_sec = self.now_sec()
        meters = (*self._camera.meters, self.deciding, self.responding)
        extra = [
            ('model', self._assembly.model_name),
            ('model is warm', 'yes' if self._assembly.model_is_warm else 'not yet'),
            *(('warning', text) for text in self._assembly.warnings),
        ]
        message = diagnostics_to_msg([m.report(now_sec) for m in meters], now_sec, extra=extra)
        self.outlets.publish(topics.DIAGNOSTICS, message)

    def _complain(self, key: str, text: str) -> None:
        """Warn, but not more than every few seconds about one thing."""
        held = self._throttle.admit(key, self.now_sec())
        if held is not None:
            more = f' ({held} more like it)' if held else ''
            self._node.get_logger().warning(f'{key}: {text}{more}')

    def stop(self) -> None:
        """Take everything off the graph and end the workers."""
        destroy: dict[str, Callable[[Any], bool]] = {
            'Subscription': self._node.destroy_subscription,
            'Service': self._node.destroy_service,
            'Timer': self._node.destroy_timer,
        }
        for entity in self._entities:
            destroy[type(entity).__name__](entity)
        self.pipeline.cancel()
        self._requests.close()
        self._skills.close()
        self._camera.stop()
        self._respond_worker.stop(timeout_sec=2.0)
        self.outlets.close()
