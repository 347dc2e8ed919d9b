"""Grafana and Prometheus files, held against their tools and a real scrape."""
