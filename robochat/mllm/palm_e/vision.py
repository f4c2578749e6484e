"""Frozen vision: a picture becomes 12 regions, 3 rows of 4, each of 3 x 3 cells of numbers.

A cell is a twelfth of the picture's width and a ninth of its height. Its numbers are the network's
features there, coarse and fine, and 48 of plain colour: the mean red, green and blue of its 4 x 4
parts. A network that was trained to name things forgets colours; these bring them back.
"""

from __future__ import annotations

from functools import cached_property
import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from robochat.mllm.protocol import ModelError
from robochat.resources import file_sha256, model_path

Picture = NDArray[np.uint8]
Features = NDArray[np.float16]
Floats = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 384, 288
ROWS, COLUMNS, SIDE = 3, 4, 3
REGIONS, CELLS = ROWS * COLUMNS, SIDE * SIDE
COLOR_PARTS = 4
COLOR = COLOR_PARTS * COLOR_PARTS * 3
COARSE, FINE = 320, 4 * 112
FILE = 'efficientnet_lite0.onnx'
EMBEDDED = 'embedded'
LEAST_PX = 16


class Vision(Protocol):
    """A frozen network that looks at pictures.

    `shape` is (regions, cells, channels). A cell's channels are the `parts`, each of which the
    projector normalises for itself, then the plain colours. `name` and `sha256` say which network
    it is.
    """

    name: str
    parts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(regions, cells, channels)."""
        ...

    @property
    def sha256(self) -> str:
        """The checksum of its weights."""
        ...

    def features(self, image: Picture) -> Features:
        """Return the features of one RGB picture; raises ValueError when it is none."""
        ...


class EmbeddedVision:
    """EfficientNet-Lite0, frozen, by onnxruntime; raises ModelError when it can't be opened."""

    name: str = EMBEDDED
    parts: tuple[int, ...] = (COARSE, FINE)
    shape: tuple[int, int, int] = (REGIONS, CELLS, COARSE + FINE + COLOR)

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        import onnxruntime

        self._path = path or model_path(FILE)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        options.add_free_dimension_override_by_name('n', 1)
        try:
            self._session = onnxruntime.InferenceSession(
                str(self._path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime raises a dozen classes of its own
            raise ModelError(
                f'{self._path} is no usable network: {str(error).strip().splitlines()[0]}; '
                f'compare its sha256 with {self._path.stem}.md and reinstall robochat'
            ) from error

    @cached_property
    def sha256(self) -> str:
        """The checksum of its weights."""
        return file_sha256(self._path)

    def features(self, image: Picture) -> Features:
        """Return (12, 9, 816) float16: 320 coarse numbers, 4 x 112 fine ones, 48 of colour."""
        small = _resized(checked(image))
        pixels = (small.astype(np.float32) - 127.0) / 128.0
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        fine, coarse = self._session.run(('stride16', 'stride32'), {'pictures': batch})
        rows, columns = ROWS * SIDE, COLUMNS * SIDE
        fine = fine[0].reshape(-1, rows, 2, columns, 2).transpose(1, 3, 2, 4, 0)
        grid = (coarse[0].transpose(1, 2, 0), fine.reshape(rows, columns, -1), _colors(small))
        return in_regions(np.concatenate(grid, axis=-1))


class HubVision:
    """Any vision model that `transformers` opens, by the path of its folder.

    Its patch tokens, or its last map, are averaged to the 9 x 12 cells; a picture that the model
    wants square is squeezed. Raises ModelError when the folder has no such model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self.name = str(path)
        self._path = Path(path).expanduser()
        if not (self._path / 'config.json').is_file():
            raise ModelError(
                f'{path}: no folder with a vision model (config.json is missing); set '
                f'vision to {EMBEDDED} or to a folder that save_pretrained wrote'
            )
        import torch
        from transformers import AutoImageProcessor, AutoModel

        torch.set_num_threads(threads)
        try:
            processors: Any = AutoImageProcessor
            self._model: Any = AutoModel.from_pretrained(str(self._path)).eval()
            self._processor: Any = processors.from_pretrained(str(self._path))
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f'{path}: transformers opens no vision model: {error}') from error
        self._model = getattr(self._model, 'vision_model', self._model)
        probe = self._cells(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8))
        self.parts: tuple[int, ...] = (probe.shape[-1],)
        self.shape: tuple[int, int, int] = (REGIONS, CELLS, probe.shape[-1] + COLOR)

    @cached_property
    def sha256(self) -> str:
        """The checksum of its weights."""
        return folder_sha256(self._path)

    def features(self, image: Picture) -> Features:
        """Return (12, 9, channels) float16: the model's numbers, then 48 of colour."""
        small = _resized(checked(image))
        return in_regions(np.concatenate((self._cells(small), _colors(small)), axis=-1))

    def _cells(self, small: Picture) -> Floats:
        """Return the model's numbers on the grid of cells, (9, 12, n)."""
        import torch
        from torch.nn import functional

        inputs = self._processor(images=small, return_tensors='pt')
        with torch.inference_mode():
            out = self._model(pixel_values=inputs['pixel_values']).last_hidden_state.float()
        if out.ndim == 3:
            out = _as_map(out, self._processed_shape(inputs['pixel_values']))
        cells = functional.adaptive_avg_pool2d(out, (ROWS * SIDE, COLUMNS * SIDE))
        return np.asarray(cells[0].permute(1, 2, 0).numpy(), np.float32)

    @staticmethod
    def _processed_shape(pixels: Any) -> tuple[int, int]:
        """Return height and width of what the model was given, px."""
        return int(pixels.shape[-2]), int(pixels.shape[-1])


def vision_of(choice: str, threads: int = 1) -> Vision:
    """Open the network that a setting names: `embedded`, or the path of a folder."""
    return EmbeddedVision(threads=threads) if choice == EMBEDDED else HubVision(choice, threads)


def checked(image: Any) -> Picture:
    """Return the picture; raises ValueError when it isn't an (h, w, 3) array of uint8."""
    shape = getattr(image, 'shape', None)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        what = f'dtype {image.dtype}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'a picture must be an array of uint8, not {what}')
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'a picture must have the shape (height, width, 3), not {shape}; RGB')
    if min(image.shape[:2]) < LEAST_PX:
        raise ValueError(f'a picture needs {LEAST_PX} px each way at least, not {shape}')
    return image


def in_regions(grid: Floats) -> Features:
    """Sort a (9, 12, n) grid of cells into (12, 9, n), region by region, row by row."""
    channels = grid.shape[-1]
    split = grid.reshape(ROWS, SIDE, COLUMNS, SIDE, channels).transpose(0, 2, 1, 3, 4)
    limit = float(np.finfo(np.float16).max)
    bounded = np.clip(split.reshape(REGIONS, CELLS, channels), -limit, limit)
    return bounded.astype(np.float16)


def folder_sha256(folder: Path) -> str:
    """Return one checksum of all weight files in a folder; ModelError when there are none."""
    files = sorted(p for s in ('*.safetensors', '*.bin', '*.gguf') for p in folder.glob(s))
    if not files:
        raise ModelError(f'{folder}: no weight files (.safetensors, .bin or .gguf)')
    if len(files) == 1:
        return file_sha256(files[0])
    listed = ''.join(f'{file_sha256(path)} {path.name}\n' for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def _resized(image: Picture) -> Picture:
    """Bring a picture to 384 x 288."""
    import cv2

    smaller = image.shape[0] > HEIGHT_PX or image.shape[1] > WIDTH_PX
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (WIDTH_PX, HEIGHT_PX), interpolation=how), np.uint8)


def _colors(small: Picture) -> Floats:
    """Return the colours of the 4 x 4 parts of every cell, (9, 12, 48)."""
    import cv2

    rows, columns = ROWS * SIDE, COLUMNS * SIDE
    size = (columns * COLOR_PARTS, rows * COLOR_PARTS)
    mean = cv2.resize(small.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    split = mean.reshape(rows, COLOR_PARTS, columns, COLOR_PARTS, 3).transpose(0, 2, 1, 3, 4)
    return np.asarray((split.reshape(rows, columns, COLOR) - 127.0) / 64.0, np.float32)


def _as_map(tokens: Any, shape: tuple[int, int]) -> Any:
    """Arrange (1, n, d) patch tokens, without class and register tokens, as a (1, d, h, w) map."""
    count, ratio = tokens.shape[1], shape[0] / shape[1]
    for extra in range(min(count, 9)):
        patches = count - extra
        high = round((patches * ratio) ** 0.5)
        if high and patches % high == 0 and abs(high / (patches // high) / ratio - 1) < 0.05:
            grid = tokens[:, extra:].reshape(1, high, patches // high, -1)
            return grid.permute(0, 3, 1, 2)
    raise ModelError(f'{count} tokens of a picture of {shape} px fit no grid of patches')
