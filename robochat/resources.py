"""Where files lie: weights inside the package, configuration in the share folder, a cache.

The share folder is the installed one (`share/robochat` of a colcon or pip prefix) or, in a
checkout and an editable install, the repository itself.
"""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
import os
from pathlib import Path
import sys

PACKAGE = Path(__file__).resolve().parent


class MissingFileError(FileNotFoundError):
    """A shipped or named file isn't there; the message says where it was looked for."""


def model_path(name: str) -> Path:
    """Return the path of a weight file in `robochat/models`.

    Raises MissingFileError when it isn't installed.
    """
    path = PACKAGE / 'models' / name
    if not path.is_file():
        raise MissingFileError(
            f'weight file {name} is missing: looked in {path.parent}; '
            'reinstall robochat to get it back'
        )
    return path


def share_path(name: str) -> Path:
    """Return the path of a shipped file such as `config/skills/home.yaml`.

    Raises MissingFileError when no share folder has it.
    """
    tried = [folder / name for folder in _share_folders()]
    for path in tried:
        if path.exists():
            return path
    raise MissingFileError(f'{name} is missing: looked for {", ".join(map(str, tried))}')


def named_file(name: str, folder: str, suffix: str = '.yaml') -> Path:
    """Resolve a setting that is either the name of a shipped file or the path of a user's own.

    Raises MissingFileError naming the shipped ones.
    """
    own = Path(name).expanduser()
    if own.suffix == suffix or os.sep in name:
        if own.is_file():
            return own
        raise MissingFileError(f'{own}: no such file')
    try:
        return share_path(f'{folder}/{name}{suffix}')
    except MissingFileError as error:
        shipped = sorted(p.stem for p in share_path(folder).glob(f'*{suffix}'))
        raise MissingFileError(
            f'{name}: neither a file nor one of the shipped ones ({", ".join(shipped)})'
        ) from error


def dds_profile() -> dict[str, str]:
    """Return the environment in which Fast DDS carries pictures; empty when one is set already."""
    names = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
    if any(os.environ.get(name) for name in names):
        return {}
    # Kilted warns of the old name, which is the only one that older distributions know.
    name = names[os.environ.get('ROS_DISTRO', 'kilted') in ('humble', 'iron', 'jazzy')]
    return {name: str(share_path('config/fastdds.xml'))}


def _share_folders() -> Iterator[Path]:
    """Yield candidates: the checkout, colcon prefixes, the Python prefix."""
    checkout = PACKAGE.parent
    if (checkout / 'package.xml').is_file():
        yield checkout
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix:
            yield Path(prefix) / 'share' / 'robochat'
    yield Path(sys.prefix) / 'share' / 'robochat'


def cache_folder() -> Path:
    """Return the folder for what can be made again: $XDG_CACHE_HOME/robochat, or ~/.cache's."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'robochat'


def data_folder() -> Path:
    """Return the folder for what belongs to the user: $XDG_DATA_HOME/robochat, or ~/.local's."""
    return Path(os.environ.get('XDG_DATA_HOME') or Path.home() / '.local/share') / 'robochat'


def file_sha256(path: Path) -> str:
    """Return the checksum of a file; raises OSError when it can't be read."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
