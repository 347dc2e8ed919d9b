"""The interval of a share that was counted."""

from scipy.special import betaincinv

_OUTSIDE = 0.025  # on each side of a 95 % interval


def binomial_interval(share: float, size: float) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share seen among `size`, which need not be whole."""
    hits = share * size
    low = float(betaincinv(hits, size - hits + 1, _OUTSIDE)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, size - hits, 1 - _OUTSIDE)) if hits < size else 1.0
    return low, high
