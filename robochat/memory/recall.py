"""What the policy asks the memory: a small protocol, and a memory that knows nobody.

Units and frames: people are named by their ids in the `WorldView`; times are seconds on the clock
of the policy, the one of `WorldView.now_sec`. The memory stores seconds since 1970 and converts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

NO_TOPICS: Mapping[str, float] = MappingProxyType({})


class Recall(Protocol):
    """Answers at once, from memory; everybody unknown has no past."""

    def last_greeted(self, person: str) -> float | None:
        """When the robot last greeted or spoke with this person, perhaps before it restarted."""

    def opened_today(self, person: str, text: str) -> bool:
        """Tell whether these words were an opening to this person on this calendar day."""

    def topics(self, person: str) -> Mapping[str, float]:
        """When the robot last opened on which topic; `mood:sad` is remembered as `mood`."""

    def must_not_tell(self, person: str, topic: str) -> bool:
        """Tell whether a topic, or a sentence, is about what this person asked not to be told.

        Who asked not to be greeted must not be told `greeting`.
        """

    def hushed_until(self, person: str) -> float | None:
        """Until when this person asked not to be disturbed; None when they didn't."""


class NoRecall:
    """The memory of a robot that meets everybody for the first time."""

    def last_greeted(self, person: str) -> float | None:
        """Nobody was greeted."""
        return None

    def opened_today(self, person: str, text: str) -> bool:
        """Nothing was said."""
        return False

    def topics(self, person: str) -> Mapping[str, float]:
        """Nothing was spoken of."""
        return NO_TOPICS

    def must_not_tell(self, person: str, topic: str) -> bool:
        """Nobody asked for anything."""
        return False

    def hushed_until(self, person: str) -> float | None:
        """Nobody wanted quiet."""
        return None
