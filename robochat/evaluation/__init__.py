"""Measures the embedded model on held-out scenes, with ablations and baselines."""
