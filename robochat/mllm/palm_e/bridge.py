"""The projector and the state encoders in numpy, for serving without torch.

The same numbers as `network.BridgeModule`, from the same weight file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.palm_e.config import NetworkConfig
from robochat.mllm.palm_e.weights import BRIDGE, Tensors, Weights, WeightsError

Floats = NDArray[np.float32]

LOUDNESS = 3.0
NORM_EPSILON = 1e-5
FAR = 6.0


class Bridge:
    """Turns features and state vectors into tokens; raises WeightsError when the parts don't fit.

    `width` is the language model's. Safe to call from several threads.
    """

    def __init__(self, config: NetworkConfig, tensors: Tensors) -> None:
        self.config = config
        length = len(BRIDGE)
        self._tensors = {
            name[length:]: np.asarray(value, np.float32)
            for name, value in tensors.items()
            if name.startswith(BRIDGE)
        }
        self.width = int(self._of('projector.out.bias').shape[0])
        self._scale = self._of('scale').item()
        self._check_shapes()

    @classmethod
    def of(cls, weights: Weights) -> Bridge:
        """Make the bridge of a weight file."""
        return cls(weights.config, weights.tensors)

    def image(self, features: NDArray[Any]) -> Floats:
        """Return the (15, width) tokens of a picture's (regions, cells, channels) features.

        Raises ValueError for another shape and for numbers that aren't finite.
        """
        x = _checked('features', features, self.config.shape)
        parts, start = [], 0
        for number, part in enumerate(self.config.parts):
            parts.append(self._norm(x[..., start : start + part], f'projector.norms.{number}'))
            start += part
        cells = _gelu(self._linear(np.concatenate([*parts, x[..., start:]], -1), 'projector.cell'))
        hidden = _gelu(self._linear(cells.reshape(len(cells), -1), 'projector.region'))
        loud = self._loudness('projector')
        regions = self._linear(hidden, 'projector.out') * loud
        regions += self._of('projector.position') * self._scale
        seen = _softmax(self._of('projector.query') @ hidden.T) @ hidden
        overviews = (self._of('projector.overview') @ seen[..., None])[..., 0] * loud
        return np.concatenate([regions, overviews])

    def state(self, kind: str, vector: NDArray[Any]) -> Floats:
        """Return the (tokens, width) tokens of a state vector.

        Raises ValueError for an unknown kind, another width, and numbers that aren't finite.
        """
        known = self.config.state(kind)
        x = _checked(f'a {kind} vector', vector, (known.width,))
        standard = (x - self._of(f'states.{kind}.mean')) / self._of(f'states.{kind}.spread')
        hidden = _gelu(self._linear(standard.clip(-FAR, FAR)[None], f'states.{kind}.first'))
        tokens = self._linear(hidden, f'states.{kind}.out') * self._loudness(f'states.{kind}')
        return np.asarray(tokens.reshape(known.tokens, self.width), np.float32)

    def _of(self, name: str) -> Floats:
        """Return a tensor."""
        if name not in self._tensors:
            raise WeightsError(f'the weights lack {BRIDGE}{name}')
        return self._tensors[name]

    def _loudness(self, name: str) -> np.float32:
        """Return what tokens are multiplied with, to be as loud as words."""
        return np.float32(LOUDNESS * self._of(f'{name}.gain').item() * self._scale)

    def _linear(self, x: Floats, name: str) -> Floats:
        """Apply a linear layer."""
        out = x @ self._of(f'{name}.weight').T + self._of(f'{name}.bias')
        return np.asarray(out, np.float32)

    def _norm(self, x: Floats, name: str) -> Floats:
        """Apply a layer norm."""
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + NORM_EPSILON)
        normed = centred / spread * self._of(f'{name}.weight') + self._of(f'{name}.bias')
        return np.asarray(normed, np.float32)

    def _check_shapes(self) -> None:
        """Refuse weights of other sizes than the description says."""
        c = self.config
        wanted: dict[str, tuple[int, ...]] = {
            'projector.cell': (c.cell_width, c.channels),
            'projector.region': (c.region_width, c.cells * c.cell_width),
            'projector.out': (self.width, c.region_width),
        }
        plain: dict[str, tuple[int, ...]] = {
            'projector.query': (c.overviews, c.region_width),
            'projector.overview': (c.overviews, self.width, c.region_width),
        }
        for kind in c.states:
            wanted[f'states.{kind.name}.first'] = (c.state_width, kind.width)
            wanted[f'states.{kind.name}.out'] = (kind.tokens * self.width, c.state_width)
            plain[f'states.{kind.name}.mean'] = plain[f'states.{kind.name}.spread'] = (kind.width,)
        plain |= {f'{name}.weight': shape for name, shape in wanted.items()}
        for name, shape in plain.items():
            real = self._of(name).shape
            if real != shape:
                raise WeightsError(f'{BRIDGE}{name} has the shape {real}, not {shape}')


def _checked(what: str, given: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    """Return float32 of the shape that is wanted; raises ValueError."""
    array = np.asarray(given)
    if array.dtype.kind not in 'fiub':
        raise ValueError(f'{what} must be numbers, not {array.dtype}')
    if array.shape != shape:
        raise ValueError(f'{what} has the shape {array.shape}; this model reads {shape}')
    if not np.isfinite(array).all():
        raise ValueError(f'{what} has {int((~np.isfinite(array)).sum())} numbers not finite')
    return array.astype(np.float32)


def _softmax(x: Floats) -> Floats:
    """Turn scores into shares along the last axis."""
    shares = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True), np.float32)


def _gelu(x: Floats) -> Floats:
    """Apply GELU in its tanh form (Hendrycks and Gimpel, arXiv 1606.08415)."""
    inner = np.sqrt(2 / np.pi).astype(np.float32) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(0.5 * x * (1 + np.tanh(inner)), np.float32)
