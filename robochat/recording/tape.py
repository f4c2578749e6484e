"""The tape: every call that the pipeline took, in the order in which its lock let them in.

Flow: `taped` marks the methods of the pipeline that change or judge its world. Each call is noted
with its arguments, so that the same calls on a new pipeline give the same decisions
(event sourcing). Pictures are left out, and a turn is noted by its id.

Threads: `note` is called under the pipeline's lock, `drain` from any one thread. Nobody waits;
when nobody drains, the oldest calls go, and the gap in the numbers tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import functools
import inspect
import threading
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from robochat.values import Frame, Turn

MOST_WAITING = 2000


@dataclass(frozen=True)
class Call:
    """One call: `number` counts from 1 in the life of a pipeline, `hour` is the local time then.

    `result` is kept for those calls whose answer is a decision or a turn.
    """

    number: int
    name: str
    arguments: tuple[Any, ...]
    hour: float = 12.0
    result: Any = None


class Tape:
    """Keeps the newest calls until somebody takes them."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._calls: deque[Call] = deque(maxlen=most)
        self._number = 0

    def note(self, name: str, arguments: tuple[Any, ...], hour: float, result: Any) -> None:
        """Note a call that was made."""
        self._number += 1
        light = tuple(_light(value) for value in arguments)
        kept = _light(result) if name in ANSWERED else None
        self._calls.append(Call(self._number, name, light, hour, kept))

    def drain(self) -> tuple[Call, ...]:
        """Return the calls since the last time, the oldest first."""
        return tuple(self._calls.popleft() for _ in range(len(self._calls)))


ANSWERED = ('decide', 'task', 'question')


@dataclass(frozen=True)
class TurnId:
    """Stands on the tape for a turn."""

    id: str


def _light(value: Any) -> Any:
    """Leave out pictures, which are large, and show faces."""
    if isinstance(value, Turn):
        return TurnId(value.id)
    if isinstance(value, Frame):
        return None
    return tuple(_light(v) for v in value) if isinstance(value, tuple) else value


class HasTape(Protocol):
    """What `taped` methods belong to; `hour` is that of the newest view."""

    lock: threading.Lock
    tape: Tape
    hour: float


Owner = TypeVar('Owner', bound=HasTape)
Params = ParamSpec('Params')
Result = TypeVar('Result')


def taped(
    method: Callable[Concatenate[Owner, Params], Result],
) -> Callable[Concatenate[Owner, Params], Result]:
    """Run a method under its owner's lock, and note the call on the owner's tape."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def locked(self: Owner, /, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        with self.lock:
            result = method(self, *args, **kwargs)
            given = signature.bind(self, *args, **kwargs).args[1:] if kwargs else args
            self.tape.note(method.__name__, given, self.hour, result)
            return result

    locked.is_taped = True  # type: ignore[attr-defined]
    return locked
