"""An OpenAI-compatible server of our own on the loopback address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import socket
import threading
from typing import Any

from language import PERSONA, schema_of, sentence_of
import numpy as np
import pytest
from robochat.mllm.endpoint import Endpoint, EndpointError
from robochat.mllm.protocol import ModelCancelledError, ModelDeadlineError
from robochat.reply import parse
from robochat.sentence import ImagePart, Sentence
from robochat.settings import ModelSettings
from robochat.values import Frame, Trigger


@dataclass
class Served:
    """What a server was sent, and what it answers."""

    url: str = ''
    status: int = 200
    body: bytes = b''
    hold: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def says(self, text: Any) -> None:
        """Answer with a chat completion."""
        message = {'choices': [{'message': {'content': text}}], 'usage': {'prompt_tokens': 7}}
        self.body = json.dumps(message).encode()


def handler_of(served: Served) -> type[BaseHTTPRequestHandler]:
    """Make the handler of one server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            self._answer(json.dumps({'data': [{'id': 'tiny'}]}).encode(), 200)

        def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
            length = int(self.headers['Content-Length'])
            served.requests.append(json.loads(self.rfile.read(length)))
            served.headers.append(dict(self.headers))
            served.hold.wait(30.0)
            self._answer(served.body, served.status)

        def _answer(self, body: bytes, status: int) -> None:
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    return Handler


@pytest.fixture
def served() -> Iterator[Served]:
    state = Served()
    state.hold.set()
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler_of(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f'http://127.0.0.1:{server.server_port}/v1'
    yield state
    state.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def endpoint_of(served: Served) -> Iterator[Callable[..., Endpoint]]:
    made: list[Endpoint] = []

    def make(**changes: Any) -> Endpoint:
        settings = replace(ModelSettings(backend='endpoint', url=served.url), **changes)
        made.append(Endpoint(settings, PERSONA))
        return made[-1]

    yield make
    for endpoint in made:
        endpoint.close()


def pictured() -> Sentence:
    """A sentence with a picture."""
    sentence = sentence_of(Trigger.REPLY, heard='What do you see?')
    part = ImagePart(Frame(np.zeros((8, 8, 3), np.uint8), 1.0))
    return replace(sentence, parts=(*sentence.parts, part))


def test_asks_for_json_and_reads_the_answer(served: Served, endpoint_of: Any) -> None:
    served.says('{"say": "Hello there.", "plan": []}')
    sentence = sentence_of(Trigger.GREETING)
    schema = schema_of(sentence, want_plan=True)
    heard: list[str] = []
    answer = endpoint_of().generate(sentence, schema, heard.append)
    assert parse(answer.text, schema).text == 'Hello there.'
    assert heard == ['Hello there.', '']
    assert (answer.model, answer.tokens_in) == ('tiny', 7)
    (request,) = served.requests
    assert request['response_format']['json_schema']['schema'] == schema.json_schema()
    assert '<person_1>' in request['messages'][1]['content']


def test_no_picture_leaves_unless_it_may(served: Served, endpoint_of: Any) -> None:
    served.says('{"say": "Hello."}')
    sentence = pictured()
    endpoint_of().generate(sentence, schema_of(sentence))
    assert 'image' not in json.dumps(served.requests[0]['messages'])
    endpoint_of(send_images=True).generate(sentence, schema_of(sentence))
    kinds = [part['type'] for part in served.requests[1]['messages'][1]['content']]
    assert kinds == ['image_url', 'text']
    url = served.requests[1]['messages'][1]['content'][0]['image_url']['url']
    assert url.startswith('data:image/jpeg;base64,')


def test_the_key_comes_from_the_environment(
    served: Served, endpoint_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.says('{"say": "Hello."}')
    monkeypatch.setenv('ROBOCHAT_API_KEY', 'k1')
    sentence = sentence_of(Trigger.GREETING)
    endpoint_of(served_name='own').generate(sentence, schema_of(sentence))
    assert served.headers[0]['Authorization'] == 'Bearer k1'
    assert served.requests[0]['model'] == 'own'


@pytest.mark.parametrize(
    ('status', 'body', 'fact'),
    [
        (500, b'out of memory', 'status 500'),
        (200, b'<html>', 'not JSON'),
        (200, b'{}', 'no chat completion'),
        (200, b'[1]', 'no chat completion'),
        (200, b'{"choices": [{"message": {"content": null}}]}', 'NoneType instead of text'),
        (200, b'"' + b'x' * 1_100_000 + b'"', 'longer than'),
        (302, b'', 'status 302'),
    ],
)
def test_a_server_that_answers_something_else_is_a_named_error(
    served: Served, endpoint_of: Any, status: int, body: bytes, fact: str
) -> None:
    served.status, served.body = status, body
    sentence = sentence_of(Trigger.GREETING)
    with pytest.raises(EndpointError, match=fact):
        endpoint_of().generate(sentence, schema_of(sentence))


def test_a_dead_server_is_a_named_error() -> None:
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{unused.getsockname()[1]}/v1'
        endpoint = Endpoint(ModelSettings(url=url, served_name='x'), PERSONA)
        sentence = sentence_of(Trigger.GREETING)
        with pytest.raises(EndpointError, match='no answer'):
            endpoint.generate(sentence, schema_of(sentence))
        endpoint.close()


def test_a_server_that_hangs_is_left_at_the_deadline(served: Served, endpoint_of: Any) -> None:
    served.hold.clear()
    sentence = sentence_of(Trigger.GREETING)
    with pytest.raises(ModelDeadlineError):
        endpoint_of().generate(sentence, schema_of(sentence), None, 0.3)


def test_a_cancelled_turn_is_left(served: Served, endpoint_of: Any) -> None:
    served.hold.clear()
    sentence = sentence_of(Trigger.GREETING)
    unwanted = threading.Event()
    threading.Timer(0.2, unwanted.set).start()
    with pytest.raises(ModelCancelledError):
        endpoint_of().generate(sentence, schema_of(sentence), None, 30.0, unwanted.is_set)


def test_words_that_are_no_json_are_kept_as_words(served: Served, endpoint_of: Any) -> None:
    served.says('Hello there.')
    sentence = sentence_of(Trigger.GREETING)
    heard: list[str] = []
    answer = endpoint_of().generate(sentence, schema_of(sentence), heard.append)
    assert heard == []
    assert parse(answer.text, schema_of(sentence)).text == 'Hello there.'
