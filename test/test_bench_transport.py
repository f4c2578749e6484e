"""The bench of picture transport: its sums, and that it measures something."""

from __future__ import annotations

import os

import pytest
from robochat.bench import transport


def ok(rows):
    return {row.what.rpartition(': ')[2]: row.ok for row in rows}


def test_all_pictures_in_time_reach_the_bars():
    assert ok(transport.rows_of([2.0] * 300, 300)) == {'received': True, 'p50': None, 'p99': True}


def test_one_lost_picture_misses_the_bar():
    assert ok(transport.rows_of([2.0] * 299, 300))['received'] is False


def test_late_pictures_miss_the_bar():
    rows = transport.rows_of([2.0] * 290 + [40.0] * 10, 300)
    assert ok(rows)['p99'] is False and rows[1].value == 2.0


def test_no_picture_at_all_is_a_miss_and_no_latency():
    (row,) = transport.rows_of([], 300)
    assert row.ok is False and row.value == 0.0


@pytest.mark.ros
def test_pictures_travel(ros_domain, monkeypatch):
    monkeypatch.setattr(transport, 'DOMAIN', str(ros_domain))
    before = dict(os.environ)
    rows = transport.run(2.0)
    assert rows[0].value > 0.5 and rows[1].value > 0.0
    os.environ.clear()
    os.environ.update(before)
