"""Tests of exporters.load."""
