"""The company of ROS4HRI (REP-155), for robots that speak it: people in and out, words to say.

Every package of it is optional; its types are looked up by name when the node becomes active.
"""
