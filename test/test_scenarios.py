"""Every shipped scenario, from pixels to utterance or silence, ends as its file expects."""

from __future__ import annotations

from offline import Offline
import pytest

pytest.importorskip('mujoco', reason='the simulator is not installed')

from robochat_sim.expectations import judge
from robochat_sim.scenario import load_scenario, scenario_names


@pytest.mark.parametrize('name', scenario_names())
def test_ends_as_its_file_expects(name):
    played = Offline(name).run()
    verdicts = judge(played.scenario.expect, played.events)
    assert all(v.ok for v in verdicts), '\n'.join(v.text for v in verdicts if not v.ok)


def test_at_least_a_third_of_the_scenarios_expect_silence():
    silent = [name for name in scenario_names() if load_scenario(name).expects_silence]
    assert len(silent) * 3 >= len(scenario_names())
