"""The node: a lifecycle node around the pipeline.

Flow: the camera callback leaves the newest picture for the *see* worker and, now and then, for the
*look* worker; a timer decides; the *respond* worker carries turns out and publishes.

Threads: callbacks and timers run on the one executor thread and never wait for a network or a
model. Four workers, one each for seeing, looking, responding and asked-for turns, have mailboxes
of one item. Publishers are safe to call from all of them.

Units and frames: the pipeline's clock is the node's clock (system or simulated), in seconds;
headers carry the acquisition time of the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robochat.assembly import Assembly
from robochat.ros.managed import ManagedNode, spin
from robochat.ros.running import Running


class RobochatNode(ManagedNode[Assembly]):
    """Configure loads the models, activate begins to look and speak."""

    def __init__(self, **options: Any) -> None:
        super().__init__('robochat', **options)

    def load(self) -> Assembly:
        """Load skills, persona and models."""
        return Assembly.load(self.config)

    def run(self, parts: Assembly) -> Running:
        """Start to look, decide and speak."""
        running = Running(self, self.config, parts)
        self.get_logger().info(f'active with model {parts.model_name}')
        return running


def main(ros_args: Sequence[str] = ()) -> int:
    """Spin the node until it is interrupted or told to shut down; returns an exit status."""
    return spin(RobochatNode, ros_args)
