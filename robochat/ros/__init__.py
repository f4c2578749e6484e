"""The ROS 2 edge: the only part of robochat that imports ROS.

Nothing outside this folder imports it. Messages become values by `x_from_msg` and leave by
`x_to_msg`; both are pure.
"""
