"""A TCP fault proxy that speaks Toxiproxy's API, in a process of its own; `docs/chaos-tcp.md`."""
