"""Feedback of other nodes: what is learned from it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

from test_ros_node import Graph  # noqa: E402  needs ROS

PARAMS = """
/**:
  ros__parameters:
    model: {{backend: phrases}}
    engagement: {{local_time: '12:00', small_talk_sec: 0.0}}
    perception: {{enabled: false}}
    learning: {{journal_file: '{journal}'}}
"""


class RatedGraph(Graph):
    """A node with a journal of its own, and a publisher of feedback."""

    def __init__(self, spinner, start_child, tmp_path: Path) -> None:
        from robochat.ros.topics import FEEDBACK

        self.journal = tmp_path / 'outcomes.jsonl'
        super().__init__(spinner, start_child, tmp_path, PARAMS.format(journal=self.journal))
        self._feedback = self.node.create_publisher(FEEDBACK.kind, FEEDBACK.name, FEEDBACK.qos)
        assert spinner.until(lambda: self._feedback.get_subscription_count() > 0, 10.0)

    def rate(self, name: str, rating: int, correction: str = '') -> None:
        from robochat_msgs.msg import Feedback

        message = Feedback(id=name, rating=rating, correction=correction, person='ann')
        self._feedback.publish(message)

    def lines(self) -> list[dict]:
        text = self.journal.read_text() if self.journal.exists() else ''
        return [json.loads(line) for line in text.splitlines()]

    def counted(self, what: str) -> bool:
        """Tell whether the newest diagnostics count something of that name."""
        newest = self.of('diagnostics')[-1]['stages'] if self.of('diagnostics') else {}
        return any(what in name for stage in newest.values() for name in stage)


@pytest.fixture
def rated(spinner, start_child, tmp_path) -> RatedGraph:
    graph = RatedGraph(spinner, start_child, tmp_path)
    graph.show_face('sad', 4.0)
    said = graph.spinner.until(lambda: graph.of('utterance'), 10.0)
    assert said, [e['reason'] for e in graph.of('decision')]
    return graph


def test_feedback_of_another_node_changes_the_journal_and_leaves_no_words(rated):
    [said] = rated.of('utterance')[:1]
    rated.rate(said['id'], -1, 'You should have called me Annabel.')
    assert rated.spinner.until(lambda: any(x['rating'] == -1 for x in rated.lines()), 15.0)
    line = rated.lines()[-1]
    assert (line['opening'], line['trigger'], line['corrected']) == (said['id'], 'care', True)
    text = rated.journal.read_text()
    assert 'Annabel' not in text and 'ann' not in text and said['text'] not in text


def test_the_newest_rating_counts_also_after_the_outcome_was_written(rated):
    from robochat.learning.log import read_journal

    [said] = rated.of('utterance')[:1]
    assert rated.spinner.until(rated.lines, 15.0)
    rated.rate(said['id'], 1)
    assert rated.spinner.until(lambda: len(rated.lines()) > 1, 10.0)
    [outcome] = read_journal(rated.journal).outcomes
    assert outcome.rating == 1 and outcome.welcome


def test_feedback_on_nothing_known_and_feedback_that_is_none_are_counted_and_change_nothing(rated):
    assert rated.spinner.until(rated.lines, 15.0)
    before = rated.lines()
    for name, rating in (('turn_999', 1), ('x' * 5000, 1), ('', 1), ('turn_1', 7)):
        rated.rate(name, rating)
    assert rated.spinner.until(lambda: rated.counted('feedback on an unknown id'), 10.0)
    assert rated.counted('feedback message')
    assert rated.lines() == before and rated.child.poll() is None
