"""Faults of the RA: its settings, its processes."""
