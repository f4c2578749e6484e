"""What a running plan believes: the newest view, and what its own steps brought about unseen.

The camera and the robot's report come first. Where they are silent, the effects of the steps that
succeeded stand: that the robot is at a person, what lies where, what was handed over. Once the
robot has moved, people and things it no longer sees are still known, because it looked away and
not they left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from robochat.plan.predicates import Fact
from robochat.plan.state import PlanState, state_from
from robochat.plan.table import Skill, SkillTable
from robochat.values import PlanStep, RobotState, WorldView

CARRIED = ('near', 'facing', 'holding', 'on', 'has')
MOVING = ('near', 'facing')


@dataclass(frozen=True)
class Belief:
    """The state of the world for a running plan; `effects` have happened, `moved` by a step."""

    state: PlanState = PlanState()
    started: bool = False
    moved: bool = False
    grip_reported: bool = False

    def seen(self, view: WorldView, table: SkillTable) -> Belief:
        """Fold the newest view in."""
        fresh = state_from(view, table)
        grip = self.grip_reported or bool(view.robot.holding)
        if not self.started:
            return replace(self, state=fresh, started=True, grip_reported=grip)
        kept = {f for f in self.state.facts if self._stands(f, view.robot, table, grip)}
        state = replace(fresh, facts=fresh.facts | kept)
        if self.moved:
            state = _with_remembered(state, self.state)
        return replace(self, state=state, grip_reported=grip)

    def did(self, step: PlanStep, skill: Skill) -> Belief:
        """Let the effects of a step that succeeded happen."""
        state = self.state.after(skill.effects, dict(step.arguments))
        moved = self.moved or any(e.name in MOVING for e in skill.effects)
        return replace(self, state=state, moved=moved)

    @staticmethod
    def _stands(fact: Fact, robot: RobotState, table: SkillTable, grip: bool) -> bool:
        """Tell whether a fact is kept; the robot's report of place and grip overrules it."""
        if fact[0] == 'holding':
            return not grip
        if fact[0] == 'near' and table.place(robot.place) is not None:
            return table.place(fact[1]) is None
        return fact[0] in CARRIED


def _with_remembered(state: PlanState, before: PlanState) -> PlanState:
    """Keep knowing people and things that went out of sight."""
    names = {r.name for r in state.referents}
    lost = [replace(r, visible=False) for r in before.referents if r.name not in names]
    gone = {r.name for r in lost}
    about = {
        f for f in before.facts if f[0] not in ('visible', *CARRIED) and f[1:2] and f[1] in gone
    }
    return replace(state, referents=(*state.referents, *lost), facts=state.facts | about)
