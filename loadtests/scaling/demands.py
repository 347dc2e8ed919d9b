"""What one enrollment asks of each part of the chain, as it was measured: the queueing model's input."""

import msgspec


class Demands(msgspec.Struct, frozen=True):
    """x."""
