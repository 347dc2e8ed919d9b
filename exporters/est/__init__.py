"""A probe of EST servers for Prometheus, in the manner of the blackbox exporter."""
