"""Faults, real ones, and their ends."""
