"""Experiments: Chaos Toolkit documents, one for each way in which enrollment is known to fail."""
