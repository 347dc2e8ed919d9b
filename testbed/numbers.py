"""Numbers on a command line, each within bounds that are told in words when one is not."""

import math

import click


class Integer(click.ParamType):  # type: ignore[type-arg]  # generic in new releases only
    """A whole number, `least` or more and `most` at most; help shows no bounds, a refusal does."""

    name = "integer"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or click's usage error."""
        try:
            number = int(str(value))
        except ValueError:
            number = self._least - 1
        if number < self._least or (self._most is not None and number > self._most):
            most = "" if self._most is None else f", at most {self._most}"
            self.fail(f"{str(value)!r} is not a whole number of at least {self._least}{most}", param, ctx)
        return number


class Number(click.ParamType):  # type: ignore[type-arg]  # as above
    """A number that is finite, `least` or more."""

    name = "number"

    def __init__(self, least: float) -> None:
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's usage error."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not (self._least <= number < math.inf):
            self.fail(f"{str(value)!r} is not a number of at least {self._least:g}", param, ctx)
        return number
