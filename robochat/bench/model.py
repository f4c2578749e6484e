"""How fast the language part of `palm_e` reads and writes, and what it holds in memory.

Each kind and number of threads runs in a process of its own, so that memory is its own and the
threads of one library don't disturb another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
from pathlib import Path
import statistics
import subprocess
import sys
import time

import numpy as np
from robochat.bench.rows import Row
from robochat.mllm.palm_e.decoder import Decoder

READ = 128
WRITTEN = 40
ROUNDS = 5
CONTEXT = 1024
TIMEOUT_SEC = 300.0
LLAMA, TORCH = 'llama.cpp', 'torch'
UNITS = {
    'load': 's',
    f'read {READ} embeddings': 's',
    f'write {WRITTEN} tokens': 's',
    'memory': 'MB',
}


def rows(
    file: Path,
    kinds: Iterable[str] = (LLAMA, 'torch float32', 'torch int8'),
    threads: Iterable[int] = (1, 2),
) -> list[Row]:
    """Measure a GGUF file; a kind is `llama.cpp` or `torch` and a precision of TorchDecoder.

    Raises CalledProcessError when a kind can't run, TimeoutExpired when it takes minutes.
    """
    made = []
    for kind in kinds:
        for count in threads:
            for what, value in measured_apart(file, kind, count).items():
                made.append(Row(f'{kind}, {count} threads: {what}', value, UNITS[what]))
    return made


def measured_apart(file: Path, kind: str, threads: int) -> dict[str, float]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, '-m', 'robochat.bench.model', str(file), kind, str(threads)],
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SEC,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(file: Path, kind: str, threads: int) -> dict[str, float]:
    """Measure in this process; times are medians of five."""

    def read() -> None:
        decoder.cut(0)
        decoder.read_vectors(vectors)

    def write() -> None:
        token = 0
        for _ in range(WRITTEN):
            token = int(decoder.read([token]).argmax())

    started_sec = time.monotonic()
    decoder: Decoder = _decoder(file, kind, threads)
    rng = np.random.default_rng(0)
    vectors = rng.normal(0, 0.1, (READ, decoder.size)).astype(np.float32)
    read()
    load_sec = time.monotonic() - started_sec
    reads, writes = zip(*((_seconds(read), _seconds(write)) for _ in range(ROUNDS)), strict=True)
    values = (load_sec, statistics.median(reads), statistics.median(writes), _memory_mb())
    decoder.close()
    return dict(zip(UNITS, values, strict=True))


def _decoder(file: Path, kind: str, threads: int) -> Decoder:
    """Load the model."""
    library, _, precision = kind.partition(' ')
    if library == LLAMA:
        from robochat.mllm.palm_e.llama_decoder import LlamaDecoder

        return LlamaDecoder(file, threads=threads, context=CONTEXT)
    from robochat.mllm.palm_e.torch_decoder import TorchDecoder
    from robochat.mllm.palm_e.torch_weights import load_lm

    return TorchDecoder(load_lm(file), threads=threads, context=CONTEXT, precision=precision)


def _seconds(action: Callable[[], None]) -> float:
    """Time an action."""
    started_sec = time.monotonic()
    action()
    return time.monotonic() - started_sec


def _memory_mb() -> float:
    """Return the memory that the process holds now, weights mapped from files included."""
    for line in Path('/proc/self/status').read_text(encoding='utf-8').splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == '__main__':
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))) + '\n')
