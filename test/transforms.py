"""Transforms for the tests of heads."""

from __future__ import annotations

import math

from geometry_msgs.msg import TransformStamped


def transform(parent, child, place=(0.0, 0.0, 0.0), turn=(0.0, 0.0, 0.0)):
    """A transform with roll, pitch and yaw about the fixed axes x, y and z."""
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = place
    (cr, sr), (cp, sp), (cy, sy) = ((math.cos(a / 2), math.sin(a / 2)) for a in turn)
    q.w, q.x = cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy
    q.y, q.z = cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy
    return message


def facing_camera(child, place=(0.0, 0.0, 1.2), yaw=0.0):
    """A face in the camera's optical frame that looks back along z, turned by yaw to its left."""
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = 'camera', child
    t = message.transform.translation
    t.x, t.y, t.z = place
    # Columns: x = -z_cam turned by yaw about the vertical, y = x_cam, z = -y_cam.
    cos, sin = math.cos(yaw), math.sin(yaw)
    set_rotation(message, ((sin, cos, 0.0), (0.0, 0.0, -1.0), (-cos, sin, 0.0)))
    return message


def set_rotation(message, rows):
    """Write a rotation matrix as a quaternion."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    q = message.transform.rotation
    candidates = [1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i]
    best = max(range(4), key=candidates.__getitem__)
    s = 2 * math.sqrt(candidates[best])
    q.w, q.x, q.y, q.z = (
        (s / 4, (h - f) / s, (c - g) / s, (d - b) / s),
        ((h - f) / s, s / 4, (b + d) / s, (c + g) / s),
        ((c - g) / s, (b + d) / s, s / 4, (f + h) / s),
        ((d - b) / s, (c + g) / s, (f + h) / s, s / 4),
    )[best]


def gaze(face='face_a', child='gaze_a'):
    """The gaze of a face as ROS4HRI publishes it: turned into an optical frame."""
    return transform(face, child, turn=(-math.pi / 2, 0.0, -math.pi / 2))
