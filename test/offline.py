"""Plays a scenario from pixels to utterance in simulated time: no ROS, no threads, no waiting.

Everything is real but the clock and the middleware: the renderer's pictures, the networks, the
policy, the gate and the checker. The phrase bank speaks, so that a run needs no language model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from robochat.assembly import Assembly
from robochat.config import config_from
from robochat.daytime import day_clock
from robochat.pipeline import Pipeline
from robochat.response import Output
from robochat.values import ActionPlan, Frame, ModelCall, RobotState, Utterance
from robochat_sim.render import Renderer
from robochat_sim.scenario import load_scenario
from robochat_sim.simulation import Simulation

FRAME_SEC = 0.1
LOOK_EVERY = 7


@dataclass
class Offline:
    """One run: the events as `robochat demo --json` writes them."""

    name: str
    seed: int = 1
    events: list[dict[str, Any]] = field(default_factory=list)
    now_sec: float = 0.0

    def run(self) -> Offline:
        """Play to the end."""
        self.scenario = load_scenario(self.name)
        settings = {**dict(self.scenario.settings), 'model.backend': 'phrases'}
        config = config_from(settings)
        assembly = Assembly.load(config)
        hour_at = day_clock(config.engagement.local_time or '12:00', 0.0)
        self.pipeline = Pipeline(config, assembly.responder, assembly.perceiver, hour_at)
        self.simulation = Simulation(self.scenario, self.seed)
        bodies = {p.id: p.body for p in self.scenario.people}
        renderer = Renderer(self.scenario.scene, bodies)
        try:
            for number in range(round(self.scenario.duration_sec / FRAME_SEC)):
                self._tick(number, renderer)
        finally:
            renderer.close()
            assembly.close()
        return self

    def _tick(self, number: int, renderer: Renderer) -> None:
        """Draw, see, hear, decide, answer."""
        self.now_sec = number * FRAME_SEC
        state = self.simulation.step(self.now_sec)
        frame = Frame(renderer.frame(state), self.now_sec, number)
        seen = self.pipeline.see(frame)
        boxes = [
            {'person': f.person, 'box': [f.box.x, f.box.y, f.box.width, f.box.height]}
            for f in seen.faces
        ]
        self._note('emotions', emotions=boxes)
        self._note('truth', **self.simulation.truth())
        if number % LOOK_EVERY == 0:
            self.pipeline.look(frame)
        for words in self.simulation.speech(self.now_sec):
            self.pipeline.hear(words.text, self.now_sec)
        self.pipeline.robot_is(RobotState(speaking=state.robot.speaking))
        _, turn = self.pipeline.decide(self.now_sec)
        if turn is not None:
            self.pipeline.respond(turn, lambda: self.now_sec, self._let_out)

    def _let_out(self, output: Output) -> None:
        """Write an output down, and let the people hear what is said a moment later."""
        if isinstance(output, Utterance):
            self._note(
                'utterance', text=output.text, trigger=output.trigger, addressee=output.addressee
            )
            self.simulation.hear(output.text, self.now_sec)
        elif isinstance(output, ActionPlan):
            steps = [{'skill': step.skill} for step in output.steps]
            self._note('plan', steps=steps, refusal=output.refusal)
        elif isinstance(output, ModelCall):
            self._note('turn', model=output.model)

    def _note(self, kind: str, **fields: Any) -> None:
        self.events.append({**fields, 't': self.now_sec, 'kind': kind})
