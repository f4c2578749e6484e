"""Plays one timeline against one policy, with the rules of the pipeline, faster than real time.

Flow: each tick folds the news into the real `World`, shows the policy the view and carries its
decision out: the words come after `RESPONSE_SEC` (a warning's at once) and take `SPOKEN_SEC`;
one opening is on its way at a time, and a more urgent one cuts it short; a person who begins to
speak cuts an opening short that is still on its way, and gets the floor (`robochat.floor`); what
no longer fits when the first word is due is taken back (`robochat.restraint`); mute lets nothing
out. All policies speak with this same mouth. A timeline does not depend on the robot, but for
words that people say `on` the robot's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
import math
import time
from typing import Any

from robochat.config import Config, config_from
from robochat.floor import Floor, SEC_PER_CHAR
from robochat.manners.policy import Policy
from robochat.manners.record import (
    answer_window,
    FREE,
    LISTEN,
    Opening,
    Played,
    serves,
    SPEAK,
    Tick,
    WAIT,
)
from robochat.manners.stream import News, news_of
from robochat.manners.timeline import answered, Timeline, Window
from robochat.pipeline import CLOCK_JUMP_SEC
from robochat.response import SAID_AT_ONCE
from robochat.restraint import outdated
from robochat.turns import GIVE_WAY, MAY_BE_CUT_SHORT, talking
from robochat.values import (
    Decision,
    FaceObservation,
    Hush,
    Observation,
    RobotState,
    Speech,
    Trigger,
    Utterance,
    WorldView,
)
from robochat.world import World
import yaml

__all__ = ['Played', 'RESPONSE_SEC', 'SPOKEN_SEC', 'played', 'settings_of']

# From a decision to the first word: the median that `robochat bench reaction` measures. A warning
# waits for no model, but for the next turn of the response thread.
RESPONSE_SEC, WARNING_SEC = 0.96, 0.05
ROBOT_WORDS = 'So long are the words that the robot says.'
SPOKEN_SEC = SEC_PER_CHAR * len(ROBOT_WORDS)
# What gives way on its way: all that nobody asked for, but for warnings.
CUT_SHORT = (*MAY_BE_CUT_SHORT, Trigger.NONE)


def played(
    timeline: Timeline, policy: Policy, seed: int = 1, news: Sequence[News] | None = None
) -> Played:
    """Play a timeline; `news` may be given where it was made before."""
    return _Play(timeline, policy).through(news_of(timeline, seed) if news is None else news)


def _response_sec(decision: Decision) -> float:
    """Return how long the first word takes."""
    return WARNING_SEC if decision.trigger in SAID_AT_ONCE else RESPONSE_SEC


def settings_of(timeline: Timeline) -> Config:
    """Return the robot's settings in a timeline."""
    values: dict[str, Any] = {key: yaml.safe_load(value) for key, value in timeline.settings}
    return config_from(values)


