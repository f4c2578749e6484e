"""When to speak: to whom, why and how urgently; or why not.

Flow: cues in the world make *candidates* (a greeting, care, a warning, help, small talk, a reply).
*Vetoes* (`robochat.restraint`: do-not-disturb, quiet hours, "not now", cooldowns) take candidates
away and say why. Of the rest the most urgent that is worth what it interrupts is spoken: a model
weighs that (`robochat.decision_model`), or without one the rule that value less cost must reach
the threshold. Else the most telling reason for silence is given. This is the mixed-initiative
trade of Horvitz (CHI 1999), with the distances of Hall's social space and dwell times in place of
single frames.

A single frame never makes the robot speak: facing, mood and arrival have all lasted by then. A
hazard asks no model and no manners.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from robochat.company import BUSY_SHARE
from robochat.cues import Candidate, candidates, is_near, pose_evidence
from robochat.decision_model import DecisionModel, FEATURES, features_of
from robochat.memory.recall import Recall
from robochat.restraint import in_quiet_hours, Restraint, WANTS_NO_TALK
from robochat.settings import EngagementSettings
from robochat.values import Decision, Person, Speech, Trigger, WorldView

__all__ = ['Engagement', 'PRIORITY', 'in_quiet_hours']

PRIORITY = {
    Trigger.HAZARD: 240,
    Trigger.REPLY: 180,
    Trigger.TASK: 170,
    Trigger.CARE: 140,
    Trigger.HELP: 135,
    Trigger.GREETING: 128,
    Trigger.SMALL_TALK: 80,
    Trigger.NONE: 0,
}


@dataclass(frozen=True)
class Judged:
    """What a candidate is worth, and the named numbers that it was judged by."""

    candidate: Candidate
    score: float
    features: tuple[tuple[str, float], ...] = ()
    weights: tuple[tuple[str, float], ...] = ()


class Engagement:
    """The policy: `decide` judges a snapshot, `spoke` and `heard` tell it what came of it.

    Without a `model` a rule weighs value against cost; without a `recall` everybody is a stranger.
    """

    def __init__(
        self,
        settings: EngagementSettings,
        model: DecisionModel | None = None,
        recall: Recall | None = None,
    ) -> None:
        self._restraint = Restraint(settings, recall)
        self._view: WorldView | None = None
        self.model = model

    @property
    def settings(self) -> EngagementSettings:
        """The settings, which may be replaced while running."""
        return self._restraint.settings

    @settings.setter
    def settings(self, settings: EngagementSettings) -> None:
        self._restraint.settings = settings

    # ------------------------------------------------------------------ what came of it
    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Remember an opening that was, or is about to be, spoken."""
        self._restraint.spoke(decision, now_sec, self._view)

    def took_back(self, decision: Decision, talk_sec: float | None = None) -> None:
        """Forget an opening that was not said; it comes again if its cue is still there.

        What talk cut off, at `talk_sec`, comes again only once the talk has rested.
        """
        self._restraint.took_back(decision, talk_sec)

    def heard(self, speech: Speech) -> bool | None:
        """Honour a plea for quiet (returns true), and lift it when that is said (false)."""
        return self._restraint.heard(speech)

    def hush(self, person_id: str, now_sec: float) -> None:
        """Honour "not now" of one person, or of everybody when the speaker is unknown."""
        self._restraint.hush(person_id, now_sec)

    def shift(self, by_sec: float) -> None:
        """Keep what is remembered over a step of the clock, `by_sec` forward or back."""
        self._restraint.shift(by_sec)
        self._view = None

    # ------------------------------------------------------------------ the decision
    def decide(self, view: WorldView) -> Decision:
        """Judge one snapshot; pure but for what `spoke` and `heard` told before."""
        self._view = view
        found = candidates(view, self.settings, self._restraint.opened)
        held_back: list[tuple[str, Judged | None]] = []
        for candidate in sorted(found, key=_urgency, reverse=True):
            if veto := self._restraint.veto(candidate, view):
                held_back.append((veto, None))
                continue
            judged = self.judge(candidate, view)
            if judged.score >= self.settings.threshold:
                return _speak(judged, view.now_sec)
            held_back.append((_too_dear(judged), judged))
        reason, judged_or_none = held_back[0] if held_back else (self._why_silent(view), None)
        return Decision(
            False,
            reason,
            view.now_sec,
            evidence=_people_evidence(view),
            features=judged_or_none.features if judged_or_none else (),
            weights=judged_or_none.weights if judged_or_none else (),
        )

    def judge(self, candidate: Candidate, view: WorldView) -> Judged:
        """Weigh a candidate by the model, a hazard or everything without a model by the rule."""
        if self.model is None or candidate.trigger is Trigger.HAZARD:
            return Judged(candidate, candidate.score)
        at_sec = view.now_sec if candidate.seen is None else candidate.onset_sec
        since_sec = at_sec - self._restraint.opened.get(candidate.addressee, -math.inf)
        values = features_of(candidate, view, since_sec)
        return Judged(
            candidate,
            self.model.score(values),
            tuple(zip(FEATURES, values, strict=True)),
            tuple(zip(FEATURES, self.model.weights, strict=True)),
        )

    # ------------------------------------------------------------------ silence
    def _why_silent(self, view: WorldView) -> str:
        """Give the most telling reason for silence when nothing called for words."""
        visible = [p for p in view.people if p.visible]
        if not visible:
            return 'nobody is in view'
        person = min(visible, key=lambda p: p.distance_m or math.inf)
        return f'{person.id} {next(why for holds, why in self._lacks(person, view) if holds)}'

    def _lacks(self, person: Person, view: WorldView) -> tuple[tuple[bool, str], ...]:
        """What keeps the robot from speaking to someone, the most telling first."""
        unread = person.emotion is None or not person.emotion.certain
        greeted = self._restraint.was_greeted(person, view.now_sec)
        return (
            (person.on_phone, 'is on the phone'),
            (person.eyes_closed, 'has closed eyes'),
            (person.with_others > BUSY_SHARE, 'is busy with someone else'),
            (not person.facing, 'does not face the robot'),
            (not is_near(person, self.settings), 'is too far away'),
            (greeted, 'was greeted already, and nothing changed'),
            (person.engagement_state in WANTS_NO_TALK, 'does not seem to want to talk'),
            (unread, 'has a face that is still uncertain'),
            (True, 'has not faced the robot for long enough'),
        )


def _urgency(candidate: Candidate) -> tuple[int, float]:
    """Order candidates: the urgent first, among equals the worthier."""
    return PRIORITY[candidate.trigger], candidate.score


def _too_dear(judged: Judged) -> str:
    """Say that the words are not worth what they would interrupt."""
    return f'{judged.candidate.reason}, but is not worth an interruption ({judged.score:.2f})'


def _speak(judged: Judged, now_sec: float) -> Decision:
    candidate = judged.candidate
    return Decision(
        speak=True,
        reason=candidate.reason,
        stamp_sec=now_sec,
        trigger=candidate.trigger,
        addressee=candidate.addressee,
        topic=candidate.topic,
        score=judged.score,
        evidence=candidate.evidence,
        priority=PRIORITY[candidate.trigger],
        onset_sec=candidate.onset_sec,
        features=judged.features,
        weights=judged.weights,
    )


def _people_evidence(view: WorldView) -> tuple[str, ...]:
    """One phrase for each person in view."""
    visible = (p for p in view.people if p.visible)
    return tuple(f'{p.id}: {", ".join(pose_evidence(p))}' for p in visible)
