"""Open networks from weight files and run them, one small class for each runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class WeightsError(RuntimeError):
    """A weight file is there but can't be used; the message says which and why."""


class OnnxNetwork:
    """A network that onnxruntime runs on the CPU; safe to call from several threads."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Raises WeightsError when the file isn't a network that onnxruntime can open."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning workers steal the core from everything else that runs on the robot.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        # A batch of one is all that is ever run; knowing it folds the shape arithmetic away.
        options.add_free_dimension_override_by_name('n', 1)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime raises a dozen classes of its own
            raise _unusable(path, error) from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Floats, outputs: tuple[str, ...] | None = None) -> list[Floats]:
        """Return the named outputs (all when None) for one input array."""
        return list(self._session.run(outputs, {self._input: batch}))


class LiteNetwork:
    """A network that ai_edge_litert runs; one thread at a time may call it."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Raises WeightsError when the file isn't a network that LiteRT can open."""
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter = Interpreter(str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _unusable(path, error) from error
        self._input = self._interpreter.get_input_details()[0]['index']
        self._outputs = [item['index'] for item in self._interpreter.get_output_details()]

    def run(self, batch: Floats) -> list[Floats]:
        """Return copies of all outputs for one input array."""
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _unusable(path: Path, error: Exception) -> WeightsError:
    """Word the failure so that its remedy is clear."""
    reason = str(error).strip().splitlines()
    return WeightsError(
        f'{path.name} is no usable network ({reason[0] if reason else type(error).__name__}): '
        f'it may be damaged; compare its sha256 with {path.stem}.md and reinstall robochat'
    )
