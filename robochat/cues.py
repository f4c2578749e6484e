"""Cues in the world that may be worth words: each makes a candidate with its value and its cost.

Value says how much a matter counts and how strong the evidence for it is, cost what speaking would
interrupt; both are 0 to 1. Nothing here knows what was said before: that is the policy's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import math

from robochat.addressee import meanings, REPLY_FRESH_SEC
from robochat.company import apart_m
from robochat.settings import EngagementSettings
from robochat.values import Event, EventKind, Person, Trigger, WorldView

HAZARD_FRESH_SEC = 6.0
HELP_FRESH_SEC = 8.0
# A mood needs a second and a half of certain looks, and a face that is hard to read needs longer.
LOOK_FIRST_SEC = 3.5
# Who has been there for long did not come to the robot: a glance up is no invitation yet.
SETTLED_SEC = 5.0
SETTLED_LOOK_SEC = 2.5
RUNNING_MPS = 1.4
# A look counts fully from straight ahead, and hardly at the edge of what counts as facing.
SQUARE_RAD = math.radians(20.0)
COMING_MPS = 0.5
WEAK_LOOK = 1.4
WAVERS_DWELL_SEC = 3.5
AT_LEISURE = 0.4
BESIDE_M = 1.2
COMPANY_SEC = 2.0
CARE_MOODS = ('sad', 'angry', 'fear')
LOW_BATTERY = 0.15
AWAY_COST = 0.35


@dataclass(frozen=True)
class Candidate:
    """Something the robot might say; `onset_sec` is when the cue behind it was first seen.

    `seen` is the addressee at that time, where it is that which counts: nothing that changes later
    makes words the robot's that were not.
    """

    trigger: Trigger
    addressee: str
    topic: str
    value: float
    cost: float
    reason: str
    evidence: tuple[str, ...]
    onset_sec: float
    seen: Person | None = None

    @property
    def score(self) -> float:
        """What speaking is worth now."""
        return max(0.0, self.value - self.cost)


def candidates(
    view: WorldView, settings: EngagementSettings, spoken_to: Mapping[str, float]
) -> Iterator[Candidate]:
    """Yield everything that might be said now; `spoken_to` tells when the robot spoke to whom."""
    yield from hazards(view)
    yield from replies(view, spoken_to, settings)
    yield from offers(view)
    for person in view.people:
        if person.visible and is_near(person, settings):
            yield from care(person, view, settings)
            yield from greeting(person, view, settings)
            yield from small_talk(person, view, settings)


def hazards(view: WorldView) -> Iterator[Candidate]:
    """Warn at once whoever is there of what just became dangerous."""
    # Somebody who was there a moment ago, or turns the back, is warned too.
    person = nearest(view) or next(iter(view.people), None)
    for event in recent(view, EventKind.HAZARD, HAZARD_FRESH_SEC) if person else ():
        what = event.detail or event.subject
        yield Candidate(
            trigger=Trigger.HAZARD,
            addressee=person.id if person else '',
            topic=f'hazard:{event.subject}',
            value=1.0,
            cost=0.0,
            reason=f'hazard: {what}',
            evidence=(f'{what} {view.now_sec - event.stamp_sec:.1f} s ago',),
            onset_sec=event.stamp_sec,
        )


def replies(
    view: WorldView, spoken_to: Mapping[str, float], settings: EngagementSettings
) -> Iterator[Candidate]:
    """Answer the newest words of a person, as far as they seem meant for the robot."""
    heard = meanings(view, spoken_to, settings.greet_distance_m)
    if not heard or view.now_sec - heard[-1].words.stamp_sec > REPLY_FRESH_SEC:
        return
    words = heard[-1].words
    yield Candidate(
        trigger=Trigger.REPLY,
        addressee=words.speaker,
        topic=f'reply:{words.stamp_sec:.3f}',
        value=heard[-1].value,
        cost=0.0,
        reason='someone spoke',
        evidence=('words were heard', heard[-1].why),
        onset_sec=words.stamp_sec,
        seen=words.by,
    )


def offers(view: WorldView) -> Iterator[Candidate]:
    """Offer help where something harmless fell, and say when the battery runs low."""
    person = nearest(view)
    if person is None:
        return
    for event in recent(view, EventKind.OBJECT_FELL, HELP_FRESH_SEC):
        yield Candidate(
            trigger=Trigger.HELP,
            addressee=person.id,
            topic=f'help:{event.subject}',
            value=0.9,
            cost=cost_of(person),
            reason=f'{event.detail} fell',
            evidence=(f'{event.detail} fell {view.now_sec - event.stamp_sec:.1f} s ago',),
            onset_sec=event.stamp_sec,
        )
    battery = view.robot.battery
    if battery is not None and battery < LOW_BATTERY and person.facing:
        yield Candidate(
            trigger=Trigger.HELP,
            addressee=person.id,
            topic='battery',
            value=0.75,
            cost=cost_of(person),
            reason='the battery is low',
            evidence=(f'battery {battery:.0%}',),
            onset_sec=view.now_sec,
        )


def care(person: Person, view: WorldView, settings: EngagementSettings) -> Iterator[Candidate]:
    """Care when a mood turned, stayed, and is still certain."""
    lasted_sec = min(view.now_sec, person.mood_seen_sec) - person.mood_since_sec
    stay_sec = settings.mood_dwell_sec + (WAVERS_DWELL_SEC if person.mood_wavers else 0.0)
    if person.mood not in CARE_MOODS or not _still_looks_so(person):
        return
    if lasted_sec < stay_sec or person.emotion is None:
        return
    if not person.facing and _beside_someone(person, view):
        return
    score = person.emotion.score
    yield Candidate(
        trigger=Trigger.CARE,
        addressee=person.id,
        topic=f'mood:{person.mood}',
        value=0.65 + 0.3 * score,
        cost=cost_of(person),
        reason=f'looks {person.mood} and it stayed',
        evidence=(
            f'looks {person.mood} ({score:.2f})',
            f'for {lasted_sec:.1f} s',
            *pose_evidence(person),
        ),
        onset_sec=person.mood_since_sec,
    )


def _beside_someone(person: Person, view: WorldView) -> bool:
    """Tell whether somebody else sits or stands next to a person, and does not look at the robot.

    Who shares a place, a film or a trouble with someone has that company.
    """
    return any(
        other.id != person.id
        and other.visible
        and not other.facing
        and apart_m(person, other) <= BESIDE_M
        for other in view.people
    )


def _still_looks_so(person: Person) -> bool:
    """Tell whether the expression now is certain and is that of the mood."""
    emotion = person.emotion
    return emotion is not None and emotion.certain and emotion.label == person.mood


def greeting(person: Person, view: WorldView, settings: EngagementSettings) -> Iterator[Candidate]:
    """Greet who came near and faces the robot, after a look at the face; runners are let pass."""
    waited_sec, since_sec = person.facing_sec, view.now_sec - person.facing_sec
    emotion = person.emotion
    looks = emotion.label if emotion is not None and emotion.certain else ''
    # Care comes first, once the mood is sure.
    troubled = looks in CARE_MOODS and looks != person.mood
    if waited_sec < look_sec(person, since_sec, settings) or person.approach_mps > RUNNING_MPS:
        return
    if troubled or not (looks or waited_sec >= LOOK_FIRST_SEC):
        return
    seen_sec = view.now_sec - person.first_seen_sec
    look = (f'looks {looks}',) if looks else ()
    yield Candidate(
        trigger=Trigger.GREETING,
        addressee=person.id,
        topic='greeting',
        value=0.85,
        cost=cost_of(person),
        reason='came and faces the robot',
        evidence=(f'in view for {seen_sec:.1f} s', *pose_evidence(person), *look),
        onset_sec=since_sec,
    )


def small_talk(
    person: Person, view: WorldView, settings: EngagementSettings
) -> Iterator[Candidate]:
    """Break a long, friendly silence with someone who keeps the robot company."""
    last_sec = max((s.stamp_sec for s in view.speech), default=-math.inf)
    quiet_sec = min(view.now_sec - last_sec, view.now_sec - person.first_seen_sec)
    wanted = settings.small_talk_sec > 0 and quiet_sec >= settings.small_talk_sec
    if not wanted or person.mood in CARE_MOODS or person.facing_sec < COMPANY_SEC:
        return
    if person.attention < AT_LEISURE:
        return
    yield Candidate(
        trigger=Trigger.SMALL_TALK,
        addressee=person.id,
        topic='small_talk',
        value=0.7,
        cost=cost_of(person),
        reason='a long silence in good company',
        evidence=(f'no word for {quiet_sec:.0f} s', *pose_evidence(person)),
        onset_sec=view.now_sec - person.facing_sec,
    )


# --------------------------------------------------------------------------- what cues are made of
def look_sec(person: Person, since_sec: float, settings: EngagementSettings) -> float:
    """How long a look at the robot, which began at `since_sec`, must last to be an invitation.

    As in a sequential test (Wald 1945) strong evidence is enough sooner: who stands near, looks
    straight at the robot or comes to it. Who has been there for long needs more of it.
    """
    if since_sec - max(person.came_sec, person.first_seen_sec) > SETTLED_SEC:
        return max(SETTLED_LOOK_SEC, settings.facing_dwell_sec)
    away_m = person.distance_m if person.distance_m is not None else settings.greet_distance_m
    near = min(1.0, max(0.0, 2.0 - 2.0 * away_m / settings.greet_distance_m))
    off_rad = abs(person.pose.yaw_rad) if person.pose is not None else SQUARE_RAD
    square = max(0.0, 1.0 - off_rad / SQUARE_RAD)
    coming = min(1.0, max(0.0, person.approach_mps / COMING_MPS))
    strength = min(1.0, (near + square + coming) / 2)
    return settings.facing_dwell_sec * (WEAK_LOOK - strength)


def is_near(person: Person, settings: EngagementSettings) -> bool:
    """Tell whether someone is within talking distance, as far as is known."""
    return person.distance_m is None or person.distance_m <= settings.greet_distance_m


def cost_of(person: Person) -> float:
    """What speaking to this person would interrupt: company, talk, or whatever they look at."""
    talking = 0.15 if person.mouth_active else 0.0
    return 0.6 * person.with_others + talking + (0.0 if person.facing else AWAY_COST)


def nearest(view: WorldView) -> Person | None:
    """The nearest person in view, who faces the robot if any does."""
    visible = [p for p in view.people if p.visible]
    return min(visible, key=lambda p: (not p.facing, p.distance_m or math.inf), default=None)


def recent(view: WorldView, kind: EventKind, within_sec: float) -> list[Event]:
    """Events of one kind, newest first."""
    events = (
        e for e in view.events if e.kind is kind and view.now_sec - e.stamp_sec <= within_sec
    )
    return sorted(events, key=lambda e: e.stamp_sec, reverse=True)


def pose_evidence(person: Person) -> tuple[str, ...]:
    """Say how far away and how long facing."""
    facing = f'faces the robot for {person.facing_sec:.1f} s' if person.facing else 'looks away'
    if person.distance_m is None:
        return (facing,)
    return facing, f'{person.distance_m:.1f} m away'
