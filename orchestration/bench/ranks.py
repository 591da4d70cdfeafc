"""What many measurements say together."""

from collections.abc import Sequence


def quantile(measured: Sequence[float], share: float) -> float:
    """Return what such a share of the measurements lies below; 0 when there is none."""
    if not measured:
        return 0.0
    ranked = sorted(measured)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]
