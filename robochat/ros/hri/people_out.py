"""Publishes the people that our own eyes see, in the terms of REP-155.

Flow: `saw` keeps the newest observation of our camera; `tick` publishes who is in it: the lists of
persons and faces, which face is whose, how engaged each is, and what each face looks like.
Whoever only other nodes see is theirs to publish.

A list that another node publishes too is left to that node: two lists on one topic would make
people come and go with every message.

Threads: `saw` may be called from any thread; all else in the executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from robochat.ros import topics
from robochat.ros.hri import convert
from robochat.ros.hri.optional import required_type
from robochat.values import FaceObservation, Observation, Person, WorldView
from std_msgs.msg import String

TICK_SEC = 0.2
GONE_SEC = 2.0
KINDS = ('persons', 'faces')


class PeopleOut:
    """Publishers of the people that we see."""

    def __init__(
        self,
        node: Node,
        view: Callable[[float], WorldView],
        clock: Callable[[], float],
        limit: int,
    ) -> None:
        """Raises ImportError when hri_msgs is not installed."""
        self._node, self._view, self._clock, self._limit = node, view, clock, limit
        self._ids = required_type('hri_msgs/msg/IdsList')
        self._level = required_type('hri_msgs/msg/EngagementLevel')
        self._expression = required_type('hri_msgs/msg/Expression')
        self._lists: dict[str, Any] = {}
        self._publishers: dict[str, dict[str, Any]] = {}
        self._seen_sec: dict[str, float] = {}
        self._newest: Observation | None = None
        self._timer = node.create_timer(TICK_SEC, self.tick)

    def saw(self, observation: Observation) -> None:
        """Take what our own camera saw."""
        self._newest = observation

    def tick(self) -> None:
        """Publish who is in view; who is not any more leaves the lists and the graph."""
        now_sec = self._clock()
        newest, self._newest = self._newest, None
        faces = newest.faces if newest is not None else ()
        for face in faces:
            self._see(face.person, now_sec)
        self._drop_gone(now_sec)
        for kind in KINDS:
            self._publish_list(kind, now_sec)
        view = self._view(now_sec)
        for face in faces:
            if newest is not None and face.person in self._publishers:
                self._publish_one(face, view.person(face.person), newest.stamp_sec)

    def _see(self, name: str, now_sec: float) -> None:
        """Make the publishers of someone who is new, and say whose face it is."""
        if name not in self._publishers:
            if len(self._publishers) >= self._limit or not convert.is_id(name):
                return
            person, face = f'/humans/persons/{name}', f'/humans/faces/{name}'
            create = self._node.create_publisher
            self._publishers[name] = {
                'face_id': create(String, f'{person}/face_id', topics.LATCHED),
                'engagement': create(self._level, f'{person}/engagement_status', topics.RELIABLE),
                'expression': create(self._expression, f'{face}/expression', topics.RELIABLE),
            }
            self._publishers[name]['face_id'].publish(String(data=name))
        self._seen_sec[name] = now_sec

    def _drop_gone(self, now_sec: float) -> None:
        for name, seen_sec in list(self._seen_sec.items()):
            if not 0 <= now_sec - seen_sec <= GONE_SEC:
                del self._seen_sec[name]
                for publisher in self._publishers.pop(name).values():
                    self._node.destroy_publisher(publisher)

    def _publish_list(self, kind: str, now_sec: float) -> None:
        """Publish who is there, unless another node has such a list."""
        name = f'/humans/{kind}/tracked'
        ours = self._lists.get(kind)
        if self._node.count_publishers(name) > (ours is not None):
            if ours is not None:
                self._node.destroy_publisher(self._lists.pop(kind))
            return
        if ours is None:
            if not self._publishers:
                return
            ours = self._node.create_publisher(self._ids, name, topics.LATCHED)
            self._lists[kind] = ours
        ours.publish(convert.ids_to_msg(self._publishers, now_sec, self._ids))

    def _publish_one(self, face: FaceObservation, person: Person | None, stamp_sec: float) -> None:
        """Publish how engaged someone is, and a look that is certain."""
        publishers = self._publishers[face.person]
        if person is not None:
            message = convert.engagement_to_msg(person.engagement_state, stamp_sec, self._level)
            publishers['engagement'].publish(message)
        if face.emotion is not None and face.emotion.certain:
            message = convert.expression_to_msg(face.emotion, stamp_sec, self._expression)
            publishers['expression'].publish(message)

    def close(self) -> None:
        """Take everything off the graph."""
        self._node.destroy_timer(self._timer)
        owned = [p for each in self._publishers.values() for p in each.values()]
        for publisher in (*owned, *self._lists.values()):
            self._node.destroy_publisher(publisher)
