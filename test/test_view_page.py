"""The page in a real browser: what a person sees, types, and is kept safe from."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path

import browser
from browser import Browser
import pytest
from test_view_server import Page
from view_scene import board_with_a_scene, decision, face, HOSTILE, START_SEC, world

pytestmark = pytest.mark.skipif(
    browser.program() is None, reason='no Chromium is installed (apt-get install chromium)'
)


@pytest.fixture(scope='module')
def window(tmp_path_factory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp('profile')) as opened:
        yield opened


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()
    yield made
    made.server.stop()


def shown(window: Browser, page: Page, width: int = 1280, height: int = 800, **look: bool) -> None:
    """Open the page, and wait until it shows the scene."""
    window.open('about:blank')
    window.events.clear()
    window.size(width, height, **look)
    window.open(page.server.url)
    assert window.until("document.querySelectorAll('.person_card').length === 1"), (
        window.complaints()
    )


def text(window: Browser, selector: str) -> str:
    """The text that a person reads in the first element that matches."""
    return str(window.value(f'document.querySelector({json.dumps(selector)}).innerText'))


def texts(window: Browser, selector: str) -> list[str]:
    """The texts of all elements that match."""
    found = f'[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.innerText)'
    return list(window.value(found))


# --------------------------------------------------------------------------- what is shown
def test_a_person_sees_what_the_robot_decided_said_and_plans(window, page):
    shown(window, page)
    assert text(window, '#verdict .verdict') == 'Speaks to person_1'
    assert 'looks sad and it stayed' in text(window, '#verdict')
    assert texts(window, '#verdict .weights > :nth-child(3n + 1)') == [
        'value',
        'engagement',
        'crowd',
    ]
    assert len(window.value("[...document.querySelectorAll('.bar .minus')]")) == 1
    assert texts(window, '#decisions b') == ['speaks to person_1', 'silent']
    assert 'nobody is in view' in text(window, '#decisions li.silent')
    assert texts(window, '.said > p') == [
        'You look a bit down. Can I help?',
        'It was a long day.',
        'held back (plan): there is no moon',
    ]
    assert window.value("[...document.querySelectorAll('.steps li')].map((e) => e.className)") == [
        'done',
        'running',
        '',
    ]
    assert texts(window, '.steps li')[1] == 'pick(cup_1)'
    assert not window.complaints()


def test_a_person_sees_the_world_and_how_the_stages_do(window, page):
    shown(window, page)
    card = text(window, '.person_card')
    assert all(words in card for words in ('person_1', '1.1 m', 'engaged 91 %', 'looks sad 2 s'))
    assert text(window, '#place') == 'living room 70 %'
    assert texts(window, '#robot .chip') == ['at living room', 'holds cup_1', 'battery 80 %']
    assert texts(window, '#things .chip') == ['cup 1, on dining table_1']
    rows = [row.split('\t') for row in texts(window, '#stage_rows tr')]
    assert rows == [['see', '9.8', '31.2', '60.1', '0'], ['look', '9.8', '31.2', '60.1', '3']]
    assert 'smollm2: 0.90 s, first words after 0.40 s' in text(window, '#turn')


PIXEL = """(() => {
  const canvas = document.getElementById('picture');
  return [...canvas.getContext('2d').getImageData(%d, %d, 1, 1).data].slice(0, 3);
})()"""


def test_the_picture_has_the_faces_drawn_over_it_where_they_are(window, page):
    shown(window, page)
    assert window.until("document.getElementById('no_picture').hidden")
    before = window.value(PIXEL % (310, 120))
    news = {'width': 640, 'height': 480, 'emotions': [face()]}
    page.board.note('emotions', news, START_SEC)
    assert window.until(f'JSON.stringify({PIXEL % (310, 120)}) !== {json.dumps(str(before))}')
    red, green, blue = window.value(PIXEL % (310, 120))
    assert blue > 200 and blue > green > red  # sad and certain is blue
    assert window.value(PIXEL % (600, 400)) == window.value(PIXEL % (601, 400))


def test_news_appear_while_it_is_open_and_a_chosen_decision_stays(window, page):
    shown(window, page)
    window.value("document.querySelector('#decisions li.silent').click()")
    page.board.note('decision', decision(True, 'something fell'), START_SEC + 20)
    page.board.note(
        'utterance', {'id': 'turn_2', 'text': 'Careful!', 'reason': ''}, START_SEC + 20
    )
    assert window.until("document.querySelectorAll('#decisions li').length === 3")
    assert text(window, '#verdict .verdict') == 'Stays silent'
    window.value("document.getElementById('live').click()")
    assert 'something fell' in text(window, '#verdict')
    assert texts(window, '.said > p')[-1] == 'Careful!'


def test_silences_can_be_left_out(window, page):
    shown(window, page)
    window.value("document.getElementById('silences').click()")
    shown_now = "[...document.querySelectorAll('#decisions li')].filter((e) => e.offsetHeight)"
    assert window.value(f'{shown_now}.length') == 1


def test_an_empty_room_and_a_missing_robot_are_said_in_words(window):
    page = Page(board_with_a_scene())
    try:
        shown(window, page)
        page.board.note('world', world(), START_SEC)
        assert window.until("document.querySelectorAll('.person_card').length === 0")
        assert text(window, '#people') == 'nobody is in view'
    finally:
        page.server.stop()
    assert window.until("document.getElementById('link').innerText === 'no connection'")


# --------------------------------------------------------------------------- what is typed
def say(window: Browser, words: str) -> None:
    window.value(
        f"document.getElementById('words').value = {json.dumps(words)};"
        "document.getElementById('say').requestSubmit()"
    )


def test_typed_words_reach_the_robot_and_nothing_is_sent_for_none(window, page):
    shown(window, page)
    say(window, '   ')
    say(window, 'Bring me the cup, please')
    assert window.until("document.getElementById('words').value === ''")
    assert page.said.words == ['Bring me the cup, please']


def test_why_a_node_does_nothing_stands_at_the_top(window, page):
    shown(window, page)
    assert not texts(window, '.fault')
    node = {'stage': 'node', 'level': 2, 'message': 'nothing is on /clock', 'values': {}}
    page.board.note('diagnostics', {'stages': [node]}, START_SEC)
    assert window.until("document.querySelector('header .fault') !== null")
    assert texts(window, '.fault') == ['nothing is on /clock']


def test_who_talks_to_nobody_is_told(window, page):
    shown(window, page)
    page.said.say = lambda text: 0  # type: ignore[method-assign]
    say(window, 'Hello?')
    assert window.until("document.getElementById('answer').innerText.includes('nobody listens')")


def test_a_bad_rating_asks_what_would_have_been_right(window, page):
    shown(window, page)
    window.value("document.querySelector('.rate.bad').click()")
    assert window.until("document.querySelector('.said form input') !== null")
    window.value(
        "document.querySelector('.said form input').value = 'Hello Anna';"
        "document.querySelector('.said form').requestSubmit()"
    )
    assert window.until("document.querySelector('.said form') === null")
    assert [(r.id, r.rating, r.correction) for r in page.said.ratings] == [
        ('turn_1', -1, ''),
        ('turn_1', -1, 'Hello Anna'),
    ]
    page.board.note('feedback', {'id': 'turn_1', 'rating': -1}, START_SEC)
    assert window.until("document.querySelector('.rate.bad.chosen') !== null")


def test_a_plan_is_rated_while_it_goes_on(window, page):
    shown(window, page)
    button = "document.querySelector('#plan_rating .rate.good')"
    assert window.until(f'{button} !== null')
    window.value(f'window.button = {button}')
    page.board.note(
        'plan_status', {'plan_id': 'turn_1_plan', 'status': 1, 'step_id': 's2'}, START_SEC
    )
    assert window.until("document.querySelectorAll('.steps .done').length === 2")
    window.value('window.button.isConnected && window.button.click()')
    assert window.until("document.getElementById('answer').innerText.includes('was sent')")
    assert [(r.id, r.rating, r.correction) for r in page.said.ratings] == [('turn_1_plan', 1, '')]
    page.board.note('feedback', {'id': 'turn_1_plan', 'rating': 1}, START_SEC)
    assert window.until("document.querySelector('#plan_rating .good.chosen') !== null")
    assert window.value("document.querySelector('#talk .chosen') === null")


def test_a_page_of_an_earlier_run_is_loaded_again(window, page):
    shown(window, page)
    window.value('window.old = true')
    port = page.port
    page.server.stop()
    from robochat.settings import ViewSettings
    from robochat.view.server import ViewServer

    again = ViewServer(ViewSettings(port=port), page.board, page.pictures, page.said)
    again.start()
    try:
        assert window.until('window.old === undefined', 30.0)
        assert window.until("document.querySelectorAll('.person_card').length === 1")
    finally:
        again.stop()


# --------------------------------------------------------------------------- safety, looks
def test_markup_in_peoples_words_is_shown_as_the_text_that_it_is(window):
    page = Page(board_with_a_scene(HOSTILE))
    try:
        shown(window, page)
        said = texts(window, '.said > p')
        assert said[:2] == [HOSTILE, HOSTILE] and HOSTILE in said[2]
        assert HOSTILE in text(window, '.person_card') and HOSTILE in text(window, '#decisions')
        assert window.value('document.title') == 'robochat'
        assert window.value("document.querySelectorAll('main img, main script').length") == 0
        assert not window.complaints()
    finally:
        page.server.stop()


def test_the_browser_itself_forbids_markup_from_text(window, page):
    shown(window, page)
    tried = window.value(
        "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch { 'refused' }"
    )
    assert tried == 'refused'


WIDE = 'document.documentElement.scrollWidth <= window.innerWidth'
HIGH = 'document.documentElement.scrollHeight <= window.innerHeight'
SIZES = [(1280, 800, False), (1280, 800, True), (820, 1180, False), (390, 844, True)]


@pytest.mark.parametrize('size', SIZES)
def test_it_fits_the_screen(window, page, tmp_path: Path, size):
    width, height, dark = size
    shown(window, page, width, height, mobile=width < 700, dark=dark)
    assert window.value(WIDE)
    assert width < 1100 or window.value(HIGH)
    window.picture(tmp_path / 'view.png')
    assert (tmp_path / 'view.png').stat().st_size > 20_000
