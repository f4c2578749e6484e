"""One camera at a time: whose pictures are taken when several nodes publish on one topic.

Two cameras that alternate would make people jump to and fro. The first one is kept until it is
silent; so a camera that was started again, and is another publisher now, is followed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any


class OneSource:
    """Keeps to one source until it was silent for `patience_sec`."""

    def __init__(self, patience_sec: float) -> None:
        self._patience_sec = patience_sec
        self._kept: Hashable = None
        self._last_sec: float | None = None

    def admits(self, source: Hashable, now_sec: float) -> bool:
        """Tell whether what comes from `source` now is taken."""
        if self._last_sec is not None and source != self._kept:
            silent_sec = now_sec - self._last_sec
            if 0 <= silent_sec <= self._patience_sec:  # negative: the clock jumped back
                return False
        self._kept, self._last_sec = source, now_sec
        return True


def source_of(message: Any, info: Mapping[str, Any]) -> Hashable:
    """Return who published a picture: the publisher's id, or the frame where rclpy has no id.

    rclpy tells the id from Kilted on; before, two cameras of one frame look like one.
    """
    gid = info.get('publisher_gid')
    return bytes(gid['data']) if gid else str(message.header.frame_id)
