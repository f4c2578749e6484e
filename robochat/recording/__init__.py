"""Recordings: what the pipeline took in, written down and played again with the same decisions."""
