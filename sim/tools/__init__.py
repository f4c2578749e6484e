"""Scripts that make the files in `sim/assets` from public data."""
