"""Child processes that always end: interrupted, then terminated, then killed, group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import signal
import subprocess
from types import TracebackType

GRACE_SEC = 4.0


class Child:
    """A process in a group of its own; leaving the `with` block ends it."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path | None = None
    ) -> None:
        self.name = name
        self.log = log
        output = log.open('wb') if log else subprocess.DEVNULL
        self._process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def status(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._process.poll()

    def end(self) -> int:
        """End the process and return its exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            self._signal(number)
            try:
                self._process.wait(GRACE_SEC)
            except subprocess.TimeoutExpired:
                continue
        return self._process.wait(GRACE_SEC)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def last_words(self, lines: int = 15) -> str:
        """The end of the log, for an error message."""
        if self.log is None or not self.log.is_file():
            return ''
        text = self.log.read_text(encoding='utf-8', errors='replace')
        return '\n'.join(text.splitlines()[-lines:])
