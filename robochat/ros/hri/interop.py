"""The way to ROS4HRI and back: people in and out, intents, words by action.

Flow: `take` sees every value that the node publishes; what other nodes know of people comes to the
pipeline by itself. Each part is there when its packages are and the settings want it; what is
wanted and missing is in `faults`.

Threads: `take` may be called from any thread; all else in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any, TypeVar

from rclpy.node import Node
from robochat.config import Config
from robochat.pipeline import Pipeline
from robochat.ros.diagnostics import StageMeter
from robochat.ros.hri import intents
from robochat.ros.hri.intents import Intents
from robochat.ros.hri.optional import optional_type
from robochat.ros.hri.people_in import PeopleIn
from robochat.ros.hri.people_out import PeopleOut
from robochat.ros.hri.voice import Voice
from robochat.values import Hush, Observation, Utterance

Part = TypeVar('Part')
OURS_SEC = 60.0
MAX_OURS = 1000


class Interop:
    """Everything that speaks ROS4HRI."""

    def __init__(  # noqa: PLR0913  what it works with, and whom to tell
        self,
        node: Node,
        config: Config,
        pipeline: Pipeline,
        clock: Callable[[], float],
        *,
        publish_words: Callable[[str], None],
        complain: Callable[[str, str], None],
    ) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._publish_words, self._complain = publish_words, complain
        self._ours_sec: dict[str, float] = {}
        self.faults: list[str] = []
        self.meter = StageMeter('hri')
        settings = config.hri
        here = optional_type('hri_msgs/msg/IdsList') is not None
        # First, since a wrong name of its action ends this here, with nothing to take back.
        self._voice = self._made(
            settings.outlet != 'topic',
            lambda: Voice(node, settings.outlet, settings.outlet_action, clock, self._unsaid),
        )
        self._intents = self._made(
            settings.intents and optional_type(intents.TYPE) is not None,
            lambda: Intents(node),
        )
        self._people_in = self._made(
            here and settings.listen,
            lambda: PeopleIn(node, config, self, clock, self._is_ours),
        )
        self._people_out = self._made(
            here and settings.publish,
            lambda: PeopleOut(node, pipeline.view, clock, settings.max_people),
        )

    def _made(self, wanted: bool, make: Callable[[], Part]) -> Part | None:
        """Make a part, or note why it can't be made."""
        try:
            return make() if wanted else None
        except ImportError as error:
            self.faults.append(str(error))
            self._complain('a part of ROS4HRI is missing', str(error))
            return None

    @property
    def meters(self) -> tuple[StageMeter, ...]:
        """Those of the parts that are there."""
        heard = (self.meter,) if self._people_in else ()
        return (*heard, self._voice.meter) if self._voice else heard

    # ------------------------------------------------------------------ what goes out
    def take(self, value: Any) -> bool:
        """See a value that is published; true when the words of an utterance are taken care of."""
        if self._intents:
            self._intents.take(value)
        if isinstance(value, Observation):
            self._saw(value)
        elif self._voice and isinstance(value, Hush):
            self._voice.hush(value)
        elif self._voice and isinstance(value, Utterance):
            self._voice.say(value)
            return True
        return False

    def silence(self) -> None:
        """Stop whatever is being said."""
        if self._voice:
            self._voice.hush(Hush('', 'cancelled', self._clock()))

    def _saw(self, observation: Observation) -> None:
        """Note whom our own eyes see: they are ours, and not what other nodes track."""
        now_sec = self._clock()
        self._ours_sec.update((face.person, now_sec) for face in observation.faces)
        if len(self._ours_sec) > MAX_OURS:
            self._ours_sec = {n: s for n, s in self._ours_sec.items() if now_sec - s < OURS_SEC}
        if self._people_in:
            self._people_in.humans.picture_is(observation.width_px, observation.height_px)
        if self._people_out:
            self._people_out.saw(observation)

    def _is_ours(self, name: str) -> bool:
        return self._clock() - self._ours_sec.get(name, -OURS_SEC) < OURS_SEC

    def _unsaid(self, utterance: Utterance, why: str) -> None:
        """Give words that no action said to whoever listens to the topic."""
        self._complain('words go to the topic ~/say', why)
        self._publish_words(utterance.text)

    # ------------------------------------------------------------------ what comes in
    def felt(self, observation: Observation) -> None:
        """Take who was observed by other nodes."""
        started_sec = time.perf_counter()
        self._pipeline.felt(observation)
        self.meter.ran(self._clock(), time.perf_counter() - started_sec)

    def heard(self, words: str, person: str) -> None:
        """Take words that a recogniser heard from a voice."""
        if self._pipeline.hear(words, self._clock(), speaker=person) is None:
            self.dropped('speech without words')

    def began_to_speak(self, person: str) -> None:
        """Yield the floor."""
        self._pipeline.interrupted(self._clock())

    def dropped(self, what: str, count: int = 1, why: str = '') -> None:
        """Count what can't be used, and say so now and then."""
        self.meter.dropped(what, count)
        self._complain(f'{what} dropped', why or f'{count} of them')

    def close(self) -> None:
        """Take everything off the graph."""
        for part in (self._people_in, self._people_out, self._intents, self._voice):
            if part is not None:
                part.close()