class _Play:
    """The state of one play."""

    def __init__(self, timeline: Timeline, policy: Policy) -> None:
        self.timeline = timeline
        self.policy = policy
        self.world = World(settings_of(timeline).world)
        self.floor = Floor()
        self.robot = RobotState()
        self.talking: frozenset[str] = frozenset()
        self.coming: Opening | None = None
        self.saying: Opening | None = None
        self.openings: list[Opening] = []
        self.said = [s for s in timeline.says if not s.on_robot]
        self.awaiting = [s for s in timeline.says if s.on_robot]
        self.heard_sec = -1.0
        self.actors: Mapping[str, tuple[str, ...]] = {}
        self.ticks: list[Tick] = []
        self.decide_sec: list[float] = []
        self.stamp_sec = -math.inf
        self.windows = list(timeline.windows)
        self.windows += [answer_window(s) for s in self.said if answered(s)]
        self.served: set[int] = set()

    def through(self, news: Sequence[News]) -> Played:
        """Play every tick."""
        for one in news:
            self._tick(one)
        for opening in self.openings:
            opening.end_sec = min(opening.end_sec, self.timeline.duration_sec)
        return Played(
            self.timeline,
            tuple(self.ticks),
            tuple(self.openings),
            tuple(self.windows),
            tuple(self.said),
            tuple(self.decide_sec),
        )

    def _tick(self, news: News) -> None:
        self._fold(news)
        self._hear(news)
        self._follow_clock(news)
        self._begin_words(news)
        view = self._view(news)
        self._yield_floor(view, news)
        began_sec = time.perf_counter()
        decision = self.policy.decide(view)
        self.decide_sec.append(time.perf_counter() - began_sec)
        if decision.speak:
            decision = self._carry_out(decision, news)
        label, window = self._label(news.at_sec)
        listens = self.policy.listens(view)
        self.ticks.append(Tick(news.at_sec, view, decision, label, window, listens, self.actors))

    # ------------------------------------------------------------------ what the robot learns
    def _fold(self, news: News) -> None:
        """Give the world what is new."""
        for report in news.reports:
            if report.ended:
                self.world.plan_ended(report.ended, 'succeeded', news.stamp_sec)
            self.robot = RobotState(report.place, report.holding, report.battery, report.speaking)
            self.world.robot_is(self.robot)
        for scene, external in news.scenes:
            self.world.looked(scene, external=external)
        seen = self._moving_mouths(news)
        settled = self.world.seen(seen)
        self._know(seen, settled, news)
        if news.felt is not None:
            self.world.felt(news.felt)

    def _moving_mouths(self, news: News) -> Observation:
        """Move the mouths of those whose words wait for the robot's."""
        now_sec = news.at_sec
        talkers = {s.who for s in self.said if s.on_robot and s.at_sec <= now_sec < s.end_sec}
        if not talkers:
            return news.seen
        faces = (
            replace(f, mouth_active=True) if talkers & set(news.tracks[f.person]) else f
            for f in news.seen.faces
        )
        return replace(news.seen, faces=tuple(faces))

    def _know(self, seen: Observation, settled: Observation | None, news: News) -> None:
        """Remember whose face each person's id stands for."""
        boxes: dict[object, FaceObservation] = {f.box: f for f in seen.faces}
        for face in (settled or seen).faces:
            original = boxes.get(face.box)
            actors = news.tracks[original.person] if original is not None else ()
            if actors and self.actors.get(face.person) != actors:
                self.actors = {**self.actors, face.person: actors}

    def _hear(self, news: News) -> None:
        """Hear the words that have just been said to their end."""
        now_sec = news.at_sec
        for says in self.said:
            if self.heard_sec < says.end_sec <= now_sec:
                speech = self.world.heard(Speech('', says.text, news.stamp_sec))
                self.policy.heard(speech)
                self._yield_opening(news)
                self._be_hushed(self.floor.heard(news.stamp_sec), now_sec)
        self.heard_sec = now_sec

    def _follow_clock(self, news: News) -> None:
        """See anew and remember what was said when the clock goes back, as the pipeline does."""
        by_sec = news.stamp_sec - self.stamp_sec
        if by_sec < -CLOCK_JUMP_SEC:
            self.world.forget()
            self.policy.shift(by_sec)
            self.floor.shift(by_sec)
        self.stamp_sec = news.stamp_sec

    def _view(self, news: News) -> WorldView:
        view = self.world.view(news.stamp_sec, news.hour)
        if self.saying is not None and not view.robot.speaking:
            return replace(view, robot=replace(view.robot, speaking=True))
        return view

    # ------------------------------------------------------------------ what the robot says
    def _carry_out(self, decision: Decision, news: News) -> Decision:
        """Set words on their way, or say why not."""
        if any(s.start_sec <= news.at_sec < s.end_sec for s in self.timeline.muted):
            return replace(decision, speak=False, reason=f'muted ({decision.reason})')
        if self.coming is not None:
            if decision.priority <= self.coming.decision.priority:
                reason = f'already answering ({decision.reason})'
                return replace(decision, speak=False, reason=reason)
            self._take_back()
        self.policy.spoke(decision, news.stamp_sec)
        to = self.actors.get(decision.addressee, ())
        self.coming = Opening(decision, news.at_sec, to, news.at_sec + _response_sec(decision))
        return decision

    def _begin_words(self, news: News) -> None:
        """Say the first word of what is due, and end what has been said."""
        now_sec = news.at_sec
        if self.saying is not None and now_sec >= self.saying.end_sec:
            self.saying = None
        coming = self.coming
        if coming is None or now_sec < coming.due_sec - 1e-9:
            return
        if outdated(coming.decision, self._view(news)):
            self._take_back()
            return
        if self.saying is not None:
            self.saying.end_sec = now_sec
        coming.begun_sec, coming.end_sec = coming.due_sec, coming.due_sec + SPOKEN_SEC
        words = Utterance(f'words_{len(self.openings)}', ROBOT_WORDS, news.stamp_sec)
        self.floor.said(words, coming.decision, news.stamp_sec)
        coming.window = self._window_for(coming)
        self.openings.append(coming)
        self.saying, self.coming = coming, None
        self.world.heard(Speech('', ROBOT_WORDS, news.stamp_sec, by_robot=True))
        for waiting in [s for s in self.awaiting if s.since_sec <= now_sec]:
            self.awaiting.remove(waiting)
            says = replace(waiting, at_sec=now_sec + waiting.at_sec)
            self.said.append(says)
            if answered(says):
                self.windows.append(answer_window(says))

    def _yield_floor(self, view: WorldView, news: News) -> None:
        """Give way to a person who is seen to speak."""
        if self.coming is None:
            self.talking = talking(view)
            gives_way = False
        else:
            gives_way = self.coming.decision.trigger in (*GIVE_WAY, Trigger.NONE)
        if gives_way and talking(view) - self.talking:
            self._take_back(news.stamp_sec)
        self._be_hushed(self.floor.taken(view.people, news.stamp_sec), news.at_sec)

    def _yield_opening(self, news: News) -> None:
        """Drop an opening on its way, unless it was asked for or warns."""
        if self.coming is not None and self.coming.decision.trigger in CUT_SHORT:
            self._take_back(news.stamp_sec)

    def _be_hushed(self, hush: Hush | None, now_sec: float) -> None:
        """Stop the words on the air; what was hardly said may be said again after the talk."""
        if hush is None or self.saying is None:
            return
        self.saying.end_sec = now_sec
        self.saying = None
        unsaid = self.floor.stop(hush)
        if unsaid is not None:
            self.policy.took_back(unsaid, hush.stamp_sec)

    def _take_back(self, talk_sec: float | None = None) -> None:
        """Cancel what is on its way; talk may be the reason."""
        if self.coming is not None:
            self.policy.took_back(self.coming.decision, talk_sec)
            self.coming = None

    # ------------------------------------------------------------------ the judgement
    def _window_for(self, opening: Opening) -> Window | None:
        """Find the first open window that these words serve; each is served once."""
        for number, window in enumerate(self.windows):
            if number not in self.served and serves(opening, window):
                self.served.add(number)
                return window
        return None

    def _label(self, now_sec: float) -> tuple[str, Window | None]:
        """Tell what would be right now."""
        if any(s.to == 'robot' and s.at_sec <= now_sec < s.end_sec for s in self.said):
            return LISTEN, None
        for number, window in enumerate(self.windows):
            if number not in self.served and window.start_sec <= now_sec < window.end_sec:
                return SPEAK, window
        if any(s.start_sec <= now_sec < s.end_sec for s in self.timeline.free):
            return FREE, None
        return WAIT, None
