"""Mailboxes of one item, and the lines that a listener writes."""

import threading

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')

from robochat.ros.workers import Worker


def test_the_newest_item_wins_and_the_others_are_counted():
    busy, go_on, done = threading.Event(), threading.Event(), []

    def work(item: int) -> None:
        busy.set()
        go_on.wait(10)
        done.append(item)

    worker = Worker[int]('test', work, lambda error: None)
    worker.submit(1)
    assert busy.wait(10)
    assert worker.submit(2)
    assert not worker.submit(3)
    go_on.set()
    for _ in range(100):
        if len(done) == 2:
            break
        threading.Event().wait(0.05)
    assert worker.stop(10)
    assert (done, worker.dropped) == ([1, 3], 1)


def test_a_failure_is_reported_and_the_next_item_is_worked_on():
    failures, done = [], threading.Event()

    def work(item: int) -> None:
        if item == 1:
            raise ValueError('bad item')
        done.set()

    reported = threading.Event()

    def failed(error: Exception) -> None:
        failures.append(str(error))
        reported.set()

    worker = Worker[int]('test', work, failed)
    worker.submit(1)
    assert reported.wait(10)
    worker.submit(2)
    assert done.wait(10)
    assert worker.stop(10)
    assert failures == ['bad item']


def test_a_stopped_worker_does_nothing_more():
    done = []
    worker = Worker[int]('test', done.append, lambda error: None)
    assert worker.stop(10)
    worker.submit(1)
    threading.Event().wait(0.1)
    assert done == []


def test_messages_become_json_and_numbers_that_are_none_become_null():
    from robochat.ros.listen import jsonable

    from robochat_msgs.msg import Emotion

    written = jsonable(Emotion(person='ann', score=float('nan'), scores=[0.25], labels=['sad']))
    assert written['person'] == 'ann' and written['score'] is None
    assert written['scores'] == [0.25] and len(written['box']) == 4
