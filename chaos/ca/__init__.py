"""Faults of the CA: its chaos mode, its settings, its processes."""
