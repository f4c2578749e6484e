"""The node remembers whom it greeted before a crash, and obeys the command line while it runs."""

from __future__ import annotations

import os
from pathlib import Path
import signal

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytestmark = pytest.mark.ros

from robochat.cli import main  # noqa: E402
from test_ros_node import Graph, PARAMS  # noqa: E402


def end(graph: Graph) -> str:
    """End the node as a crash would, and return what it wrote to the log."""
    os.killpg(graph.child.pid, signal.SIGKILL)
    return graph.child.communicate(timeout=20)[0]


def test_who_was_greeted_before_a_crash_is_not_greeted_again(spinner, start_child, tmp_path):
    from std_msgs.msg import String

    first = Graph(spinner, start_child, tmp_path)
    publisher = first.node.create_publisher(String, 'speech', 10)
    first.show_face('neutral', 4.0)
    assert [e['addressee'] for e in first.of('utterance', proactive=True)] == ['ann']
    publisher.publish(String(data='My name is Annabel.'))
    first.show_face('neutral', 2.0)
    assert 'nnabel' not in end(first)

    file = Path(os.environ['XDG_DATA_HOME']) / 'robochat' / 'people.sqlite'
    again = Graph(spinner, start_child, tmp_path)
    again.show_face('neutral', 4.0)
    assert again.of('utterance', proactive=True) == []
    assert main(['memory', 'show', 'Annabel', '--file', str(file)]) == 0
    assert main(['memory', 'forget', 'Annabel', '--file', str(file)]) == 0
    again.spinner.for_seconds(3.0)
    again.show_face('neutral', 4.0)
    assert main(['memory', 'show', 'Annabel', '--file', str(file)]) == 2
    end(again)


def test_a_key_that_cannot_be_read_keeps_the_node_unconfigured_with_the_reason(
    spinner, start_child, tmp_path
):
    file = tmp_path / 'params.yaml'
    file.write_text(PARAMS + "    memory: {key_file: '/nowhere/key'}\n")
    child = start_child(['-m', 'robochat.cli', 'run', '--params', str(file)])
    spinner.for_seconds(10.0)
    alive = child.poll() is None
    os.killpg(child.pid, signal.SIGINT)
    output = child.communicate(timeout=20)[0]
    assert alive
    assert "/nowhere/key: the key can't be read" in output
