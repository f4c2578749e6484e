"""llama.cpp inside this process, through `xllamacpp`.

Threads: the server of xllamacpp has threads of its own, and releases Python's lock while it works.
Each request runs in one worker thread here, so that the caller can leave at its deadline even
while the prompt is still being read; the next request then waits until the worker is free.

Safety: xllamacpp always listens. It is made to listen on a Unix socket in a folder that only this
user may enter, with a random key, and the socket is removed as soon as the server is up: no port
is open, and nothing can connect.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
import math
from pathlib import Path
import queue
import secrets
import tempfile
import threading
import time
from typing import Any

from robochat.mllm.protocol import ModelError, Watch

POLL_SEC = 0.02
BATCH_TOKENS = 128


@dataclass(frozen=True)
class Request:
    """One completion to be asked for; `slot` is the cache that holds the prompt's beginning."""

    prompt: str
    grammar: str
    max_tokens: int
    slot: int = 0
    temperature: float = 0.0
    seed: int = 7


@dataclass
class Completion:
    """What has come of a request so far; `probabilities` are those of the tokens written."""

    text: str = ''
    probabilities: list[float] = field(default_factory=list)
    tokens_in: int = 0
    first_text_sec: float | None = None
    whole: bool = False

    @property
    def tokens_out(self) -> int:
        """Number of tokens written."""
        return len(self.probabilities)


class Llama:
    """A GGUF model with `slots` prompt caches of `context_tokens` each.

    Raises ModelError when the file can't be loaded, ModuleNotFoundError without xllamacpp.
    """

    def __init__(self, path: Path, *, threads: int, context_tokens: int, slots: int) -> None:
        import xllamacpp

        if not path.is_file():
            raise ModelError(f'{path}: no such model file; set model.path to a GGUF file')
        with tempfile.TemporaryDirectory(prefix='robochat-') as folder:
            params = _params(xllamacpp, path, Path(folder))
            params.n_parallel = slots
            params.n_ctx = context_tokens * slots
            for cpu, count in ((params.cpuparams, threads), (params.cpuparams_batch, threads + 1)):
                cpu.n_threads = count
                cpu.poll = 0  # threads that spin while they wait stall each other when busy
            try:
                self._server = xllamacpp.Server(params)
            except (RuntimeError, ValueError) as error:
                raise ModelError(f"{path}: llama.cpp can't load it: {error}") from error
        self._worker = ThreadPoolExecutor(1, thread_name_prefix='robochat-llama')
        self._open = True
        # A server that is freed before its loop has begun to serve waits for ever.
        self._run(Request('Hi', 'root ::= "I"', 1), queue.SimpleQueue(), threading.Event())

    def complete(
        self, request: Request, watch: Watch, so_far: Callable[[Completion], None] | None = None
    ) -> Completion:
        """Complete a prompt; `so_far` sees the completion grow, in the caller's thread.

        Raises ModelError, and what `watch` raises; `so_far` has then seen what there was.
        """
        if not self._open:
            raise ModelError('the model is closed')
        pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stop = threading.Event()
        started_sec = time.monotonic()
        future = self._worker.submit(self._run, request, pieces, stop)
        completion = Completion()
        try:
            for piece in _pieces(future, pieces, watch):
                _grow(completion, piece, time.monotonic() - started_sec)
                if so_far is not None:
                    so_far(completion)
        finally:
            stop.set()
        return completion

    def close(self) -> None:
        """Stop the server; waits for a request that is still running."""
        self._open = False
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._server = None

    def _run(
        self, request: Request, pieces: queue.SimpleQueue[Any], stop: threading.Event
    ) -> None:
        """Run a request in the worker; a true answer to llama.cpp's callback cancels it."""

        def receive(piece: Any) -> bool:
            pieces.put(piece)
            return stop.is_set()

        if not stop.is_set():
            self._server.handle_completions(_fields(request), receive)


class Caches:
    """Gives each kind of prompt a cache of its own, or that of the least recently used."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._of: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def slot_of(self, key: Hashable) -> int:
        """Return the cache of a kind of prompt."""
        with self._lock:
            slot = self._of.pop(key, None)
            if slot is None:
                slot = (
                    len(self._of)
                    if len(self._of) < self._slots
                    else self._of.pop(next(iter(self._of)))
                )
            self._of[key] = slot
            return slot


def _params(xllamacpp: Any, path: Path, folder: Path) -> Any:
    """Fill in what doesn't depend on the machine: quiet, closed to others, no second cache."""
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.warmup = False
    params.cache_ram_mib = 0
    # Half the memory of the caches (0.3 GB less with 38 of them), as fast, words as good.
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    params.verbosity = 0
    params.hostnames = [str(folder / 'closed.sock')]
    params.api_keys = [secrets.token_hex(32)]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.n_threads_http = 1
    return params


def _fields(request: Request) -> dict[str, Any]:
    """Write a request for llama.cpp's server."""
    return {
        'prompt': request.prompt,
        'grammar': request.grammar,
        'max_tokens': request.max_tokens,
        'temperature': request.temperature,
        'seed': request.seed,
        'id_slot': request.slot,
        'cache_prompt': True,
        'stream': True,
        'stream_options': {'include_usage': True},
        'n_probs': 1,
    }


def _pieces(future: Future[None], pieces: queue.SimpleQueue[Any], watch: Watch) -> Iterator[Any]:
    """Yield pieces as they come; raises what `watch` or the worker raised."""
    while True:
        try:
            yield pieces.get(timeout=POLL_SEC)
        except queue.Empty:
            if future.done() and pieces.empty():
                break
        watch.check()
    error = future.exception()
    if error is not None:
        raise ModelError(f'llama.cpp failed: {error}') from error


def _grow(completion: Completion, piece: Any, after_sec: float) -> None:
    """Add a streamed piece to the completion; raises ModelError when it reports an error."""
    if not isinstance(piece, dict) or 'error' in piece:
        raise ModelError(f'llama.cpp failed: {piece}')
    usage = piece.get('usage') or {}
    completion.tokens_in = int(usage.get('prompt_tokens', completion.tokens_in))
    for choice in piece.get('choices', ()):
        text = choice.get('text') or ''
        if text and completion.first_text_sec is None:
            completion.first_text_sec = after_sec
        completion.text += text
        completion.whole |= choice.get('finish_reason') == 'stop'
        for token in (choice.get('logprobs') or {}).get('content') or ():
            completion.probabilities.append(math.exp(min(0.0, token['logprob'])))
