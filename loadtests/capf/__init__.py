"""CAPF: what it does for a phone, what it remembers of it, and what it writes to its trace."""
