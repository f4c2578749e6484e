"""A node that writes down what robochat publishes, as the JSON lines that the commands print."""

from __future__ import annotations

from collections.abc import Callable
import json
import math
from typing import Any

from rclpy.context import Context
from rclpy.node import Node
from robochat.ros import topics
from robochat.ros.topics import Topic
from std_msgs.msg import String

KINDS = {
    'utterance': topics.UTTERANCE,
    'plan': topics.PLAN,
    'plan_status': topics.PLAN_STATUS,
    'refusal': topics.REFUSAL,
    'decision': topics.DECISION,
    'hush': topics.HUSH,
    'turn': topics.TURN,
    'emotions': topics.EMOTIONS,
    'scene': topics.SCENE,
}
Event = dict[str, Any]


class Listener(Node):
    """Calls `on_event` with every message as a dict with `t`, `kind`, `stamp` and the fields."""

    def __init__(
        self,
        on_event: Callable[[Event], None],
        robot: str = 'robochat',
        context: Context | None = None,
    ) -> None:
        super().__init__('robochat_listener', context=context)
        self._on_event = on_event
        self._started_sec: float | None = None
        self._simulated = False
        for kind, topic in KINDS.items():
            self._listen(kind, Topic(topic.name.replace('~', robot), topic.kind, topic.qos))
        self._listen('speech', topics.SPEECH)
        self.create_subscription(
            topics.DIAGNOSTICS.kind, topics.DIAGNOSTICS.name, self._on_diagnostics, topics.RELIABLE
        )
        self.create_subscription(String, 'sim/truth', self._on_truth, topics.RELIABLE)

    def now_sec(self) -> float:
        """Seconds of the node's clock."""
        return float(self.get_clock().now().nanoseconds) * 1e-9

    def _since_start(self, stamp_sec: float) -> float:
        """Seconds since the simulator's first word, or since the first message of any kind."""
        if self._started_sec is None:
            self._started_sec = stamp_sec
        return round(stamp_sec - self._started_sec, 3)

    def _listen(self, kind: str, topic: Topic) -> None:
        def heard(message: Any) -> None:
            self._on_event(self._event(kind, message))

        self.create_subscription(topic.kind, topic.name, heard, topic.qos)

    def _event(self, kind: str, message: Any) -> Event:
        """Flatten a message: the header becomes a stamp on the listener's time line."""
        fields = jsonable(message)
        header = fields.pop('header', None)
        event: Event = {'t': self._since_start(self.now_sec()), 'kind': kind}
        if header:
            event['stamp'] = self._since_start(_seconds(header['stamp']))
        if 'onset' in fields:
            onset_sec = _seconds(fields['onset'])
            fields['onset'] = self._since_start(onset_sec) if onset_sec > 0 else None
        if kind == 'speech':
            fields = {'text': fields['data']}
        if kind == 'hush':
            fields = {'utterance': fields['data']}
        return {**event, **fields}

    def _on_diagnostics(self, message: Any) -> None:
        """Keep rates, latencies and drops of the stages, by stage and name."""
        stages = {
            status.name.split(': ')[-1]: {pair.key: pair.value for pair in status.values}
            for status in message.status
        }
        t = self._since_start(self.now_sec())
        self._on_event({'t': t, 'kind': 'diagnostics', 'stages': stages})

    def _on_truth(self, message: Any) -> None:
        """The simulator's truth is JSON already; its first word starts the clock."""
        if not self._simulated:
            self._simulated = True
            self._started_sec = None
        truth = json.loads(message.data)
        self._on_event({**truth, 't': self._since_start(self.now_sec()), 'kind': 'truth'})


def _seconds(stamp: dict[str, int]) -> float:
    """Seconds of a stamp that was made jsonable."""
    return stamp['sec'] + stamp['nanosec'] * 1e-9


def jsonable(value: Any) -> Any:
    """Turn a message into what JSON can say; numbers that aren't finite become null."""
    if hasattr(value, 'get_fields_and_field_types'):
        return {
            name: jsonable(getattr(value, name)) for name in value.get_fields_and_field_types()
        }
    if hasattr(value, 'tolist'):
        value = value.tolist()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, str | int | bool) or value is None:
        return value
    return [jsonable(v) for v in value]
