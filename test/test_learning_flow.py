"""From a decision through the pipeline to a line in the journal."""

from __future__ import annotations

import json

import pytest
from robochat.learning.learner import Learner
from robochat.learning.log import Journal, read_journal
from robochat.learning.outcomes import Reaction
from robochat.values import ActionPlan, Trigger, Utterance
from test_pipeline import Stage


class Watched:
    """A pipeline whose learner writes a journal."""

    def __init__(self, folder, text: str = 'Say: Hello, nice to see you.') -> None:
        self.path = folder / 'outcomes.jsonl'
        self.stage = Stage(text)
        self.learner = self.stage.pipeline.learner = Learner(Journal(self.path, 1_000_000))

    def open(self, label: str = 'neutral') -> None:
        """Have the robot speak to someone who stands there."""
        self.stage.watch(label)
        self.stage.respond(self.stage.decide()[1])

    def wait(self, seconds: float, **changes: object) -> None:
        """Let time pass, with the policy looking on."""
        for _ in range(round(seconds * 5)):
            self.stage.watch(seconds=0.2, **changes)
            self.stage.decide()

    def outcomes(self):
        self.learner.close()
        return read_journal(self.path).outcomes if self.path.exists() else ()


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path)


def test_an_answered_greeting_becomes_a_line_with_what_it_was_judged_by(watched):
    watched.open()
    watched.wait(2.0)
    watched.stage.pipeline.hear('Good morning, robot.', watched.stage.now_sec)
    watched.wait(8.0)
    [outcome] = watched.outcomes()
    assert (outcome.trigger, outcome.reaction) == (Trigger.GREETING, Reaction.ANSWERED)
    assert outcome.score >= watched.stage.config.engagement.threshold
    text = watched.path.read_text()
    assert not {'morning', 'person_1', 'nice'} & set(text.replace('"', ' ').split())


def test_a_rating_of_the_plan_reaches_the_opening(tmp_path):
    watched = Watched(tmp_path, 'Say: I will come to you.\nPlan: approach(person_1)')
    watched.open('sad')
    [plan] = watched.stage.of(ActionPlan)
    assert watched.learner.rated(plan.id, -1, watched.stage.now_sec)
    watched.wait(8.0)
    [outcome] = watched.outcomes()
    assert outcome.welcome is False


def test_what_ends_while_watched_is_written_all_the_same(watched):
    watched.open()
    [outcome] = watched.outcomes()
    assert outcome.reaction is Reaction.UNCLEAR


def test_a_jump_of_the_clock_ends_the_watch_without_a_verdict(watched):
    watched.open()
    watched.stage.now_sec = 0.0
    watched.stage.decide()
    [outcome] = watched.outcomes()
    assert (outcome.reaction, outcome.welcome) == (Reaction.UNCLEAR, None)


def test_silence_and_answers_to_other_nodes_open_nothing(watched):
    turn = watched.stage.pipeline.question('Who is there?', 0.0)
    emit = watched.stage.out.append
    watched.stage.pipeline.respond(turn, lambda: 0.0, emit, aloud=False)
    assert watched.stage.of(Utterance)
    assert watched.learner.rated(turn.id, 1, 0.0), 'its id is known'
    for _ in range(50):
        watched.stage.now_sec += 0.1
        watched.stage.decide()
    assert watched.outcomes() == ()


def test_an_opening_that_was_cut_short_before_a_word_is_none(watched):
    watched.stage.watch()
    _, turn = watched.stage.decide()
    watched.stage.pipeline.hear('Listen, Bob.', watched.stage.now_sec)
    watched.stage.respond(turn)
    assert watched.outcomes() == ()


def test_without_a_journal_the_pipeline_watches_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage = Stage()
    stage.watch()
    stage.respond(stage.decide()[1])
    assert stage.pipeline.learner.rated('turn_1', 1, stage.now_sec)
    stage.pipeline.learner.close()
    assert not list(tmp_path.iterdir())
    assert json.dumps(stage.pipeline.learner.counts) == '[]'
