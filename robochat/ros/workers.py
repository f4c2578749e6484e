"""Worker threads with a mailbox for one item: the newest wins, nobody ever waits.

Threads: `submit` is called from anywhere and returns at once; `work` runs on the worker's own
thread.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import sys
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Worker(Generic[Item]):
    """Runs `work` on the newest item; those that come too fast are dropped and counted.

    A worker with some `niceness` leaves the processor to the others first.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Item], None],
        failed: Callable[[Exception], None],
        niceness: int = 0,
    ) -> None:
        self._work = work
        self._failed = failed
        self._niceness = niceness
        self._fresh = threading.Condition()
        self._item: Item | None = None
        self._running = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> bool:
        """Leave an item for the worker; false when it replaced one that was still waiting."""
        with self._fresh:
            replaced = self._item is not None
            self.dropped += replaced
            self._item = item
            self._fresh.notify()
        return not replaced

    def stop(self, timeout_sec: float = 1.0) -> bool:
        """End the thread after the item in work; true when it ended in time."""
        with self._fresh:
            self._running = False
            self._item = None
            self._fresh.notify()
        self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if self._niceness and sys.platform == 'linux':  # where niceness belongs to the thread
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while (item := self._next()) is not None:
            try:
                self._work(item)
            except Exception as error:  # the edge: a stage that fails must not end the node
                self._failed(error)

    def _next(self) -> Item | None:
        """Wait for an item; None means stop."""
        with self._fresh:
            while self._running and self._item is None:
                self._fresh.wait()
            item, self._item = self._item, None
            return item if self._running else None
