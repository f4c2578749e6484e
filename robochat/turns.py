"""The turns of the robot: at most one opening or answer is on its way, and it may be cut short.

Threads: not safe by itself, but for `is_cut_short`, which the thread that responds asks; the
pipeline holds one lock around every other call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
import itertools

from robochat.dialogue import Intent, intent_of
from robochat.engagement import PRIORITY
from robochat.restraint import talks
from robochat.safety import clean_speech
from robochat.settings import SafetySettings
from robochat.values import Decision, Frame, Trigger, Turn, WorldView

MAY_BE_CUT_SHORT = (Trigger.GREETING, Trigger.CARE, Trigger.HELP, Trigger.SMALL_TALK)
# An answer waits too: until the speaker, or who speaks now, is done.
GIVE_WAY = (*MAY_BE_CUT_SHORT, Trigger.REPLY)


class Turns:
    """Numbers turns and knows which one is on its way."""

    def __init__(self, settings: SafetySettings) -> None:
        self._settings = settings
        self.current: Turn | None = None
        self.over = False
        self._talking: frozenset[str] = frozenset()
        self._cut_short: set[str] = set()
        self._numbers = itertools.count(1)

    def begin(self, decision: Decision, view: WorldView, frames: Iterable[Frame]) -> Turn:
        """Make the turn that is now on its way; an answer is one to the newest words."""
        heard = ''
        if decision.trigger is Trigger.REPLY:
            heard = next((s.text for s in reversed(view.speech) if not s.by_robot), '')
        wish = heard if intent_of(heard) is Intent.REQUEST else ''
        self.current = self._make(decision, heard, wish, frames)
        self._talking = talking(view)
        return self.current

    def is_interrupted(self, view: WorldView) -> bool:
        """Tell whether the turn on its way must wait, since someone began to speak meanwhile."""
        trigger = self.current.decision.trigger if self.current else Trigger.NONE
        began = talking(view) - self._talking
        return trigger in GIVE_WAY and bool(began)

    def task(self, instruction: str, frames: Iterable[Frame], now_sec: float) -> Turn:
        """Make a turn for an instruction of another node."""
        decision = _asked(Trigger.TASK, 'an instruction was given', now_sec)
        return self._make(decision, '', clean_speech(instruction, self._settings), frames)

    def question(self, question: str, frames: Iterable[Frame], now_sec: float) -> Turn:
        """Make a turn for a question of another node."""
        decision = _asked(Trigger.REPLY, 'a question was asked', now_sec)
        return self._make(decision, clean_speech(question, self._settings), '', frames)

    def _make(
        self, decision: Decision, heard: str, instruction: str, frames: Iterable[Frame]
    ) -> Turn:
        number = next(self._numbers)
        return Turn(f'turn_{number}', decision, heard, instruction, tuple(frames))

    def cut_short(self) -> Decision | None:
        """Cancel the turn on its way and return what it was about; None when there is none."""
        turn, self.current = self.current, None
        if turn is None:
            return None
        self._cut_short.add(turn.id)
        return turn.decision

    def is_cut_short(self, turn: Turn) -> bool:
        """Tell whether a turn was cancelled, or all of them because it is over."""
        return self.over or turn.id in self._cut_short

    def ended(self, turn: Turn) -> None:
        """Forget a turn that was carried out, or was not."""
        self._cut_short.discard(turn.id)
        if self.current is turn:
            self.current = None


def talking(view: WorldView) -> frozenset[str]:
    """The ids of those who move their lips as in speech."""
    return frozenset(person.id for person in view.people if talks(person))


def silenced(decision: Decision, reason: str) -> Decision:
    """A decision to speak that something else keeps from being carried out."""
    return replace(decision, speak=False, reason=f'{reason} ({decision.reason})')


def _asked(trigger: Trigger, reason: str, now_sec: float) -> Decision:
    """The decision behind a turn that another node asked for."""
    return Decision(
        True, reason, now_sec, trigger, score=1.0, priority=PRIORITY[trigger], onset_sec=now_sec
    )
