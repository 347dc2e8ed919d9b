"""What can be wrong with a server's TLS: one fault in each module."""
