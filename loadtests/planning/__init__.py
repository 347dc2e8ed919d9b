"""How many phones in which batches: a plan for a window of time, from what a run measured."""
