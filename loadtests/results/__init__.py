"""What a run measured, from the journal to the numbers and their judgement."""
