"""The world file: light, physics, what stands in the home, and a robot that is a camera.

The plugins are those of the new Gazebo; Gazebo 11, which has its own, passes them over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math
from xml.etree.ElementTree import Element

from ..reading import SceneError
from ..room import Furniture, load_scene, Scene, Thing
from ..state import CAMERA_HFOV_DEG, HEIGHT_PX, RobotPose, WIDTH_PX
from .sdf import add, add_pose, document, include, numbers, Pose6

PREFIX = 'robochat_'
ROBOT = 'robot'
CAMERA_HZ = 15.0
CAMERA_TOPIC = 'camera/image'
# Nothing here is fast, and a busy machine keeps up better with fewer steps.
STEP_SEC = 0.01
PLUGINS = ('Physics', 'UserCommands', 'SceneBroadcaster', 'Sensors')
REST_TILT_RAD = math.radians(4.0)
# Direction and strength of each light, as in `build`; none of them casts a shadow.
LIGHTS = (
    ((0.75, -0.45, -0.5), 0.36),
    ((0.3, 0.8, -0.6), 0.14),
    ((-0.8, 0.1, -0.5), 0.4),
    ((0.0, 0.0, 1.0), 0.3),
)
AMBIENT = 0.62


def room_folder(scene: Scene) -> str:
    """Return the name of the model that is a scene's room."""
    return f'{PREFIX}{scene.name}_room'


def folder_of(piece: Furniture | Thing) -> str:
    """Return the name of the model that a piece of furniture or a thing is."""
    return PREFIX + piece.model.name


def plain(scene: Scene) -> Scene:
    """Return a shipped scene without what a scenario adds; one of the user's own as it is."""
    try:
        return load_scene(scene.name)
    except SceneError:
        return scene


def pieces(scene: Scene) -> tuple[Furniture | Thing, ...]:
    """Return all that stands or lies in a scene."""
    return (*scene.furniture, *scene.things)


def pose_of(piece: Furniture | Thing) -> Pose6:
    """Return where a piece of furniture or a thing is."""
    return Pose6(piece.x, piece.y, piece.z, yaw_rad=piece.heading_rad)


def camera_pose(robot: RobotPose) -> Pose6:
    """Return where the robot's camera is; it looks along its own x."""
    x, y, z = robot.camera
    return Pose6(x, y, z, pitch_rad=robot.tilt_rad, yaw_rad=robot.view_rad)


def world(scene: Scene, people: Iterable[Element] = ()) -> str:
    """Return a world with a scene and its people in it, and the robot where it starts."""
    element = Element('world', name=scene.name)
    for plugin in PLUGINS:
        _add_plugin(element, plugin)
    physics = add(element, 'physics', name='default', type='ode')
    add(physics, 'max_step_size', STEP_SEC)
    add(physics, 'real_time_factor', 1.0)
    add(physics, 'real_time_update_rate', 1.0 / STEP_SEC)
    look = add(element, 'scene')
    add(look, 'ambient', numbers((AMBIENT, AMBIENT, AMBIENT, 1)))
    add(look, 'background', '0.7 0.78 0.86 1')
    add(look, 'shadows', 'false')
    for number, (direction, strength) in enumerate(LIGHTS):
        _add_light(element, f'light_{number}', direction, strength)
    element.append(include(room_folder(scene), 'room', Pose6()))
    for piece in pieces(scene):
        element.append(include(folder_of(piece), piece.id, pose_of(piece)))
    start = RobotPose(0.0, 0.0, 0.0, tilt_rad=REST_TILT_RAD)
    element.append(_robot(start))
    element.extend(people)
    return document(element)


def _add_plugin(parent: Element, name: str) -> None:
    """Add a system of the new Gazebo."""
    words = ''.join(f'-{c.lower()}' if c.isupper() else c for c in name)
    plugin = add(
        parent, 'plugin', filename=f'gz-sim{words}-system', name=f'gz::sim::systems::{name}'
    )
    if name == 'Sensors':
        add(plugin, 'render_engine', 'ogre2')


def _add_light(
    parent: Element, name: str, direction: tuple[float, float, float], strength: float
) -> None:
    """Add a light from far away."""
    light = add(parent, 'light', name=name, type='directional')
    add(light, 'cast_shadows', 'false')
    add_pose(light, Pose6(z=2.5))
    add(light, 'diffuse', numbers((strength, strength, 0.94 * strength, 1)))
    add(light, 'specular', '0.05 0.05 0.05 1')
    add(light, 'direction', numbers(direction))


def _robot(start: RobotPose) -> Element:
    """Return the robot, which is a camera at the height of its eyes."""
    robot = Element('model', name=ROBOT)
    add(robot, 'static', 'true')
    add_pose(robot, camera_pose(start))
    sensor = add(add(robot, 'link', name='head'), 'sensor', name='camera', type='camera')
    settings: Mapping[str, str | float] = {
        'always_on': 'false',  # draws only while somebody looks
        'update_rate': CAMERA_HZ,
        'visualize': 'false',
        'topic': CAMERA_TOPIC,
    }
    for tag, value in settings.items():
        add(sensor, tag, value)
    camera = add(sensor, 'camera')
    add(camera, 'horizontal_fov', math.radians(CAMERA_HFOV_DEG))
    image = add(camera, 'image')
    add(image, 'width', str(WIDTH_PX))
    add(image, 'height', str(HEIGHT_PX))
    add(image, 'format', 'R8G8B8')
    clip = add(camera, 'clip')
    add(clip, 'near', 0.05)
    add(clip, 'far', 30.0)
    return robot
