"""The RA's logs, line for line as the guide shows them."""
