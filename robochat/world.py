"""The world as believed: people, things, place, robot, words, events; stale things expire.

Flow: `seen`, `looked`, `heard`, `felt` (estimates of other nodes) and `robot_is` fold news in;
`view` gives a frozen snapshot. Times are those of the news, `view` gets the time of asking.

Threads: not safe by itself; the pipeline holds one lock around every call.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
import math

from robochat.company import holds_phone, in_company, inside_screen, likely_speaker, listener_of
from robochat.identity import Identities, same_person
from robochat.intention import Talk
from robochat.mood import Readings
from robochat.people import came_near, PersonMemory, remember
from robochat.settings import WorldSettings
from robochat.things import (
    DANGEROUS_FALLEN,
    fallen_twin,
    HAZARDS,
    relations_of,
    remember_thing,
    ThingMemory,
)
from robochat.values import (
    Event,
    EventKind,
    FaceObservation,
    Observation,
    Person,
    Place,
    RobotState,
    SceneObservation,
    Speech,
    WorldView,
)

EVENT_MEMORY_SEC = 30.0
OWN_FRESH_SEC = 0.5
BLIND_SEC = 2.0
MAX_PEOPLE = 50
MAX_THINGS = 100
MAX_SPEECH = 50


class World:
    """Folds what is seen, heard and reported into one belief."""

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self._people: dict[str, PersonMemory] = {}
        self._things: dict[str, ThingMemory] = {}
        self._place = Place()
        self._robot = RobotState()
        self._events: deque[Event] = deque(maxlen=200)
        self._speech: deque[Speech] = deque(maxlen=MAX_SPEECH)
        self._identities = Identities()
        self._readings = Readings()
        self._last_seen_sec = -math.inf
        self._silence_from_sec: float | None = None

    def forget(self) -> None:
        """See anew, as after a step of the clock; ids and what the robot reports stay."""
        robot, identities = self._robot, self._identities
        self.__init__(self.settings)  # type: ignore[misc]
        self._robot, self._identities = robot, identities

    # ------------------------------------------------------------------ people
    def seen(self, observation: Observation) -> Observation:
        """Fold our own faces in and return them; a lost track that is found keeps its person."""
        stamp_sec = observation.stamp_sec
        people = [m.person for m in self._people.values()]
        observation = self._identities.settle(observation, people)
        elapsed_sec = min(1.0, max(0.0, stamp_sec - self._last_seen_sec))
        self._last_seen_sec = max(self._last_seen_sec, stamp_sec)
        ours_counts = self.settings.emotions != 'replace'
        for face in observation.faces[:MAX_PEOPLE]:
            read, read_sec = self._readings.joined(face, stamp_sec, ours_counts)
            self._see_person(read, stamp_sec, read_sec)
            self._people[face.person].own_sec = stamp_sec
        self._fold_company(elapsed_sec)
        return observation

    def felt(self, observation: Observation) -> None:
        """Fold in faces and emotions estimated by other nodes, as the settings say."""
        if self.settings.emotions == 'ignore':
            return
        for face in observation.faces[:MAX_PEOPLE]:
            own = same_person(face, (m.person for m in self._people.values()))
            self._readings.note(own or face.person, face, observation.stamp_sec)
            if own is None or observation.stamp_sec - self._people[own].own_sec > OWN_FRESH_SEC:
                self._see_person(replace(face, person=own or face.person), observation.stamp_sec)

    def _see_person(
        self, face: FaceObservation, stamp_sec: float, read_sec: float | None = None
    ) -> None:
        """Update one person and note what changed."""
        memory = self._people.get(face.person)
        if memory is None:
            self._people[face.person] = remember(face, stamp_sec, self.settings)
            return
        before, was_gone = memory.person, memory.left
        if was_gone:
            memory.announced = False
            memory.person = before = replace(
                before, first_seen_sec=stamp_sec, came_sec=stamp_sec, attention=0.0, mood=''
            )
        memory.see(face, stamp_sec, read_sec)
        self._note_person(memory, before, stamp_sec)

    def _note_person(self, memory: PersonMemory, before: Person, stamp_sec: float) -> None:
        """Turn changes of one person into events."""
        person = memory.person
        lasted_sec = stamp_sec - person.first_seen_sec
        if not memory.announced and lasted_sec >= self.settings.arrival_quiet_sec:
            memory.announced = True
            self._happened(EventKind.ARRIVED, person.id, stamp_sec)
        if person.facing and not before.facing:
            self._happened(EventKind.LOOKED_AT_ROBOT, person.id, stamp_sec)
        if person.mood and person.mood != memory.spoken_mood:
            detail = f'{memory.spoken_mood or "unknown"} to {person.mood}'
            memory.spoken_mood = person.mood
            self._happened(EventKind.MOOD_TURNED, person.id, stamp_sec, detail)
        if came_near(before, person):
            self._happened(EventKind.APPROACHED, person.id, stamp_sec)

    def _fold_company(self, elapsed_sec: float) -> None:
        """Note who is turned to whom."""
        visible = [m for m in self._people.values() if m.person.visible][:12]
        together = in_company([m.person for m in visible])
        for memory in visible:
            memory.fold_company(memory.person.id in together, elapsed_sec)

    # ------------------------------------------------------------------ things
    def looked(self, scene: SceneObservation, external: bool = False) -> None:
        """Fold objects and place in; `external` marks estimates of another node."""
        mode = self.settings.scene
        if (external and mode == 'ignore') or (not external and mode == 'replace'):
            return
        if scene.place.label:
            self._place = scene.place
        for seen in scene.objects[:MAX_THINGS]:
            if seen.label in HAZARDS and seen.id not in self._things:
                self._happened(EventKind.HAZARD, seen.id, scene.stamp_sec, seen.label, seen.score)
            memory = self._things.get(seen.id)
            if memory is None:
                twin = fallen_twin(seen, self._things.values(), scene.stamp_sec)
                self._things[seen.id] = remember_thing(seen, scene.stamp_sec)
                if twin is not None:
                    self._fell(twin, seen.id, scene.stamp_sec)
            elif memory.see(seen, scene.stamp_sec):
                self._fell(memory, seen.id, scene.stamp_sec)
            self._note_appeared(self._things[seen.id], scene.stamp_sec)
        self._relate()
        self._note_devices(scene.stamp_sec)

    def _note_devices(self, stamp_sec: float) -> None:
        """See who holds a phone to the head, and which face is only a picture."""
        things = [m.thing for m in self._things.values()]
        new = [t for t in things if t.last_seen_sec == stamp_sec]
        for memory in self._people.values():
            person = memory.person
            memory.fold_phone(person.visible and holds_phone(person, new), stamp_sec)
            if person.visible:
                memory.fold_screen(inside_screen(person, things))

    def _fell(self, memory: ThingMemory, thing_id: str, stamp_sec: float) -> None:
        """Note a fall once; what may have broken, or cuts, is a hazard too."""
        if memory.fallen:
            return
        memory.fallen = True
        self._things[thing_id].fallen = True
        self._things[thing_id].announced = True
        label = self._things[thing_id].thing.label
        self._happened(EventKind.OBJECT_FELL, thing_id, stamp_sec, label)
        if label in DANGEROUS_FALLEN:
            self._happened(EventKind.HAZARD, thing_id, stamp_sec, f'{label} fell down')

    def _note_appeared(self, memory: ThingMemory, stamp_sec: float) -> None:
        if not memory.announced and memory.sightings >= 2:
            memory.announced = True
            thing = memory.thing
            self._happened(EventKind.OBJECT_APPEARED, thing.id, stamp_sec, thing.label)

    def _relate(self) -> None:
        """Say of every visible thing what it stands on."""
        visible = [m.thing for m in self._things.values() if m.thing.visible]
        for memory in self._things.values():
            if memory.thing.visible:
                relations = relations_of(memory.thing, visible)
                memory.thing = replace(memory.thing, relations=relations)

    # ------------------------------------------------------------------ words, robot, plans
    def heard(self, speech: Speech) -> Speech:
        """Note words; those of a person get the likeliest speaker if none is known."""
        if not speech.by_robot:
            if speech.speaker not in self._people:
                at_sec, known = speech.stamp_sec, self._people.values()
                still = {m.person.id for m in known if m.moved_lips(at_sec) is False}
                speech = replace(speech, speaker=likely_speaker((m.person for m in known), still))
            if speech.speaker in self._people:
                speaker = self._people[speech.speaker]
                listener = listener_of(speaker.person, (m.person for m in self._people.values()))
                speech = replace(speaker.spoke(speech), listener=listener)
            self._happened(EventKind.SPOKE, speech.speaker, speech.stamp_sec)
        self._speech.append(speech)
        self._silence_from_sec = None
        return speech

    @property
    def speech(self) -> tuple[Speech, ...]:
        """All remembered words, the newest last."""
        return tuple(self._speech)

    def robot_is(self, state: RobotState) -> None:
        """Take what the robot reports about itself."""
        self._robot = state

    def plan_ended(self, plan_id: str, status: str, stamp_sec: float) -> None:
        """Note that a plan succeeded, failed or was canceled."""
        self._happened(EventKind.PLAN_ENDED, plan_id, stamp_sec, status)

    # ------------------------------------------------------------------ the snapshot
    def view(self, now_sec: float, hour: float = 12.0) -> WorldView:
        """Expire what is stale and return what is left."""
        self._age_people(now_sec)
        self._age_things(now_sec)
        self._note_silence(now_sec)
        talk = Talk.of(self._speech)
        for memory in self._people.values():
            memory.fold_intention(talk, now_sec)
        recent = (e for e in self._events if now_sec - e.stamp_sec <= EVENT_MEMORY_SEC)
        people = (m.person for m in self._people.values() if not m.left)
        return WorldView(
            now_sec=now_sec,
            hour=hour,
            people=tuple(people),
            things=tuple(m.thing for m in self._things.values() if not m.gone),
            place=self._place,
            robot=self._robot,
            events=tuple(recent),
            speech=tuple(self._speech),
        )

    def _age_people(self, now_sec: float) -> None:
        """Let people leave, and forget who left long ago."""
        for key, memory in list(self._people.items()):
            unseen_sec = self._unseen_sec(memory, now_sec)
            memory.age(unseen_sec)
            memory.fold_phone(False, now_sec)
            if unseen_sec > self.settings.person_left_sec and not memory.left:
                memory.left = True
                if memory.announced:
                    self._happened(EventKind.LEFT, key, now_sec)
            if unseen_sec > self.settings.forget_person_sec:
                del self._people[key]
                self._readings.forget(key)

    def _unseen_sec(self, memory: PersonMemory, now_sec: float) -> float:
        """How long someone has been missing from the pictures.

        Between two pictures of a slow camera nobody is missing; when no picture comes any more,
        everybody is.
        """
        blind_sec = now_sec - self._last_seen_sec
        ours = memory.own_sec == memory.person.last_seen_sec
        looked_sec = self._last_seen_sec if ours and blind_sec < BLIND_SEC else now_sec
        return looked_sec - memory.person.last_seen_sec

    def _age_things(self, now_sec: float) -> None:
        """Let things vanish, and forget what vanished long ago."""
        for key, memory in list(self._things.items()):
            unseen_sec = now_sec - memory.thing.last_seen_sec
            if unseen_sec > self.settings.thing_gone_sec / 3:
                memory.thing = replace(memory.thing, visible=False)
            if unseen_sec > self.settings.thing_gone_sec and not memory.gone:
                memory.gone = True
                if memory.announced:
                    self._happened(EventKind.OBJECT_VANISHED, key, now_sec, memory.thing.label)
            if unseen_sec > 10 * self.settings.thing_gone_sec:
                del self._things[key]

    def _note_silence(self, now_sec: float) -> None:
        """Note once when people are there and nobody has spoken for long."""
        if not any(m.person.visible for m in self._people.values()):
            self._silence_from_sec = None
        elif self._silence_from_sec is None:
            self._silence_from_sec = now_sec
        elif now_sec - self._silence_from_sec >= self.settings.silence_sec:
            self._happened(EventKind.SILENCE, '', now_sec)
            self._silence_from_sec = math.inf

    def _happened(
        self, kind: EventKind, subject: str, stamp_sec: float, detail: str = '', score: float = 1.0
    ) -> None:
        self._events.append(Event(kind, subject, stamp_sec, detail, score))
