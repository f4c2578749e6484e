"""Records what robochat takes in and gives out, as an MCAP file.

Flow: raw subscriptions -> spool (bounded, its own thread) -> file. Pictures are turned into JPEG
on the spool's thread, where they are wanted compressed.

Threads: callbacks run on the one executor thread and only leave bytes; the spool writes.

Safety: pictures show faces and are only recorded when asked for. Words that people say and what
their faces look like are in the other topics: only the file's owner may read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import importlib
import json
from pathlib import Path
import signal
import sys
import time
from typing import Any

import rclpy
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from robochat.perception.image import ImageError, ImageFault
from robochat.recording.about import about_from, installed_version, METADATA
from robochat.recording.reading import RecordingError
from robochat.recording.spool import Heard, Spool
from robochat.recording.writing import RecordingFile
from robochat.ros import topics
from robochat.ros.definitions import definition_of, DefinitionError, name_of, qos_text
from robochat.ros.images import frame_from_msg
from robochat.ros.topics import Topic
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

DEPTH = 200
JPEG_QUALITY = 85
SEARCH_SEC = 0.5
INPUTS = (
    topics.SPEECH,
    topics.EMOTIONS_IN,
    topics.SCENE_IN,
    topics.ROBOT_STATE,
    topics.FEEDBACK,
)
TRUTH = Topic('sim/truth', String)
PICTURES = (topics.IMAGE.name, topics.IMAGE_COMPRESSED.name)


@dataclass(frozen=True)
class Wanted:
    """What to record; no `topics` means all of robochat's. `images`: none, compressed or raw.

    `image_hz` is the most pictures in a second, 0 takes all.
    """

    path: Path
    topics: tuple[str, ...] = ()
    images: str = 'none'
    image_hz: float = 0.0
    seconds: float | None = None
    robot: str = 'robochat'


class Recorder(Node):
    """Subscribes to everything that is wanted and leaves it for the spool."""

    def __init__(self, wanted: Wanted, file: RecordingFile, **options: Any) -> None:
        super().__init__('robochat_recorder', **options)
        self._wanted = wanted
        self._file = file
        self._channels: dict[str, int] = {}
        self._next_ns: dict[str, int] = {}
        self._encoded: dict[str, str] = {}
        self.lost: dict[str, int] = {}
        self.bad_pictures = 0
        self.problems: list[str] = []
        self._missing = self._subscribe_known()
        self.spool = Spool(self._write, file.flush)
        self._search = self.create_timer(SEARCH_SEC, self._look_for_missing)

    # ------------------------------------------------------------------ what is subscribed to
    def _subscribe_known(self) -> set[str]:
        """Subscribe to robochat's topics; returns the names that are none of them."""
        known = known_topics(self._wanted.robot)
        names = {n.removeprefix('~/') for n in self._wanted.topics} or set(known)
        for name in sorted((names & known.keys()) | {'tape'}):
            self._listen(known[name])
        if self._wanted.images == 'raw':
            self._listen(topics.IMAGE)
        elif self._wanted.images == 'compressed':
            self._listen(topics.IMAGE_COMPRESSED)
            name = self.resolve_topic_name(topics.IMAGE.name)
            self._encoded[name] = self.resolve_topic_name(topics.IMAGE_COMPRESSED.name)
            self._subscribe(topics.IMAGE, name)
        return {self.resolve_topic_name(n) for n in names - known.keys()}

    def _look_for_missing(self) -> None:
        """Subscribe to other topics by their names, once somebody publishes them."""
        if not self._missing:
            self._search.cancel()
            return
        for name, kinds in self.get_topic_names_and_types():
            if name in self._missing:
                self._missing.discard(name)
                try:
                    self._listen(Topic(name, _class_of(kinds[0])))
                except (ImportError, AttributeError, ValueError, DefinitionError) as error:
                    self.problems.append(f'{name} ({kinds[0]}) is not recorded: {error}')

    def _listen(self, topic: Topic) -> None:
        """Make a channel for a topic and fill it."""
        name = self.resolve_topic_name(topic.name)
        kind = name_of(topic.kind)
        definition, qos = definition_of(kind), qos_text(topic.qos)
        self._channels[name] = self._file.channel(name, kind, definition, qos)
        self._subscribe(topic, name)

    def _subscribe(self, topic: Topic, name: str) -> None:
        qos = QoSProfile(
            reliability=topic.qos.reliability,
            durability=topic.qos.durability,
            history=HistoryPolicy.KEEP_LAST,
            depth=DEPTH if topic.name not in PICTURES else 5,
        )

        def heard(data: bytes, info: Mapping[str, Any]) -> None:
            self._heard(name, data, int(info.get('source_timestamp') or 0))

        def lost(event: Any) -> None:
            self.lost[name] = self.lost.get(name, 0) + event.total_count_change

        self.create_subscription(
            topic.kind,
            topic.name,
            heard,
            qos,
            raw=True,
            event_callbacks=SubscriptionEventCallbacks(message_lost=lost),
        )

    # ------------------------------------------------------------------ what comes in
    def _heard(self, name: str, data: bytes, source_ns: int) -> None:
        """Leave a message for the spool, unless it is a picture that comes too soon."""
        now_ns = int(self.get_clock().now().nanoseconds)
        if self._wanted.image_hz > 0 and name in map(self.resolve_topic_name, PICTURES):
            if now_ns < self._next_ns.get(name, 0):
                return
            self._next_ns[name] = now_ns + int(0.95e9 / self._wanted.image_hz)
        self.spool.put(Heard(name, data, now_ns, source_ns))

    def _write(self, heard: Heard) -> None:
        """Write a message; on the spool's thread."""
        name, data = heard.topic, heard.data
        if name in self._encoded:
            compressed = self._encoded[name]
            if self.spool.written[compressed]:  # the camera compresses by itself
                return
            try:
                name, data = compressed, _jpeg(data, heard.log_ns * 1e-9)
            except ImageError:
                self.bad_pictures += 1
                return
        self._file.write(self._channels[name], data, heard.log_ns, heard.publish_ns)
        if name.endswith('/tape'):
            self._describe(data)

    def _describe(self, data: bytes) -> None:
        """Write what decides as metadata, where the tape tells it."""
        text = deserialize_message(data, String).data
        if text.startswith('{"about"'):
            about = about_from(json.loads(text).get('about'))
            self._file.describe(METADATA, about.metadata())


