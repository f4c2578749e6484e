"""Where annotated pictures go: a folder, a window."""

from __future__ import annotations

import os
from pathlib import Path

from robochat.values import RgbImage


class Folder:
    """Writes a PNG for every picture that comes with words."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self._count = 0

    def __call__(self, rgb: RgbImage, words: str) -> None:
        """Write the picture when something is said in it."""
        import cv2

        if words:
            self._count += 1
            path = self._folder / f'{self._name}_{self._count}.png'
            cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


class Window:
    """Shows every picture in a window of the desktop."""

    def __init__(self, title: str) -> None:
        self._title = title

    @staticmethod
    def possible() -> bool:
        """Tell whether there is a display to open a window on."""
        return bool(os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))

    def __call__(self, rgb: RgbImage, words: str) -> None:
        """Show the picture; words are drawn in it already."""
        import cv2

        cv2.imshow(self._title, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        cv2.waitKey(1)
