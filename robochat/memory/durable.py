"""Who can be remembered: people with a name that they gave or an id that lasts.

An id that a tracker counts up, such as `person_3`, means somebody else tomorrow. Nobody is known
by their face here.
"""

from __future__ import annotations

from robochat.values import Person

MAX_NAME_CHARS = 40
MAX_ID_CHARS = 80


def prefixes_of(setting: str) -> tuple[str, ...]:
    """Split a list of prefixes at its commas."""
    return tuple(prefix.strip() for prefix in setting.split(',') if prefix.strip())


def is_lasting(person_id: str, transient: tuple[str, ...]) -> bool:
    """Tell whether an id will mean the same person tomorrow; `transient` are prefixes."""
    return bool(person_id) and not person_id.startswith(transient)


def is_durable(person: Person, transient: tuple[str, ...]) -> bool:
    """Tell whether a person can be remembered: by name, or by an id that lasts."""
    return bool(person.name.strip()) or is_lasting(person.id, transient)


def key_of(person_id: str, name: str, transient: tuple[str, ...]) -> str:
    """Return the key that a person is remembered under; empty for who can't be remembered.

    An id counts more than a name, since two people may share one.
    """
    if is_lasting(person_id, transient):
        return f'id:{person_id[:MAX_ID_CHARS]}'
    plain = ' '.join(name.split())[:MAX_NAME_CHARS]
    return f'name:{plain.casefold()}' if plain else ''
