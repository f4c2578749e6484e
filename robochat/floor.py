"""Who has the floor: what the robot is saying, and that it stops when a person begins to speak.

Flow: `said` notes words that left; `taken` and `heard` tell when a person speaks up meanwhile and
return a `Hush` for the outlets. How long words take is estimated from their length, and from what
the robot reports about its voice. A warning is not given up.

A listener's lips move too, so a mouth alone takes the floor only when it faces the robot and has
moved as in speech for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
import math

from robochat.restraint import talks
from robochat.values import Decision, Hush, Person, Trigger, Utterance, WorldView

SEC_PER_CHAR = 0.06
MOUTH_LASTS_SEC = 0.5
ALMOST_SAID_SEC = 0.3
HARDLY_SAID = 0.5


@dataclass(frozen=True)
class _Words:
    """What is being said, to whom, and from when to when."""

    id: str
    decision: Decision
    start_sec: float
    end_sec: float


class Floor:
    """Keeps the words that are on the air."""

    def __init__(self) -> None:
        self._words: _Words | None = None
        self._mouths: dict[str, float] = {}
        self._hush: Hush | None = None

    def shift(self, by_sec: float) -> None:
        """Keep the words on the air over a step of the clock."""
        self._mouths = {}
        if words := self._words:
            start_sec, end_sec = words.start_sec + by_sec, words.end_sec + by_sec
            self._words = replace(words, start_sec=start_sec, end_sec=end_sec)

    def said(self, utterance: Utterance, decision: Decision, now_sec: float) -> None:
        """Note words that are spoken from now on."""
        takes_sec = SEC_PER_CHAR * len(utterance.text)
        self._words = _Words(utterance.id, decision, now_sec, now_sec + takes_sec)
        self._mouths = {}

    def robot_speaks(self, now_sec: float) -> bool:
        """Tell whether the robot's last words take until now."""
        return self._words is not None and now_sec < self._words.end_sec

    def seen(self, view: WorldView) -> WorldView:
        """Count the robot as speaking for as long as its last words take."""
        if not self.robot_speaks(view.now_sec) or view.robot.speaking:
            return view
        return replace(view, robot=replace(view.robot, speaking=True))

    def heard(self, now_sec: float) -> Hush | None:
        """Give the floor to a person whose words were just heard."""
        return self._give_up(now_sec, 'a person spoke')

    def taken(self, people: Iterable[Person], now_sec: float) -> Hush | None:
        """Give the floor to a person who is seen to speak to the robot."""
        speaking = {p.id for p in people if talks(p) and p.facing}
        self._mouths = {who: self._mouths.get(who, now_sec) for who in speaking}
        since_sec = min(self._mouths.values(), default=math.inf)
        if now_sec - since_sec < MOUTH_LASTS_SEC:
            return None
        return self._give_up(now_sec, 'a person speaks')

    def stop(self, hush: Hush | None) -> Decision | None:
        """Keep a hush for the outlets; returns what was behind words that were hardly said."""
        words = self._words
        if words is None or hush is None or words.id != hush.utterance:
            return None
        self._hush = hush
        whole_sec = (words.end_sec - words.start_sec) or 1.0
        hardly = (hush.stamp_sec - words.start_sec) / whole_sec < HARDLY_SAID
        self._words = None
        return words.decision if hardly else None

    def hushed(self) -> Hush | None:
        """Return, once, that the words on the air must stop."""
        hush, self._hush = self._hush, None
        return hush

    def _give_up(self, now_sec: float, reason: str) -> Hush | None:
        """Stop the words on the air, unless they are a warning or as good as said."""
        words = self._words
        if words is None or words.decision.trigger is Trigger.HAZARD:
            return None
        if now_sec >= words.end_sec - ALMOST_SAID_SEC:
            return None
        return Hush(words.id, reason, now_sec)
