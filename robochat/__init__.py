"""A robot that perceives people, understands, and speaks first.

The package without its `ros` folder is plain Python: values in, values out, time as an argument.
`robochat.ros` is the only part that knows ROS 2.
"""
