"""When the phones of an open workload start: one module a shape, all pure and decided before the run.

shape.py      what a shape is
rates.py      constant, poisson, ramp, steps: so many phones a second
recorded.py   times from a file
waves.py      mass_renewal, morning_reset, expiry_tail: how this trade's storms come about
settings.py   the shapes as a scenario's [arrivals] table has them
choice.py     from settings to shape
"""
