"""Measures of this second, from the tables that triggers keep while rows land."""

from orchestration.deliver.alerts.measures import DAY, Measure, top

RESPONSE_EDGES = (60, 300, 1800, 3600)
"""Edges of the histogram of first responses that people set limits at."""

_MINUTES = {
    "kind": "threshold",
    "labels": ("channel", "queue_name"),
    "source": "live.minutes",
    "where": "minute > %(now)s - %(window)s and minute <= %(now)s",
    "relations": ("live.minutes",),
    "windows": (1, DAY),
    "default_window": 15,
}
# short abandons count neither for nor against
_DECIDED = "sum(responded) + sum(abandoned) - sum(short_abandoned)"
_QUEUES = {
    "kind": "threshold",
    "labels": ("channel", "queue_name"),
    "source": "live.queues_now",
    "sample": "sum(waiting_count)",
    "relations": ("live.queues_now",),
    "is_zero_when_absent": True,
}
_AGENTS = {
    "kind": "threshold",
    "unit": "count",
    "sample": "sum(available_count + busy_count + away_count)",
    "labels": ("site_code", "team_name", "team_kind"),
    "source": "live.agents_now",
    "relations": ("live.agents_now",),
}
_FEEDS = {
    "kind": "feed",
    "labels": ("source_name", "table_name", "channel"),
    "source": "live.feeds",
    "sample": "count(*)",
    "relations": ("live.feeds",),
}


def live_measures() -> list[Measure]:
    """Return what the seconds path knows."""
    age = "extract(epoch from %(now)s - last_landed_at)"
    found = [
        Measure(
            name="live_longest_wait_seconds",
            title="Longest wait of those who wait now",
            unit="seconds",
            value="extract(epoch from %(now)s - min(waiting_since))",
            offenders=top(
                "contact",
                "oldest_contact_id",
                "round(extract(epoch from %(now)s - waiting_since))",
                "waiting_since",
                "seconds",
            ),
            **_QUEUES,
        ),
        Measure(
            name="live_waiting_count",
            title="Customers who wait now",
            unit="count",
            value="sum(waiting_count)",
            offenders=top(
                "queue",
                "queue_name",
                "waiting_count",
                "waiting_count desc, queue_name",
                "count",
            ),
            **_QUEUES,
        ),
        Measure(
            name="live_longest_unanswered_seconds",
            title="Oldest message that no person has replied to",
            unit="seconds",
            value="extract(epoch from %(now)s - min(unanswered_since))",
            **_QUEUES | {"sample": "sum(unanswered_count)"},
        ),
        Measure(
            name="live_unanswered_count",
            title="Contacts with a message that no person has replied to",
            unit="count",
            value="sum(unanswered_count)",
            **_QUEUES | {"sample": "sum(unanswered_count)"},
        ),
        Measure(
            name="live_in_progress_count",
            title="Contacts in progress now",
            unit="count",
            value="sum(in_progress_count)",
            **_QUEUES | {"sample": "sum(in_progress_count)"},
        ),
        Measure(
            name="live_arrival_count",
            title="Contacts that arrived",
            unit="count",
            value="sum(arrivals)",
            sample="sum(arrivals)",
            is_zero_when_absent=True,
            **_MINUTES,
        ),
        Measure(
            name="live_abandonment_rate",
            title="Share of the arrivals whose customer gave up",
            unit="share",
            value="sum(abandoned)::numeric / nullif(sum(arrivals), 0)",
            sample="sum(arrivals)",
            **_MINUTES,
        ),
        Measure(
            name="live_service_level_rate",
            title="First responses on target, over answered and abandoned",
            unit="share",
            value=f"sum(within_target)::numeric / nullif({_DECIDED}, 0)",
            sample=_DECIDED,
            **_MINUTES,
        ),
        Measure(
            name="live_first_response_seconds",
            title="Mean first response",
            unit="seconds",
            value="sum(first_response_seconds_sum)::numeric"
            " / nullif(sum(responded), 0)",
            sample="sum(responded)",
            **_MINUTES,
        ),
        Measure(
            name="live_agents_available_count",
            title="Agents free for the next contact",
            value="sum(available_count)",
            **_AGENTS,
        ),
        Measure(
            name="live_feed_age_seconds",
            title="Time since a feed last brought anything",
            unit="seconds",
            value=f"max({age})",
            **_FEEDS,
        ),
        Measure(
            name="live_feed_overdue_ratio",
            title="Time since a feed last brought anything, over what is allowed",
            unit="ratio",
            value=f"max({age} / nullif(limit_seconds, 0))",
            where="limit_seconds > 0 and last_landed_at is not null",
            offenders=top(
                "source",
                "source_name || '.' || table_name",
                f"round({age})",
                "last_landed_at",
                "seconds",
            ),
            **_FEEDS,
        ),
    ]
    for edge in RESPONSE_EDGES:
        late = f"sum(responded) - sum(first_response_within_{edge}_seconds_count)"
        found += [
            Measure(
                name=f"live_response_over_{edge}_seconds_rate",
                title=f"Share of first responses that took over {edge} seconds",
                unit="share",
                value=f"({late})::numeric / nullif(sum(responded), 0)",
                sample="sum(responded)",
                **_MINUTES,
            ),
            Measure(
                name=f"live_response_over_{edge}_seconds_count",
                title=f"First responses that took over {edge} seconds",
                unit="count",
                value=late,
                sample="sum(responded)",
                is_zero_when_absent=True,
                **_MINUTES,
            ),
        ]
    return found
