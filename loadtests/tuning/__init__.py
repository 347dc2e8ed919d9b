"""Which timers, retries and workers lose the fewest certificates: simulated, then proved on the lab."""
