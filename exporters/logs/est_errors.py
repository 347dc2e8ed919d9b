"""libEST's error names, so that no log can make up a label of its own."""

from dataclasses import dataclass

GOOD = "EST_ERR_NONE"
UNKNOWN = "EST_ERR_UNKNOWN"


@dataclass(frozen=True, slots=True)
class EstErrorNames:
    """The names by their numbers, from 0."""

    names: tuple[str, ...]

    def numbered(self, number: int) -> str:
        """The name of an error that is known by its number alone."""
        return self.names[number] if 0 <= number < len(self.names) else UNKNOWN

    def named(self, name: bytes) -> str:
        """The name as the log has it, if it is one: numbers above 54 differ by version, names do not."""
        text = name.decode("ascii", "replace")
        return text if text in self.names else UNKNOWN
