"""Finds language models by name: a table of built-in ones, and entry points of other packages.

An entry point in the group `robochat.mllms` names a callable that takes ModelSettings and a
Persona, and returns an Mllm.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

from robochat.mllm.protocol import Mllm, ModelError
from robochat.persona import Persona
from robochat.settings import ModelSettings

GROUP = 'robochat.mllms'
BUILT_IN = {
    'phrases': 'robochat.mllm.registry:phrases',
    'palm_e': 'robochat.mllm.palm_e.model:PalmE',
    'smollm2': 'robochat.mllm.smollm2:SmolLm2',
    'endpoint': 'robochat.mllm.endpoint:Endpoint',
}
EXTRAS = {
    'gguf': 'palm_e',
    'safetensors': 'palm_e',
    'tokenizers': 'palm_e',
    'torch': 'transformers',
    'transformers': 'transformers',
    'xllamacpp': 'palm_e',
}

Maker = Callable[[ModelSettings, Persona], Mllm]


class UnknownModelError(ModelError):
    """No model has this name; the message has the known ones."""


class MissingExtraError(ModelError):
    """A model needs a package that isn't installed; the message says how to get it."""


def known_models() -> tuple[str, ...]:
    """Name the built-in models and those of other packages."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def load_model(settings: ModelSettings, persona: Persona, backend: str = '') -> Mllm:
    """Load the model that `backend` names, or the settings when it is empty.

    Raises UnknownModelError, MissingExtraError, or another ModelError when its files are missing.
    """
    name = backend or settings.backend
    try:
        return _maker(name)(settings, persona)
    except ModuleNotFoundError as error:
        missing = (error.name or '').split('.')[0]
        extra = EXTRAS.get(missing)
        remedy = f'pip install "robochat[{extra}]"' if extra else f'pip install {missing}'
        raise MissingExtraError(
            f'model.backend = {name!r} needs {missing}, which is not installed; '
            f'get it with: {remedy}'
        ) from error


def phrases(settings: ModelSettings, persona: Persona) -> Mllm:
    """Make the model that only knows the persona's phrases."""
    from robochat.mllm.phrases import Phrases

    return Phrases(persona, settings.seed)


def _maker(name: str) -> Maker:
    """Import what makes a model; raises UnknownModelError."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(':')
        maker: Maker = getattr(import_module(module), attribute)
        return maker
    for point in entry_points(group=GROUP):
        if point.name == name:
            loaded: Maker = point.load()
            return loaded
    raise UnknownModelError(
        f'model.backend = {name!r}: no such model; known are {", ".join(known_models())}'
    )
