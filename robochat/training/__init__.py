"""Training of the model that reads pictures, states and words; needs `robochat[train]`."""
