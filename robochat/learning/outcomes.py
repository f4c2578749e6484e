"""What came of each opening: answered, turned away from, stopped, rated.

Flow: `opened` starts to watch how its addressee takes an utterance, `saw`, `heard` and `rated`
fold in what happens, `due` gives the outcomes that are settled. The watch lasts 5 s from the
robot's last word. A rating, or "not now", that comes later gives the same outcome once more,
corrected.

Implicit outcomes are weak signs (Fogarty et al., CHI 2005, for interruptions), so an explicit
rating outweighs them, and someone who merely stays counts for nothing. Whoever gets an answer to
their own words may turn away without that being a complaint.

What this doesn't do: keep words. Of what people say only its intent counts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

from robochat.company import BUSY_SHARE
from robochat.dialogue import Intent, intent_of
from robochat.values import Decision, Person, Speech, Trigger, WorldView

ANSWER_SEC = 5.0
STOP_SEC = 30.0
TURNED_SEC = 1.0
LONGEST_SEC = 60.0
MAX_OPENINGS = 256
EXPLICIT_WEIGHT = 3.0


class Reaction(str, Enum):
    """What a person did after the robot spoke to them; of several the first here counts."""

    STOPPED = 'stopped'
    ANSWERED = 'answered'
    LEFT = 'left'
    TURNED_AWAY = 'turned_away'
    UNCLEAR = 'unclear'
    NOTHING = 'nothing'


RANK = tuple(Reaction)
WELCOME = {
    Reaction.ANSWERED: True,
    Reaction.STOPPED: False,
    Reaction.LEFT: False,
    Reaction.TURNED_AWAY: False,
}


@dataclass(frozen=True)
class Outcome:
    """What came of one opening; it names nobody and quotes nobody.

    `stamp_sec` is when it was spoken, `rating` -1, 0 or 1, or None when nobody gave one;
    `corrected` tells that somebody said what would have been right, never what.
    """

    opening: str
    stamp_sec: float
    trigger: Trigger
    features: tuple[tuple[str, float], ...]
    score: float
    reaction: Reaction
    rating: int | None = None
    corrected: bool = False

    @property
    def welcome(self) -> bool | None:
        """Whether speaking was right; None where nothing can be concluded."""
        if self.rating is not None:
            return self.rating > 0 if self.rating else None
        return WELCOME.get(self.reaction)

    @property
    def weight(self) -> float:
        """How many silent signs this outcome is worth."""
        return EXPLICIT_WEIGHT if self.rating is not None else 1.0


@dataclass
class _Opening:
    """An utterance, and what is known of how it was taken; `faced` since it was spoken."""

    name: str
    decision: Decision
    opened_sec: float
    until_sec: float
    faced: bool
    seen: bool = False
    busy: bool = False
    last_seen_sec: float = 0.0
    away_since_sec: float | None = None
    reaction: Reaction = Reaction.NOTHING
    rating: int | None = None
    corrected: bool = False
    settled: bool = False

    def found(self, reaction: Reaction) -> None:
        """Keep the more telling of two reactions."""
        self.reaction = min(self.reaction, reaction, key=RANK.index)

    def watch(self, person: Person | None, view: WorldView) -> None:
        """Fold in how the addressee looks now."""
        if view.robot.speaking:
            last_sec = self.opened_sec + LONGEST_SEC
            self.until_sec = max(self.until_sec, min(last_sec, view.now_sec + ANSWER_SEC))
        if person is None:
            if self.seen:
                replaced = _someone_came(view, self.last_seen_sec)
                self.found(Reaction.UNCLEAR if replaced else Reaction.LEFT)
        elif person.visible:
            self.seen, self.last_seen_sec = True, person.last_seen_sec
            self.busy = person.with_others > BUSY_SHARE or person.on_phone
            self._watch_head(person.facing, view.now_sec)

    def _watch_head(self, facing: bool, now_sec: float) -> None:
        """Count as turned away who faced the robot and then looks elsewhere for a while."""
        if facing or not self.faced:
            self.faced, self.away_since_sec = self.faced or facing, None
            return
        if self.away_since_sec is None:
            self.away_since_sec = now_sec
        if now_sec - self.away_since_sec >= TURNED_SEC:
            self.found(Reaction.TURNED_AWAY)

    def may_be_answered(self, now_sec: float) -> bool:
        """Tell whether words now come in time and are meant for the robot, as far as is seen."""
        in_time = not self.settled and now_sec <= self.until_sec
        return in_time and (not self.seen or (self.faced and not self.busy))

    def outcome(self) -> Outcome:
        """Return what is known now."""
        reaction, trigger = self.reaction, self.decision.trigger
        if trigger is Trigger.REPLY and reaction in (Reaction.LEFT, Reaction.TURNED_AWAY):
            reaction = Reaction.NOTHING
        return Outcome(
            opening=self.name,
            stamp_sec=self.opened_sec,
            trigger=trigger,
            features=self.decision.features,
            score=self.decision.score,
            reaction=reaction,
            rating=self.rating,
            corrected=self.corrected,
        )


class Outcomes:
    """Folds what happens into outcomes; keeps the newest 256 openings for ratings that come late.

    Threads: not safe by itself; `robochat.learning.learner` holds a lock around every call.
    """

    def __init__(self) -> None:
        self._openings: dict[str, _Opening] = {}
        self._aliases: dict[str, str] = {}
        self._ready: deque[Outcome] = deque(maxlen=MAX_OPENINGS)

    # ------------------------------------------------------------------ what the robot did
    def opened(self, decision: Decision, utterance_id: str, now_sec: float) -> None:
        """Start to watch how an utterance is taken."""
        self.named(utterance_id, utterance_id)
        faces = dict(decision.features).get('facing', 0.0) > 0.5
        until_sec = now_sec + ANSWER_SEC
        self._openings[utterance_id] = _Opening(utterance_id, decision, now_sec, until_sec, faces)
        while len(self._openings) > MAX_OPENINGS:
            self._settle(self._openings.pop(next(iter(self._openings))))

    def named(self, name: str, utterance_id: str) -> None:
        """Let a rating name something else that came with the utterance, such as its plan."""
        self._aliases[name] = utterance_id
        while len(self._aliases) > 4 * MAX_OPENINGS:
            del self._aliases[next(iter(self._aliases))]

    # ------------------------------------------------------------------ what people did
    def saw(self, view: WorldView) -> None:
        """Fold in what is seen of those who were spoken to."""
        for opening in self._openings.values():
            if not opening.settled:
                opening.watch(view.person(opening.decision.addressee), view)

    def heard(self, speech: Speech) -> None:
        """Fold in words of a person: an answer, or the wish to be left alone."""
        if speech.by_robot:
            return
        now_sec = speech.stamp_sec
        if intent_of(speech.text) is Intent.NOT_NOW:
            opening = self._newest(speech.speaker, now_sec - STOP_SEC)
            if opening is not None:
                self._change(opening, Reaction.STOPPED)
            return
        opening = self._newest(speech.speaker, now_sec - LONGEST_SEC)
        if opening is not None and opening.may_be_answered(now_sec):
            opening.found(Reaction.ANSWERED)

    def rated(self, name: str, rating: int, *, corrected: bool = False) -> bool:
        """Take a rating (-1, 0, 1) of an utterance or a plan; false when no such thing is known.

        The newest rating counts.
        """
        if name not in self._aliases:
            return False
        opening = self._openings.get(self._aliases[name])
        if opening is not None:
            opening.rating, opening.corrected = rating, corrected
            self._change(opening, Reaction.NOTHING)
        return True

    # ------------------------------------------------------------------ what came of it
    def due(self, now_sec: float) -> tuple[Outcome, ...]:
        """Return each outcome once it is settled, and again when it was corrected since."""
        for opening in self._openings.values():
            if not opening.settled and now_sec >= opening.until_sec:
                self._settle(opening)
        ready = tuple(self._ready)
        self._ready.clear()
        return ready

    def forget(self) -> None:
        """Stop watching, as after a jump of the clock; what was not settled stays unclear."""
        for opening in self._openings.values():
            opening.found(Reaction.UNCLEAR)
            self._settle(opening)
        self._openings.clear()

    def _newest(self, speaker: str, since_sec: float) -> _Opening | None:
        """The newest opening to this person; of an unknown speaker, the only recent one."""
        recent = [o for o in reversed(self._openings.values()) if o.opened_sec >= since_sec]
        if not speaker:
            return recent[0] if len({o.decision.addressee for o in recent}) == 1 else None
        return next((o for o in recent if o.decision.addressee in (speaker, '')), None)

    def _change(self, opening: _Opening, reaction: Reaction) -> None:
        """Take a reaction in; an outcome that was given already is given again."""
        opening.found(reaction)
        if opening.settled:
            self._ready.append(opening.outcome())

    def _settle(self, opening: _Opening) -> None:
        if not opening.settled:
            opening.settled = True
            self._ready.append(opening.outcome())


def _someone_came(view: WorldView, since_sec: float) -> bool:
    """Tell whether somebody new is in view: then an id that vanished may have been renamed."""
    return any(p.visible and p.first_seen_sec >= since_sec for p in view.people)
