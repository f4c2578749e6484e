"""A page on which a person watches the robot perceive, decide, talk and plan.

Flow: `robochat.ros.watch` notes messages on a Board and pictures on a Pictures; ViewServer serves
the page, streams the board's news to it, and gives what a person types to a Mailbox.
"""
