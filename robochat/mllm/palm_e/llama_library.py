"""The C interface of llama.cpp, from the shared library that comes with `xllamacpp`.

Layouts differ between versions of llama.cpp, so as little as possible is assumed of them:
parameters are opaque, start from llama.cpp's own defaults, and only the first three numbers of the
context's are set. Those defaults are looked at before, and what was set is asked for afterwards.

Threads: Python's lock is released during each call. llama.cpp's log is silent for the whole
process; it is collected only while a model is being loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
from ctypes import c_bool, c_char_p, c_int32, c_uint32, c_void_p
import functools
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
import importlib.util
from pathlib import Path
from typing import Any

from robochat.mllm.protocol import ModelError

PACKAGE = 'xllamacpp'
TESTED_VERSION = '2026.10.11549'
REMEDY = f'install {PACKAGE}=={TESTED_VERSION} or set model.runtime to torch'
# Tokens of context, of a batch and of a computed piece of it; sequences.
DEFAULTS = (512, 2048, 512, 1)
OPAQUE_BYTES = 512
LOG_ERROR = 4
LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_int, c_char_p, c_void_p)


class Params(ctypes.Structure):
    """Parameters passed by value: longer than any version's, so the callee finds all of them."""

    _fields_ = [('numbers', c_uint32 * (OPAQUE_BYTES // 4))]


class Batch(ctypes.Structure):
    """Input of `llama_decode`: tokens or embeddings; what is null is filled in by llama.cpp.

    Null positions follow those kept, null sequences are 0, null outputs are the last one's.
    """

    _fields_ = [
        ('count', c_int32),
        *((name, c_void_p) for name in ('tokens', 'vectors', 'positions')),
        *((name, c_void_p) for name in ('sequence_counts', 'sequences', 'outputs')),
    ]


FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    'llama_backend_init': (None, ()),
    'llama_log_set': (None, (c_void_p, c_void_p)),
    'llama_time_us': (ctypes.c_int64, ()),
    'llama_model_default_params': (Params, ()),
    'llama_context_default_params': (Params, ()),
    'llama_batch_get_one': (Batch, (c_void_p, c_int32)),
    'llama_model_load_from_file': (c_void_p, (c_char_p, Params)),
    'llama_model_free': (None, (c_void_p,)),
    'llama_model_get_vocab': (c_void_p, (c_void_p,)),
    'llama_model_n_embd': (c_int32, (c_void_p,)),
    'llama_model_n_ctx_train': (c_int32, (c_void_p,)),
    'llama_vocab_n_tokens': (c_int32, (c_void_p,)),
    'llama_init_from_model': (c_void_p, (c_void_p, Params)),
    'llama_free': (None, (c_void_p,)),
    'llama_n_ctx': (c_uint32, (c_void_p,)),
    'llama_n_batch': (c_uint32, (c_void_p,)),
    'llama_n_ubatch': (c_uint32, (c_void_p,)),
    'llama_set_n_threads': (None, (c_void_p, c_int32, c_int32)),
    'llama_n_threads': (c_int32, (c_void_p,)),
    'llama_n_threads_batch': (c_int32, (c_void_p,)),
    'llama_get_memory': (c_void_p, (c_void_p,)),
    'llama_memory_seq_rm': (c_bool, (c_void_p, c_int32, c_int32, c_int32)),
    'llama_memory_seq_pos_max': (c_int32, (c_void_p, c_int32)),
    'llama_decode': (c_int32, (c_void_p, Batch)),
    'llama_get_logits_ith': (ctypes.POINTER(ctypes.c_float), (c_void_p, c_int32)),
}


class Library:
    """The functions of llama.cpp by their C names; see `FUNCTIONS`."""

    def __init__(self, path: Path) -> None:
        try:
            native = ctypes.CDLL(str(path))
            for name, (result, arguments) in FUNCTIONS.items():
                function = getattr(native, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as error:
            raise mismatch(str(error)) from error
        self.call = native
        # Any C function without effect will do as a log that needs no Python, whichever thread.
        self._silence = ctypes.cast(native.llama_time_us, c_void_p)
        native.llama_log_set(self._silence, None)
        native.llama_backend_init()
        self._check_layout()

    @contextmanager
    def errors(self) -> Iterator[list[str]]:
        """Collect what llama.cpp logs as an error meanwhile."""
        lines: list[str] = []

        def receive(level: int, text: bytes | None, _: object) -> None:
            if level == LOG_ERROR and text:
                lines.append(text.decode(errors='replace').strip())

        callback = LogCallback(receive)
        self.call.llama_log_set(ctypes.cast(callback, c_void_p), None)
        try:
            yield lines
        finally:
            self.call.llama_log_set(self._silence, None)

    def _check_layout(self) -> None:
        """Raise ModelError when the defaults or a batch don't look as they did when tested."""
        found = tuple(self.call.llama_context_default_params().numbers[: len(DEFAULTS)])
        if found != DEFAULTS:
            raise mismatch(f'default parameters {found}, expected {DEFAULTS}')
        tokens = (c_int32 * 3)()
        address = ctypes.addressof(tokens)
        batch = self.call.llama_batch_get_one(address, 3)
        expected = (3, address, *[None] * 5)
        if tuple(getattr(batch, field[0]) for field in Batch._fields_) != expected:
            raise mismatch('a batch has another layout')


def mismatch(fact: str) -> ModelError:
    """Make the error for a library that isn't as it was when tested."""
    return ModelError(
        f"llama.cpp can't be used: {fact}; {PACKAGE} {_version()} is installed, "
        f'{TESTED_VERSION} was tested; {REMEDY}'
    )


@functools.cache
def library() -> Library:
    """Load llama.cpp, once; raises ModelError when it isn't installed or not as expected."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder) / f'{PACKAGE}{suffix}'
            if path.is_file():
                return Library(path)
    raise mismatch('its shared library is missing')


def _version() -> str:
    """Return the installed version, or `no version`."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return 'no version'
