"""The rows that every bench makes, and the file they are written to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import platform


@dataclass(frozen=True)
class Row:
    """One figure; `bar` is what it should reach (empty: for information), `ok` whether it did."""

    what: str
    value: float
    unit: str
    bar: str = ''
    ok: bool | None = None


def at_least(what: str, value: float, unit: str, bar: float) -> Row:
    """Make a row that should reach `bar`."""
    return Row(what, value, unit, f'>= {bar:g}', value >= bar)


def at_most(what: str, value: float, unit: str, bar: float) -> Row:
    """Make a row that should stay within `bar`."""
    return Row(what, value, unit, f'<= {bar:g}', value <= bar)


def machine() -> str:
    """Describe the machine: processor kind, cores that may be used, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    python = platform.python_version()
    return f'{platform.machine()}, {cores} cores, {platform.system()}, Python {python}'


def report(bench_name: str, rows: Iterable[Row], path: str | Path | None) -> None:
    """Write the rows as one JSON object, unless `path` is empty; folders are made."""
    if not path:
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {'bench': bench_name, 'machine': machine(), 'rows': [asdict(row) for row in rows]}
    target.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
