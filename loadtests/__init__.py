"""Phones, the CAPF that enrolls them, and the storm that drives them through the chain."""
