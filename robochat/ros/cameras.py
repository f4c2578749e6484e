"""The camera's way into the pipeline: newest picture first, seldom things seldom.

Threads: `on_image` runs in the executor and only leaves the message in a mailbox; decoding and
seeing happen on the *see* worker, which passes a frame on to the *look* worker when one is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time
from typing import Any, Protocol, TypeAlias

from robochat.config import Config
from robochat.perception.perceiver import PerceptionError
from robochat.ros import fields
from robochat.ros.diagnostics import StageMeter
from robochat.ros.images import frame_from_msg, ImageError
from robochat.ros.sources import OneSource, source_of
from robochat.ros.workers import Worker
from robochat.values import Frame, Observation, SceneObservation
from sensor_msgs.msg import CompressedImage, Image

Picture: TypeAlias = 'Image | CompressedImage'
STAMP_TOLERANCE_SEC = 10.0
SEE_NICENESS, LOOK_NICENESS = 2, 5


class Eyes(Protocol):
    """What sees: the pipeline, or perception alone."""

    def see(self, frame: Frame) -> Observation:
        """Find faces; raises PerceptionError."""

    def look(self, frame: Frame) -> SceneObservation:
        """Find things; raises PerceptionError."""


class Camera:
    """Takes pictures as fast as they come and sees as many as the settings ask for."""

    def __init__(
        self,
        config: Config,
        eyes: Eyes,
        emit: Callable[[Observation | SceneObservation], None],
        clock: Callable[[], float],
        complain: Callable[[str, str], None],
    ) -> None:
        self._config = config
        self._eyes = eyes
        self._emit = emit
        self._clock = clock
        self._complain = complain
        self._next_see_sec = self._next_look_sec = 0.0
        self._last_stamp_sec = 0.0
        self._count = 0
        self.frame_id = ''
        stale_sec = config.camera.stale_sec
        self._source = OneSource(stale_sec)
        self.camera = StageMeter('camera', expected_sec=stale_sec)
        self.seeing = StageMeter('see', expected_sec=stale_sec)
        self.looking = StageMeter('look', expected_sec=None)
        self._see = Worker[tuple[Picture, float]]('see', self._see_one, self._failed, SEE_NICENESS)
        self._look = Worker[Frame]('look', self._look_at, self._failed, LOOK_NICENESS)

    @property
    def meters(self) -> tuple[StageMeter, ...]:
        """Camera, see, look."""
        return self.camera, self.seeing, self.looking

    def configure(self, config: Config) -> None:
        """Take the rates, which may change while running."""
        self._config = config

    def on_image(self, message: Picture, info: Mapping[str, Any]) -> None:
        """Leave a picture for the see worker, unless the last one was just now."""
        started_sec = time.perf_counter()
        now_sec = self._clock()
        if not self._source.admits(source_of(message, info), now_sec):
            self._refuse_second()
            return
        self.frame_id = message.header.frame_id
        if now_sec < self._next_see_sec - 1.0:  # the clock jumped back
            self._next_see_sec = self._next_look_sec = 0.0
        if now_sec >= self._next_see_sec:
            self._next_see_sec = (
                max(self._next_see_sec, now_sec - 0.1) + 1 / self._config.perception.rate_hz
            )
            if not self._see.submit((message, self._stamp_of(message, now_sec))):
                self.seeing.dropped('a newer picture came first')
        self.camera.ran(now_sec, time.perf_counter() - started_sec)

    def _refuse_second(self) -> None:
        """Drop a picture of another camera than the one that is kept."""
        self.camera.dropped('picture of a second camera')
        self._complain(
            'two cameras publish on one topic',
            'the first is kept until it is silent for '
            f'{self._config.camera.stale_sec:g} s (camera.stale_sec), pictures of the other are '
            'dropped; remap one of them to another topic',
        )

    def _stamp_of(self, message: Picture, now_sec: float) -> float:
        """Use the picture's own stamp, or the time it came where that stamp can't be right."""
        stamp_sec = fields.stamp_from_msg(message.header.stamp)
        right = stamp_sec is not None and abs(now_sec - stamp_sec) <= STAMP_TOLERANCE_SEC
        if stamp_sec is None or not right or stamp_sec < self._last_stamp_sec <= now_sec:
            self.camera.dropped('stamp replaced by the time of arrival')
            stamp_sec = now_sec
        self._last_stamp_sec = stamp_sec
        return stamp_sec

    def _see_one(self, item: tuple[Picture, float]) -> None:
        """Decode and see one picture; a bad one is dropped and counted."""
        message, stamp_sec = item
        started_sec = time.perf_counter()
        try:
            self._count += 1
            frame = frame_from_msg(message, stamp_sec, self._count, self._config.camera.max_pixels)
            observation = self._eyes.see(frame)
        except (ImageError, PerceptionError) as error:
            self._drop(self.seeing, error)
            return
        self.seeing.ran(self._clock(), time.perf_counter() - started_sec)
        self._emit(observation)
        self._maybe_look(frame)

    def _maybe_look(self, frame: Frame) -> None:
        """Pass a frame on when a look is due."""
        rate_hz = self._config.perception.objects_hz
        now_sec = self._clock()
        if rate_hz > 0 and now_sec >= self._next_look_sec:
            self._next_look_sec = now_sec + 1 / rate_hz
            self._look.submit(frame)

    def _look_at(self, frame: Frame) -> None:
        """Find things in one frame."""
        started_sec = time.perf_counter()
        try:
            scene = self._eyes.look(frame)
        except PerceptionError as error:
            self._drop(self.looking, error)
            return
        self.looking.ran(self._clock(), time.perf_counter() - started_sec)
        self._emit(scene)

    def _drop(self, meter: StageMeter, error: ImageError | PerceptionError) -> None:
        """Count a dropped picture by its fault and say so now and then."""
        reason = getattr(error, 'fault', type(error).__name__)
        meter.dropped(str(reason))
        meter.failed(self._clock(), str(error))
        self._complain(f'picture dropped ({reason})', str(error))

    def _failed(self, error: Exception) -> None:
        """A fault nobody foresaw: count it, say it, go on with the next picture."""
        self.seeing.dropped(type(error).__name__)
        self.seeing.failed(self._clock(), str(error))
        self._complain(f'seeing failed ({type(error).__name__})', str(error))

    def stop(self) -> bool:
        """End the workers; true when they ended in time."""
        stopped = [worker.stop() for worker in (self._see, self._look)]
        return all(stopped)
