"""A DNS server that lies on demand: challtestsrv's management API, and seeded faults on top."""
