"""What can go wrong with a clock: one fault in each module."""
