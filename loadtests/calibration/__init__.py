"""What production's logs, or a run's, say of the chain: as a file that simulator and mock CA take."""
