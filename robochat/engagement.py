"""When to speak: to whom, why and how urgently; or why not.

Flow: cues in the world make *candidates* (a greeting, care, a warning, help, small talk, a reply).
Each candidate has a value, from how much it matters and how strong its evidence is, and a cost, from
what it would interrupt. *Vetoes* (do-not-disturb, quiet hours, "not now", cooldowns) take candidates
away and say why. The best one that is worth its cost is spoken; else the most telling reason for
silence is given. This is the mixed-initiative trade of Horvitz (CHI 1999), with the distances of
Hall's social space and dwell times in place of single frames.

A single frame never makes the robot speak: facing, mood and arrival have all lasted by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
import math

from robochat.config import EngagementSettings
from robochat.values import Decision, Event, EventKind, Person, Trigger, WorldView

HAZARD_FRESH_SEC = 6.0
HELP_FRESH_SEC = 8.0
REPLY_FRESH_SEC = 6.0
LOOK_FIRST_SEC = 2.5
SPEAKING_NOW_SEC = 1.0
CARE_MOODS = ('sad', 'angry', 'fear')
BUSY_SHARE = 0.35
LOW_BATTERY = 0.15

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
class Candidate:
    """Something the robot might say: `value` and `cost` are 0 to 1."""

    trigger: Trigger
    addressee: str
    topic: str
    value: float
    cost: float
    reason: str
    evidence: tuple[str, ...]
    onset_sec: float

    @property
    def score(self) -> float:
        """What speaking is worth now."""
        return max(0.0, self.value - self.cost)


@dataclass
class _Manners:
    """What the robot has promised, and to whom it spoke when."""

    opened: dict[str, float] = field(default_factory=dict)
    topics: dict[tuple[str, str], float] = field(default_factory=dict)
    greeted: dict[str, float] = field(default_factory=dict)
    not_now: dict[str, float] = field(default_factory=dict)
    last_word_sec: float = -math.inf


class Engagement:
    """The policy: `decide` judges a snapshot, `spoke` and `hush` tell it what came of it."""

    def __init__(self, settings: EngagementSettings) -> None:
        self.settings = settings
        self._manners = _Manners()

    # ------------------------------------------------------------------ what came of it
    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Remember an opening that was, or is about to be, spoken."""
        who = decision.addressee
        self._manners.last_word_sec = now_sec
        self._manners.topics[(who, decision.topic)] = now_sec
        if decision.trigger is Trigger.HAZARD:
            return
        self._manners.opened[who] = now_sec
        if decision.trigger is not Trigger.TASK:
            self._manners.greeted.setdefault(who, now_sec)

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
        candidates = sorted(self._candidates(view), key=lambda c: (PRIORITY[c.trigger], c.score), reverse=True)
        held_back: list[str] = []
        for candidate in candidates:
            veto = self._veto(candidate, view)
            if veto:
                held_back.append(veto)
            elif candidate.score < self.settings.threshold:
                held_back.append(f'{candidate.reason}, but it is not worth interrupting ({candidate.score:.2f})')
            else:
                return _speak(candidate, view.now_sec)
        reason = held_back[0] if held_back else self._why_silent(view)
        return Decision(False, reason, view.now_sec, evidence=_people_evidence(view))

    def _candidates(self, view: WorldView) -> Iterator[Candidate]:
        yield from self._hazards(view)
        yield from self._replies(view)
        yield from self._offers(view)
        for person in view.people:
            if person.visible:
                yield from self._care(person, view)
                yield from self._greeting(person, view)
                yield from self._small_talk(person, view)

    # ------------------------------------------------------------------ candidates
    def _hazards(self, view: WorldView) -> Iterator[Candidate]:
        """Warn at once whoever is there of what just became dangerous."""
        for event in _recent(view, EventKind.HAZARD, HAZARD_FRESH_SEC):
            nearest = _nearest(view)
            if nearest is not None:
                evidence = (f'{event.detail or event.subject} {view.now_sec - event.stamp_sec:.1f} s ago',)
                reason = f'hazard: {event.detail or event.subject}'
                topic = f'hazard:{event.subject}'
                yield Candidate(
                    Trigger.HAZARD, nearest.id, topic, 1.0, 0.0, reason, evidence, event.stamp_sec
                )

    def _replies(self, view: WorldView) -> Iterator[Candidate]:
        """Answer the newest words of a person, unless they were meant for someone else."""
        heard = [s for s in view.speech if not s.by_robot]
        if not heard or view.now_sec - heard[-1].stamp_sec > REPLY_FRESH_SEC:
            return
        words = heard[-1]
        person = view.person(words.speaker)
        if person is not None and person.with_others > BUSY_SHARE and not person.facing:
            return
        since_robot_sec = words.stamp_sec - self._manners.last_word_sec
        to_robot = person is not None and person.facing
        value = 0.95 if to_robot or since_robot_sec < 20 else 0.6
        evidence = ('words were heard', 'the speaker faces the robot' if to_robot else 'the speaker is unknown')
        topic = f'reply:{words.stamp_sec:.3f}'
        yield Candidate(
            Trigger.REPLY, words.speaker, topic, value, 0.0, 'someone spoke', evidence, words.stamp_sec
        )

    def _offers(self, view: WorldView) -> Iterator[Candidate]:
        """Offer help where something harmless fell, and say when the battery runs low."""
        person = _nearest(view)
        if person is None:
            return
        for event in _recent(view, EventKind.OBJECT_FELL, HELP_FRESH_SEC):
            evidence = (f'{event.detail} fell {view.now_sec - event.stamp_sec:.1f} s ago',)
            yield Candidate(
                Trigger.HELP, person.id, f'help:{event.subject}', 0.85, self._cost(person),
                f'{event.detail} fell', evidence, event.stamp_sec,
            )
        battery = view.robot.battery
        if battery is not None and battery < LOW_BATTERY and person.facing:
            yield Candidate(
                Trigger.HELP, person.id, 'battery', 0.75, self._cost(person), 'the battery is low',
                (f'battery {battery:.0%}',), view.now_sec,
            )

    def _care(self, person: Person, view: WorldView) -> Iterator[Candidate]:
        """Care when a mood turned, stayed, and is still certain."""
        lasted_sec = view.now_sec - person.mood_since_sec
        emotion = person.emotion
        if person.mood not in CARE_MOODS or emotion is None or not emotion.certain:
            return
        if emotion.label != person.mood or lasted_sec < self.settings.mood_dwell_sec or not self._near(person):
            return
        evidence = (
            f'looks {person.mood} ({emotion.score:.2f})', f'for {lasted_sec:.1f} s', *_pose_evidence(person)
        )
        yield Candidate(
            Trigger.CARE, person.id, f'mood:{person.mood}', 0.65 + 0.3 * emotion.score, self._cost(person),
            f'looks {person.mood} and it stayed', evidence, person.mood_since_sec,
        )

    def _greeting(self, person: Person, view: WorldView) -> Iterator[Candidate]:
        """Greet who came near and faces the robot, after a look at the face."""
        waited_sec = person.facing_sec
        arrived_sec = view.now_sec - person.first_seen_sec
        if not self._near(person) or waited_sec < self.settings.facing_dwell_sec:
            return
        read = bool(person.mood) and person.emotion is not None and person.emotion.certain
        if person.id in self._manners.greeted or not (read or waited_sec >= LOOK_FIRST_SEC):
            return
        evidence = (f'in view for {arrived_sec:.1f} s', *_pose_evidence(person))
        if read:
            evidence += (f'looks {person.mood}',)
        yield Candidate(
            Trigger.GREETING, person.id, 'greeting', 0.85, self._cost(person), 'came and faces the robot',
            evidence, view.now_sec - waited_sec,
        )

    def _small_talk(self, person: Person, view: WorldView) -> Iterator[Candidate]:
        """Break a long, friendly silence with someone who keeps the robot company."""
        wanted_sec = self.settings.small_talk_sec
        last_sec = max((s.stamp_sec for s in view.speech), default=-math.inf)
        quiet_sec = min(view.now_sec - last_sec, view.now_sec - person.first_seen_sec)
        if wanted_sec <= 0 or quiet_sec < wanted_sec or person.mood in CARE_MOODS:
            return
        if not person.facing or person.facing_sec < self.settings.facing_dwell_sec or not self._near(person):
            return
        evidence = (f'no word for {quiet_sec:.0f} s', *_pose_evidence(person))
        yield Candidate(
            Trigger.SMALL_TALK, person.id, 'small_talk', 0.7, self._cost(person),
            'a long silence in good company', evidence, view.now_sec - person.facing_sec,
        )

    def _near(self, person: Person) -> bool:
        return person.distance_m is None or person.distance_m <= self.settings.greet_distance_m

    def _cost(self, person: Person) -> float:
        """What speaking to this person would interrupt."""
        cost = 0.6 * person.with_others
        cost += 0.15 if person.mouth_active else 0.0
        return cost + (0.0 if person.facing else 0.35)

    # ------------------------------------------------------------------ vetoes
    def _veto(self, candidate: Candidate, view: WorldView) -> str:
        """Say why this candidate must not be spoken now, or return an empty string."""
        if self._on_cooldown(candidate.addressee, candidate.topic, view.now_sec):
            return f'{_name(candidate)}: spoke of that before'
        if candidate.trigger is Trigger.HAZARD:
            return ''
        if candidate.trigger is Trigger.REPLY:
            return self._veto_of_reply(candidate, view)
        return self._veto_of_opening(candidate, view)

    def _veto_of_reply(self, candidate: Candidate, view: WorldView) -> str:
        if self._hushed(candidate.addressee, candidate.onset_sec):
            return f'{_name(candidate)}: asked not to be disturbed'
        if self.settings.do_not_disturb:
            return 'do not disturb'
        return 'the robot is speaking' if view.robot.speaking else ''

    def _veto_of_opening(self, candidate: Candidate, view: WorldView) -> str:
        """Everything that holds back words nobody asked for."""
        now_sec, who = view.now_sec, candidate.addressee
        if not self.settings.proactive:
            return 'proactive speech is off'
        if self.settings.do_not_disturb:
            return 'do not disturb'
        if in_quiet_hours(view.hour, self.settings.quiet_from_hour, self.settings.quiet_to_hour):
            return f'quiet hours ({view.hour:.1f} h)'
        if self._hushed(who, now_sec):
            return f'{_name(candidate)}: asked not to be disturbed'
        if view.robot.speaking:
            return 'the robot is speaking'
        if _someone_speaks(view):
            return 'someone is speaking'
        opened_sec = now_sec - self._manners.opened.get(who, -math.inf)
        if opened_sec < self.settings.cooldown_person_sec:
            return f'{_name(candidate)}: spoken to {opened_sec:.0f} s ago'
        person = view.person(who)
        if person is not None and person.with_others > BUSY_SHARE:
            return f'{_name(candidate)}: busy with someone else'
        return ''

    def _on_cooldown(self, who: str, topic: str, now_sec: float) -> bool:
        """Hold a topic back for its cooldown; a greeting for the much longer one of greetings."""
        spoken_sec = now_sec - self._manners.topics.get((who, topic), -math.inf)
        if topic.startswith(('hazard:', 'help:', 'reply:')):
            return any(known == topic for _, known in self._manners.topics)
        limit = self.settings.greeted_sec if topic == 'greeting' else self.settings.cooldown_topic_sec
        return spoken_sec < limit

    def _hushed(self, who: str, now_sec: float) -> bool:
        """Tell whether this person, or someone unknown, asked for silence lately."""
        asked = max(self._manners.not_now.get(who, -math.inf), self._manners.not_now.get('', -math.inf))
        return 0 <= now_sec - asked < self.settings.not_now_sec

    # ------------------------------------------------------------------ silence
    def _why_silent(self, view: WorldView) -> str:
        """Give the most telling reason for silence when nothing called for words."""
        visible = [p for p in view.people if p.visible]
        if not visible:
            return 'nobody is in view'
        person = min(visible, key=lambda p: p.distance_m or math.inf)
        if person.with_others > BUSY_SHARE:
            return f'{person.id} is busy with someone else'
        if not person.facing:
            return f'{person.id} does not face the robot'
        if not self._near(person):
            return f'{person.id} is too far away ({person.distance_m:.1f} m)'
        if person.id in self._manners.greeted:
            return f'{person.id} was greeted already, and nothing changed'
        if person.emotion is None or not person.emotion.certain:
            return f'the face of {person.id} is still uncertain'
        return f'{person.id} has not faced the robot for long enough'


