"""A service station of queueing theory: so many servers, one first-come-first-served queue."""

import asyncio
import contextlib
from collections import deque


class Station:
    """`servers` (0: no bound) that serve one customer each; who finds none free waits in line."""

    def __init__(self, servers: int) -> None:
        self._servers = servers
        self._line: deque[asyncio.Future[None]] = deque()
        self.in_service = 0

    @property
    def queued(self) -> int:
        """How many wait in line now."""
        return len(self._line)

    @property
    def is_full(self) -> bool:
        """Whether the next customer would have to wait."""
        return bool(self._servers) and self.in_service >= self._servers

    async def enter(self) -> None:
        """Wait for a server and take it; who is cancelled while waiting leaves the line."""
        if not self.is_full:
            self.in_service += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            else:
                with contextlib.suppress(ValueError):
                    self._line.remove(turn)
            raise

    def leave(self) -> None:
        """Give the server to the first in line, or set it free."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.in_service -= 1
