"""What decided: version, settings, model and the weights of the decision to speak.

It leads every tape, so that the same decisions can be made again, and stands as metadata in the
file, so that a person can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from robochat.config import Config, config_from, ConfigError, declarations, Value
from robochat.decision_model import DecisionModel, DecisionModelError

METADATA = 'robochat'
SECRET = ('model.url', 'memory.key_file')


@dataclass(frozen=True)
class About:
    """`settings` has every setting by its flat name; `weights` is a decision model as JSON."""

    version: str = ''
    model: str = ''
    settings: tuple[tuple[str, Value], ...] = ()
    weights: str = ''

    @classmethod
    def of(cls, config: Config, model: str, decision_model: DecisionModel | None) -> About:
        """Describe a node; addresses and the place of the key stay out."""
        flat = {d.name: _value(config, d.name) for d in declarations() if d.name not in SECRET}
        weights = decision_model.to_json() if decision_model else ''
        return cls(installed_version(), model, tuple(flat.items()), weights)

    def config(self, problems: list[str]) -> Config:
        """Return the settings; those that this version doesn't have become `problems`."""
        known = {d.name: d for d in declarations()}
        fit: dict[str, Value] = {}
        for name, value in self.settings:
            if name not in known:
                problems.append(f'{name} is no setting any more')
            elif problem := known[name].problem(value):
                problems.append(problem)
            else:
                fit[name] = value
        try:
            return config_from(fit)
        except ConfigError as error:
            problems += error.problems
            return Config()

    def decision_model(self, problems: list[str]) -> DecisionModel | None:
        """Return the recorded weights, None where a rule decided."""
        if not self.weights:
            return None
        try:
            return DecisionModel.from_json(self.weights)
        except DecisionModelError as error:
            problems.append(str(error))
            return None

    def metadata(self) -> dict[str, str]:
        """What goes into the file for people to read."""
        settings = json.dumps(dict(self.settings))
        return {
            'version': self.version,
            'model': self.model,
            'settings': settings,
            'weights': self.weights,
        }

    def line(self) -> str:
        """Write the line that leads a tape."""
        return json.dumps({'about': self.metadata()})


def about_from(data: Any) -> About:
    """Read what leads a tape, or metadata; what doesn't fit is left out."""
    entries = data if isinstance(data, Mapping) else {}
    try:
        settings = json.loads(entries.get('settings') or '{}')
    except (TypeError, ValueError, RecursionError):
        settings = {}
    pairs = settings.items() if isinstance(settings, dict) else ()
    return About(
        version=str(entries.get('version', ''))[:100],
        model=str(entries.get('model', ''))[:200],
        settings=tuple((str(name), value) for name, value in pairs),
        weights=str(entries.get('weights', '')),
    )


def differences(before: About, now: About) -> tuple[str, ...]:
    """Say in which version, model, weights and settings two differ."""
    found = [
        f'{name}: {old or "unknown"} -> {new or "unknown"}'
        for name, old, new in (
            ('version', before.version, now.version),
            ('model', before.model, now.model),
        )
        if old != new
    ]
    if before.weights != now.weights:
        found.append('the weights of the decision to speak')
    old_values, new_values = dict(before.settings), dict(now.settings)
    for name in sorted(old_values.keys() | new_values.keys()):
        old, new = old_values.get(name, 'unset'), new_values.get(name, 'unset')
        if old != new:
            found.append(f'{name}: {old!r} -> {new!r}')
    return tuple(found)


def installed_version() -> str:
    """Return the version of the installed package; empty when it isn't installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version('robochat')
    except PackageNotFoundError:
        return ''


def _value(config: Config, name: str) -> Value:
    """Look a setting up by its flat name."""
    group, item = name.split('.', 1)
    value: Value = getattr(getattr(config, group), item)
    return value
