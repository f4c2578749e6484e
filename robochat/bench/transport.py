"""How pictures travel between two processes with the shipped profile of Fast DDS.

A child publishes 640x480 rgb8 at 30 Hz, as a camera does; each picture carries its number and when
it left, by the clock that both processes share.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
import subprocess
import sys

from robochat.bench.rows import at_least, at_most, Row
from robochat.resources import dds_profile

RATE_HZ = 30.0
DOMAIN = '97'
LEAST_SHARE, MOST_P99_MS = 1.0, 10.0


def run(seconds: float) -> tuple[Row, ...]:
    """Send pictures for some seconds, and return the received share and the latencies."""
    from robochat.ros.transport import listen

    env = {
        **os.environ,
        **dds_profile(),
        'ROS_DOMAIN_ID': DOMAIN,
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }
    count = max(1, round(seconds * RATE_HZ))
    os.environ.update(env)  # this process takes the pictures
    with subprocess.Popen(
        [sys.executable, '-m', 'robochat.ros.transport', str(count)], env=env
    ) as camera:
        try:
            latencies = listen(count)
        finally:
            camera.terminate()
    return rows_of(latencies, count)


def rows_of(latencies_ms: Sequence[float], count: int) -> tuple[Row, ...]:
    """Sum up what came of `count` pictures."""
    ordered = sorted(latencies_ms)
    what = f'640x480 at {RATE_HZ:g} Hz between two processes'
    share = at_least(f'{what}: received', len(ordered) / count, 'share', LEAST_SHARE)
    if not ordered:
        return (share,)
    p50, p99 = (ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.5, 0.99))
    return share, Row(f'{what}: p50', p50, 'ms'), at_most(f'{what}: p99', p99, 'ms', MOST_P99_MS)
