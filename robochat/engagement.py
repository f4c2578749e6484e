"""When to speak: to whom, why and how urgently; or why not.

Flow: cues in the world make *candidates* (a greeting, care, a warning, help, small talk, a reply).
Each has a value and a cost (`robochat.cues`). *Vetoes* (do-not-disturb, quiet hours, "not now",
cooldowns) take candidates away and say why. The best one that is worth its cost is spoken; else
the most telling reason for silence is given. This is the mixed-initiative trade of Horvitz (CHI
1999), with the distances of Hall's social space and dwell times in place of single frames.

A single frame never makes the robot speak: facing, mood and arrival have all lasted by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math

from robochat.cues import BUSY_SHARE, Candidate, candidates, is_near, pose_evidence
from robochat.settings import EngagementSettings
from robochat.values import Decision, Trigger, WorldView

SPEAKING_NOW_SEC = 1.0
SAID_ONCE = ('hazard:', 'help:', 'reply:')

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


@dataclass
class _Manners:
    """What the robot has promised, and to whom it spoke when."""

    opened: dict[str, float] = field(default_factory=dict)
    topics: dict[tuple[str, str], float] = field(default_factory=dict)
    greeted: dict[str, float] = field(default_factory=dict)
    not_now: dict[str, float] = field(default_factory=dict)


class Engagement:
    """The policy: `decide` judges a snapshot, `spoke` and `hush` tell it what came of it."""

    def __init__(self, settings: EngagementSettings) -> None:
        self.settings = settings
        self._manners = _Manners()

    # ------------------------------------------------------------------ what came of it
    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Remember an opening that was, or is about to be, spoken."""
        who = decision.addressee
        self._manners.topics[(who, decision.topic)] = now_sec
        if decision.trigger is Trigger.HAZARD:
            return
        self._manners.opened[who] = now_sec
        if decision.trigger is not Trigger.TASK:
            self._manners.greeted[who] = now_sec

    def took_back(self, decision: Decision) -> None:
        """Forget an opening that was cancelled before a word was spoken."""
        who = decision.addressee
        self._manners.topics.pop((who, decision.topic), None)
        if decision.trigger is Trigger.GREETING:
            self._manners.greeted.pop(who, None)
            self._manners.opened.pop(who, None)

    def hush(self, person_id: str, now_sec: float) -> None:
        """Honour "not now" of one person, or of everybody when the speaker is unknown."""
        self._manners.not_now[person_id] = now_sec

    def forget(self) -> None:
        """Start again, as after a jump of the clock."""
        self._manners = _Manners()

    # ------------------------------------------------------------------ the decision
    def decide(self, view: WorldView) -> Decision:
        """Judge one snapshot; pure but for what `spoke` and `hush` told before."""
        found = candidates(view, self.settings, self._manners.opened)
        held_back: list[str] = []
        for candidate in sorted(found, key=_urgency, reverse=True):
            veto = self._veto(candidate, view) or self._too_dear(candidate)
            if not veto:
                return _speak(candidate, view.now_sec)
            held_back.append(veto)
        reason = held_back[0] if held_back else self._why_silent(view)
        return Decision(False, reason, view.now_sec, evidence=_people_evidence(view))

    def _too_dear(self, candidate: Candidate) -> str:
        """Say that the words are not worth what they would interrupt."""
        if candidate.score >= self.settings.threshold:
            return ''
        return f'{candidate.reason}, but is not worth an interruption ({candidate.score:.2f})'

    # ------------------------------------------------------------------ vetoes
    def _veto(self, candidate: Candidate, view: WorldView) -> str:
        """Say why this candidate must not be spoken now, or return an empty string."""
        if self._on_cooldown(candidate, view.now_sec):
            topic = (
                'was greeted' if candidate.trigger is Trigger.GREETING else 'was spoken to of that'
            )
            return f'{_name(candidate)} {topic} already'
        if candidate.trigger is Trigger.HAZARD:
            return ''
        if self.settings.do_not_disturb:
            return 'do not disturb'
        if self._hushed(candidate, view.now_sec):
            return f'{_name(candidate)} asked not to be disturbed'
        if view.robot.speaking:
            return 'the robot is speaking'
        return '' if candidate.trigger is Trigger.REPLY else self._veto_of_opening(candidate, view)

    def _veto_of_opening(self, candidate: Candidate, view: WorldView) -> str:
        """Hold back words that nobody asked for."""
        settings, who = self.settings, candidate.addressee
        opened_sec = view.now_sec - self._manners.opened.get(who, -math.inf)
        person = view.person(who)
        company = person.with_others if person else 0.0
        quiet = in_quiet_hours(view.hour, settings.quiet_from_hour, settings.quiet_to_hour)
        vetoes = (
            (not settings.proactive, 'proactive speech is off'),
            (quiet, f'quiet hours ({view.hour:.1f} h)'),
            (_someone_speaks(view), 'someone is speaking'),
            (
                opened_sec < settings.cooldown_person_sec,
                f'{_name(candidate)} was spoken to {opened_sec:.0f} s ago',
            ),
            (company > BUSY_SHARE, f'{_name(candidate)} is busy with someone else'),
        )
        return next((reason for holds, reason in vetoes if holds), '')

    def _on_cooldown(self, candidate: Candidate, now_sec: float) -> bool:
        """Hold a topic back for its cooldown; a greeting for the much longer one of greetings."""
        who, topic = candidate.addressee, candidate.topic
        if topic.startswith(SAID_ONCE):
            warned = topic.replace('help:', 'hazard:')
            return any(known in (topic, warned) for _, known in self._manners.topics)
        if candidate.trigger is Trigger.GREETING:
            return now_sec - self._manners.greeted.get(who, -math.inf) < self.settings.greeted_sec
        spoken_sec = now_sec - self._manners.topics.get((who, topic), -math.inf)
        return spoken_sec < self.settings.cooldown_topic_sec

    def _hushed(self, candidate: Candidate, now_sec: float) -> bool:
        """Tell whether this person, or someone unknown, asked for silence lately.

        A reply is judged at the time of the words: those that ask for silence get none.
        """
        if candidate.trigger is Trigger.REPLY:
            now_sec = candidate.onset_sec
        not_now = self._manners.not_now
        asked_sec = max(not_now.get(who, -math.inf) for who in (candidate.addressee, ''))
        return 0 <= now_sec - asked_sec < self.settings.not_now_sec

    # ------------------------------------------------------------------ silence
    def _why_silent(self, view: WorldView) -> str:
        """Give the most telling reason for silence when nothing called for words."""
        visible = [p for p in view.people if p.visible]
        if not visible:
            return 'nobody is in view'
        person = min(visible, key=lambda p: p.distance_m or math.inf)
        unread = person.emotion is None or not person.emotion.certain
        reasons = (
            (person.with_others > BUSY_SHARE, 'is busy with someone else'),
            (not person.facing, 'does not face the robot'),
            (not is_near(person, self.settings), 'is too far away'),
            (person.id in self._manners.greeted, 'was greeted already, and nothing changed'),
            (unread, 'has a face that is still uncertain'),
            (True, 'has not faced the robot for long enough'),
        )
        return f'{person.id} {next(reason for holds, reason in reasons if holds)}'


