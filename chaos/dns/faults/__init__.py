"""What can go wrong with a name: one fault in each module."""
