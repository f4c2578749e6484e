"""Subscriptions that come and go with the ids of a `tracked` list.

Flow: a list names the ids of one kind (`persons`, `faces`, `voices`); `tick` subscribes to the
topics of new ids and unsubscribes from those that have been off the list for a while, for lists
flicker. What ids there are at once, and how many are new at once, is bounded.

Threads: everything in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from robochat.ros import topics
from robochat.ros.hri import convert

GRACE_SEC = 1.0
NEW_AT_ONCE = 8


@dataclass(frozen=True)
class Input:
    """One topic below each id, and what takes its messages."""

    name: str
    kind: type[Any]
    qos: QoSProfile
    take: Callable[[str, Any], None]


class Tracked:
    """The ids of one kind that other nodes track, each with its subscriptions."""

    def __init__(  # noqa: PLR0913  a name, a type, a bound, and whom to tell
        self,
        node: Node,
        kind: str,
        list_type: type[Any],
        inputs: tuple[Input, ...],
        *,
        limit: int,
        is_ours: Callable[[str], bool],
        dropped: Callable[[str, int], None],
    ) -> None:
        self._node = node
        self._folder = f'/humans/{kind}'
        self._kind = kind
        self._inputs = inputs
        self._limit = limit
        self._is_ours = is_ours
        self._dropped = dropped
        self._listed: tuple[str, ...] = ()
        self._listed_sec: dict[str, float] = {}
        self._subscriptions: dict[str, list[Any]] = {}
        self.heard_of = False
        # Some publish the list with every picture, others only when it changes, latched.
        self._lists = [
            node.create_subscription(list_type, f'{self._folder}/tracked', self._on_list, qos)
            for qos in (topics.NEWEST_PICTURE, topics.LATCHED)
        ]

    @property
    def ids(self) -> tuple[str, ...]:
        """Who is subscribed to, those that are gone for a moment included."""
        return tuple(self._subscriptions)

    def _on_list(self, message: Any) -> None:
        """Take a list of another node; our own comes back as well."""
        ids, bad = convert.ids_from_msg(message, self._limit)
        if bad:
            self._dropped(f'{self._kind} ids that are too many or no ids', bad)
        theirs = tuple(name for name in ids if not self._is_ours(name))
        if theirs or not ids:
            self._listed = theirs
            self.heard_of = self.heard_of or bool(theirs)

    def tick(self, now_sec: float) -> tuple[str, ...]:
        """Follow the list; returns who is gone now."""
        self._listed_sec.update(dict.fromkeys(self._listed, now_sec))
        gone = tuple(
            name
            for name, listed_sec in self._listed_sec.items()
            if not 0 <= now_sec - listed_sec <= GRACE_SEC
        )
        for name in gone:
            del self._listed_sec[name]
            self._unsubscribe(name)
        fresh = [name for name in self._listed if name not in self._subscriptions]
        room = self._limit - len(self._subscriptions)
        for name in fresh[: min(NEW_AT_ONCE, max(0, room))]:
            self._subscribe(name)
        return gone

    def _subscribe(self, name: str) -> None:
        def taker(item: Input) -> Callable[[Any], None]:
            def take(message: Any) -> None:
                if name in self._subscriptions:  # one that was on its way may come after the end
                    item.take(name, message)

            return take

        self._subscriptions[name] = [
            self._node.create_subscription(
                item.kind, f'{self._folder}/{name}/{item.name}', taker(item), item.qos
            )
            for item in self._inputs
        ]

    def _unsubscribe(self, name: str) -> None:
        for subscription in self._subscriptions.pop(name, ()):
            self._node.destroy_subscription(subscription)

    def close(self) -> None:
        """Take everything off the graph."""
        for name in self.ids:
            self._unsubscribe(name)
        for subscription in self._lists:
            self._node.destroy_subscription(subscription)
