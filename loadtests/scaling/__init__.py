"""How a chain's throughput grows with its load: two models, which of them predicts better, and how sure."""
