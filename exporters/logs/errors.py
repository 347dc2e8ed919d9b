"""What reading logs can fail with."""


class LogsError(Exception):
    """Logs cannot be read as asked; the text is one line that says why and what to do."""
