"""How the stages are doing, as numbers and as `/diagnostics` (REP-107).

*Threads*: a StageMeter is written by its stage's thread and read by the node's; a lock guards it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
import threading

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from robochat.ros import fields

MAX_SAMPLES = 1024
MAX_REASONS = 32


@dataclass(frozen=True)
class StageReport:
    """The last seconds of one stage; latencies are None when it hasn't run in them."""

    name: str
    rate_hz: float
    p50_sec: float | None
    p99_sec: float | None
    runs: int
    drops: tuple[tuple[str, int], ...]
    last_error: str
    last_error_age_sec: float | None
    stale: bool


class StageMeter:
    """Rate, latency, drops and the last error of one stage, over a window of time.

    `expected_sec` is the longest healthy time between two runs; None for a stage that runs on
    demand and is never stale.
    """

    def __init__(
        self, name: str, window_sec: float = 10.0, expected_sec: float | None = None
    ) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._window_sec = window_sec
        self._expected_sec = expected_sec
        self._samples: deque[tuple[float, float]] = deque(maxlen=MAX_SAMPLES)
        self._drops: Counter[str] = Counter()
        self._runs = 0
        self._error = ''
        self._error_sec: float | None = None
        self._last_sec: float | None = None

    def ran(self, now_sec: float, latency_sec: float) -> None:
        """Count a run that ended now."""
        with self._lock:
            self._samples.append((now_sec, max(0.0, latency_sec)))
            self._runs += 1
            self._last_sec = now_sec

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count something that was thrown away; reasons beyond the first few are pooled."""
        with self._lock:
            known = reason in self._drops or len(self._drops) < MAX_REASONS
            self._drops[reason if known else 'other'] += count

    def failed(self, now_sec: float, error: str) -> None:
        """Keep an error as the last one."""
        with self._lock:
            self._error = error
            self._error_sec = now_sec

    def report(self, now_sec: float) -> StageReport:
        """Sum up the window that ends now."""
        with self._lock:
            return self._report(now_sec)

    def _report(self, now_sec: float) -> StageReport:
        """Sum up while the lock is held."""
        recent = [s for s in self._samples if now_sec - s[0] <= self._window_sec]
        latencies = sorted(latency for _, latency in recent)
        return StageReport(
            name=self.name,
            rate_hz=_rate([at for at, _ in recent]),
            p50_sec=quantile(latencies, 0.5),
            p99_sec=quantile(latencies, 0.99),
            runs=self._runs,
            drops=tuple(sorted(self._drops.items())),
            last_error=self._error,
            last_error_age_sec=None if self._error_sec is None else now_sec - self._error_sec,
            stale=self._is_stale(now_sec),
        )

    def _is_stale(self, now_sec: float) -> bool:
        """Tell whether a stage that should run by itself has stopped."""
        if self._expected_sec is None:
            return False
        return self._last_sec is None or now_sec - self._last_sec > self._expected_sec


class Throttle:
    """Lets a warning through once per interval and key, and counts the ones between."""

    def __init__(self, interval_sec: float = 5.0) -> None:
        self._interval_sec = interval_sec
        self._last_sec: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def admit(self, key: str, now_sec: float) -> int | None:
        """Return how many were held back since the last one, or None to hold this one back too.

        A clock that jumps backward lets the next warning through.
        """
        last_sec = self._last_sec.get(key)
        if last_sec is not None and 0 <= now_sec - last_sec < self._interval_sec:
            self._held[key] += 1
            return None
        self._last_sec[key] = now_sec
        return self._held.pop(key, 0)


def quantile(ordered: list[float], part: float) -> float | None:
    """Return the nearest-rank quantile of sorted numbers; None when there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _rate(times_sec: list[float]) -> float:
    """Runs in a second between the first and the last of the window."""
    if len(times_sec) < 2 or times_sec[-1] <= times_sec[0]:
        return 0.0
    return (len(times_sec) - 1) / (times_sec[-1] - times_sec[0])


def diagnostics_to_msg(
    reports: Iterable[StageReport],
    stamp_sec: float,
    node: str = 'robochat',
    extra: Iterable[tuple[str, str]] = (),
    fault: str = '',
) -> DiagnosticArray:
    """Write a status for every stage and, first, one for the node with its `extra` values.

    `fault` says why the node as a whole does nothing, where that is so: an error.
    """
    statuses = [_stage_status(report, node) for report in reports]
    worst = max(statuses, key=lambda s: bytes(s.level), default=None)
    summary = DiagnosticStatus(
        name=f'{node}: node',
        level=worst.level if worst else DiagnosticStatus.OK,
        message=worst.message if worst else 'no stage runs',
        values=[_pair(key, value) for key, value in extra],
    )
    if fault:
        summary.level, summary.message = DiagnosticStatus.ERROR, fields.text(fault)
    return DiagnosticArray(header=fields.header(stamp_sec), status=[summary, *statuses])


def _stage_status(report: StageReport, node: str) -> DiagnosticStatus:
    """Write the status of one stage: stale, warned of a recent error, or fine."""
    level, message = _verdict(report)
    return DiagnosticStatus(
        name=f'{node}: {report.name}',
        level=level,
        message=fields.text(message),
        values=[
            _pair('rate (Hz)', f'{report.rate_hz:.2f}'),
            _pair('latency p50 (ms)', _milliseconds(report.p50_sec)),
            _pair('latency p99 (ms)', _milliseconds(report.p99_sec)),
            _pair('runs', str(report.runs)),
            *(_pair(f'dropped: {reason}', str(count)) for reason, count in report.drops),
            _pair('last error', report.last_error or 'none'),
        ],
    )


def _verdict(report: StageReport) -> tuple[bytes, str]:
    """Choose level and message; an error counts for a minute."""
    if report.stale:
        return DiagnosticStatus.STALE, f'{report.name} does not run'
    age_sec = report.last_error_age_sec
    if age_sec is not None and age_sec < 60.0:
        return DiagnosticStatus.WARN, f'{age_sec:.0f} s ago: {report.last_error}'
    return DiagnosticStatus.OK, f'{report.name} runs at {report.rate_hz:.1f} Hz'


def _milliseconds(seconds: float | None) -> str:
    """Write a latency."""
    return 'unknown' if seconds is None else f'{seconds * 1e3:.2f}'


def _pair(key: str, value: str) -> KeyValue:
    """Write one value."""
    return KeyValue(key=fields.text(key), value=fields.text(value))
