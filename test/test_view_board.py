"""The board behind the page: what is kept, what is merged, who is cut off, who may ask."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest
from robochat.view import access
from robochat.view.access import AccessError, Bucket, check_change, check_host, check_same_site
from robochat.view.board import (
    Board,
    bounded,
    CrowdError,
    DECISIONS,
    MAX_ITEMS,
    MAX_PENDING,
    MAX_READERS,
    MAX_TEXT,
    OverrunError,
)
from robochat.view.pictures import jpeg_of, MAX_JPEG_BYTES, PictureError, Pictures
from view_scene import board_with_a_scene, decision, plan, START_SEC, world


def read(board: Board) -> dict[str, dict]:
    """Everything that a page which opens now is told, by key."""
    reader = board.open()
    try:
        items = [json.loads(text) for text in reader.take(0.0)]
        return {item['key']: item for item in items}
    finally:
        reader.close()


# --------------------------------------------------------------------------- what is kept
def test_a_page_that_opens_late_is_told_everything():
    told = read(board_with_a_scene())
    assert {item['kind'] for item in told.values()} == {
        *('decision', 'utterance', 'speech', 'refusal', 'plan'),
        *('world', 'emotions', 'scene', 'turn', 'diagnostics'),
    }
    assert told['dialogue/1']['text'] == 'You look a bit down. Can I help?'
    assert told['plan/1']['progress']['step_id'] == 's1'


def test_a_silence_that_goes_on_is_one_entry_with_its_length():
    board = Board()
    for second in range(30):
        board.note('decision', decision(False, f'greeted already, {second} s ago'), second)
    told = read(board)
    assert list(told) == ['decision/1']
    assert (told['decision/1']['t'], told['decision/1']['until']) == (0, 29)
    assert told['decision/1']['times'] == 30


def test_another_reason_and_every_wish_to_speak_are_entries_of_their_own():
    board = Board()
    for reason in ('nobody is in view', 'has a face that is uncertain', 'nobody is in view'):
        board.note('decision', decision(False, reason), 1.0)
    board.note('decision', decision(True, 'looks sad'), 2.0)
    board.note('decision', decision(True, 'looks sad'), 3.0)
    assert len(read(board)) == 5


def test_only_the_last_decisions_are_kept():
    board = Board()
    for number in range(DECISIONS + 40):
        board.note('decision', decision(True, 'hello'), number)
    told = read(board)
    assert len(told) == DECISIONS
    assert 'decision/40' not in told and f'decision/{DECISIONS + 40}' in told


def test_a_repaired_plan_takes_the_place_of_the_first():
    board = board_with_a_scene()
    board.note('plan', {**plan(), 'version': 2}, START_SEC)
    told = read(board)
    assert told['plan/1']['version'] == 2 and 'plan/2' not in told


def test_ratings_and_hushes_are_noted_on_what_they_are_about_and_others_on_nothing():
    board = board_with_a_scene()
    before = read(board)
    board.note('feedback', {'id': 'turn_99', 'rating': 1}, START_SEC)
    board.note('hush', {'utterance': 'turn_99'}, START_SEC)
    board.note('hush', {'utterance': ''}, START_SEC)
    board.note('gossip', {'text': 'of an unknown kind'}, START_SEC)
    assert read(board) == before
    board.note('feedback', {'id': 'turn_1', 'rating': -1}, START_SEC)
    board.note('hush', {'utterance': 'turn_1'}, START_SEC)
    said = read(board)['dialogue/1']
    assert (said['rating'], said['hushed']) == (-1, True)


def test_it_knows_what_can_be_rated():
    board = board_with_a_scene()
    assert board.knows('turn_1') and board.knows('turn_1_plan')
    assert not board.knows('turn_2') and not board.knows('') and not board.knows('person_1')


def test_what_comes_often_is_not_wanted_while_nobody_looks():
    board = Board()
    assert not board.wants('emotions') and board.wants('utterance')
    reader = board.open()
    assert board.wants('emotions')
    reader.close()
    assert not board.wants('emotions')


def test_long_texts_and_lists_are_cut_wherever_they_are():
    cut = bounded({'a': ['x' * 10_000_000, {'b': list(range(10_000))}], 'c': None, 'd': 1.5})
    assert len(cut['a'][0]) == MAX_TEXT + 1 and len(cut['a'][1]['b']) == MAX_ITEMS
    assert (cut['c'], cut['d']) == (None, 1.5)


# --------------------------------------------------------------------------- readers
def test_a_slow_reader_gets_the_newest_of_each_instead_of_all():
    board = Board()
    reader = board.open()
    for number in range(5000):
        board.note('world', {**world(), 'number': number}, number)
    [text] = reader.take(0.0)
    assert json.loads(text)['number'] == 4999
    assert reader.take(0.01) == ()


def test_a_reader_that_never_takes_is_cut_off_and_the_others_are_not():
    board = Board()
    hanging, quick = board.open(), board.open()
    for number in range(MAX_PENDING + 5):
        board.note('speech', {'text': str(number)}, number)
        assert len(quick.take(0.0)) == 1
    with pytest.raises(OverrunError, match=str(MAX_PENDING)):
        hanging.take(0.0)


def test_too_many_pages_are_refused_until_one_closes():
    board = Board()
    readers = [board.open() for _ in range(MAX_READERS)]
    with pytest.raises(CrowdError, match='close one'):
        board.open()
    readers[0].close()
    readers[0].close()
    board.open()


def test_a_waiting_reader_wakes_with_the_news():
    board = Board()
    reader = board.open()
    threading.Timer(0.1, lambda: board.note('speech', {'text': 'hello'}, 1.0)).start()
    started_sec = time.monotonic()
    assert len(reader.take(5.0)) == 1
    assert time.monotonic() - started_sec < 4.0


# --------------------------------------------------------------------------- pictures
def test_nobody_wants_a_picture_before_somebody_asks():
    pictures = Pictures()
    assert not pictures.wanted()
    assert pictures.after(0, 0.01) is None
    assert pictures.wanted()


def test_a_page_gets_a_picture_that_it_does_not_have():
    pictures = Pictures()
    pictures.show(b'first')
    assert pictures.after(0, 0.01) == (1, b'first')
    assert pictures.after(1, 0.01) is None
    assert pictures.after(77, 0.01) is None
    pictures.show(b'second')
    assert pictures.after(1, 0.01) == (2, b'second')


def test_wide_pictures_are_shrunk_and_huge_ones_refused():
    import cv2

    jpeg = jpeg_of(np.zeros((900, 1600, 3), np.uint8), 640, 75)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape == (360, 640, 3)
    with pytest.raises(PictureError, match='at most'):
        Pictures().show(bytes(MAX_JPEG_BYTES + 1))


# --------------------------------------------------------------------------- who may ask
@pytest.mark.parametrize(
    'host', ['127.0.0.1:8077', 'localhost', 'LOCALHOST:1', '[::1]:8077', '127.9.9.9', 'Robi:8077']
)
def test_hosts_that_are_this_machine_are_served(host):
    check_host(host, '127.0.0.1', ('robi',))


@pytest.mark.parametrize(
    'host', [None, '', 'evil.example:8077', '127.0.0.1.evil.example', '192.168.1.7', '[::1', 'a@b']
)
def test_hosts_that_only_point_here_are_refused(host):
    with pytest.raises(AccessError, match='view.names'):
        check_host(host, '127.0.0.1', ('robi',))


def test_on_the_network_bare_addresses_are_served_and_names_still_are_not():
    check_host('192.168.1.7:8077', '0.0.0.0', ())
    with pytest.raises(AccessError):
        check_host('evil.example', '0.0.0.0', ())


GOOD = {
    'Host': '127.0.0.1:8077',
    'Origin': 'http://127.0.0.1:8077',
    'Content-Type': 'application/json',
    access.TOKEN_HEADER: 'secret',
}


def test_the_page_itself_may_change_things():
    check_change(GOOD, 'secret')
    check_same_site({**GOOD, 'Sec-Fetch-Site': 'same-origin'})


@pytest.mark.parametrize(
    'change',
    [
        {'Origin': 'http://evil.example'},
        {'Origin': 'null'},
        {'Origin': ''},
        {'Origin': 'https://127.0.0.1:8077'},
        {'Origin': 'http://127.0.0.1:8078'},
        {access.TOKEN_HEADER: ''},
        {access.TOKEN_HEADER: 'wrong'},
        {access.TOKEN_HEADER: 'sécret'},
        {'Content-Type': 'text/plain'},
    ],
)
def test_nobody_else_may(change):
    with pytest.raises(AccessError):
        check_change({**GOOD, **change}, 'secret')


def test_other_sites_may_not_even_look():
    with pytest.raises(AccessError):
        check_same_site({'Sec-Fetch-Site': 'cross-site'})


@pytest.mark.parametrize(
    ('headers', 'status'),
    [
        ({}, 411),
        ({'Content-Length': '-1'}, 411),
        ({'Content-Length': '1e3'}, 411),
        ({'Content-Length': '٣'}, 411),
        ({'Content-Length': '5', 'Transfer-Encoding': 'chunked'}, 411),
        ({'Content-Length': str(access.MAX_BODY_BYTES + 1)}, 413),
        ({'Content-Length': '9' * 5000}, 413),
    ],
)
def test_bodies_without_a_bearable_length_are_refused_unread(headers, status):
    with pytest.raises(AccessError) as refused:
        access.body_length(headers)
    assert refused.value.status == status


@pytest.mark.parametrize(
    'body',
    [b'', b'[]', b'{"text": 3}', b'{"text": " \\n\\u0000 "}', b'\xff', b'[' * 4000, b'{"t": NaN'],
)
def test_what_is_no_speech_is_refused(body):
    with pytest.raises(AccessError):
        access.words_of(body)


def test_words_lose_their_control_characters_and_long_ones_are_refused():
    assert access.words_of(b'{"text": " hello\\u0000\\n\\ud800there "}') == 'hello there'
    with pytest.raises(AccessError, match='at most'):
        access.words_of(b'{"text": "%s"}' % (b'x' * 501))


@pytest.mark.parametrize('rating', ['2', 'true', '"1"', '1.0', 'null'])
def test_what_is_no_rating_is_refused(rating):
    with pytest.raises(AccessError, match='-1, 0, 1'):
        access.rating_of(f'{{"id": "turn_1", "rating": {rating}}}'.encode())


def test_a_bucket_lets_a_burst_through_then_its_rate_also_when_the_clock_jumps_back():
    bucket = Bucket(1.0, 3)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(2.0)
    assert bucket.take(3.1) and not bucket.take(3.2)
