"""What exists while the node is active: subscriptions, timers, workers, services.

Threads: everything named `_on_*` and the timers run in the executor; `_respond` on its worker.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
import time
from typing import Any

from rclpy.node import Node
from robochat.assembly import Assembly
from robochat.config import Config
from robochat.daytime import day_clock
from robochat.learning.learner import Learner
from robochat.memory.acquaintances import Acquaintances
from robochat.pipeline import Pipeline
from robochat.recording.about import About
from robochat.response import Output
from robochat.ros import plans, topics
from robochat.ros.cameras import Camera
from robochat.ros.clock import ClockWatch, create_wall_timer
from robochat.ros.diagnostics import diagnostics_to_msg, StageMeter, Throttle
from robochat.ros.feedback import FeedbackInlet
from robochat.ros.hri.interop import Interop
from robochat.ros.inlets import Inlets
from robochat.ros.outlets import Outlets
from robochat.ros.requests import Requests
from robochat.ros.skills import SkillRunner
from robochat.ros.tape import TapeOutlet
from robochat.ros.workers import Worker
from robochat.values import ActionPlan, Decision, PlanStatus, Turn, Utterance

WORLD_HZ = 2.0
SKILLS_HZ = 10.0
ENDED = ('succeeded', 'failed', 'canceled')


class Running:
    """Wires the pipeline to the graph until `stop`; what fails half-way leaves nothing behind."""

    def __init__(self, node: Node, config: Config, assembly: Assembly) -> None:
        self._node = node
        self._config = config
        self._assembly = assembly
        self._throttle = Throttle()
        self._clock_watch = ClockWatch(node, time.monotonic())
        self._last_decision: tuple[str, float] = ('', 0.0)
        with ExitStack() as undo:
            self._wire(node, config, assembly, undo)
            self._undo = undo.pop_all()

    def _wire(self, node: Node, config: Config, assembly: Assembly, undo: ExitStack) -> None:
        """Make the parts, each with its end in `undo`."""
        self.deciding, self.responding = StageMeter('decide'), StageMeter('respond')
        acquaintances = Acquaintances(assembly.memory, config.memory.transient_ids)
        self._learner = Learner.load(config.learning, acquaintances.agreed)
        undo.callback(self._learner.close)
        self._feedback = FeedbackInlet(self._learner, self.now_sec, self.deciding.dropped)
        self.pipeline = Pipeline(
            config,
            assembly.responder,
            assembly.perceiver,
            day_clock(config.engagement.local_time, self.now_sec()),
            decision_model=assembly.decision_model,
            learner=self._learner,
            acquaintances=acquaintances,
        )
        self._interop = Interop(
            node,
            config,
            self.pipeline,
            self.now_sec,
            publish_words=self._publish_words,
            complain=self._complain,
        )
        undo.callback(self._interop.close)
        self.outlets = Outlets(node, self._interop.take)
        undo.callback(self.outlets.close)
        self._camera = Camera(
            config, self.pipeline, self.outlets.emit, self.now_sec, self._complain
        )
        undo.callback(self._camera.stop)
        self.outlets.frame_id = lambda: self._camera.frame_id
        self._respond_worker = Worker[Turn]('respond', self._respond, self._response_failed)
        undo.callback(self._respond_worker.stop, timeout_sec=2.0)
        self._skills = SkillRunner(node, assembly.table, self.pipeline.view, self._on_plan_status)
        undo.callback(self._skills.close)
        self._requests = Requests(
            node, self.pipeline, self._skills, self.now_sec, lambda: self._config.plan.execute
        )
        undo.callback(self._requests.close)
        undo.callback(self.pipeline.cancel, True)
        self._put_on(undo)

    def _put_on(self, undo: ExitStack) -> None:
        """Put everything on the graph that brings something in."""
        self._tape = TapeOutlet(self.outlets, self.pipeline.tape, self._about)
        self._entities: list[Any] = []
        undo.callback(self._take_off)
        for make in (self._subscriptions, self._services, self._timers):
            self._entities += make()

    def now_sec(self) -> float:
        """Seconds of the node's clock."""
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _about(self) -> About:
        """What decides, for recordings."""
        model = self._assembly.model_name
        return About.of(self._config, model, self._assembly.decision_model)

    def configure(self, config: Config) -> None:
        """Take settings that may change while running."""
        self._config = config
        self._camera.configure(config)
        self.pipeline.configure(config)

    # ------------------------------------------------------------------ wiring
    def _subscriptions(self) -> list[Any]:
        subscribe, speech = self._node.create_subscription, topics.SPEECH
        inlets = Inlets(
            self._node,
            self._config,
            self.pipeline,
            self.now_sec,
            feedback=self._feedback.take,
            dropped=self.deciding.dropped,
            complain=self._complain,
        )
        made = [
            *inlets.subscriptions,
            subscribe(speech.kind, speech.name, self._on_speech, speech.qos),
        ]
        if self._assembly.perceiver is None:
            return made
        image = topics.IMAGE_COMPRESSED if self._config.camera.compressed else topics.IMAGE
        return [*made, subscribe(image.kind, image.name, self._camera.on_image, image.qos)]

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
            create_wall_timer(self._node, 1.0, self._diagnose),
        ]

    # ------------------------------------------------------------------ what comes in
    def _on_speech(self, message: Any) -> None:
        if self.pipeline.hear(message.data, self.now_sec()) is None:
            self.deciding.dropped('speech without words')
        self._stop_voice()

    def _stop_voice(self) -> None:
        """Tell the outlets when a person took the floor."""
        if hush := self.pipeline.hushed():
            self.outlets.emit(hush)

    def _on_mute(self, request: Any, response: Any) -> Any:
        self.pipeline.mute(request.data)
        if request.data:
            self._interop.silence()
        response.success, response.message = True, 'muted' if request.data else 'not muted'
        return response

    def _on_cancel(self, request: Any, response: Any) -> Any:
        turn, plan = self.pipeline.cancel(), self._skills.cancel(self.now_sec())
        self._interop.silence()
        response.success = turn or plan
        response.message = 'cancelled' if response.success else 'nothing was on its way'
        return response

    # ------------------------------------------------------------------ decide and respond
    def _decide(self) -> None:
        """Judge the world, publish what is new, and start a turn when there is one."""
        started_sec = time.perf_counter()
        now_sec = self.now_sec()
        decision, turn = self.pipeline.decide(now_sec)
        self._stop_voice()
        self.deciding.ran(now_sec, time.perf_counter() - started_sec)
        if self._worth_publishing(decision):
            self.outlets.emit(decision)
        if turn is not None:
            self._respond_worker.submit(turn)
        self._tape.flush()

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

    def _publish_words(self, text: str) -> None:
        """Give words to the topic; the outlets are made after who may need them."""
        self.outlets.say(text)

    # ------------------------------------------------------------------ health
    def _diagnose(self) -> None:
        """Publish rates, latencies, drops and the state of the model."""
        now_sec = self.now_sec()
        for warning in self._assembly.memory.warnings():
            self._node.get_logger().warning(warning)
        meters = (
            *(self._camera.meters if self._assembly.perceiver is not None else ()),
            self.deciding,
            self.responding,
            *self._interop.meters,
        )
        extra = [
            ('model', self._assembly.model_name),
            ('model is warm', 'yes' if self._assembly.model_is_warm else 'not yet'),
            *(('warning', text) for text in (*self._assembly.warnings, *self._interop.faults)),
            *self._learner.counts,
            *self._assembly.memory.report(),
        ]
        message = diagnostics_to_msg(
            [m.report(now_sec) for m in meters],
            now_sec,
            extra=extra,
            fault=self._clock_watch.fault(time.monotonic()),
        )
        self.outlets.publish(topics.DIAGNOSTICS, message)

    def _complain(self, key: str, text: str) -> None:
        """Warn, but not more than every few seconds about one thing."""
        held = self._throttle.admit(key, self.now_sec())
        if held is not None:
            more = f' ({held} more like it)' if held else ''
            self._node.get_logger().warning(f'{key}: {text}{more}')

    def _take_off(self) -> None:
        """Take everything off the graph that brings something in."""
        destroy: dict[str, Callable[[Any], bool]] = {
            'Subscription': self._node.destroy_subscription,
            'Service': self._node.destroy_service,
            'Timer': self._node.destroy_timer,
        }
        for entity in self._entities:
            destroy[type(entity).__name__](entity)

    def stop(self) -> None:
        """End everything, the last part first: what comes in, turns, plans, workers, outlets."""
        self._undo.close()
