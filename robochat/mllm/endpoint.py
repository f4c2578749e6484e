"""Any OpenAI-compatible chat server: vLLM, llama.cpp, `transformers serve`, hosted models.

The whole sentence goes out in words, with pictures only where the setting `model.send_images` lets
them leave. The answer is asked for under a JSON schema; servers that ignore it are read all the
same. The key, if the server wants one, stands in the environment variable ROBOCHAT_API_KEY.

Threads: each request runs in a thread of its own, so that the caller can leave at its deadline;
the connection is then closed, which ends that thread.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import contextlib
import http.client
import json
import os
import socket
import time
from typing import Any, TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from robochat.mllm.protocol import Answer, ModelError, Watch
from robochat.persona import Persona
from robochat.prompt import Message, verbalise
from robochat.sentence import Sentence
from robochat.settings import ModelSettings

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema
    from robochat.values import Frame

NAME = 'endpoint'
KEY_VARIABLE = 'ROBOCHAT_API_KEY'
POLL_SEC = 0.02
GRACE_SEC = 1.0
MAX_ANSWER_BYTES = 1_000_000
TOKENS_A_WORD = 3
PLAN_TOKENS = 400
OK = 200

_FORMAT = (
    'Answer with one JSON object: {"say": "your words"} or, when a plan is asked for, '
    '{"say": "your words", "plan": [{"skill": "name", "arguments": {"parameter": "id"}}]}.'
)


class EndpointError(ModelError):
    """The server can't be reached, refuses, or answers something else; the message says which."""


class Endpoint:
    """A model behind `model.url`; raises EndpointError for an address that isn't one."""

    name = NAME

    def __init__(self, settings: ModelSettings, persona: Persona) -> None:
        self._settings = settings
        self._address = _address(settings.url)
        self._workers = ThreadPoolExecutor(2, thread_name_prefix='robochat-endpoint')
        self._served_name = settings.served_name

    def generate(
        self,
        sentence: Sentence,
        schema: ReplySchema,
        on_text: Callable[[str], None] | None = None,
        deadline_sec: float = 6.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Ask the server; raises EndpointError too. See `Mllm.generate`."""
        started_sec = time.monotonic()
        watch = Watch(started_sec + deadline_sec, cancelled)
        if not self._served_name:
            models = self._exchange('GET', '/models', None, watch)
            self._served_name = _first_name(models)
        reply = self._exchange('POST', '/chat/completions', self._body(sentence, schema), watch)
        answer = _answer(reply, self._served_name, time.monotonic() - started_sec)
        _tell(answer.text, on_text)
        return answer

    def close(self) -> None:
        """Let go of the workers."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _body(self, sentence: Sentence, schema: ReplySchema) -> dict[str, Any]:
        """Write the request."""
        system, user = verbalise(sentence)
        words = f'{system.text}\n{_FORMAT} At most {schema.max_words} words.'
        shape = {'name': 'reply', 'strict': True, 'schema': schema.json_schema()}
        return {
            'model': self._served_name,
            'messages': [
                {'role': 'system', 'content': words},
                {'role': 'user', 'content': _content(user, self._settings.send_images)},
            ],
            'temperature': self._settings.temperature,
            'seed': self._settings.seed,
            'max_tokens': schema.max_words * TOKENS_A_WORD + PLAN_TOKENS * schema.want_plan,
            'response_format': {'type': 'json_schema', 'json_schema': shape},
        }

    def _exchange(self, method: str, path: str, body: Any, watch: Watch) -> Any:
        """Send a request and wait for its JSON, or until `watch` says stop."""
        left_sec = max(0.0, watch.until_sec - time.monotonic()) + GRACE_SEC
        connection = _connection(self._address, left_sec)
        future = self._workers.submit(_exchange, connection, method, self._path(path), body)
        try:
            _wait(future, watch)
        finally:
            _hang_up(connection)
        return future.result()

    def _path(self, path: str) -> str:
        return self._address.path.rstrip('/') + path


def _wait(future: Future[Any], watch: Watch) -> None:
    """Wait for a future; raises what `watch` raises."""
    while not future.done():
        watch.check()
        time.sleep(POLL_SEC)


def _address(url: str) -> SplitResult:
    """Read an address; raises EndpointError."""
    parts = urlsplit(url)
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise EndpointError(
            f'model.url = {url!r}: must be an address such as http://127.0.0.1:8000/v1'
        )
    return parts


def _connection(address: SplitResult, timeout_sec: float) -> http.client.HTTPConnection:
    """Prepare a connection; none is opened yet."""
    secure = address.scheme == 'https'
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    return kind(address.hostname or '', address.port, timeout=timeout_sec)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Close a connection, so that a thread that still waits for its answer goes on."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # the server was faster
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()


def _exchange(connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> Any:
    """Send one request; raises EndpointError with what went wrong."""
    where = f'{connection.host}:{connection.port}{path}'
    key = os.environ.get(KEY_VARIABLE, '')
    headers = {'Content-Type': 'application/json'}
    headers |= {'Authorization': f'Bearer {key}'} if key else {}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        raw = response.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise EndpointError(f'{where}: no answer: {error or type(error).__name__}') from error
    if response.status != OK:
        said = raw[:200].decode('utf-8', 'replace')
        raise EndpointError(f'{where}: status {response.status}, must be {OK}: {said}')
    return _json(raw, where)


def _json(raw: bytes, where: str) -> Any:
    """Read a body; raises EndpointError when it is too long or not JSON."""
    if len(raw) > MAX_ANSWER_BYTES:
        raise EndpointError(f'{where}: the answer is longer than {MAX_ANSWER_BYTES} bytes')
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise EndpointError(f'{where}: the answer is not JSON: {error}') from error


def _first_name(models: Any) -> str:
    """Take the first served model; raises EndpointError."""
    try:
        return str(models['data'][0]['id'])
    except (KeyError, IndexError, TypeError) as error:
        raise EndpointError('the server lists no model; set model.served_name') from error


def _answer(reply: Any, model: str, seconds: float) -> Answer:
    """Read a chat completion; raises EndpointError when it isn't one."""
    try:
        text = reply['choices'][0]['message']['content']
        usage = reply.get('usage') or {}
        counts = (int(usage.get('prompt_tokens', 0)), int(usage.get('completion_tokens', 0)))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise EndpointError('the server sent no chat completion') from error
    if not isinstance(text, str):
        raise EndpointError(f'the server sent {type(text).__name__} instead of text')
    return Answer(text, model, *counts, first_text_sec=seconds, seconds=seconds)


def _content(message: Message, send_images: bool) -> Any:
    """Write a user message, with pictures as data URLs where they may leave."""
    if not (send_images and message.frames):
        return message.text
    pictures = [
        {'type': 'image_url', 'image_url': {'url': _data_url(frame)}} for frame in message.frames
    ]
    return [*pictures, {'type': 'text', 'text': message.text}]


def _data_url(frame: Frame) -> str:
    """Encode a picture as a JPEG data URL."""
    import cv2

    done, jpeg = cv2.imencode('.jpg', cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    if not done:
        raise EndpointError('a picture could not be encoded as JPEG')
    return 'data:image/jpeg;base64,' + base64.b64encode(jpeg.tobytes()).decode('ascii')


def _tell(text: str, on_text: Callable[[str], None] | None) -> None:
    """Pass the words on, when the answer has the agreed form."""
    if on_text is None:
        return
    try:
        said = json.loads(text).get('say', '')
    except (ValueError, AttributeError, RecursionError):
        return
    if isinstance(said, str) and said:
        on_text(said)
        on_text('')
