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
import sys
import time
from typing import Any

from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from robochat.assembly import Assembly
from robochat.config import ConfigError
from robochat.ros import parameters
from robochat.ros.running import Running

SWITCH_SEC = 0.0002


class RobochatNode(LifecycleNode):
    """Configure loads the models, activate begins to look and speak."""

    def __init__(self, **options: Any) -> None:
        super().__init__('robochat', **options)
        self.declare_parameter(parameters.AUTOSTART, True)
        self.config = parameters.declare_parameters(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._assembly: Assembly | None = None
        self._running: Running | None = None

    @property
    def autostart(self) -> bool:
        """Whether the node configures and activates itself."""
        return bool(self.get_parameter(parameters.AUTOSTART).value)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load skills, persona and models; fails with the reason in the log."""
        try:
            self._assembly = Assembly.load(self.config)
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            self.get_logger().error(f'configure failed: {error}')
            return TransitionCallbackReturn.FAILURE
        for warning in self._assembly.warnings:
            self.get_logger().warning(warning)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to look, decide and speak."""
        assert self._assembly is not None
        self._running = Running(self, self.config, self._assembly)
        self.get_logger().info(f'active with model {self._assembly.model_name}')
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, and let go of what is on its way."""
        self._stop()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the models."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything, from any state."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fall back to unconfigured."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Stop the workers and free the models."""
        self._stop()
        self._release()

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _release(self) -> None:
        if self._assembly is not None:
            self._assembly.close()
            self._assembly = None

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        """Check changes as a set; what can change while running does so at once."""
        try:
            self.config = parameters.changed(self.config, changes, self._assembly is not None)
        except ConfigError as error:
            return parameters.verdict(error)
        if self._running is not None:
            self._running.configure(self.config)
        return parameters.verdict()


def main(ros_args: Sequence[str] = ()) -> int:
    """Spin the node until it is interrupted or told to shut down; returns an exit status."""
    # Callbacks wait for the interpreter while a network's Python runs: at most this long.
    sys.setswitchinterval(SWITCH_SEC)
    rclpy.init(args=['robochat', *ros_args])
    node = None
    try:
        node = RobochatNode()
        if node.autostart:
            _start(node)
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _start(node: RobochatNode) -> None:
    """Configure and activate; a node that can't waits, unconfigured, for better settings."""
    success = TransitionCallbackReturn.SUCCESS
    started_sec = time.monotonic()
    if node.trigger_configure() == success and node.trigger_activate() == success:
        node.get_logger().info(f'ready after {time.monotonic() - started_sec:.1f} s')
    else:
        node.get_logger().error(
            'waiting for better settings: set the parameters, then '
            '`ros2 lifecycle set /robochat configure` and `activate`'
        )
