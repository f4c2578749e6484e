"""The user's own decision model: which one is in use, how it is replaced, how one goes back.

`decision.json` in the user's data folder is in use where it exists, else the shipped model. A
model that is replaced is kept beside it as `decision.1.json`, `decision.2.json` and so on, the
newest with the highest number.

Safety: nothing here is called by the robot but `model_in_use`, which only reads.
"""

from __future__ import annotations

import os
from pathlib import Path

from robochat.decision_model import (
    DecisionModel,
    DecisionModelError,
    FILE,
    load_decision_model,
)
from robochat.learning.lines import numbered, write_whole
from robochat.resources import data_folder
from robochat.settings import LearningSettings

UNDONE = 'undone'


class VersionError(ValueError):
    """There is nothing to go back to, or a file can't be written; the message says which."""


def model_file(settings: LearningSettings) -> Path:
    """Where the user's own model lies, or would lie."""
    named = settings.model_file
    return Path(named).expanduser() if named else data_folder() / FILE


def model_in_use(settings: LearningSettings) -> tuple[DecisionModel, str]:
    """Return the model that the robot takes, and a warning where it isn't the user's own.

    Raises DecisionModelError when the shipped one can't be read either.
    """
    path = model_file(settings)
    if path.is_file():
        try:
            return load_decision_model(path), ''
        except DecisionModelError as error:
            return load_decision_model(), f'the shipped decision model is used: {error}'
    if settings.model_file:
        return load_decision_model(), f'the shipped decision model is used: {path} is not there'
    return load_decision_model(), ''


def kept_versions(path: Path) -> tuple[int, ...]:
    """Numbers of the models that were replaced, the oldest first."""
    names = (p.name.split('.') for p in path.parent.glob(f'{path.stem}.*{path.suffix}'))
    return tuple(sorted(int(n[-2]) for n in names if n[-2].isdecimal() and int(n[-2]) > 0))


def apply(model: DecisionModel, path: Path) -> Path | None:
    """Put a model into use; returns where the former one is kept, None where that is the shipped.

    Raises VersionError when it can't be written; then all is as it was.
    """
    try:
        kept = None
        if path.is_file():
            kept = numbered(path, max(kept_versions(path), default=0) + 1)
            write_whole(kept, path.read_text(encoding='utf-8'))
        write_whole(path, model.to_json() + '\n')
    except (OSError, UnicodeDecodeError) as error:
        raise VersionError(f"{path}: can't be replaced: {error}") from error
    return kept


def roll_back(path: Path) -> str:
    """Take the former model into use again and say which; the undone one is kept aside.

    Raises VersionError when the shipped model is in use, or a file can't be moved.
    """
    if not path.is_file():
        raise VersionError(
            f'there is nothing to go back to: {path} is not there, so the shipped model is in use'
        )
    versions = kept_versions(path)
    try:
        os.replace(path, path.with_name(f'{path.stem}.{UNDONE}{path.suffix}'))
        if not versions:
            return 'the shipped model'
        os.replace(numbered(path, versions[-1]), path)
    except OSError as error:
        raise VersionError(f"{path}: can't be moved: {error}") from error
    return f'version {versions[-1]}'
