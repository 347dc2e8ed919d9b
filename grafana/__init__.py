"""Dashboards, and Prometheus' configuration and rules: `python -m grafana.build` writes the former."""
