"""The learned part of the decision: what it is made of, and what of it is refused."""

from dataclasses import replace
import json
import math

import pytest
from robochat.cues import candidates
from robochat.decision_model import (
    DecisionModel,
    DecisionModelError,
    FEATURES,
    features_of,
    load_decision_model,
)
from robochat.engagement import Engagement
from robochat.settings import EngagementSettings
from robochat.values import Event, EventKind, Trigger
from test_engagement import person, view

MODEL = DecisionModel(FEATURES, tuple(0.1 * n for n in range(len(FEATURES))), -1.0, 0.4, 'a test')
NEVER = DecisionModel(FEATURES, (0.0,) * len(FEATURES), -20.0)
ALWAYS = DecisionModel(FEATURES, (0.0,) * len(FEATURES), 20.0)


def greeting(seen):
    """The greeting that a view makes."""
    found = candidates(seen, EngagementSettings(), {})
    return next(c for c in found if c.trigger is Trigger.GREETING)


# ------------------------------------------------------------------ features
def test_every_feature_has_a_value_in_its_range():
    seen = view(person(approach_mps=1.2, with_others=0.3, distance_m=0.1), person('person_2'))
    values = features_of(greeting(seen), seen, 10.0)
    assert len(values) == len(FEATURES)
    assert all(-1.0 <= v <= 1.0 for v in values)
    named = dict(zip(FEATURES, values, strict=True))
    assert (named['approach'], named['is_greeting'], named['is_reply']) == (1.0, 1.0, 0.0)
    assert named['crowd'] == pytest.approx(0.2)


def test_what_is_unknown_or_no_number_is_in_the_middle_or_nothing():
    seen = view(person(distance_m=None, engagement=math.nan))
    named = dict(zip(FEATURES, features_of(greeting(seen), seen), strict=True))
    assert (named['near'], named['engagement'], named['lately']) == (0.5, 0.0, 0.0)


# ------------------------------------------------------------------ the file
def test_comes_back_from_its_file_exactly():
    assert DecisionModel.from_json(MODEL.to_json()) == MODEL


def test_a_score_of_one_half_stands_at_the_models_own_threshold():
    at = [0.0] * len(FEATURES)
    bias = math.log(0.4 / 0.6)
    assert replace(MODEL, bias=bias).probability(at) == pytest.approx(0.4)
    assert replace(MODEL, bias=bias).score(at) == pytest.approx(0.5)


@pytest.mark.parametrize(
    'text',
    [
        '',
        'no json',
        '[]',
        '{}',
        '[' * 100_000,
        json.dumps({'bias': 0, 'threshold': 0.5, 'weights': {}}),
        json.dumps({'bias': 0, 'threshold': 1.0, 'weights': {'value': 1}}),
        json.dumps({'bias': 0, 'threshold': 0.5, 'weights': {'value': 'much'}}),
        json.dumps({'bias': 0, 'threshold': 0.5, 'weights': [1, 2]}),
        '{"bias": NaN, "threshold": 0.5, "weights": {"value": 1}}',
        '{"bias": 0, "threshold": 0.5, "weights": {"value": Infinity}}',
    ],
)
def test_refuses_what_is_no_model(text):
    with pytest.raises(DecisionModelError):
        DecisionModel.from_json(text)


def test_refuses_a_model_over_other_features(tmp_path):
    path = tmp_path / 'old.json'
    path.write_text(DecisionModel(('value', 'charm'), (1.0, 1.0), 0.0).to_json())
    with pytest.raises(DecisionModelError, match=r'charm.*robochat learn'):
        load_decision_model(path)


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(DecisionModelError, match='nowhere'):
        load_decision_model(tmp_path / 'nowhere.json')


def test_the_shipped_weights_go_in_the_directions_that_their_names_say():
    model = load_decision_model()
    named = dict(zip(model.features, model.weights, strict=True))
    assert named['company'] < 0 < named['engagement']
    assert min(named['value'], named['meant'], named['near']) > 0


# ------------------------------------------------------------------ in the policy
def test_the_model_decides_and_its_numbers_are_told():
    decision = Engagement(EngagementSettings(), ALWAYS).decide(view(person()))
    assert decision.speak
    assert decision.trigger is Trigger.GREETING
    assert [name for name, _ in decision.features] == list(FEATURES)
    assert dict(decision.weights) == dict(zip(FEATURES, ALWAYS.weights, strict=True))


def test_the_model_keeps_silent_where_the_rule_would_speak():
    decision = Engagement(EngagementSettings(), NEVER).decide(view(person()))
    assert not decision.speak
    assert 'not worth an interruption' in decision.reason
    assert decision.features


def test_no_model_keeps_a_hazard_back():
    fire = Event(EventKind.HAZARD, 'fire_1', 99.8, 'fire')
    decision = Engagement(EngagementSettings(), NEVER).decide(view(person(), events=(fire,)))
    assert (decision.speak, decision.features) == (True, ())


def test_no_model_outvotes_a_veto():
    for settings in ({'do_not_disturb': True}, {'proactive': False}):
        policy = Engagement(replace(EngagementSettings(), **settings), ALWAYS)
        assert not policy.decide(view(person())).speak
    assert not Engagement(EngagementSettings(), ALWAYS).decide(view(person(), hour=23.0)).speak
