"""The EST server that is loaded: the lab's or the user's own, and a first look at it."""
