"""Publishers and clients for names and types that are known only from a file."""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.action.client import ActionClient
from rclpy.node import Node


def interface_type(name: str) -> Any:
    """Import a type such as `std_msgs/msg/String`; raises ImportError or ValueError."""
    parts = name.split('/')
    if len(parts) != 3 or parts[1] not in ('msg', 'srv', 'action'):
        raise ValueError(
            f'{name!r} must look like package/msg/Type, package/srv/Type or package/action/Type'
        )
    try:
        return getattr(importlib.import_module(f'{parts[0]}.{parts[1]}'), parts[2])
    except AttributeError as error:
        raise ImportError(f'package {parts[0]} has no {parts[1]}/{parts[2]}') from error


def set_field(message: Any, name: str, value: str) -> None:
    """Set a field, dots going inward, from text of the field's own type."""
    *inward, last = name.split('.')
    for part in inward:
        message = getattr(message, part)
    old = getattr(message, last)
    if isinstance(old, bool):
        setattr(message, last, value.lower() in ('true', '1', 'yes'))
    elif isinstance(old, int | float):
        setattr(message, last, type(old)(float(value)))
    else:
        setattr(message, last, value)


class Interfaces:
    """Makes each publisher and client once, when it is first needed."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publishers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self._action_clients: dict[str, Any] = {}

    def publisher(self, name: str, type_name: str) -> tuple[Any, Any]:
        """A publisher and its message class."""
        kind = interface_type(type_name)
        if name not in self._publishers:
            self._publishers[name] = self._node.create_publisher(kind, name, 10)
        return self._publishers[name], kind

    def client(self, name: str, type_name: str) -> tuple[Any, Any]:
        """A service client and its service class."""
        kind = interface_type(type_name)
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        return self._clients[name], kind

    def action_client(self, name: str, type_name: str) -> tuple[Any, Any]:
        """An action client and its action class."""
        kind = interface_type(type_name)
        if name not in self._action_clients:
            self._action_clients[name] = ActionClient(self._node, kind, name)
        return self._action_clients[name], kind

    def close(self) -> None:
        """Take all of them off the graph."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        for client in self._clients.values():
            self._node.destroy_client(client)
        for action_client in self._action_clients.values():
            action_client.destroy()
