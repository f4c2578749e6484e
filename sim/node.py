"""The simulator as a ROS 2 process: camera, voices and skills of one scenario.

Usage: python -m robochat_sim.node --scenario NAME [--rate 15] [--seed N] [--loop]

Flow: a timer steps the simulation, publishes what changed and a picture, and tells the running
skill's goal how far it has come. Words of the robot and goals of `execute_skill` go into the
simulation as they arrive.
Threads: one. A picture that took long is followed by a pause, so that goals and words get through.
"""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Sequence
import json
import signal
import sys
import time
from typing import Any

import rclpy
from rclpy.action.server import ActionServer, CancelResponse, GoalResponse
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import Image
from std_msgs.msg import String

from robochat_msgs.action import ExecuteSkill
from robochat_msgs.msg import RobotState

from .canvas import RenderError
from .gazebo.stage import Eye, GazeboStage
from .gazebo.transport import address_of, GazeboError
from .options import arguments
from .reading import SceneError
from .render import Renderer
from .scenario import load_scenario
from .script import Scenario
from .simulation import Simulation
from .state import RobotPose, SimState

SENSOR = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=10)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SAY_TOPICS = ('robochat/say', 'say')
TRUTH_EVERY_SEC = 0.2
STATE_EVERY_SEC = 1.0
LEAST_REST = 0.25
# Whether a skill succeeded, and why not.
Ending = tuple[bool, str]


