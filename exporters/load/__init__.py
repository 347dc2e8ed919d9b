"""What the load generator counts: phones, enrollments, timers, and its own health."""
