"""ROS parameters, made from the one declaration of the settings and checked as a set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter
from robochat.config import (
    Config,
    config_from,
    ConfigError,
    Declaration,
    declarations,
    FOREIGN,
)

AUTOSTART = 'autostart'


def descriptor_of(item: Declaration) -> ParameterDescriptor:
    """Describe a setting with its text, unit, range and whether it may change while running."""
    descriptor = ParameterDescriptor(
        name=item.name,
        description=f'{item.text} [{item.unit}]' if item.unit else item.text,
        additional_constraints=', '.join(item.choices),
        dynamic_typing=True,
    )
    if isinstance(item.default, float) and item.low is not None and item.high is not None:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(item.low), to_value=float(item.high))
        ]
    elif type(item.default) is int and item.low is not None and item.high is not None:
        limits = IntegerRange(from_value=int(item.low), to_value=int(item.high), step=1)
        descriptor.integer_range = [limits]
    return descriptor


def declare_autostart(node: Node) -> None:
    """Declare whether the node configures and activates itself."""
    text = 'Configure and activate by itself at the start; false leaves that to a manager'
    node.declare_parameter(AUTOSTART, True, ParameterDescriptor(description=text))


def declare_parameters(node: Node) -> Config:
    """Declare every setting and return the configuration.

    Raises ConfigError with one line for every unknown name and every bad value at once.
    """
    given = _overrides(node)
    config = config_from({n: v for n, v in given.items() if not n.startswith(FOREIGN)})
    for item in declarations():
        value = given.get(item.name, item.default)
        typed = float(value) if isinstance(item.default, float) else value
        node.declare_parameter(item.name, typed, descriptor_of(item))
    return config


def _overrides(node: Node) -> dict[str, Any]:
    """Read what files and command line set, also names that nobody declared.

    rclpy shows only overrides of declared parameters; a misspelt name would vanish without a word.
    """
    overrides: Mapping[str, Parameter[Any]] = getattr(node, '_parameter_overrides', {})
    return {name: parameter.value for name, parameter in overrides.items()}


def changed(config: Config, parameters: Iterable[Parameter[Any]], running: bool) -> Config:
    """Return `config` with changes applied.

    Raises ConfigError for bad values, and for settings that can't change while the node runs.
    """
    values = {p.name: p.value for p in parameters if not p.name.startswith(FOREIGN)}
    fixed = {d.name for d in declarations() if not d.live}
    if running and (late := sorted(fixed & values.keys())):
        raise ConfigError(
            [
                f'{name}: cannot change while the node is active; deactivate and clean up first'
                for name in late
            ]
        )
    return config_from(values, base=config)


def verdict(error: ConfigError | None = None) -> SetParametersResult:
    """Answer a request to set parameters."""
    return SetParametersResult(successful=error is None, reason=str(error) if error else '')
