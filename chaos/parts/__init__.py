"""Faults of a part's processes, the same for CA and RA."""
