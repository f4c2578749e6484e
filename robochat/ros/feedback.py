"""What others think of an utterance or a plan: read, checked, and handed to the learner.

Safety: of a correction only that there was one is kept; its words and who said so are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from robochat.learning.learner import Learner
from robochat.ros import fields
from robochat.ros.fields import ConvertError

from robochat_msgs.msg import Feedback

RATINGS = (Feedback.BAD, Feedback.NEUTRAL, Feedback.GOOD)


@dataclass(frozen=True)
class Rating:
    """What someone thinks of what has this id: -1, 0 or 1."""

    id: str
    rating: int
    corrected: bool


def rating_from_msg(message: Feedback) -> Rating:
    """Read a rating; raises ConvertError where it is none."""
    name = fields.label(message.id)
    if not name:
        raise ConvertError('feedback.id is empty: must be that of an utterance or a plan')
    if message.rating not in RATINGS:
        raise ConvertError(f'feedback.rating = {message.rating}: must be -1, 0 or 1')
    return Rating(name, int(message.rating), bool(message.correction.strip()))


class FeedbackInlet:
    """Takes feedback messages; what has an id that nobody knows is counted by `unknown`."""

    def __init__(
        self, learner: Learner, clock: Callable[[], float], unknown: Callable[[str], None]
    ) -> None:
        self._learner = learner
        self._clock = clock
        self._unknown = unknown

    def take(self, message: Any) -> None:
        """Hand on one message; raises ConvertError."""
        rating = rating_from_msg(message)
        known = self._learner.rated(
            rating.id, rating.rating, self._clock(), corrected=rating.corrected
        )
        if not known:
            self._unknown('feedback on an unknown id')
