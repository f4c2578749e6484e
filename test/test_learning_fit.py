"""Refitting the decision model: what it learns, what it refuses, and the way back."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest
from robochat import cli
from robochat.decision_model import DecisionModel, FEATURES, load_decision_model
from robochat.learning import versions
from robochat.learning.fit import _prior, FitError, FitSettings, Refit, refit, usable
from robochat.learning.log import Journal
from robochat.learning.measures import _auc, linear, Rows
from robochat.learning.outcomes import Outcome, Reaction
from robochat.learning.versions import VersionError
from robochat.settings import LearningSettings
from robochat.values import Trigger

pytest.importorskip('sklearn', reason='the extra learn is not installed')

WEIGHTS = {'value': 3.0, 'engagement': 3.0, 'facing': 1.5, 'near': 1.0, 'company': -4.0}
SHIPPED = DecisionModel(FEATURES, tuple(WEIGHTS.get(n, 0.2) for n in FEATURES), -3.5, 0.5, 'test')
NEAR = FEATURES.index('near')
SPACE = _prior(SHIPPED, FitSettings(seed=50)).x[:500]


def outcomes(count: int, welcome, odd: float = 0.1) -> list[Outcome]:
    """Openings that the shipped model makes, welcome as a rule says but for some odd ones."""
    random = np.random.default_rng(3)
    made = SPACE[linear(SHIPPED, SPACE) > 0]
    found = []
    for number in range(count):
        features = tuple(zip(FEATURES, map(float, made[number % len(made)]), strict=True))
        good = bool(welcome(dict(features))) != (random.random() < odd)
        reaction = Reaction.ANSWERED if good else Reaction.TURNED_AWAY
        found.append(Outcome(f'turn_{number}', 0.0, Trigger.HELP, features, 0.7, reaction))
    return found


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch) -> None:
    """Ship the weights above, so that no test depends on those that were fitted last."""
    path = tmp_path / 'shipped.json'
    path.write_text(SHIPPED.to_json())
    monkeypatch.setattr('robochat.decision_model.model_path', lambda name: path)


def likes_it_near(features):
    return features['near'] > 0.5


def agreement(found: Refit) -> float:
    """In how much of the space both models decide alike."""
    return float(np.mean((linear(found.after, SPACE) >= 0) == (linear(SHIPPED, SPACE) >= 0)))


def measure(found: Refit, name: str):
    return next(m for m in found.measures if m.name == name)


# ------------------------------------------------------------------ what it learns
def test_it_learns_what_people_like_and_is_better_on_outcomes_it_had_not_seen():
    found = refit(outcomes(200, likes_it_near), SHIPPED)
    assert found.after.weights[NEAR] > SHIPPED.weights[NEAR] + 1
    assert found.is_better
    assert measure(found, 'log loss').change.high < 0
    assert measure(found, 'AUC').after.low > measure(found, 'AUC').before.value
    assert found.dropped_unwelcome > 3 * found.dropped_welcome
    assert found.after.threshold == SHIPPED.threshold


def test_a_few_odd_outcomes_do_not_wreck_it():
    found = refit(outcomes(25, lambda _: False, odd=0.25), SHIPPED)
    assert agreement(found) > 0.9


def test_with_many_more_it_follows_the_people():
    found = refit(outcomes(600, lambda _: False, odd=0.1), SHIPPED)
    made = linear(SHIPPED, SPACE) > 0
    assert np.mean(linear(found.after, SPACE[made]) > 0) < 0.2


def test_what_outcomes_agree_with_hardly_changes():
    found = refit(outcomes(60, lambda f: f['company'] < 0.3, odd=0.0), SHIPPED)
    assert agreement(found) > 0.85


def test_a_model_that_was_right_already_is_not_called_surely_better():
    random = np.random.default_rng(5)

    def as_expected(features):
        return random.random() < SHIPPED.probability([features[n] for n in FEATURES])

    change = measure(refit(outcomes(150, as_expected, odd=0.0), SHIPPED), 'log loss').change
    assert change.high > 0
    assert abs(change.value) < 0.05


def test_explicit_ratings_count_more_than_signs():
    signs = outcomes(60, likes_it_near, odd=0.0)
    rated = [replace(o, rating=1 if o.features[NEAR][1] < 0.5 else -1) for o in signs[:25]]
    found = refit([*signs[25:], *rated], SHIPPED)
    assert found.explicit == 25
    assert found.after.weights[NEAR] < SHIPPED.weights[NEAR]


def test_the_same_outcomes_give_the_same_weights():
    found = [refit(outcomes(40, likes_it_near), SHIPPED) for _ in range(2)]
    assert found[0] == found[1]


def test_the_auc_is_the_one_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    y = (random.random(60) > 0.4).astype(float)
    p, weight = np.round(random.random(60), 1), random.choice([1.0, 3.0], 60)
    ours = _auc(Rows(p[:, None], y, weight), p, 0.5)
    assert ours == pytest.approx(roc_auc_score(y, p, sample_weight=weight))


# ------------------------------------------------------------------ what it refuses
def test_too_few_outcomes_are_refused_with_their_number():
    with pytest.raises(FitError, match=r'12 usable outcomes .* at least 20'):
        refit(outcomes(12, likes_it_near), SHIPPED)


def test_outcomes_of_one_kind_only_are_refused():
    with pytest.raises(FitError, match=r'\(40 welcome, 0 unwelcome\)'):
        refit(outcomes(40, lambda _: True, odd=0.0), SHIPPED)


def test_outcomes_that_say_nothing_or_have_other_features_are_not_used():
    good = outcomes(3, likes_it_near)
    silent = replace(good[0], reaction=Reaction.NOTHING)
    older = replace(good[0], features=(('old_feature', 1.0),))
    assert usable([*good, silent, older, replace(silent, rating=0)], FEATURES) == tuple(good)


# ------------------------------------------------------------------ versions
def test_without_a_file_of_the_user_the_shipped_model_is_in_use(tmp_path):
    settings = LearningSettings(model_file=str(tmp_path / 'none.json'))
    model, warning = versions.model_in_use(settings)
    assert model == load_decision_model() and 'not there' in warning


@pytest.mark.parametrize('text', ['', '{}', '{"weights": {"x": NaN}}', '{"weights": 3}'])
def test_a_broken_file_of_the_user_is_a_warning_and_the_shipped_model(tmp_path, text):
    path = tmp_path / 'decision.json'
    path.write_text(text)
    model, warning = versions.model_in_use(LearningSettings(model_file=str(path)))
    assert model == load_decision_model() and str(path) in warning


def test_what_was_applied_is_in_use_and_every_step_can_be_taken_back(tmp_path):
    path = tmp_path / 'new' / 'decision.json'
    settings = LearningSettings(model_file=str(path))
    models = [replace(SHIPPED, bias=float(n)) for n in range(3)]
    kept = [versions.apply(model, path) for model in models]
    assert [p and p.name for p in kept] == [None, 'decision.1.json', 'decision.2.json']
    assert versions.model_in_use(settings) == (models[2], '')
    assert versions.roll_back(path) == 'version 2'
    assert versions.model_in_use(settings) == (models[1], '')
    versions.roll_back(path)
    assert versions.roll_back(path) == 'the shipped model'
    assert not path.exists()
    with pytest.raises(VersionError, match='nothing to go back to'):
        versions.roll_back(path)


def test_a_folder_that_can_not_be_written_changes_nothing(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(VersionError, match="can't be replaced"):
        versions.apply(SHIPPED, tmp_path / 'file' / 'decision.json')


# ------------------------------------------------------------------ the command
@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    return tmp_path / 'data' / 'robochat'


def note(home: Path, found: list[Outcome]) -> None:
    journal = Journal(home / 'outcomes.jsonl', 8_000_000)
    for start in range(0, len(found), 100):
        assert all(journal.write(o) for o in found[start : start + 100])
    assert journal.close()


def learn(capsys, *words: str) -> tuple[int, str, str]:
    status = cli.main(['learn', *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_shows_and_changes_nothing_until_told(home, capsys):
    note(home, outcomes(80, likes_it_near, odd=0.05))
    before = sorted(p.name for p in home.iterdir())
    status, out, _ = learn(capsys)
    assert status == 0
    assert 'log loss' in out and 'Nothing was changed' in out and 'a person who is near' in out
    assert sorted(p.name for p in home.iterdir()) == before


def test_the_command_applies_reports_and_rolls_back(home, capsys):
    note(home, outcomes(80, likes_it_near, odd=0.05))
    status, out, _ = learn(capsys, '--apply', '--json')
    told = json.loads(out)
    assert status == 0 and told['applied'] and told['better']
    model, warning = versions.model_in_use(LearningSettings())
    assert not warning
    assert {w['name']: w['after'] for w in told['weights']} == dict(
        zip(model.features, model.weights, strict=True)
    )
    status = json.loads(learn(capsys, '--status', '--json')[1])
    assert status['in_use'] == str(home / 'decision.json') and status['openings'] == 80
    assert learn(capsys, '--rollback')[0] == 0
    assert versions.model_in_use(LearningSettings())[0] == load_decision_model()


def test_the_command_does_not_apply_what_is_no_better(home, capsys):
    shipped = load_decision_model()
    yes = linear(shipped, SPACE)
    certain = SPACE[np.argsort(yes)][[*range(30), *range(-30, 0)]]
    found = [
        Outcome(
            f'turn_{n}',
            0.0,
            Trigger.HELP,
            tuple(zip(FEATURES, map(float, x), strict=True)),
            0.7,
            Reaction.ANSWERED if n >= 30 else Reaction.LEFT,
        )
        for n, x in enumerate(certain)
    ]
    versions.apply(_sharper(shipped), home / 'decision.json')
    text = (home / 'decision.json').read_text()
    note(home, found)
    status, out, _ = learn(capsys, '--apply')
    assert status == 1 and 'Not applied' in out
    assert (home / 'decision.json').read_text() == text


def _sharper(model: DecisionModel) -> DecisionModel:
    weights = tuple(10 * w for w in model.weights)
    return replace(model, weights=weights, bias=10 * model.bias)


def test_the_command_exports_only_those_whose_record_says_so(home, tmp_path, capsys):
    from robochat.learning.dataset import TURNS
    from robochat.learning.lines import LineFile
    from robochat.memory.people import people_memory
    from robochat.settings import MemorySettings

    turns = LineFile(home / 'dialogues' / TURNS, 100_000)
    for who in ('id:ann', 'id:bob', 'id:cid'):
        turns.append({'run': 'r', 'who': who, 'said': f'To {who}', 'time': 1.0})
    memory = people_memory(MemorySettings())
    memory.consent('id:ann', True)
    memory.consent('id:bob', False)
    assert memory.close(5.0)
    out = tmp_path / 'out'
    status, text, _ = learn(capsys, '--export', str(out), '--json')
    assert status == 0 and json.loads(text)['left_out'] == 2
    assert [('ann' in t, 'bob' in t) for t in (out / 'train.jsonl').read_text().splitlines()] == [
        (True, False)
    ]


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        ([], 'no such journal'),
        (['--rollback'], 'nothing to go back to'),
        (['--export', 'x'], 'none with a person who agrees'),
        (['--journal', '/nowhere/j.jsonl'], 'no such journal'),
    ],
)
def test_the_command_refuses_with_a_reason(home, capsys, words, said):
    status, _, err = learn(capsys, *words)
    assert status == 2 and said in err and 'Traceback' not in err


def test_every_feature_has_words_for_a_person():
    from robochat.cli.learn import WORDS

    assert set(WORDS) == set(FEATURES)


def test_too_little_to_learn_from_is_said_with_status_two(home, capsys):
    note(home, outcomes(5, likes_it_near))
    status, _, err = learn(capsys)
    assert status == 2 and 'too few' in err