def in_quiet_hours(hour: float, start: float, end: float) -> bool:
    """Tell whether `hour` lies in the span from `start` to `end`, which may cross midnight."""
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end


def _urgency(candidate: Candidate) -> tuple[int, float]:
    """Order candidates: the urgent first, among equals the worthier."""
    return PRIORITY[candidate.trigger], candidate.score


def _speak(candidate: Candidate, now_sec: float) -> Decision:
    return Decision(
        speak=True,
        reason=candidate.reason,
        stamp_sec=now_sec,
        trigger=candidate.trigger,
        addressee=candidate.addressee,
        topic=candidate.topic,
        score=candidate.score,
        evidence=candidate.evidence,
        priority=PRIORITY[candidate.trigger],
        onset_sec=candidate.onset_sec,
    )


def _someone_speaks(view: WorldView) -> bool:
    """Tell whether a person's words ended less than a moment ago."""
    return any(
        not s.by_robot and view.now_sec - s.stamp_sec < SPEAKING_NOW_SEC for s in view.speech
    )


def _people_evidence(view: WorldView) -> tuple[str, ...]:
    """One phrase for each person in view."""
    visible = (p for p in view.people if p.visible)
    return tuple(f'{p.id}: {", ".join(pose_evidence(p))}' for p in visible)


def _name(candidate: Candidate) -> str:
    return candidate.addressee or 'everybody'
