"""The system under test: PKI, mock CA, RA, and the lab that starts and stops them. For test use only."""
