"""The processes that serve: listening, workers and what they share, NGINX before them."""
