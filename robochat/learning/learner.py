"""What the pipeline tells of its openings, and where that goes: outcomes, journal, dialogues.

Flow: `took` hears of each utterance and plan, `saw` and `heard` of what people do then, `rated` of
what they think; settled outcomes go to the journal, turns of people who agreed to the dialogues.

Threads: every method may be called from any thread and never waits for a disk; one lock guards the
outcomes. Nothing is called back.
"""

from __future__ import annotations

import threading

from robochat.learning.dataset import Agreed, Dialogues, dialogues_folder, nobody
from robochat.learning.log import Journal, journal_path
from robochat.learning.outcomes import Outcomes
from robochat.response import Output
from robochat.settings import LearningSettings
from robochat.values import ActionPlan, Speech, Trigger, Turn, Utterance, WorldView

MEGABYTE = 1_000_000


class Learner:
    """Watches what comes of the robot's words; without journal and dialogues it keeps nothing."""

    def __init__(self, journal: Journal | None = None, dialogues: Dialogues | None = None) -> None:
        self._journal = journal
        self._dialogues = dialogues
        self._outcomes = Outcomes()
        self._lock = threading.Lock()
        self._view: WorldView | None = None

    @classmethod
    def load(cls, settings: LearningSettings, agreed: Agreed = nobody) -> Learner:
        """Write where the settings say; `agreed` tells whose words may be kept."""
        journal_bytes = int(settings.journal_mb * MEGABYTE)
        dialogues_bytes = int(settings.dialogues_mb * MEGABYTE)
        folder, frames = dialogues_folder(settings), settings.keep_frames
        return cls(
            Journal(journal_path(settings), journal_bytes) if settings.journal else None,
            Dialogues(folder, dialogues_bytes, frames, agreed) if agreed is not nobody else None,
        )

    def took(self, turn: Turn, output: Output, now_sec: float, aloud: bool = True) -> None:
        """Hear of what a turn made; words that are not said aloud open nothing."""
        if isinstance(output, ActionPlan):
            with self._lock:
                self._outcomes.named(output.id, turn.id)
        elif isinstance(output, Utterance):
            with self._lock:
                self._outcomes.named(output.id, turn.id)
                if aloud and turn.decision.trigger is not Trigger.TASK:
                    self._outcomes.opened(turn.decision, turn.id, now_sec)
                view = self._view
            if aloud and self._dialogues is not None and view is not None:
                self._dialogues.keep(turn, output, view)

    def saw(self, view: WorldView) -> None:
        """See how those who were spoken to take it, and write down what is settled."""
        with self._lock:
            self._view = view
            self._outcomes.saw(view)
        self._flush(view.now_sec)

    def heard(self, speech: Speech) -> None:
        """Hear words of a person."""
        with self._lock:
            self._outcomes.heard(speech)

    def rated(self, name: str, rating: int, now_sec: float, *, corrected: bool = False) -> bool:
        """Take a rating of an utterance or a plan by its id; false when it is not known."""
        with self._lock:
            known = self._outcomes.rated(name, rating, corrected=corrected)
        self._flush(now_sec)
        return known

    def forget(self) -> None:
        """Start again, as after a jump of the clock."""
        with self._lock:
            self._outcomes.forget()
            self._view = None

    @property
    def counts(self) -> tuple[tuple[str, str], ...]:
        """What was written and what was lost, for diagnostics."""
        journal = self._journal.counts if self._journal is not None else ()
        lost = self._dialogues.lost if self._dialogues is not None else 0
        return (*journal, *((('turns not kept', str(lost)),) if lost else ()))

    def close(self) -> None:
        """Write down what is there, settled or not, and end the threads."""
        self.forget()
        self._flush(0.0)
        for writer in (self._journal, self._dialogues):
            if writer is not None:
                writer.close()

    def _flush(self, now_sec: float) -> None:
        """Hand on what is settled."""
        with self._lock:
            due = self._outcomes.due(now_sec)
        if self._journal is not None:
            for outcome in due:
                self._journal.write(outcome)
