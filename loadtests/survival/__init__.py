"""How long things last when some were not watched to their end: what was seen, what lies beyond the cut."""
