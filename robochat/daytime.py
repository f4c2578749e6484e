"""The local time of day, real or pretended."""

from __future__ import annotations

from collections.abc import Callable
import time


def day_clock(pretended: str, start_sec: float) -> Callable[[float], float]:
    """Return a function from seconds to the hour of the day, 0 to 24.

    `pretended` is HH:MM, the time of day at `start_sec`; empty asks the system's time zone about
    seconds since 1970. Raises ValueError when it is neither.
    """
    if not pretended:
        return _system_hour
    try:
        moment = time.strptime(pretended, '%H:%M')
    except ValueError as error:
        raise ValueError(
            f'engagement.local_time = {pretended!r}: must be HH:MM, such as 23:30, or empty'
        ) from error
    start_hour = moment.tm_hour + moment.tm_min / 60
    return lambda now_sec: (start_hour + (now_sec - start_sec) / 3600) % 24


def _system_hour(now_sec: float) -> float:
    local = time.localtime(now_sec)
    return local.tm_hour + local.tm_min / 60 + local.tm_sec / 3600