class SimNode(Node):
    """Plays a scenario in real time; `done` becomes true when its time is over."""

    def __init__(self, scenario: Scenario, args: argparse.Namespace) -> None:
        super().__init__('robochat_sim')
        self.done = False
        self._args = args
        self._scenario = scenario
        self._eye = _eye(scenario, args.gazebo)
        self._image = self.create_publisher(Image, 'image', SENSOR)
        self._speech = self.create_publisher(String, 'speech', RELIABLE)
        self._robot_state = self.create_publisher(RobotState, 'robot_state', LATCHED)
        self._truth = self.create_publisher(String, 'sim/truth', RELIABLE)
        for topic in SAY_TOPICS:
            self.create_subscription(String, topic, self._on_say, RELIABLE)
        self._goal: Any = None
        self._goal_done: Future[Ending] | None = None
        self._server = ActionServer(
            self,
            ExecuteSkill,
            'execute_skill',
            self._execute,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._born_sec = time.monotonic()
        self._begin()
        self._publish_robot(self._simulation.state().robot)
        self.create_timer(1.0 / args.rate, self._on_timer)

    def _begin(self) -> None:
        """Put everything at the scenario's start; the clock waits for somebody who looks."""
        self._simulation = Simulation(self._scenario, self._args.seed)
        self._started_sec: float | None = None
        self._next_picture_sec = 0.0
        self._next_truth_sec = 0.0
        self._next_state_sec = 0.0
        self._told: RobotPose | None = None

    # ------------------------------------------------------------------ time
    def _now_sec(self) -> float:
        """Return the scenario's time; 0 until it has begun."""
        return 0.0 if self._started_sec is None else time.monotonic() - self._started_sec

    def _waits(self) -> bool:
        """Start the clock once someone is subscribed to the pictures; tell whether we wait."""
        if self._started_sec is not None:
            return False
        waited_sec = time.monotonic() - self._born_sec
        looked_at = self._image.get_subscription_count() > 0
        if self._args.wait_for_subscriber and not looked_at and waited_sec < self._args.wait_sec:
            return True
        if not looked_at:
            self.get_logger().warning(
                f'nobody is subscribed to {self._image.topic_name}; starting'
            )
        self._started_sec = time.monotonic()
        return False

    def _on_timer(self) -> None:
        """Advance, then publish what is due."""
        if self._waits():
            return
        now_sec = self._now_sec()
        state = self._simulation.step(now_sec)
        for spoken in self._simulation.speech(now_sec):
            self._speech.publish(String(data=spoken.text))
        self._publish_state(state, now_sec)
        self._watch_goal(now_sec)
        if now_sec >= self._next_picture_sec:
            self._publish_picture(state)
        if self._simulation.finished:
            self._finish()

    def stop(self) -> None:
        """Make an end at the next opportunity."""
        self.done = True

    def _finish(self) -> None:
        """End the run, or begin anew with --loop."""
        self._end_goal(False, 'the scenario is over')
        if self._args.loop:
            self._begin()
        else:
            self.done = True

    # ------------------------------------------------------------------ what goes out
    def _publish_state(self, state: SimState, now_sec: float) -> None:
        """Publish the truth, and the robot's state when it changed or is due."""
        if now_sec >= self._next_truth_sec:
            self._next_truth_sec = now_sec + TRUTH_EVERY_SEC
            self._truth.publish(String(data=json.dumps(self._simulation.truth())))
        if _changed(self._told, state.robot) or now_sec >= self._next_state_sec:
            self._next_state_sec = now_sec + STATE_EVERY_SEC
            self._publish_robot(state.robot)

    def _publish_robot(self, robot: RobotPose) -> None:
        """Publish what the robot reports about itself."""
        message = RobotState(place=robot.place, holding=robot.holding, speaking=robot.speaking)
        message.header.stamp = self.get_clock().now().to_msg()
        message.battery = 0.8
        self._robot_state.publish(message)
        self._told = robot

    def _publish_picture(self, state: SimState) -> None:
        """Draw and publish, then rest in proportion to the time that it took."""
        began_sec = time.monotonic()
        stamp = self.get_clock().now().to_msg()
        picture = self._eye.frame(state)
        if picture is None:
            return
        message = Image(height=picture.shape[0], width=picture.shape[1], encoding='rgb8')
        message.header.stamp = stamp
        message.header.frame_id = 'camera'
        message.step = picture.shape[1] * 3
        pixels = array('B')
        # The array's own memory avoids the copy of tobytes(); rclpy takes an array('B') as it is.
        pixels.frombytes(picture.data.cast('B'))
        message.data = pixels
        self._image.publish(message)
        took_sec = time.monotonic() - began_sec
        self._next_picture_sec = self._now_sec() + LEAST_REST * took_sec

    # ------------------------------------------------------------------ what comes in
    def _on_say(self, message: String) -> None:
        """Let the people hear what the robot says."""
        if self._started_sec is not None:
            self._simulation.hear(message.data, self._now_sec())

    def _on_goal(self, request: Any) -> GoalResponse:
        """Take one goal at a time, once the scenario runs."""
        free = self._goal is None and self._started_sec is not None
        return GoalResponse.ACCEPT if free else GoalResponse.REJECT

    async def _execute(self, goal: Any) -> Any:
        """Begin the skill and wait until the timer has seen its end."""
        step = goal.request.step
        arguments = {pair.key: pair.value for pair in step.arguments}
        done: Future[Ending] = Future()
        self._goal, self._goal_done = goal, done
        self._simulation.execute(step.skill, arguments, self._now_sec())
        ending = await done
        self._goal = self._goal_done = None
        success, message = ending or (False, 'the simulator stopped')
        return ExecuteSkill.Result(success=success, message=message)

    def _watch_goal(self, now_sec: float) -> None:
        """Pass progress, end and cancellation between the running skill and its goal."""
        if self._goal is None or self._goal_done is None or self._goal_done.done():
            return
        if self._goal.is_cancel_requested:
            self._simulation.cancel(now_sec)
            self._goal.canceled()
            self._goal_done.set_result((False, 'canceled'))
            return
        status = self._simulation.skill_status
        if status.done:
            self._end_goal(status.success, status.message)
        else:
            self._goal.publish_feedback(ExecuteSkill.Feedback(progress=float(status.progress)))

    def _end_goal(self, success: bool, message: str) -> None:
        """Bring the goal that runs, if any, to its end."""
        if self._goal is None or self._goal_done is None or self._goal_done.done():
            return
        if success:
            self._goal.succeed()
        else:
            self._goal.abort()
        self._goal_done.set_result((success, message))

    def destroy_node(self) -> None:
        """Give the OpenGL context, or Gazebo, back, too."""
        self._eye.close()
        super().destroy_node()


def _eye(scenario: Scenario, gazebo: str | None) -> Eye:
    """Return what makes the pictures: our own drawing, or Gazebo."""
    if gazebo:
        return GazeboStage(address_of(gazebo), scenario)
    return Renderer(scenario.scene, {p.id: p.body for p in scenario.people})


def _changed(told: RobotPose | None, robot: RobotPose) -> bool:
    """Say whether anything that the robot reports differs from what it last told."""
    if told is None:
        return True
    return (told.place, told.holding, told.speaking) != (
        robot.place,
        robot.holding,
        robot.speaking,
    )


def main(words: Sequence[str] | None = None) -> int:
    """Play a scenario until its end or a signal; return the exit status."""
    own = remove_ros_args(args=list(sys.argv if words is None else ['', *words]))[1:]
    args = arguments(own)
    try:
        scenario = load_scenario(args.scenario)
    except SceneError as error:
        sys.stderr.write(f'{error}\n')
        return 2
    # rclpy's own handlers invalidate the context in the middle of a callback.
    rclpy.init(
        args=None if words is None else list(words), signal_handler_options=SignalHandlerOptions.NO
    )
    try:
        _spin(SimNode(scenario, args))
    except (RenderError, GazeboError) as error:
        sys.stderr.write(f'{error}\n')
        return 3
    finally:
        rclpy.try_shutdown()
    return 0


def _spin(node: SimNode) -> None:
    """Spin until the node is done or a signal comes, then let the last messages out."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: node.stop())
    try:
        while not node.done:
            executor.spin_once(timeout_sec=0.1)
        for _ in range(5):
            executor.spin_once(timeout_sec=0.02)
    finally:
        executor.remove_node(node)
        node.destroy_node()


if __name__ == '__main__':
    sys.exit(main())
