"""What people thought of the robot's openings: noted, written down, learned from on request."""
