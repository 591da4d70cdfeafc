"""What need not be told any more: after an outage people hear what is true now."""

from datetime import datetime

import psycopg

DROP = """
with open_threads as (
    select distinct incident_id, route, receiver
    from alerts.notifications
    where
        state = 'waiting'
        and kind in ('repeat', 'escalated', 'resolved')
        and incident_id is not null
),
judged as (
    select
        notices.notification_id,
        notices.kind,
        notices.state,
        notices.created_at,
        -- told: something of the thread has arrived; owed: something may still
        bool_or(notices.state = 'sent') over earlier as is_told,
        bool_or(notices.state in ('waiting', 'sending')) over earlier as is_owed,
        -- what will say as much as a repeat would; of waiting repeats the last stays
        bool_or(
            notices.state = 'sending'
            or (notices.state = 'waiting' and notices.kind <> 'repeat')
        ) over earlier as is_covered,
        max(notices.finished_at) filter (where notices.state = 'sent')
            over thread as told_at,
        bool_or(notices.state = 'waiting' and notices.kind <> 'resolved')
            over later as is_followed,
        bool_or(notices.state = 'waiting' and notices.kind = 'resolved')
            over later as is_over
    from alerts.notifications as notices
    inner join open_threads
        on
            notices.incident_id = open_threads.incident_id
            and notices.route = open_threads.route
            and notices.receiver = open_threads.receiver
    window
        thread as (partition by notices.incident_id, notices.route, notices.receiver),
        earlier as (
            thread order by notices.notification_id
            rows between unbounded preceding and 1 preceding
        ),
        later as (
            thread order by notices.notification_id
            rows between 1 following and unbounded following
        )
),
needless as (
    select
        notification_id,
        case
            when kind = 'resolved' then 'nobody was told that it fired'
            when is_over then 'it was over before this was told'
            else 'told later by a newer notice'
        end as reason
    from judged
    where
        state = 'waiting'
        and (
            (kind = 'resolved' and is_told is not true and is_owed is not true)
            or (
                kind = 'repeat'
                and (
                    is_over
                    or is_followed
                    or is_covered
                    or told_at > created_at
                )
            )
            or (kind = 'escalated' and is_over)
        )
)
update alerts.notifications as notices
set
    state = 'dropped',
    state_reason = needless.reason,
    finished_at = %(now)s
from needless
where
    notices.notification_id = needless.notification_id
    and notices.notification_id in (
        select free.notification_id
        from alerts.notifications as free
        inner join needless
            on free.notification_id = needless.notification_id
        where free.state = 'waiting'
        for update of free skip locked
    )
"""

EXPIRE = """
update alerts.notifications
set
    state = 'failed',
    state_reason = 'not delivered before ' || to_char(
        keep_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
    ),
    finished_at = %(now)s
where
    notification_id in (
        select notification_id
        from alerts.notifications
        where state = 'waiting' and keep_until <= %(now)s
        for update skip locked
    )
"""


def drop_needless(conn: psycopg.Connection, now: datetime) -> None:
    """Take out of the outbox what is overtaken, and give up what is too old.

    A repeat is overtaken when something newer waits or was told since; an escalation
    when all is over; a resolved notice when nobody was told that it fired.
    """
    conn.execute(DROP, {"now": now})
    conn.execute(EXPIRE, {"now": now})
