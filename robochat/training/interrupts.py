"""Interrupts that wait until a step is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collect interrupts instead of being ended by the first; the second does end."""
    caught: list[int] = []

    def note(number: int, _: object) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    try:
        before = {n: signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: whoever started it handles interrupts
        yield caught
        return
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
