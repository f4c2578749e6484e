"""The simulated home in Gazebo: the same scenes, meshes, faces and scenarios.

Flow: `export` writes worlds and models; a Gazebo 11 loads them; `stage.GazeboStage` plays a
scenario in it, through `transport`, and returns the pictures of Gazebo's camera.
"""
