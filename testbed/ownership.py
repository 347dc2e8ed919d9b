"""Who starts several things ends them all, in reverse order, whichever way it ends itself."""

import contextlib
from types import TracebackType
from typing import Self


class Owner:
    """A context manager that owns whatever `_take` enters into a stack; a start that fails leaves nothing."""

    def _take(self, owned: contextlib.ExitStack) -> None:
        """Start what is owned, each thing entered into `owned` as soon as it is there."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            self._take(starting)
            self._owned = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owned.close()


class Closing:
    """A context manager that closes itself on leaving."""

    def close(self) -> None:
        """Give back what is held."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
