"""How a lander is doing: what it counts, and how late events are."""

import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
WINDOW_SECONDS = 60.0
STARTING = "not asked yet"


@dataclass(frozen=True)
class Recent:
    """The last minute: how many events a second, and how long each took to commit."""

    rate: float
    lag_p50: float | None
    lag_p95: float | None


@dataclass
class Measures:
    """What one way in has counted since its process started."""

    way: str
    fates: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By source, table and what became of it."""
    requests: Counter[tuple[int, str]] = field(default_factory=Counter)
    """By status and the word for it."""
    refused_count: int = 0
    """What came and was turned away, without a place to be kept in."""
    waiting_count: int = 0
    """Events that are here and not committed yet."""
    behind_count: int | None = None
    """Events that the broker still has; none where nobody can know."""
    problems: dict[str, str] = field(default_factory=lambda: {"warehouse": STARTING})
    """What keeps it from landing at this moment: by `warehouse`, `broker`, `fault`."""
    lags: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    lag_sum: float = 0.0
    started: float = field(default_factory=time.monotonic)
    _recent: deque[tuple[float, float]] = field(
        default_factory=lambda: deque(maxlen=100_000)
    )

    @property
    def problem(self) -> str | None:
        """Return what keeps it from landing, in one line; None when nothing does."""
        said = [f"{where}: {what}" for where, what in list(self.problems.items())]
        return "; ".join(said) or None

    def landed(self, lags: Iterable[float]) -> None:
        """Hear how long events took from their sender to the commit."""
        now = time.monotonic()
        for lag in lags:
            self.lags[bisect_left(EDGES, lag)] += 1
            self.lag_sum += lag
            self._recent.append((now, lag))

    def count(self, fate: str) -> int:
        """Return how many events met a fate."""
        return sum(n for (*_, met), n in self.fates.items() if met == fate)

    def recent(self) -> Recent:
        """Return the rate and lag of the last minute."""
        now = time.monotonic()
        while self._recent and self._recent[0][0] < now - WINDOW_SECONDS:
            self._recent.popleft()
        lags = sorted(lag for _, lag in list(self._recent))
        seconds = max(1.0, min(WINDOW_SECONDS, now - self.started))
        if not lags:
            return Recent(0.0, None, None)
        return Recent(
            len(lags) / seconds,
            lags[len(lags) // 2],
            lags[min(len(lags) - 1, int(len(lags) * 0.95))],
        )


def exposition(all_measures: Iterable[Measures]) -> str:
    """Return the measures as Prometheus reads them."""
    return "".join(f"{line}\n" for line in _lines(list(all_measures)))


def _lines(found: list[Measures]) -> Iterator[str]:
    yield "# HELP frontdesk_events_total Events by what became of them."
    yield "# TYPE frontdesk_events_total counter"
    for one in found:
        for (source, table, fate), count in sorted(one.fates.items()):
            labels = f'way="{one.way}",source="{source}",table="{table}",fate="{fate}"'
            yield f"frontdesk_events_total{{{labels}}} {count}"
    yield "# HELP frontdesk_requests_total Answers of the endpoint by status and cause."
    yield "# TYPE frontdesk_requests_total counter"
    for one in found:
        for (status, cause), count in sorted(one.requests.items()):
            labels = f'way="{one.way}",status="{status}",cause="{cause}"'
            yield f"frontdesk_requests_total{{{labels}}} {count}"
    yield from _gauges(found)
    yield "# HELP frontdesk_landing_lag_seconds From the sender to the commit."
    yield "# TYPE frontdesk_landing_lag_seconds histogram"
    for one in found:
        yield from _histogram(one)


def _gauges(found: list[Measures]) -> Iterator[str]:
    gauges = {
        "refused": ("counter", "Turned away, kept nowhere.", "refused_count"),
        "waiting": ("gauge", "Events here, not committed.", "waiting_count"),
        "behind": ("gauge", "Events the broker still has.", "behind_count"),
    }
    for name, (kind, meaning, attribute) in gauges.items():
        metric = f"frontdesk_{name}_events" + ("_total" if kind == "counter" else "")
        yield f"# HELP {metric} {meaning}"
        yield f"# TYPE {metric} {kind}"
        for one in found:
            value = getattr(one, attribute)
            if value is not None:
                yield f'{metric}{{way="{one.way}"}} {value}'
    yield "# HELP frontdesk_landing_up Whether events can land at this moment."
    yield "# TYPE frontdesk_landing_up gauge"
    for one in found:
        yield f'frontdesk_landing_up{{way="{one.way}"}} {int(one.problem is None)}'


def _histogram(one: Measures) -> Iterator[str]:
    name, below = "frontdesk_landing_lag_seconds", 0
    for edge, count in zip(EDGES, one.lags, strict=False):
        below += count
        yield f'{name}_bucket{{way="{one.way}",le="{edge}"}} {below}'
    total = below + one.lags[-1]
    yield f'{name}_bucket{{way="{one.way}",le="+Inf"}} {total}'
    yield f'{name}_sum{{way="{one.way}"}} {one.lag_sum:.6f}'
    yield f'{name}_count{{way="{one.way}"}} {total}'
