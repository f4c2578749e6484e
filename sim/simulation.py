"""The simulation: a scenario played tick by tick, without clocks, threads, drawing or ROS.

Flow: `step(now)` advances in ticks of fixed length, so the outcome depends on the scenario, the
seed and what was heard and executed when, and not on how often it is asked. Times are seconds
since the scenario's start and never go back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import heapq
import math
from typing import Any

from . import skills
from .actors import Actor, SECONDS_PER_CHAR
from .moves import rest_head, Steps, TICK_SEC
from .people import load_expressions
from .script import Act, Reply, Scenario
from .state import SimState
from .view import person_seen, thing_box
from .world import RobotBody, World

EARSHOT_M = 4.5


@dataclass(frozen=True)
class Spoken:
    """Words that a person said."""

    person: str
    text: str
    at_sec: float


@dataclass(frozen=True)
class SkillStatus:
    """How far the running (or last) skill has come; `message` says why it failed."""

    progress: float = 0.0
    done: bool = True
    success: bool = False
    message: str = ''


class Simulation:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, seed: int = 1) -> None:
        self.scenario = scenario
        expressions = load_expressions()
        robot = RobotBody(
            *scenario.robot_at,
            heading_rad=scenario.robot_heading_rad,
            rest_tilt_rad=scenario.robot_tilt_rad,
            place=scenario.robot_place,
            tilt_rad=scenario.robot_tilt_rad,
        )
        actors = [Actor(spec, expressions, seed) for spec in scenario.people]
        self._world = World(scenario.scene, robot, actors)
        self._models = {t.id: t.model for t in scenario.scene.things}
        self._ticks = 0
        self._queue: list[tuple[float, int, Act]] = []
        for act in scenario.script:
            self._schedule(act, act.at_sec)
        self._answered: set[int] = set()
        self._spoken: list[Spoken] = []
        self._steps: Steps | None = None
        self._status = SkillStatus()
        for _ in range(round(1.0 / TICK_SEC)):
            self._settle()

    # ------------------------------------------------------------------ time
    def step(self, now_sec: float) -> SimState:
        """Advance to `now_sec` and return what is the case then."""
        while (self._ticks + 1) * TICK_SEC <= now_sec + 1e-9:
            self._ticks += 1
            self._tick(self._ticks * TICK_SEC)
        return self.state()

    def state(self) -> SimState:
        """Return what is the case now."""
        world = self._world
        now_sec = world.now_sec
        return SimState(
            time_sec=now_sec,
            robot=world.robot.pose(now_sec),
            people=tuple(actor.state(now_sec) for actor in world.actors.values()),
            things=tuple(thing.state() for thing in world.things.values()),
        )

    @property
    def finished(self) -> bool:
        """Whether the scenario's time is over."""
        return self._world.now_sec >= self.scenario.duration_sec

    def _tick(self, now_sec: float) -> None:
        """Let everything happen that happens in one tick."""
        world = self._world
        world.now_sec = now_sec
        while self._queue and self._queue[0][0] <= now_sec:
            self._do(heapq.heappop(self._queue)[2])
        for actor in world.actors.values():
            actor.tick(TICK_SEC, world.gaze_target(actor))
        for thing in world.things.values():
            thing.tick(TICK_SEC)
        self._run_skill()
        world.carry()

    def _settle(self) -> None:
        """Let people take up their gaze before the scenario begins."""
        for actor in self._world.actors.values():
            actor.tick(TICK_SEC, self._world.gaze_target(actor))

    # ------------------------------------------------------------------ the script
    def _schedule(self, act: Act, at_sec: float) -> None:
        heapq.heappush(self._queue, (at_sec, len(self._queue) + self._ticks, act))

    def _do(self, act: Act) -> None:
        """Carry out one line of the script."""
        if act.fall_to is not None:
            self._world.drop(act.thing, act.fall_to, act.upright)
            return
        actor = self._world.actors[act.person]
        actor.do(act, self._world.now_sec)
        if act.say:
            self._spoken.append(Spoken(actor.id, act.say, self._world.now_sec))

    # ------------------------------------------------------------------ talk
    def hear(self, text: str, now_sec: float) -> None:
        """The robot says something: people near enough answer as the scenario says."""
        self.step(now_sec)
        self._listen(text)

    def _listen(self, text: str) -> None:
        world = self._world
        lasts_sec = SECONDS_PER_CHAR * len(text)
        begins_sec = max(world.now_sec, world.robot.speaking_until_sec)
        world.robot.speaking_until_sec = begins_sec + lasts_sec
        answering: set[str] = set()
        for number, reply in enumerate(self.scenario.replies):
            if reply.person not in answering and self._answers(number, reply, text):
                answering.add(reply.person)
                self._answered.add(number)
                self._schedule(reply.act, begins_sec + lasts_sec + reply.after_sec)

    def _answers(self, number: int, reply: Reply, text: str) -> bool:
        """Say whether a person hears these words and has an answer left."""
        actor = self._world.actors[reply.person]
        robot = self._world.robot
        hears = actor.present and robot.distance(actor.x, actor.y) < EARSHOT_M
        return hears and reply.fits(text) and not (reply.once and number in self._answered)

    def speech(self, now_sec: float) -> tuple[Spoken, ...]:
        """Advance and return what people said since the last call."""
        self.step(now_sec)
        said, self._spoken = tuple(self._spoken), []
        return said

    # ------------------------------------------------------------------ skills
    def execute(self, skill: str, arguments: Mapping[str, str], now_sec: float) -> SkillStatus:
        """Begin a skill; refused (done, without success) while another one runs."""
        self.step(now_sec)
        if self._steps is not None:
            return SkillStatus(message=f'busy with {self._world.robot.skill}; cancel it or wait')
        self._world.robot.skill = skill
        self._steps = skills.start(self._world, skill, arguments)
        self._status = SkillStatus(done=False)
        return self._status

    def cancel(self, now_sec: float) -> None:
        """Stop the running skill where it is."""
        self.step(now_sec)
        if self._steps is not None:
            self._end('canceled')

    @property
    def skill_status(self) -> SkillStatus:
        """How far the running skill has come, or how the last one ended."""
        return self._status

    def _run_skill(self) -> None:
        """Resume the running skill for one tick; else let the head come to rest."""
        world = self._world
        if self._steps is None:
            if world.now_sec > world.robot.look_until_sec:
                rest_head(world)
            return
        try:
            self._status = SkillStatus(round(next(self._steps), 3), done=False)
        except StopIteration as end:
            self._end(str(end.value))
        for text in world.said:
            self._listen(text)
        world.said.clear()

    def _end(self, reason: str) -> None:
        self._steps = None
        self._world.robot.skill = ''
        self._status = SkillStatus(0.0 if reason else 1.0, True, not reason, reason)

    # ------------------------------------------------------------------ truth
    def truth(self) -> dict[str, Any]:
        """Return the ground truth as a JSON object, for benches and tests only."""
        state = self.state()
        robot = state.robot
        return {
            'scenario': self.scenario.name,
            'scenario_sec': round(state.time_sec, 3),
            'robot': {
                'at': [round(robot.x, 3), round(robot.y, 3)],
                'heading_deg': round(math.degrees(robot.heading_rad), 1),
                'place': robot.place,
                'holding': robot.holding,
                'speaking': robot.speaking,
                'skill': robot.skill,
                'called_help': robot.called_help,
            },
            'people': [self._person_truth(state, n) for n in range(len(state.people))],
            'things': [
                {
                    'id': t.id,
                    'label': t.label,
                    'on': t.on,
                    'box': thing_box(robot, t, self._models[t.id]),
                }
                for t in state.things
            ],
        }

    def _person_truth(self, state: SimState, number: int) -> dict[str, Any]:
        """Describe one person."""
        person = state.people[number]
        seen = person_seen(state, person)
        return {
            'id': person.id,
            'present': person.present,
            'mood': person.mood,
            'gaze': person.gaze,
            'speaking': person.speaking,
            'distance_m': seen.distance_m,
            'bearing_rad': seen.bearing_rad,
            'facing_deg': seen.facing_deg,
            'face_box': seen.face_box,
            'body_box': seen.body_box,
        }
