"""The embedded simulator: a rendered home, people with readable faces, a robot that runs skills.

Flow: `scenario` (what is to happen) -> `simulation` (what is the case now) -> `render` (what the
camera sees). Only `node` knows ROS; everything else is values in, values out, with time as an
argument.
"""
