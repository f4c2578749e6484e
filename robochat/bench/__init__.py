"""Benches: measured rows with a bar where there is one."""
