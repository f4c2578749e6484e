"""Ties the people in view to those that are remembered, and notes what passes between them.

Flow: `recognise` names the people of a view whom the memory knows; `heard` and `said` note what
they ask for and what they were told; the questions of `Recall` are answered about both.

Who can be remembered (`robochat.memory.durable`) goes into the lasting memory. Everybody else is a
visitor: what they ask for holds while the robot runs and is never written down. A visitor who
gives a name takes it along.

Units and frames: times of the caller are on the clock of the policy, times of the records are
those plus `offset_sec`, which makes them seconds since 1970.

Threads: the pipeline's lock guards it; `objection` and `agreed` only look things up, and may be
called from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from robochat.identity import same_person
from robochat.memory.durable import key_of, prefixes_of
from robochat.memory.people import PeopleMemory
from robochat.memory.recall import NO_TOPICS
from robochat.memory.record import day_of, MAX_HUSH_SEC, PersonRecord
from robochat.memory.spoken import is_about, name_in, not_to_tell_in, wants_to_be_forgotten
from robochat.settings import MemorySettings
from robochat.values import (
    Decision,
    Observation,
    Person,
    Speech,
    Trigger,
    Utterance,
    WorldView,
)

SEEN_EVERY_SEC = 60.0
STAYED_SEC = 2.0
MAX_MET = 500
NO_CONVERSATION = (Trigger.NONE, Trigger.HAZARD, Trigger.TASK)
# Their names mean something else tomorrow.
FLEETING_TOPICS = ('', 'hazard', 'help', 'reply')
Noted = TypeVar('Noted')


class Acquaintances:
    """Who is who in this run, and what is known of them; it is the policy's `Recall`.

    Without a memory nobody is known beyond this run. Without an offset the first view gives it.
    """

    def __init__(
        self,
        memory: PeopleMemory | None = None,
        transient: str = MemorySettings().transient_ids,
        offset_sec: float | None = None,
    ) -> None:
        self.memory = memory or PeopleMemory()
        self._transient = prefixes_of(transient)
        self._offset_sec = offset_sec or 0.0
        self._has_offset = offset_sec is not None
        self._visitors = PeopleMemory(clock=self.memory.clock, most=MAX_MET)
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._private: dict[str, None] = {}
        self._before: dict[str, PersonRecord] = {}
        self._in_view: tuple[Person, ...] = ()
        self._now_sec = 0.0

    def set_clock(self, now_sec: float) -> None:
        """Take the time of the policy's clock that is now."""
        self._offset_sec = self.memory.clock() - now_sec
        self._has_offset = True

    # ------------------------------------------------------------------ who is who
    def is_also(self, person: str, other: str) -> None:
        """Note that `person` in view has the id `other` at another node; a lasting one counts.

        Nobody shares it: the newest match is the right one.
        """
        if person == other or not key_of(other, '', self._transient):
            return
        for holder in [p for p, known in self._ids.items() if known == other and p != person]:
            del self._ids[holder]
        _note(self._ids, person, other)

    def felt(self, observation: Observation) -> None:
        """Take the ids that another node has for the people in view."""
        for face in observation.faces:
            if person := same_person(face, self._in_view):
                self.is_also(person, face.person)

    def recognise(self, view: WorldView) -> WorldView:
        """Return the view with the names that are known, and note who is seen."""
        if not self._has_offset:
            self.set_clock(view.now_sec)
        self._now_sec, self._in_view = view.now_sec, view.people
        people = tuple(map(self._recognised, view.people))
        same = all(new is old for new, old in zip(people, view.people, strict=True))
        return view if same else replace(view, people=people)

    def _recognised(self, person: Person) -> Person:
        if person.name and person.id not in self._names and person.id not in self._private:
            self.call(person.id, person.name)
        key = self._key(person.id)
        if not key:
            return person
        record = self.memory.get(key)
        if person.visible and self._is_worth_noting(person, record):
            record = self.memory.note(key)
        name = record.name if record else ''
        return replace(person, name=name) if name and name != person.name else person

    def _is_worth_noting(self, person: Person, record: PersonRecord | None) -> bool:
        """Note once a minute who is there, and somebody new once they stay."""
        if record is None:
            return self._now_sec - person.first_seen_sec >= STAYED_SEC
        return not 0 <= self.memory.clock() - record.last_seen_sec < SEEN_EVERY_SEC

    def call(self, person: str, name: str) -> None:
        """Note the name that someone gave, and what they asked for before."""
        self._private.pop(person, None)
        visited = None if self._key(person) else self._visitors.get(person)
        _note(self._names, person, name)
        key = self._key(person)
        self.memory.named(key, name)
        if visited is not None:
            self.memory.adopt(key, visited)
            self._visitors.forget(person)

    def forget(self, person: str) -> None:
        """Forget someone, and keep nothing more of them in this run unless they give a name."""
        key = self._key(person)
        if key:
            self.memory.forget(key)
        self._visitors.forget(person)
        for book in (self._names, self._ids, self._before):
            book.pop(person, None)
        self._private[person] = None

    def _key(self, person: str) -> str:
        """The key in the lasting memory; empty for visitors and those who want it so."""
        if not person or person in self._private:
            return ''
        return key_of(self._ids.get(person, person), self._names.get(person, ''), self._transient)

    def _book(self, person: str) -> tuple[PeopleMemory, str]:
        """Where to write about someone."""
        key = self._key(person)
        return (self.memory, key) if key else (self._visitors, person)

    def _lasting(self, person: str) -> PersonRecord | None:
        """What may stem from before; of visitors the policy knows as much itself."""
        key = self._key(person)
        return self.memory.get(key) if key else None

    def _record(self, person: str) -> PersonRecord | None:
        book, key = self._book(person)
        return book.get(key)

    # ------------------------------------------------------------------ what happens
    def heard(self, speech: Speech) -> None:
        """Note who someone is and what they want; nobody knows whose wish a mere voice is."""
        who = speech.speaker
        if not who:
            return
        if wants_to_be_forgotten(speech.text):
            self.forget(who)
            return
        if name := name_in(speech.text):
            self.call(who, name)
        book, key = self._book(who)
        if topic := not_to_tell_in(speech.text):
            book.not_to_tell(key, topic)

    def hush(self, speech: Speech, hush_sec: float) -> None:
        """Note that the speaker wants not to be disturbed for so long."""
        if speech.speaker:
            book, key = self._book(speech.speaker)
            until_sec = speech.stamp_sec + min(hush_sec, MAX_HUSH_SEC)
            book.hush(key, until_sec + self._offset_sec)

    def said(self, decision: Decision, utterance: Utterance, now_sec: float) -> None:
        """Note what the robot said: a greeting, an opening, a topic."""
        who, trigger = decision.addressee, decision.trigger
        if not who or trigger in NO_CONVERSATION:
            return
        book, key = self._book(who)
        _note(self._before, who, book.get(key) or PersonRecord(key))
        at_sec, topic = now_sec + self._offset_sec, decision.topic.partition(':')[0]

        def noted(record: PersonRecord) -> PersonRecord:
            record = replace(record, greeted_sec=at_sec)
            if not utterance.proactive:
                return record
            record = record.opened(utterance.text, day_of(at_sec))
            return record if topic in FLEETING_TOPICS else record.spoke_of(topic, at_sec)

        book.note(key, noted)

    def took_back(self, decision: Decision) -> None:
        """Undo the last `said`: the words were cut off before they were understood."""
        before = self._before.pop(decision.addressee, None)
        if before is None:
            return
        book, key = self._book(decision.addressee)
        book.note(key, lambda record: record.untold(before))

    def objection(self, person: str, text: str) -> str:
        """Say why words that nobody asked for must not be said, or return an empty string."""
        if self.opened_today(person, text):
            return 'these words were an opening to this person today'
        if self.must_not_tell(person, text):
            return 'this person asked not to be told of that'
        return ''

    def agreed(self, person: Person) -> str:
        """Return the key of someone who agreed that dialogues with them are kept, else nothing."""
        key = self._key(person.id)
        return key if key and self.memory.may_export(key) else ''

    # ------------------------------------------------------------------ Recall
    def last_greeted(self, person: str) -> float | None:
        """When the robot last greeted or spoke with this person."""
        record = self._lasting(person)
        return self._policy_sec(record.greeted_sec) if record else None

    def opened_today(self, person: str, text: str) -> bool:
        """Tell whether these words were an opening to this person on this calendar day."""
        record = self._record(person)
        today = day_of(self._now_sec + self._offset_sec)
        return record is not None and record.was_opened(text, today)

    def topics(self, person: str) -> Mapping[str, float]:
        """When the robot last opened on which topic."""
        record = self._lasting(person)
        if record is None or not record.topics:
            return NO_TOPICS
        return {topic: sec - self._offset_sec for topic, sec in record.topics}

    def must_not_tell(self, person: str, topic: str) -> bool:
        """Tell whether a topic, or a sentence, is about what this person asked not to be told."""
        record = self._record(person)
        return record is not None and any(is_about(topic, one) for one in record.not_to_tell)

    def hushed_until(self, person: str) -> float | None:
        """Until when this person asked not to be disturbed; None once that is over."""
        record = self._lasting(person)
        until_sec = self._policy_sec(record.hushed_until_sec) if record else None
        return until_sec if until_sec is not None and until_sec > self._now_sec else None

    def _policy_sec(self, wall_sec: float | None) -> float | None:
        return None if wall_sec is None else wall_sec - self._offset_sec


def _note(book: dict[str, Noted], key: str, value: Noted) -> None:
    """Write down as the newest entry; the oldest gives way."""
    book.pop(key, None)
    book[key] = value
    if len(book) > MAX_MET:
        del book[next(iter(book))]
