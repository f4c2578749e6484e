"""Types of packages that may be missing."""

from __future__ import annotations

from typing import Any

from robochat.ros.interfaces import interface_type


def optional_type(name: str) -> type[Any] | None:
    """Import a type such as `hri_msgs/msg/IdsList`; None when it isn't installed."""
    try:
        found: type[Any] = interface_type(name)
    except ImportError:
        return None
    return found


def required_type(name: str) -> type[Any]:
    """Import a type; raises ImportError that says which package to install."""
    found = optional_type(name)
    if found is None:
        package, _, _ = name.partition('/')
        raise ImportError(f'{name} is missing: install the package {package}')
    return found
