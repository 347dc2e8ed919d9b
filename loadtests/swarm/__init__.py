"""Phones as Locust users: options, one process or many, and who drives which phone."""
