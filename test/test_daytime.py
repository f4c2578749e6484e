"""The local time of day, real or pretended."""

import pytest
from robochat.daytime import day_clock


def test_pretended_time_goes_on_and_wraps_at_midnight():
    hour_at = day_clock('23:30', 100.0)
    assert hour_at(100.0) == pytest.approx(23.5)
    assert hour_at(100.0 + 3600) == pytest.approx(0.5)


def test_without_a_pretended_time_the_system_tells():
    assert 0 <= day_clock('', 0.0)(1.7e9) < 24


@pytest.mark.parametrize('text', ['25:00', 'noon', '12', '12:61'])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match='HH:MM'):
        day_clock(text, 0.0)
