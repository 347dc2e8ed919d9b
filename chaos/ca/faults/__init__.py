"""What can go wrong at the CA: one fault in each module."""
