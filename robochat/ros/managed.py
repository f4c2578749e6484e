"""A lifecycle node: what every transition does, parameters, start and end.

Flow: configure loads the parts (models), activate runs them on the graph, deactivate takes them
off it, cleanup frees them; shutdown and an error do both. A node configures and activates itself
unless its parameter `autostart` is false, and so does one that was started again after it died.

Threads: transitions and parameters are handled by the one executor thread.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
import functools
import os
import sys
import time
from typing import Any, Generic, Protocol, TypeVar

from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from robochat.config import Config, ConfigError
from robochat.ros import parameters

SWITCH_SEC = 0.0002
FREE_SEC = 0.5
Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


class NodeError(RuntimeError):
    """The node can't be made; the message says why."""


class Loaded(Protocol):
    """What configure loads."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be replaced by something lesser."""

    def close(self, within_sec: float | None = None) -> bool:
        """Free it; false when that takes longer than `within_sec`."""


class Runs(Protocol):
    """What activate starts."""

    def configure(self, config: Config) -> None:
        """Take settings that may change while running."""

    def stop(self) -> None:
        """Take everything off the graph and end the workers."""


Parts = TypeVar('Parts', bound=Loaded)


def told(transition: Transition) -> Transition:
    """Log what a transition raises, which rclpy makes an error of without a word."""

    @functools.wraps(transition)
    def telling(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:  # the edge: ROS wants a verdict
            name = transition.__name__.removeprefix('on_')
            node.get_logger().error(f'{name} failed: {type(error).__name__}: {error}')
            return TransitionCallbackReturn.ERROR

    return telling


class ManagedNode(LifecycleNode, Generic[Parts]):
    """Loads its parts and runs them; raises ConfigError when a parameter is wrong."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        parameters.declare_autostart(self)
        self.config = parameters.declare_parameters(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._parts: Parts | None = None
        self._running: Runs | None = None

    @abstractmethod
    def load(self) -> Parts:
        """Load models and files; raises ValueError, OSError, RuntimeError or ImportError."""

    @abstractmethod
    def run(self, parts: Parts) -> Runs:
        """Put the parts on the graph."""

    @property
    def autostart(self) -> bool:
        """Whether the node configures and activates itself."""
        return bool(self.get_parameter(parameters.AUTOSTART).value)

    # ------------------------------------------------------------------ transitions
    @told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load; fails, and stays unconfigured, with the reason in the log."""
        try:
            self._parts = self.load()
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            self.get_logger().error(f'configure failed: {error}')
            return TransitionCallbackReturn.FAILURE
        for warning in self._parts.warnings:
            self.get_logger().warning(warning)
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start; an error frees everything and ends unconfigured."""
        assert self._parts is not None
        self._running = self.run(self._parts)
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop; what is on its way, a model's answer or a plan, is cancelled in silence."""
        self._stop()
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the models."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything, from any state."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fall back to unconfigured."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self, within_sec: float | None = None) -> bool:
        """Stop the workers and free the models; false when that takes longer."""
        self._stop()
        return self._release(within_sec)

    def destroy_node(self) -> None:
        """Take the node off the graph, and what rclpy leaves of it.

        The state machine of a destroyed LifecycleNode keeps its context, and so the shared memory
        of Fast DDS, until the interpreter ends (rclpy 7 and 9).
        """
        super().destroy_node()
        machine: Any = getattr(self, '_state_machine', None)
        if hasattr(machine, 'destroy_when_not_in_use'):
            machine.destroy_when_not_in_use()

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def _release(self, within_sec: float | None = None) -> bool:
        parts, self._parts = self._parts, None
        return parts is None or parts.close(within_sec)

    # ------------------------------------------------------------------ parameters
    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        """Check changes as a set; what can change while running does so at once."""
        try:
            self.config = parameters.changed(self.config, changes, self._parts is not None)
        except ConfigError as error:
            return parameters.verdict(error)
        if self._running is not None:
            self._running.configure(self.config)
        return parameters.verdict()

    def start(self) -> None:
        """Configure and activate; a node that can't waits for better settings."""
        success = TransitionCallbackReturn.SUCCESS
        started_sec = time.monotonic()
        if self.trigger_configure() == success and self.trigger_activate() == success:
            self.get_logger().info(f'ready after {time.monotonic() - started_sec:.1f} s')
        else:
            name = self.get_fully_qualified_name()
            self.get_logger().error(
                'waiting for better settings: set the parameters, then '
                f'`ros2 lifecycle set {name} configure` and `activate`'
            )


def spin(make: Callable[[], ManagedNode[Any]], ros_args: Sequence[str] = ()) -> int:
    """Make a node and spin it until it is interrupted; returns an exit status.

    Raises ConfigError, and NodeError where rcl can't read the words or a parameter file.
    """
    # Callbacks wait for the interpreter while a network's Python runs: at most this long.
    sys.setswitchinterval(SWITCH_SEC)
    try:
        rclpy.init(args=['robochat', *ros_args])
    except RuntimeError as error:  # RCLError, which not every rclpy exports
        raise NodeError(f'ROS 2 can not start: {error}') from error
    executor, node, freed = SingleThreadedExecutor(), None, True
    try:
        node = make()
        if node.autostart:
            node.start()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            freed = node.close(FREE_SEC)
            executor.remove_node(node)
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        # With nothing left in it the participant goes, and its shared memory with it.
        rclpy.get_default_context().destroy()
    if not freed:
        _leave()
    return 0


def _leave() -> None:
    """End the process although a model still computes; nothing of it is worth waiting for."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
