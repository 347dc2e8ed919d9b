"""The chain in simulated time: phones, RA, CA and their timers, a million phones in less than a minute."""
