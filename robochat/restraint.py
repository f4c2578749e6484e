"""What holds words back: the vetoes that no value of speaking outweighs, each with its reason.

Flow: the policy asks `veto` of every candidate, and tells what came of it and what people said.
A hazard is only held back where it was spoken of already. Answers wait for silence; words
that nobody asked for also respect quiet hours, cooldowns, company, talk, closed eyes and the
phone. Between the decision and the first word time passes, so `outdated` asks once more.

A greeting is meant for everybody who hears it and for those who come in with them, so a group is
greeted once. What is remembered is bounded: the oldest goes first.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
import math
from typing import Any, TypeVar

from robochat.addressee import conversation, LEAST_MEANT, REST_SEC
from robochat.company import BUSY_SHARE
from robochat.cues import Candidate, CARE_MOODS, is_near
from robochat.dialogue import Intent, intent_of
from robochat.memory.recall import NoRecall, Recall
from robochat.quiet import hushed_by, lifts_quiet
from robochat.settings import EngagementSettings
from robochat.values import Decision, EngagementState, Person, Speech, Trigger, WorldView

SPEAKING_NOW_SEC = 1.0
# So sure words are for the robot only if it was named or faced.
SURELY_MEANT = 0.9
# A phone at the head may be one in passing: two looks of the object detector decide.
PHONE_HINT_SEC = 1.5
GLANCE_SEC = 1.0
EARSHOT_M = 4.0
GROUP_SEC = 4.0
SAID_ONCE = ('hazard:', 'help:', 'reply:')
WANTS_NO_TALK = (EngagementState.DISENGAGED, EngagementState.DISENGAGING)
MAX_REMEMBERED = 500

Key = TypeVar('Key', bound=Hashable)


class Restraint:
    """The manners of the robot, and to whom it spoke when."""

    def __init__(self, settings: EngagementSettings, recall: Recall | None = None) -> None:
        self.settings = settings
        self.recall: Recall = recall or NoRecall()
        self.opened: dict[str, float] = {}
        self._topics: dict[tuple[str, str], float] = {}
        self._once: dict[str, float] = {}
        self._greeted: dict[str, float] = {}
        self._not_now: dict[str, float] = {}
        self._cut_off: dict[tuple[str, str], float] = {}
        self._group_sec = -math.inf

    # ------------------------------------------------------------------ what came of it
    def spoke(self, decision: Decision, now_sec: float, view: WorldView | None = None) -> None:
        """Remember words that were, or are about to be, spoken; `view` tells who hears them."""
        who = decision.addressee
        _note(self._topics, (who, _kind(decision.topic)), now_sec)
        if decision.topic.startswith(SAID_ONCE):
            _note(self._once, decision.topic, now_sec)
        if decision.trigger is Trigger.HAZARD:
            return
        _note(self.opened, who, now_sec)
        if decision.trigger is not Trigger.TASK:
            _note(self._greeted, who, now_sec)
        if decision.trigger is Trigger.GREETING:
            self._group_sec = now_sec
            for person in view.people if view else ():
                if person.visible and is_near(person, self.settings):
                    _note(self._greeted, person.id, now_sec)

    def took_back(self, decision: Decision, talk_sec: float | None = None) -> None:
        """Forget words that were not spoken, or not to the end.

        What talk cut off, at `talk_sec`, is not tried again before the talk has rested.
        """
        who = decision.addressee
        if talk_sec is not None:
            _note(self._cut_off, (who, decision.topic), talk_sec)
        self._topics.pop((who, _kind(decision.topic)), None)
        self._once.pop(decision.topic, None)
        if decision.trigger is Trigger.GREETING:
            at_sec = self._greeted.get(who)
            self._greeted = {p: sec for p, sec in self._greeted.items() if sec != at_sec}
            self.opened.pop(who, None)
            self._group_sec = -math.inf

    def hush(self, person_id: str, now_sec: float) -> None:
        """Honour "not now" of one person, or of everybody when the speaker is unknown."""
        _note(self._not_now, person_id, now_sec)

    def heard(self, speech: Speech) -> bool | None:
        """Honour a plea for quiet (returns true); lift that of a person and the room (false)."""
        if intent_of(speech.text) is Intent.NOT_NOW:
            self.hush(hushed_by(speech.text, speech.speaker), speech.stamp_sec)
            return True
        if not lifts_quiet(speech.text):
            return None
        for who in {speech.speaker, ''} & self._not_now.keys():
            del self._not_now[who]
        return False

    def shift(self, by_sec: float) -> None:
        """Move all that is remembered by a step of the clock."""
        books: tuple[dict[Any, float], ...] = (
            self.opened,
            self._topics,
            self._once,
            self._greeted,
            self._not_now,
            self._cut_off,
        )
        for book in books:
            book.update({key: at_sec + by_sec for key, at_sec in book.items()})
        self._group_sec += by_sec

    def was_greeted(self, person: Person, now_sec: float) -> bool:
        """Tell whether someone was greeted lately: themselves, or the group they came with."""
        stored_sec = self.recall.last_greeted(person.id)
        last_sec = max(
            self._greeted.get(person.id, -math.inf),
            -math.inf if stored_sec is None else stored_sec,
        )
        came_along = abs(person.first_seen_sec - self._group_sec) <= GROUP_SEC
        if came_along:
            last_sec = max(last_sec, self._group_sec)
        return now_sec - last_sec < self.settings.greeted_sec

    # ------------------------------------------------------------------ vetoes
    def veto(self, candidate: Candidate, view: WorldView) -> str:
        """Say why this candidate must not be spoken now, or return an empty string."""
        return next((why for holds, why in self._vetoes(candidate, view) if holds), '')

    def _vetoes(self, candidate: Candidate, view: WorldView) -> Iterator[tuple[bool, str]]:
        """What speaks against words of any kind; what is not reached is not looked at."""
        greeting = candidate.trigger is Trigger.GREETING
        topic = 'was greeted' if greeting else 'was spoken to of that'
        yield self._on_cooldown(candidate, view), f'{_name(candidate)} {topic} already'
        if candidate.trigger is Trigger.HAZARD:
            return
        yield self.settings.do_not_disturb, 'do not disturb'
        hushed = self._hushed(candidate, view.now_sec)
        yield hushed, f'{_name(candidate)} asked not to be disturbed'
        yield view.robot.speaking, 'the robot is speaking'
        if candidate.trigger is Trigger.REPLY:
            yield any(talks(p) for p in view.people), 'someone is still speaking'
            hardly = candidate.value < LEAST_MEANT
            yield hardly, f'words were heard, but {candidate.evidence[-1]}'
        else:
            yield from self._of_opening(candidate, view)

    def _of_opening(self, candidate: Candidate, view: WorldView) -> Iterator[tuple[bool, str]]:
        """What speaks against words that nobody asked for."""
        settings, who, name = self.settings, candidate.addressee, _name(candidate)
        quiet = in_quiet_hours(view.hour, settings.quiet_from_hour, settings.quiet_to_hour)
        yield not settings.proactive, 'proactive speech is off'
        yield quiet, f'quiet hours ({view.hour:.1f} h)'
        yield someone_speaks(view), 'someone is speaking'
        talk = conversation(view, self.opened, settings.greet_distance_m)
        yield talk, 'people are talking to each other'
        yield self._was_cut_off(candidate, view), 'talk cut these words off'
        told_off = self.recall.must_not_tell(who, candidate.topic)
        yield told_off, f'{name} asked not to be told of that'
        opened_sec = view.now_sec - self.opened.get(who, -math.inf)
        soon = opened_sec < settings.cooldown_person_sec
        yield soon, f'{name} was spoken to {min(opened_sec, 1e6):.0f} s ago'
        person = view.person(who)
        if person is None:
            return
        yield person.on_screen, f'{name} is a face on a screen'
        yield _on_phone(person, view), f'{name} is on the phone'
        yield person.eyes_closed, f'{name} has closed eyes'
        yield person.with_others > BUSY_SHARE, f'{name} is busy with someone else'
        social = candidate.trigger in (Trigger.GREETING, Trigger.SMALL_TALK)
        yield (
            social and person.engagement_state in WANTS_NO_TALK,
            f'{name} does not seem to want to talk ({person.engagement:.2f})',
        )

    def _on_cooldown(self, candidate: Candidate, view: WorldView) -> bool:
        """Hold a topic back for its cooldown; a greeting for the much longer one of greetings."""
        who, topic, now_sec = candidate.addressee, candidate.topic, view.now_sec
        if topic.startswith(SAID_ONCE):
            return topic in self._once or topic.replace('help:', 'hazard:') in self._once
        person = view.person(who)
        if candidate.trigger is Trigger.GREETING and person is not None:
            return self.was_greeted(person, now_sec)
        stored_sec = self.recall.topics(who).get(_kind(topic), -math.inf)
        spoken_sec = max(self._topics.get((who, _kind(topic)), -math.inf), stored_sec)
        return now_sec - spoken_sec < self.settings.cooldown_topic_sec

    def _was_cut_off(self, candidate: Candidate, view: WorldView) -> bool:
        """Tell whether talk cut these words off, and has not rested since."""
        key = candidate.addressee, candidate.topic
        cut_sec = self._cut_off.get(key, -math.inf)
        spoken_sec = max((s.stamp_sec for s in view.speech), default=-math.inf)
        return view.now_sec - max(cut_sec, spoken_sec) < REST_SEC and key in self._cut_off

    def _hushed(self, candidate: Candidate, now_sec: float) -> bool:
        """Tell whether this person, or someone unknown, asked for silence lately.

        A reply is judged at the time of the words: those that ask for silence get none. Who
        later names or faces the robot and speaks has taken it back, as far as answers go.
        """
        asked_sec = max(self._not_now.get(w, -math.inf) for w in (candidate.addressee, ''))
        if candidate.trigger is Trigger.REPLY:
            since_sec = candidate.onset_sec - asked_sec
            if since_sec > 0 and candidate.value >= SURELY_MEANT:
                return False
            return 0 <= since_sec < self.settings.not_now_sec
        stored_sec = self.recall.hushed_until(candidate.addressee)
        if stored_sec is not None:
            return now_sec < stored_sec
        return 0 <= now_sec - asked_sec < self.settings.not_now_sec


def in_quiet_hours(hour: float, start: float, end: float) -> bool:
    """Tell whether `hour` lies in the span from `start` to `end`, which may cross midnight."""
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end


def someone_speaks(view: WorldView) -> bool:
    """Tell whether someone in earshot moves the lips as in speech, or ended a moment ago."""
    return any(
        not s.by_robot and view.now_sec - s.stamp_sec < SPEAKING_NOW_SEC for s in view.speech
    ) or any(talks(person) for person in view.people)


def talks(person: Person) -> bool:
    """Tell whether a visible person in earshot moves the lips as in speech."""
    near = person.distance_m is None or person.distance_m <= EARSHOT_M
    return person.visible and person.mouth_active and near and not person.on_screen


def outdated(decision: Decision, view: WorldView) -> str:
    """Say why words that were decided on no longer fit when the first is due, or nothing.

    A hazard always fits, and so does what another node asked for. An answer needs silence and its
    speaker, words that nobody asked for also an addressee who is still free for them; a greeting,
    one who still looks.
    """
    return next((why for holds, why in _changes(decision, view) if holds), '')


def _changes(decision: Decision, view: WorldView) -> Iterator[tuple[bool, str]]:
    """What may have changed since a decision."""
    who, trigger = decision.addressee, decision.trigger
    if trigger in (Trigger.HAZARD, Trigger.TASK) or not decision.topic:
        return
    person = view.person(who)
    yield bool(who) and person is None, f'{who} has left'
    yield any(talks(p) for p in view.people), 'someone began to speak'
    if trigger is Trigger.REPLY or person is None:
        return
    yield view.now_sec - person.last_seen_sec > GLANCE_SEC, f'{who} is out of view'
    yield _on_phone(person, view), f'{who} took a phone'
    yield person.eyes_closed, f'{who} closed the eyes'
    if trigger not in (Trigger.GREETING, Trigger.SMALL_TALK):
        return
    yield not person.facing, f'{who} turned away'
    turned = person.mood in CARE_MOODS and f'looks {person.mood}' not in decision.evidence
    yield turned, f'{who} looks {person.mood} now, and care comes first'


def _on_phone(person: Person, view: WorldView) -> bool:
    """Tell whether someone is on the phone, or may be: a first sight of it is not waited out."""
    return person.on_phone or view.now_sec - person.phone_seen_sec < PHONE_HINT_SEC


def _note(book: dict[Key, float], key: Key, at_sec: float) -> None:
    """Write a time down as the newest entry; the oldest gives way."""
    book.pop(key, None)
    book[key] = at_sec
    if len(book) > MAX_REMEMBERED:
        del book[next(iter(book))]


def _kind(topic: str) -> str:
    """What a topic is about: care is care, whatever the face looks like now."""
    return topic.partition(':')[0]


def _name(candidate: Candidate) -> str:
    return candidate.addressee or 'everybody'