def in_quiet_hours(hour: float, start: float, end: float) -> bool:
    """Tell whether `hour` lies in the span from `start` to `end`, which may cross midnight."""
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end


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


def _recent(view: WorldView, kind: EventKind, within_sec: float) -> list[Event]:
    """Events of one kind, newest first."""
    events = (e for e in view.events if e.kind is kind and view.now_sec - e.stamp_sec <= within_sec)
    return sorted(events, key=lambda e: e.stamp_sec, reverse=True)


def _nearest(view: WorldView) -> Person | None:
    """The nearest person in view, who faces the robot if any does."""
    visible = [p for p in view.people if p.visible]
    return min(visible, key=lambda p: (not p.facing, p.distance_m or math.inf), default=None)


def _someone_speaks(view: WorldView) -> bool:
    """Tell whether a person's words ended less than a moment ago."""
    return any(not s.by_robot and view.now_sec - s.stamp_sec < SPEAKING_NOW_SEC for s in view.speech)


def _pose_evidence(person: Person) -> tuple[str, ...]:
    """Say how far away and how long facing."""
    parts = [f'faces the robot for {person.facing_sec:.1f} s'] if person.facing else ['looks away']
    if person.distance_m is not None:
        parts.append(f'{person.distance_m:.1f} m away')
    return tuple(parts)


def _people_evidence(view: WorldView) -> tuple[str, ...]:
    """One phrase for each person in view."""
    visible = (p for p in view.people if p.visible)
    return tuple(f'{p.id}: {", ".join(_pose_evidence(p))}' for p in visible)


def _name(candidate: Candidate) -> str:
    return candidate.addressee or 'everybody'
