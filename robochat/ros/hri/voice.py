"""Has words said by an action instead of a topic: ROS4HRI's Say, or TTS.

Flow: `say` queues an utterance from any thread and wakes the executor, which sends the goal; newer
words, a `Hush` and the node's end cancel it. Where nobody offers the action, the words go to the
topic after all, counted as a fault, so that none is lost.

Threads: `say` and `hush` may be called from any thread; all else runs in the executor, and nothing
waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import queue
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action.client import ActionClient
from rclpy.node import Node
from robochat.ros import fields
from robochat.ros.diagnostics import StageMeter
from robochat.ros.hri.optional import required_type
from robochat.values import Hush, Utterance

ACTIONS = {
    'say': ('communication_skills/action/Say', '/skill/say'),
    'tts': ('tts_msgs/action/TTS', '/tts_engine/tts'),
}
CANCELLED = (GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_CANCELING)


@dataclass
class _Saying:
    """Words on their way; `handle` is None until the server took them."""

    utterance: str
    started_sec: float
    handle: Any = None
    unwanted: bool = False


class Voice:
    """The client of one action that speaks."""

    def __init__(
        self,
        node: Node,
        outlet: str,
        action: str,
        clock: Callable[[], float],
        unsaid: Callable[[Utterance, str], None],
    ) -> None:
        """Raises ImportError when the action's package is not installed.

        `outlet` is `say` or `tts`; `unsaid` takes words that nobody says, and why.
        """
        type_name, usual_name = ACTIONS[outlet]
        kind = required_type(type_name)
        self._node, self._clock, self._unsaid = node, clock, unsaid
        self._name = action or usual_name
        self._goal_of = {'say': _say_goal, 'tts': _tts_goal}[outlet]
        self._kind = kind
        self.meter = StageMeter('voice')
        self._client: Any = ActionClient(node, kind, self._name)
        self._waiting: queue.SimpleQueue[Utterance | Hush] = queue.SimpleQueue()
        self._saying: _Saying | None = None
        self._wake = node.create_guard_condition(self._work)

    def say(self, utterance: Utterance) -> None:
        """Have words said, instead of those that are on their way."""
        self._waiting.put(utterance)
        self._wake.trigger()

    def hush(self, hush: Hush) -> None:
        """Stop the words that a person talks over."""
        self._waiting.put(hush)
        self._wake.trigger()

    def _work(self) -> None:
        """Carry out what waits."""
        while not self._waiting.empty():
            item = self._waiting.get()
            if isinstance(item, Utterance):
                self._send(item)
            elif self._saying is not None and item.utterance in ('', self._saying.utterance):
                self._stop()

    def _send(self, utterance: Utterance) -> None:
        """Send a goal, or give the words back when nobody takes goals."""
        self._stop()
        if not self._client.server_is_ready():
            self._fault(f'no node offers the action {self._name}', utterance)
            return
        saying = self._saying = _Saying(utterance.id, self._clock())
        goal = self._goal_of(self._kind.Goal(), utterance)
        future = self._client.send_goal_async(goal)
        future.add_done_callback(lambda done: self._answered(saying, utterance, done.result()))

    def _answered(self, saying: _Saying, utterance: Utterance, handle: Any) -> None:
        """Wait for the result of a goal that was taken; stop one that is no longer wanted."""
        if not handle.accepted:
            self._over(saying)
            if not saying.unwanted:
                self._fault(f'{self._name} refused the words', utterance)
            return
        saying.handle = handle
        if saying.unwanted:
            handle.cancel_goal_async()
        handle.get_result_async().add_done_callback(
            lambda done: self._ended(saying, done.result())
        )

    def _ended(self, saying: _Saying, response: Any) -> None:
        self._over(saying)
        now_sec = self._clock()
        if response.status == GoalStatus.STATUS_SUCCEEDED:
            self.meter.ran(now_sec, now_sec - saying.started_sec)
        elif saying.unwanted or response.status in CANCELLED:
            self.meter.dropped('cut short')
        else:
            self.meter.dropped('failed')
            self.meter.failed(now_sec, f'{self._name} failed: {_complaint(response)}')

    def _over(self, saying: _Saying) -> None:
        if self._saying is saying:
            self._saying = None

    def _stop(self) -> None:
        """Cancel what is being said, as soon as there is something to cancel."""
        saying, self._saying = self._saying, None
        if saying is not None:
            saying.unwanted = True
            if saying.handle is not None:
                saying.handle.cancel_goal_async()

    def _fault(self, why: str, utterance: Utterance) -> None:
        self.meter.dropped(why)
        self.meter.failed(self._clock(), why)
        self._unsaid(utterance, why)

    def close(self) -> None:
        """Stop, and take the client off the graph."""
        self._stop()
        self._node.destroy_guard_condition(self._wake)
        self._client.destroy()


def _say_goal(goal: Any, utterance: Utterance) -> Any:
    """Fill in what Say has, older versions without `meta` or `person_id` included."""
    if hasattr(goal, 'meta'):
        goal.meta.caller = 'robochat'
        goal.meta.priority = fields.byte(utterance.priority)
    if hasattr(goal, 'person_id'):
        goal.person_id = fields.label(utterance.addressee)
    goal.input = fields.text(utterance.text)
    return goal


def _tts_goal(goal: Any, utterance: Utterance) -> Any:
    """Fill in a TTS goal."""
    goal.input, goal.locale = fields.text(utterance.text), fields.label(utterance.language)
    return goal


def _complaint(response: Any) -> str:
    """What a result says about a failure; Say has it one level further in."""
    result = getattr(response.result, 'result', response.result)
    return str(getattr(result, 'error_msg', '')) or f'status {response.status}'
