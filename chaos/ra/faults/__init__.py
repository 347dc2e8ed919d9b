"""What can go wrong at the RA: one fault in each module."""