def known_topics(robot: str) -> dict[str, Topic]:
    """All topics of robochat but the pictures, by their short names."""
    found = {t.name: t for t in (*INPUTS, TRUTH)}
    for topic in topics.OUTPUTS:
        name = topic.name.replace('~', robot)
        short = topic.name.removeprefix('~/').removeprefix('/')
        # An input may have the same short name as an output: `robochat/emotions` is the output.
        found[f'{robot}/{short}' if short in found else short] = Topic(name, topic.kind, topic.qos)
    return found


def _class_of(name: str) -> type[Any]:
    """Import the class of `package/msg/Name`."""
    package, _, message = name.split('/')
    kind: type[Any] = getattr(importlib.import_module(f'{package}.msg'), message)
    return kind


def _jpeg(data: bytes, now_sec: float) -> bytes:
    """Turn an Image into a CompressedImage, both as they go over the wire; raises ImageError."""
    import cv2

    message = deserialize_message(data, Image)
    frame = frame_from_msg(message, now_sec)
    done, packed = cv2.imencode(
        '.jpg', frame.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise ImageError(ImageFault.CORRUPT, "the picture can't be written as JPEG")
    compressed = CompressedImage(header=message.header, format='rgb8; jpeg compressed bgr8')
    compressed.data = packed.tobytes()
    return bytes(serialize_message(compressed))


def main(wanted: Wanted, ros_args: Sequence[str], say: Callable[[str], None]) -> int:
    """Record until interrupted, told to end, or the seconds are over; returns an exit status.

    Raises RecordingError when the file can't be made or the disk is full.
    """
    file = RecordingFile(wanted.path, library=f'robochat {installed_version()}'.strip())
    rclpy.init(args=['robochat', *ros_args])
    recorder = None
    try:
        recorder = Recorder(wanted, file)
        say(f'recording to {wanted.path}; Ctrl-C ends it')
        _spin(recorder, wanted.seconds)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(recorder, file, say)
    return 0


def _end(recorder: Recorder | None, file: RecordingFile, say: Callable[[str], None]) -> None:
    """Write what waits, close the file, and say what is in it; raises RecordingError."""
    if recorder is not None:
        recorder.spool.close()
    try:
        file.close()
    finally:
        if recorder is not None:
            _report(recorder, file, say)
            recorder.destroy_node()
        rclpy.try_shutdown()
    if recorder is not None and recorder.spool.failure is not None:
        raise RecordingError(str(recorder.spool.failure))


def _spin(recorder: Recorder, seconds: float | None) -> None:
    """Spin until the time is over or writing fails."""
    end_sec = time.monotonic() + seconds if seconds is not None else float('inf')
    while recorder.spool.failure is None and time.monotonic() < end_sec:
        rclpy.spin_once(recorder, timeout_sec=0.1)


def _report(recorder: Recorder, file: RecordingFile, say: Callable[[str], None]) -> None:
    """Say what was written and what was lost."""
    spool = recorder.spool
    say(f'{sum(spool.written.values())} messages, {file.size / 1e6:.2f} MB in {file.path}')
    for name, count in sorted(spool.dropped.items()):
        say(f'{name}: {count} messages dropped, because the disk is too slow')
    for name, count in sorted(recorder.lost.items()):
        say(f'{name}: {count} messages lost on the way')
    for problem in recorder.problems:
        say(problem)
    if recorder.bad_pictures:
        say(f'{recorder.bad_pictures} pictures could not be compressed')
    if not any(name.endswith('/tape') for name in spool.written):
        say('the node was not heard: is it running, in this ROS domain and under this name?')


def stderr(text: str) -> None:
    """Say something to the person at the terminal."""
    sys.stderr.write(f'{text}\n')
