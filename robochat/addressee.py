"""For whom words were meant: for the robot, or for somebody else; and whether people converse.

Flow: `meanings` judges words by their own content, by what was seen of the speaker while
they were said (`Speech.by`, `gaze`, `seen`) and by the talk before them. Nothing of that changes
later, so the answer is settled when the words are heard. `conversation` finds words of the last
seconds that people had for each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
import re

from robochat.company import BUSY_SHARE
from robochat.dialogue import Intent, intent_of
from robochat.values import Person, Speech, WorldView

REPLY_FRESH_SEC = 5.0
IN_TALK_SEC = 20.0
# A pause this long ends a conversation. Within one a gap takes a fraction of a second (Stivers,
# PNAS 2009), a lapse some seconds.
REST_SEC = 8.0
LEAST_MEANT = 0.5
MOSTLY = 0.5
ROBOT = re.compile(r'\brobot\b', re.IGNORECASE)


@dataclass(frozen=True)
class Meant:
    """Words of a person, how likely they were meant for the robot (0 to 1), and why."""

    words: Speech
    value: float
    why: str

    @property
    def for_robot(self) -> bool:
        """Tell whether they were more likely meant for the robot than not."""
        return self.value >= LEAST_MEANT


def meanings(view: WorldView, spoken_to: Mapping[str, float], reach_m: float) -> tuple[Meant, ...]:
    """Judge all words of people, the newest last.

    `spoken_to` tells when the robot spoke to whom; from further than `reach_m` nobody speaks to it
    without a name, but within a conversation.
    """
    judged: list[Meant] = []
    answered: Meant | None = None
    for words in view.speech:
        if words.by_robot:
            answered = None
            continue
        value, why = _meaning(words, answered, view, spoken_to, reach_m)
        answered = Meant(words, value, why)
        judged.append(answered)
    return tuple(judged)


def conversation(view: WorldView, spoken_to: Mapping[str, float], reach_m: float) -> bool:
    """Tell whether people had words for each other, not for the robot, in the last seconds."""
    return any(
        view.now_sec - meant.words.stamp_sec < REST_SEC
        and not meant.for_robot
        and not _to_nobody_here(meant.words, view)
        for meant in meanings(view, spoken_to, reach_m)
    )


def _meaning(
    words: Speech,
    last: Meant | None,
    view: WorldView,
    spoken_to: Mapping[str, float],
    reach_m: float,
) -> tuple[float, str]:
    """How likely words were meant for the robot, and why: eyes first, then the talk so far."""
    person = _speaker(words, view)
    since_sec = words.stamp_sec - spoken_to.get(words.speaker, -math.inf)
    in_talk = -REPLY_FRESH_SEC < since_sec < IN_TALK_SEC  # or they were answered
    alone = not any(p.visible for p in view.people)
    facing, seen = _faced(words, person), person is not None
    far = person is not None and (person.distance_m or 0.0) > reach_m
    asks = intent_of(words.text) is not Intent.STATEMENT
    busy = person is not None and person.with_others > BUSY_SHARE
    still = words.seen is False
    reasons = (
        (ROBOT.search(words.text) is not None, 0.95, 'the robot was named'),
        (_answers(words, last), 0.3, 'people are talking to each other'),
        (person is not None and person.on_phone, 0.05, 'the speaker is on the phone'),
        (person is not None and person.on_screen, 0.05, 'the speaker is a face on a screen'),
        (bool(words.listener) and not facing, 0.1, 'the speaker is turned to someone else'),
        (facing and in_talk, 0.8, 'the robot spoke to them just before, and they face it'),
        (far, 0.35, 'the speaker is too far away'),
        (bool(words.listener) and not asks, 0.4, 'someone else may be meant'),
        (facing and not still, 0.95, 'the speaker faces the robot'),
        (facing, 0.4, 'who faces the robot did not move the lips'),
        (busy, 0.1, 'the speaker is turned to someone else'),
        (in_talk and not still, 0.7, 'the robot spoke to them just before'),
        (in_talk, 0.4, 'the robot spoke just before, but their lips did not move'),
        (seen, 0.3, 'the speaker looks elsewhere'),
        (alone, 0.45, 'a voice and nobody in view'),
        (True, 0.4, 'it is not clear who spoke'),
    )
    return next((value, why) for holds, value, why in reasons if holds)


def _answers(words: Speech, last: Meant | None) -> bool:
    """Tell whether words answer somebody else's, seen or not, who did not speak to the robot."""
    if last is None or not words.speaker or last.words.speaker == words.speaker:
        return False
    return not last.for_robot and words.stamp_sec - last.words.stamp_sec < REST_SEC


def _speaker(words: Speech, view: WorldView) -> Person | None:
    """The speaker as they were when they spoke."""
    return words.by or view.person(words.speaker)


def _faced(words: Speech, speaker: Person | None) -> bool:
    """Tell whether the speaker looked at the robot for most of the words."""
    if words.gaze is not None:
        return words.gaze >= MOSTLY
    return speaker is not None and speaker.facing


def _to_nobody_here(words: Speech, view: WorldView) -> bool:
    """Tell whether words come from a phone call, a screen, or someone who mutters alone."""
    speaker = _speaker(words, view)
    if speaker is None:
        return False
    others = any(p.visible and p.id != speaker.id and not p.on_screen for p in view.people)
    voices = {s.speaker for s in view.speech if not s.by_robot} - {speaker.id}
    return speaker.on_phone or speaker.on_screen or not (others or voices)
