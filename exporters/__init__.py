"""Prometheus metrics: what each part of the chain counts, and the endpoint that shows it."""
