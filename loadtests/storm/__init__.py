"""A storm from its start to its run folder."""
