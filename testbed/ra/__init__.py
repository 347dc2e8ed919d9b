"""The RA ("CES", CiscoRA): an EST server for CAPF, a curl-like client of AD CS Web Enrollment."""
