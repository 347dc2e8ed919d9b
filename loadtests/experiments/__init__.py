"""Chaos Toolkit experiments on a storm: what their documents name, how they run, what they prove."""
