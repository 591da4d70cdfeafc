"""Measures of the machinery itself: builds, gates and checks."""

from orchestration.deliver.alerts.measures import MART_SECONDS, Measure, top


def machine_measures() -> list[Measure]:
    """Return what is known of builds, gates and checks."""
    built = "(select max(built_at) from frontdesk.watermarks)"
    return [
        Measure(
            name="build_behind_seconds",
            kind="feed",
            title="How far the tables lag behind what has landed",
            unit="seconds",
            labels=(),
            source="frontdesk.batches",
            value=f"greatest(extract(epoch from max(loaded_at) - {built}), 0)",
            sample="count(*)",
            relations=("frontdesk.batches", "frontdesk.watermarks"),
            every_seconds=MART_SECONDS,
        ),
        Measure(
            name="gate_failing_count",
            kind="gate",
            title="Gates that fail at present",
            unit="count",
            labels=("model_name", "gate_name"),
            source=GATES,
            value="count(*)",
            sample="count(*)",
            offenders=top(
                "gate", "gate_name", "failing_row_count", "gate_name", "count"
            ),
            relations=("frontdesk.gate_results",),
            is_zero_when_absent=True,
            every_seconds=MART_SECONDS,
        ),
        Measure(
            name="run_failure_count",
            kind="pipeline",
            title="Failed runs of a job since it last succeeded",
            unit="count",
            labels=("job",),
            source=RUNS,
            value="count(*)",
            sample="count(*)",
            offenders=top("run", "run_id", "null::numeric", "id desc", "count"),
            relations=("frontdesk.outbox", "frontdesk.builds"),
            is_zero_when_absent=True,
        ),
        Measure(
            name="check_failure_count",
            kind="pipeline",
            title="Failed checks that no later run has passed",
            unit="count",
            labels=("subject",),
            source=CHECKS,
            value="count(*)",
            sample="count(*)",
            offenders=top("run", "run_id", "null::numeric", "id desc", "count"),
            relations=(
                *("frontdesk.outbox", "frontdesk.builds"),
                "frontdesk.gate_results",
            ),
            is_zero_when_absent=True,
        ),
    ]


# a gate that passed yesterday and was not asked since says nothing of today
GATES = """(
    select gate_name, model_name, failing_row_count
    from (
        select distinct on (gate_id)
            gate_name,
            coalesce(model_name, gate_name) as model_name,
            failing_row_count,
            outcome
        from frontdesk.gate_results
        where noted_at > %(now)s - interval '2 days' and noted_at <= %(now)s
        order by gate_id asc, gate_result_id desc
    ) as last_results
    where outcome in ('fail', 'error')
) as gates"""

RUNS = """(
    select failed.id, failed.run_id, failed.subject as job
    from frontdesk.outbox as failed
    where
        failed.kind = 'run_failed'
        and failed.created_at > %(now)s - interval '7 days'
        and failed.created_at <= %(now)s
        and not exists (
            select 1
            from frontdesk.builds as later
            where
                later.job = failed.subject
                and later.succeeded
                and later.ended_at > failed.created_at
                and later.run_id <> failed.run_id
        )
) as runs"""

# checks of ours would come back as alerts on alerts; a gate has a measure of its own
CHECKS = """(
    select failed.id, failed.run_id, failed.subject
    from frontdesk.outbox as failed
    where
        failed.kind = 'check_error'
        and failed.subject !~ ': alert_'
        and failed.created_at > %(now)s - interval '1 day'
        and failed.created_at <= %(now)s
        and not exists (
            select 1
            from frontdesk.gate_results as gates
            where
                gates.gate_name = split_part(failed.subject, ': ', 2)
                and gates.noted_at > %(now)s - interval '2 days'
        )
        and not exists (
            select 1
            from frontdesk.builds as later
            where
                later.started_at > failed.created_at
                and later.ended_at < %(now)s - interval '1 minute'
                and later.ended_at > failed.created_at
                and not exists (
                    select 1
                    from frontdesk.outbox as again
                    where
                        again.run_id = later.run_id
                        and again.kind = failed.kind
                        and again.subject = failed.subject
                )
        )
) as checks"""
