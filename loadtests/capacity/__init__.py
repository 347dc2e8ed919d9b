"""How many phones per second a chain can enroll: the search for it, and what the answer is worth."""
