"""Gazebo's wire format and topics, against a stand-in, also one that breaks the rules."""

from __future__ import annotations

import socket
import threading
import time

from fake_gazebo import FakeGazebo, picture
import pytest
from robochat_sim.gazebo.transport import (
    address_of,
    GazeboError,
    Link,
    Master,
    Publisher,
    Subscriber,
)
from robochat_sim.gazebo.wire import (
    block,
    block_of,
    blocks_of,
    fields,
    real,
    text_of,
    whole,
    whole_of,
    WireError,
)

WAIT_SEC = 5.0


def until(done):
    """Wait until something is true."""
    end_sec = time.monotonic() + WAIT_SEC
    while not done() and time.monotonic() < end_sec:
        time.sleep(0.01)
    return done()


# --------------------------------------------------------------------------- the wire
def test_what_is_written_is_read_again():
    message = (
        whole(1, 300) + real(2, -0.25) + block(3, 'anna') + block(4, whole(1, 1), block(2, 'x'))
    )
    found = fields(message)
    assert whole_of(found, 1) == 300
    assert found[2] == (-0.25,)
    assert text_of(found, 3) == 'anna'
    assert text_of(fields(block_of(found, 4)), 2) == 'x'


def test_the_bytes_are_those_of_the_encoding_guide():
    assert whole(1, 150) == b'\x08\x96\x01'
    assert block(2, 'testing') == b'\x12\x07testing'


def test_repeated_fields_keep_their_order():
    assert [bytes(b) for b in blocks_of(fields(block(1, 'a') + block(1, 'b')), 1)] == [b'a', b'b']


def test_a_field_that_is_not_there_is_empty():
    assert (text_of({}, 1), whole_of({}, 1), bytes(block_of({}, 1)), blocks_of({}, 1)) == (
        '',
        0,
        b'',
        (),
    )


@pytest.mark.parametrize(
    'data', [b'\x08', b'\x08\x80', b'\x12\x05ab', b'\x0b', b'\x09\x00', b'\x08' + b'\xff' * 12]
)
def test_broken_bytes_are_refused(data):
    with pytest.raises(WireError):
        fields(data)


# --------------------------------------------------------------------------- topics
def test_a_subscriber_gets_what_is_published():
    feeds = {'/a': lambda link: [link.send(whole(1, n)) for n in (3, 4)]}
    with FakeGazebo(feeds) as gazebo:
        master, got = Master(gazebo.address, WAIT_SEC), []
        subscriber = Subscriber(master, '/a', lambda m: got.append(whole_of(m, 1)), WAIT_SEC)
        assert until(lambda: got == [3, 4])
        subscriber.close()
        master.close()


def test_what_is_published_arrives():
    with FakeGazebo() as gazebo:
        master = Master(gazebo.address, WAIT_SEC)
        publisher = Publisher(master, '/b', 'gazebo.msgs.Model')
        publisher.wait(WAIT_SEC)
        publisher.send(block(1, 'cup_1'))
        assert until(lambda: gazebo.messages('/b') == [block(1, 'cup_1')])
        publisher.close()
        master.close()


def test_closing_leaves_no_thread_behind():
    before = threading.active_count()
    with FakeGazebo({'/a': lambda link: None}) as gazebo:
        master = Master(gazebo.address, WAIT_SEC)
        ends = [Subscriber(master, '/a', print, WAIT_SEC), Publisher(master, '/b', 'x'), master]
        for end in ends:
            end.close()
    assert until(lambda: threading.active_count() == before)


# --------------------------------------------------------------------------- what goes wrong
def test_without_gazebo_the_message_says_how_to_start_it():
    with socket.create_server(('127.0.0.1', 0)) as server:
        address = server.getsockname()
    with pytest.raises(GazeboError, match='start it with: GAZEBO_MASTER_URI'):
        Master(address, 0.3)


def test_a_topic_that_nobody_publishes_is_named():
    with FakeGazebo() as gazebo:
        master = Master(gazebo.address, WAIT_SEC)
        with pytest.raises(GazeboError, match='no topic /nothing'):
            Subscriber(master, '/nothing', print, 0.2)
        master.close()


def test_a_topic_that_nobody_reads_is_named():
    with FakeGazebo(deaf=('/b',)) as gazebo:
        master = Master(gazebo.address, WAIT_SEC)
        publisher = Publisher(master, '/b', 'x')
        with pytest.raises(GazeboError, match='nobody reads /b'):
            publisher.wait(0.2)
        publisher.close()
        master.close()


def test_a_gazebo_that_ends_is_noticed_on_both_sides():
    with FakeGazebo({'/a': lambda link: link.send(b'')}) as gazebo:
        master, got = Master(gazebo.address, WAIT_SEC), []
        subscriber = Subscriber(master, '/a', got.append, WAIT_SEC)
        publisher = Publisher(master, '/b', 'x')
        publisher.wait(WAIT_SEC)
        assert until(lambda: got)
        gazebo.drop()
        assert until(lambda: subscriber.failure)
        with pytest.raises(GazeboError, match='did it end'):
            for _ in range(100):
                publisher.send(b'x' * 1000)
                time.sleep(0.01)
        for end in (subscriber, publisher, master):
            end.close()


@pytest.mark.parametrize('garbage', [b'no length', b'FFFFFFFF', b'00000002\x08', b'-0000001', b''])
def test_garbage_ends_a_subscription_and_nothing_else(garbage):
    def feed(link):
        link.send(whole(1, 1))
        link._socket.sendall(garbage)
        link.close()

    with FakeGazebo({'/a': feed}) as gazebo:
        master, got = Master(gazebo.address, WAIT_SEC), []
        subscriber = Subscriber(master, '/a', got.append, WAIT_SEC)
        assert until(lambda: subscriber.failure)
        assert len(got) == 1
        subscriber.close()
        master.close()


def test_a_stranger_who_does_not_subscribe_is_sent_away():
    with FakeGazebo() as gazebo:
        master = Master(gazebo.address, WAIT_SEC)
        publisher = Publisher(master, '/b', 'x')
        publisher.wait(WAIT_SEC)
        stranger = Link.to(('127.0.0.1', publisher._server.getsockname()[1]))
        stranger.send_packet('GET', b'/')
        with pytest.raises((EOFError, OSError)):
            stranger.read()
        publisher.send(block(1, 'still works'))
        assert until(lambda: gazebo.messages('/b'))
        for end in (stranger, publisher, master):
            end.close()


@pytest.mark.parametrize(
    'text', ['', 'localhost', 'localhost:', ':11345', 'a:b', 'h:0', 'h:70000']
)
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(GazeboError, match='HOST:PORT'):
        address_of(text)


def test_an_address_may_be_the_uri_of_a_master():
    assert address_of('http://127.0.0.1:11345/') == ('127.0.0.1', 11345)


def test_a_picture_of_the_stand_in_is_a_message():
    assert whole_of(fields(block_of(fields(picture()), 2)), 1) == 4
