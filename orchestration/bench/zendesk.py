"""A made-up Zendesk account, written by SQL as a managed connector lands it.

The same sizes give the same rows: every draw is a hash of a ticket's number. A ticket's
whole life is drawn at once, what has happened by a moment lands, and a later day lands
what happens next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

SCHEMA = "raw_zendesk"
AS_OF = datetime(2025, 11, 19)
"""A Wednesday; the year before it has both changes of the clocks."""

AGENTS = 60
GROUPS = 6
LATE_ROWS = 20
STRANGERS = 0.1
"""Share of a day's tickets by somebody who never wrote before."""

TABLES = """
create schema bench;
create schema raw_zendesk;

create function bench.draw(key bigint, salt integer) returns double precision
language sql immutable parallel safe
return (hashint8extended(key, salt) & 4503599627370495)::double precision
/ 4503599627370496;

-- connectors look every quarter of an hour, and need a moment
create function bench.synced(moment timestamp) returns timestamp
language sql immutable parallel safe
return date_bin('15 minutes', moment, '2000-01-01') + interval '990 seconds';

create unlogged table bench.tickets (
    ticket_id bigint primary key,
    requester_id bigint not null,
    submitter_id bigint not null,
    agent integer not null,
    group_1 bigint not null,
    group_2 bigint not null,
    priority_1 text not null,
    priority_2 text not null,
    has_sla boolean not null,
    is_assigned_at_once boolean not null,
    created_at timestamp not null
);
create unlogged table bench.events (
    event_id bigint not null,
    ticket_id bigint not null,
    kind text not null,
    agent_id bigint not null,
    happened_at timestamp not null
);

create table raw_zendesk.ticket (
    id bigint primary key,
    created_at timestamp,
    updated_at timestamp,
    status text,
    priority text,
    type text,
    subject text,
    description text,
    assignee_id bigint,
    requester_id bigint,
    submitter_id bigint,
    organization_id bigint,
    group_id bigint,
    brand_id bigint,
    ticket_form_id bigint,
    via_channel text,
    is_public boolean,
    url text,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp
);
create table raw_zendesk.ticket_comment (
    id bigint primary key,
    ticket_id bigint,
    user_id bigint,
    body text,
    created timestamp,
    public boolean,
    facebook_comment boolean,
    tweet boolean,
    voice_comment boolean,
    _fivetran_synced timestamp
);
-- connectors name the columns of a key by the alphabet
create table raw_zendesk.ticket_field_history (
    field_name text,
    ticket_id bigint,
    updated timestamp,
    user_id bigint,
    value text,
    _fivetran_synced timestamp,
    primary key (field_name, ticket_id, updated)
);
create table raw_zendesk."user" (
    id bigint primary key,
    name text,
    email text,
    role text,
    active boolean,
    suspended boolean,
    organization_id bigint,
    phone text,
    created_at timestamp,
    updated_at timestamp,
    last_login_at timestamp,
    locale text,
    time_zone text,
    external_id text,
    _fivetran_synced timestamp
);
create table raw_zendesk.organization (
    id bigint primary key,
    name text,
    created_at timestamp,
    updated_at timestamp,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp
);
create table raw_zendesk."group" (
    id bigint primary key,
    name text,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp
);
create table raw_zendesk.brand (
    id bigint primary key,
    name text,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp
);
create table raw_zendesk.ticket_form_history (
    id bigint,
    updated_at timestamp,
    name text,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp,
    primary key (id, updated_at)
);
create table raw_zendesk.ticket_tag (
    tag text,
    ticket_id bigint,
    _fivetran_synced timestamp,
    primary key (tag, ticket_id)
);
create table raw_zendesk.user_tag (
    tag text,
    user_id bigint,
    _fivetran_synced timestamp,
    primary key (tag, user_id)
);
create table raw_zendesk.organization_tag (
    organization_id bigint,
    tag text,
    _fivetran_synced timestamp,
    primary key (organization_id, tag)
);
create table raw_zendesk.domain_name (
    index integer,
    organization_id bigint,
    domain_name text,
    _fivetran_synced timestamp,
    primary key (index, organization_id)
);
create table raw_zendesk.schedule (
    id bigint,
    start_time integer,
    end_time integer,
    start_time_utc integer,
    end_time_utc integer,
    name text,
    time_zone text,
    created_at timestamp,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp,
    primary key (id, start_time)
);
create table raw_zendesk.schedule_holiday (
    id bigint,
    schedule_id bigint,
    name text,
    start_date text,
    end_date text,
    _fivetran_deleted boolean,
    _fivetran_synced timestamp,
    primary key (id, schedule_id)
);
create table raw_zendesk.ticket_schedule (
    created_at timestamp,
    ticket_id bigint,
    schedule_id bigint,
    _fivetran_synced timestamp,
    primary key (created_at, ticket_id)
);
create table raw_zendesk.time_zone (
    time_zone text primary key,
    standard_offset text,
    _fivetran_synced timestamp
);
create table raw_zendesk.daylight_time (
    time_zone text,
    year integer,
    daylight_start_utc timestamp,
    daylight_end_utc timestamp,
    daylight_offset integer,
    _fivetran_synced timestamp,
    primary key (time_zone, year)
);
create table raw_zendesk.sla_policy_metric_history (
    index integer,
    sla_policy_id bigint,
    sla_policy_updated_at timestamp,
    business_hours boolean,
    metric text,
    priority text,
    target integer,
    _fivetran_synced timestamp,
    primary key (index, sla_policy_id, sla_policy_updated_at)
);
create table raw_zendesk.ticket_sla_policy (
    policy_applied_at timestamp,
    sla_policy_id bigint,
    ticket_id bigint,
    _fivetran_synced timestamp,
    primary key (policy_applied_at, sla_policy_id, ticket_id)
);
"""

CALENDARS = """
insert into raw_zendesk.schedule
select
    900 + zones.number,
    weekday * 1440 + 540,
    weekday * 1440 + 1080,
    weekday * 1440 + 540 - zones.standard_minutes,
    weekday * 1440 + 1080 - zones.standard_minutes,
    zones.calendar,
    zones.time_zone,
    %(began)s - interval '700 days' + zones.number * interval '1 hour',
    false,
    bench.synced(%(began)s)
from (
    values
        (1, 'New York office', 'America/New_York', -300),
        (2, 'London office', 'Europe/London', 0)
) as zones (number, calendar, time_zone, standard_minutes)
cross join generate_series(1, 5) as weekday
"""

HOLIDAYS = """
insert into raw_zendesk.schedule_holiday
select
    schedule_id * 1000 + number,
    schedule_id,
    'Holiday ' || number,
    first_day::text,
    -- each tenth one takes two days
    (first_day + (number %% 10 = 0)::integer)::text,
    false,
    bench.synced(%(began)s)
from generate_series(901, 902) as schedule_id
cross join generate_series(1, 20) as number
cross join lateral (
    select
        %(began)s::date + (number - 1) * 18
        + floor(16 * bench.draw(number, schedule_id::integer))::integer as first_day
) as days
"""

ZONES = """
insert into raw_zendesk.time_zone
values
    ('America/New_York', '-05:00', bench.synced(%(began)s)),
    ('Europe/London', '+00:00', bench.synced(%(began)s))
"""

# the hours at which a zone's clock moves, as the server's own zone tables know them
DAYLIGHT = """
insert into raw_zendesk.daylight_time
select
    time_zone,
    extract(year from hour)::integer,
    min(hour) filter (where forward),
    min(hour) filter (where not forward),
    1,
    bench.synced(%(began)s)
from (
    select
        time_zone,
        hour,
        (hour at time zone 'UTC') at time zone time_zone - hour as utc_offset,
        lag((hour at time zone 'UTC') at time zone time_zone - hour)
            over (partition by time_zone order by hour) as former
    from unnest(array['America/New_York', 'Europe/London']) as time_zone
    cross join generate_series(
        date_trunc('year', %(began)s) - interval '2 years',
        date_trunc('year', %(began)s) + interval '4 years' - interval '1 hour',
        interval '1 hour'
    ) as hour
) as hours
cross join lateral (select utc_offset > former as forward) as moves
where utc_offset <> former
group by time_zone, extract(year from hour)
"""

POLICIES = """
insert into raw_zendesk.sla_policy_metric_history
select
    row_number() over (
        partition by sla_policy_id, version order by metric, priority
    ),
    sla_policy_id,
    %(began)s - interval '400 days' + version * interval '500 days',
    priority <> 'urgent',
    metric,
    priority,
    minutes * factor * (4 - version) / 4,
    bench.synced(%(began)s)
from generate_series(801, 802) as sla_policy_id
cross join generate_series(0, 1) as version
cross join (
    values
        ('first_reply_time', 60), ('requester_wait_time', 480),
        ('agent_work_time', 300), ('next_reply_time', 120),
        ('periodic_update_time', 600)
) as metrics (metric, minutes)
cross join (
    values ('urgent', 1), ('high', 2), ('normal', 4), ('low', 8)
) as priorities (priority, factor)
"""

GROUPS_ROWS = """
insert into raw_zendesk."group"
select 700 + number, 'Group ' || number, false, bench.synced(%(began)s)
from generate_series(1, %(groups)s) as number
"""

BRANDS = """
insert into raw_zendesk.brand
select 500 + number, 'Brand ' || number, false, bench.synced(%(began)s)
from generate_series(1, 2) as number
"""

FORMS = """
insert into raw_zendesk.ticket_form_history
select 600 + number, %(began)s, 'Form ' || number, false, bench.synced(%(began)s)
from generate_series(1, 2) as number
"""

ORGANIZATIONS = """
insert into raw_zendesk.organization
select
    200000000000 + number,
    'Organisation ' || number,
    %(began)s,
    %(began)s,
    false,
    bench.synced(%(began)s)
from generate_series(1, %(organizations)s) as number
"""

DOMAINS = """
insert into raw_zendesk.domain_name
select 0, id, 'organisation' || id %% 200000000000 || '.example', _fivetran_synced
from raw_zendesk.organization
"""

ORGANIZATION_TAGS = """
insert into raw_zendesk.organization_tag
select id, 'key_account', _fivetran_synced
from raw_zendesk.organization
where bench.draw(id, 1) < 0.1
"""

USER_COLUMNS = """
    id,
    case when role = 'end-user' then 'Customer ' else 'Agent ' end || number,
    case when role = 'end-user' then 'customer' else 'agent' end
    || number || '@mail.example',
    role,
    true,
    false,
    case when role = 'end-user'
        then 200000000001 + floor(%(organizations)s * bench.draw(id, 1))::bigint
    end,
    case when bench.draw(id, 2) < 0.5
        then '+44207946' || lpad((id %% 10000)::text, 4, '0')
    end,
    appeared_at,
    appeared_at,
    case when role = 'end-user' then null else appeared_at end,
    'en-GB',
    'Europe/London',
    case when role = 'end-user' then 'C' || number end,
    bench.synced(appeared_at)
"""

AGENT_ROWS = f"""
insert into raw_zendesk."user"
select {USER_COLUMNS}
from (
    select
        100000000000 + number as id,
        number,
        case when number %% 20 = 0 then 'admin' else 'agent' end as role,
        %(began)s - interval '300 days' as appeared_at
    from generate_series(0, %(agents)s - 1) as number
) as agents
"""

CUSTOMER_ROWS = f"""
insert into raw_zendesk."user"
select {USER_COLUMNS}
from (
    select
        360000000000 + number as id,
        number,
        'end-user' as role,
        %(began)s - bench.draw(number, 3) * interval '300 days' as appeared_at
    from generate_series(1, %(customers)s) as number
) as customers
"""

STRANGER_ROWS = f"""
insert into raw_zendesk."user"
select {USER_COLUMNS}
from (
    select
        requester_id as id,
        requester_id as number,
        'end-user' as role,
        created_at as appeared_at
    from bench.tickets
    where requester_id >= 400000000000
) as strangers
"""

USER_TAGS = """
insert into raw_zendesk.user_tag
select 'vip', id, _fivetran_synced
from raw_zendesk."user"
where role = 'end-user' and bench.draw(id, 4) < 0.02
"""

# two in three of what would come on a weekend comes on the two days before
PLAN = """
insert into bench.tickets
with
moments as (
    select
        date_trunc('day', %(since)s + day * interval '1 day'
            - (extract(isodow from %(since)s + day * interval '1 day') > 5
                and bench.draw(key, 2) < 0.67)::integer * interval '2 days')
        + floor(86399 * (bench.draw(key, 3) + bench.draw(key, 4)) / 2)
        * interval '1 second' as created_at
    from generate_series(%(first)s, %(last)s) as key
    cross join lateral (
        select floor(%(days)s * bench.draw(key, 1)) as day
    ) as days
),
numbered as (
    select
        %(first)s - 1 + row_number() over (order by created_at) as ticket_id,
        created_at
    from moments
),
drawn as (
    select
        ticket_id,
        case when bench.draw(ticket_id, 5) < %(strangers)s
            then 400000000000 + ticket_id
            else 360000000001
                + floor(%(customers)s * bench.draw(ticket_id, 6) ^ 1.5)::bigint
        end as requester_id,
        floor(%(agents)s * bench.draw(ticket_id, 7))::integer as agent,
        floor(%(groups)s * bench.draw(ticket_id, 8))::integer as queue,
        1 + floor(4 * bench.draw(ticket_id, 9))::integer as urgency,
        created_at
    from numbered
)
select
    ticket_id,
    requester_id,
    case when bench.draw(ticket_id, 10) < 0.05
        then 100000000000 + agent else requester_id
    end,
    agent,
    701 + queue,
    701 + (queue + 1) %% %(groups)s,
    (array['low', 'normal', 'high', 'urgent'])[urgency],
    (array['low', 'normal', 'high', 'urgent'])[urgency %% 4 + 1],
    bench.draw(ticket_id, 11) < 0.8,
    bench.draw(ticket_id, 12) < 0.3,
    created_at
from drawn
"""

# new -> open -> (pending -> open) up to twice -> (hold -> open) -> solved
# -> (open -> solved) -> closed. Half are solved within days, some take months
LIVES = """
insert into bench.events
with
drawn as materialized (
    select
        ticket_id,
        agent,
        created_at,
        3600 - 86400 * ln(1 - bench.draw(ticket_id, 20))
        * case
            when bench.draw(ticket_id, 21) < 0.50 then 1.5
            when bench.draw(ticket_id, 21) < 0.92 then 8
            else 80
        end as solving,
        (floor(4 * bench.draw(ticket_id, 22))::integer + 1) / 2 as rounds,
        bench.draw(ticket_id, 23) < 0.10 as is_prioritised,
        bench.draw(ticket_id, 24) < 0.35 as is_handed_over,
        bench.draw(ticket_id, 24) < 0.10 as is_handed_over_twice,
        bench.draw(ticket_id, 25) < 0.85 as is_noted,
        bench.draw(ticket_id, 26) < 0.20 as is_held,
        bench.draw(ticket_id, 27) < 0.08 as is_reopened,
        bench.draw(ticket_id, 28) < 0.40 as is_offered,
        bench.draw(ticket_id, 28) < 0.15 as is_rated,
        bench.draw(ticket_id, 28) < 0.01 as is_rated_again
    from bench.tickets
    where ticket_id >= %(first)s
),
opened as materialized (
    select
        *,
        least(
            solving * (0.02 + 0.06 * bench.draw(ticket_id, 30)),
            60 + 14000 * bench.draw(ticket_id, 31)
        ) as opening,
        least(
            solving * (0.05 + 0.1 * bench.draw(ticket_id, 32)),
            60 + 20000 * bench.draw(ticket_id, 33)
        ) as replying_1,
        least(
            solving * (0.05 + 0.1 * bench.draw(ticket_id, 34)),
            600 + 200000 * bench.draw(ticket_id, 35)
        ) as answering_1,
        least(
            solving * (0.05 + 0.1 * bench.draw(ticket_id, 36)),
            60 + 20000 * bench.draw(ticket_id, 37)
        ) as replying_2,
        least(
            solving * (0.05 + 0.1 * bench.draw(ticket_id, 38)),
            600 + 200000 * bench.draw(ticket_id, 39)
        ) as answering_2,
        solving + 3600 * (5 + 67 * bench.draw(ticket_id, 40)) as reopening,
        3600 * (2 + 46 * bench.draw(ticket_id, 41)) as solving_again,
        case when is_handed_over
            then (
                agent + 1
                + floor((%(agents)s - 1) * bench.draw(ticket_id, 42))::integer
            ) %% %(agents)s
            else agent
        end as agent_2
    from drawn
),
handed as materialized (
    select
        *,
        case when is_reopened then reopening + solving_again else solving end as ending,
        case when is_handed_over_twice
            then (
                agent_2 + 1
                + floor((%(agents)s - 1) * bench.draw(ticket_id, 43))::integer
            ) %% %(agents)s
            else agent_2
        end as agent_3
    from opened
)
select
    handed.ticket_id * 32 + events.number,
    handed.ticket_id,
    events.kind,
    100000000000 + events.agent,
    handed.created_at + floor(events.seconds) * interval '1 second'
from handed
cross join lateral (
    values
        (1, 'created', agent, 0, true),
        (2, 'opened', agent, opening, true),
        (3, 'prioritised', agent, opening + 0.02 * solving, is_prioritised),
        (4, 'replied', agent, opening + replying_1, rounds >= 1),
        (5, 'answered', agent, opening + replying_1 + answering_1, rounds >= 1),
        (
            6, 'replied', agent,
            opening + replying_1 + answering_1 + replying_2, rounds = 2
        ),
        (
            7, 'answered', agent,
            opening + replying_1 + answering_1 + replying_2 + answering_2, rounds = 2
        ),
        (8, 'assigned', agent_2, 0.69 * solving, is_handed_over),
        (9, 'noted', agent_2, 0.70 * solving, is_noted),
        (10, 'held', agent_2, 0.72 * solving, is_held),
        (11, 'assigned', agent_3, 0.75 * solving, is_handed_over_twice),
        (
            12, 'resumed', agent_3,
            (0.78 + 0.17 * bench.draw(ticket_id, 44)) * solving, is_held
        ),
        (13, 'solved', agent_3, solving, true),
        (14, 'reopened', agent_3, reopening, is_reopened),
        (15, 'solved', agent_3, ending, is_reopened),
        (16, 'offered', agent_3, ending + 86400, is_offered),
        (
            17, 'rated', agent_3,
            ending + 90000 + 160000 * bench.draw(ticket_id, 45), is_rated
        ),
        (18, 'rerated', agent_3, ending + 270000, is_rated_again),
        (19, 'closed', agent_3, ending + 345600, true)
) as events (number, kind, agent, seconds, happens)
where events.happens
"""

CHANGES = """
insert into raw_zendesk.ticket_field_history
with
events as (
    select events.*, tickets.requester_id, tickets.submitter_id, tickets.group_1,
        tickets.group_2, tickets.priority_1, tickets.priority_2, tickets.has_sla,
        tickets.is_assigned_at_once
    from bench.events
    inner join bench.tickets using (ticket_id)
    where events.happened_at < %(until)s
),
statuses (kind, status, is_customer) as (
    values
        ('created', 'new', true), ('opened', 'open', false),
        ('replied', 'pending', false), ('answered', 'open', true),
        ('held', 'hold', false), ('resumed', 'open', false),
        ('solved', 'solved', false), ('reopened', 'open', true),
        ('closed', 'closed', null)
),
changes as (
    select
        events.ticket_id,
        'status' as field_name,
        statuses.status as value,
        case
            when events.kind = 'created' then events.submitter_id
            when statuses.is_customer is null then -1
            when statuses.is_customer then events.requester_id
            else events.agent_id
        end as user_id,
        events.happened_at
    from events
    inner join statuses using (kind)
    union all
    select ticket_id, field_name, value, user_id, happened_at
    from events
    cross join lateral (
        values
            ('group_id', group_1::text, -1),
            ('priority', priority_1, submitter_id),
            ('assignee_id', case when is_assigned_at_once then agent_id::text end, -1),
            (
                'sla_policy',
                case when has_sla then 'Policy ' || 801 + ticket_id %% 2 end,
                -1
            )
    ) as fields (field_name, value, user_id)
    where kind = 'created' and value is not null
    union all
    select ticket_id, 'priority', priority_2, agent_id, happened_at
    from events
    where kind = 'prioritised'
    union all
    select
        ticket_id,
        metric,
        format(
            '{"minutes":%%s,"in_business_hours":%%s}',
            minutes * factor,
            (case when factor = 1 then 'false' else 'true' end)
        ),
        -1,
        happened_at
    from events
    cross join lateral (
        select
            case when kind = 'created' then priority_1 else priority_2 end as priority
    ) as present
    inner join (
        values ('urgent', 1), ('high', 2), ('normal', 4), ('low', 8)
    ) as priorities (priority, factor) using (priority)
    cross join (
        values
            ('first_reply_time', 60, 1.00), ('requester_wait_time', 480, 0.50),
            ('agent_work_time', 300, 0.25), ('next_reply_time', 120, 0.20),
            ('periodic_update_time', 600, 0.15), ('pausable_update_time', 660, 0.05),
            ('total_resolution_time', 2400, 0.05)
    ) as metrics (metric, minutes, share)
    where
        has_sla
        and kind in ('created', 'prioritised')
        and bench.draw(ticket_id, 50 + minutes) < share
        -- whom an agent writes to waits for no first reply
        and (metric <> 'first_reply_time' or submitter_id = requester_id)
    union all
    select ticket_id, 'assignee_id', agent_id::text, agent_id, happened_at
    from events
    where kind = 'assigned' or (kind = 'opened' and not is_assigned_at_once)
    union all
    select ticket_id, 'group_id', group_2::text, agent_id, happened_at
    from events
    where kind = 'assigned' and event_id %% 32 = 8 and bench.draw(ticket_id, 60) < 0.7
    union all
    select
        ticket_id,
        'satisfaction_score',
        case
            when kind = 'offered' then 'offered'
            when (bench.draw(ticket_id, 61) < 0.85) = (kind = 'rated') then 'good'
            else 'bad'
        end,
        case when kind = 'offered' then -1 else requester_id end,
        happened_at
    from events
    where kind in ('offered', 'rated', 'rerated')
)
select field_name, ticket_id, happened_at, user_id, value, bench.synced(happened_at)
from changes
"""

PHRASES = (
    "the parcel has been on its way for a week and the page shows no news of it",
    "could you tell me on which day the exchange will be at the shop in the old town",
    "we have looked at the order again and found the line that was charged twice",
    "the device starts, shows the blue light for a while and goes off without a sound",
    "please send the number on the back of the box, and a picture of the label",
    "the invoice names my former address, though I changed it in the spring",
    "our colleagues at the depot will look for it tomorrow and write to you by noon",
    "after the update the list of stations is empty, also when I sign in anew",
)

PHRASE = " || '. ' || ".join(
    f"(array[{', '.join(repr(phrase) for phrase in PHRASES)}])"
    f"[1 + floor({len(PHRASES)} * bench.draw(event_id, {salt}))::integer]"
    for salt in (70, 71, 72)
)

COMMENTS = f"""
insert into raw_zendesk.ticket_comment
select
    5000000000 + event_id,
    ticket_id,
    case
        when kind = 'created' then submitter_id
        when kind in ('answered', 'reopened') then requester_id
        else agent_id
    end,
    {PHRASE},
    happened_at,
    kind <> 'noted',
    false,
    false,
    false,
    bench.synced(happened_at)
from bench.events
inner join bench.tickets using (ticket_id)
where
    happened_at < %(until)s
    and kind in ('created', 'replied', 'answered', 'noted', 'solved', 'reopened')
"""

TICKETS = f"""
insert into raw_zendesk.ticket
with
moved as (
    select ticket_id, max(happened_at) as updated_at
    from bench.events
    where happened_at < %(until)s
    group by ticket_id
),
fields as (
    select
        ticket_id,
        (array_agg(value order by updated desc)
            filter (where field_name = 'status'))[1] as status,
        (array_agg(value order by updated desc)
            filter (where field_name = 'priority'))[1] as priority,
        (array_agg(value order by updated desc)
            filter (where field_name = 'assignee_id'))[1] as assignee_id,
        (array_agg(value order by updated desc)
            filter (where field_name = 'group_id'))[1] as group_id
    from raw_zendesk.ticket_field_history
    where ticket_id in (select ticket_id from moved)
    group by ticket_id
)
select
    tickets.ticket_id,
    tickets.created_at,
    moved.updated_at,
    fields.status,
    fields.priority,
    (array['question', 'problem', 'incident', 'task'])
        [1 + floor(4 * bench.draw(tickets.ticket_id, 80))::integer],
    'Request ' || tickets.ticket_id,
    texts.description,
    fields.assignee_id::bigint,
    tickets.requester_id,
    tickets.submitter_id,
    requesters.organization_id,
    fields.group_id::bigint,
    501 + tickets.ticket_id %% 2,
    601 + tickets.ticket_id %% 2,
    (array['email', 'email', 'email', 'web', 'web', 'chat', 'phone', 'mobile'])
        [1 + floor(8 * bench.draw(tickets.ticket_id, 81))::integer],
    true,
    'https://account.example/tickets/' || tickets.ticket_id,
    fields.status <> 'new' and bench.draw(tickets.ticket_id, 82) < 0.003,
    bench.synced(moved.updated_at)
from bench.tickets
inner join moved using (ticket_id)
inner join fields using (ticket_id)
left join raw_zendesk."user" as requesters on tickets.requester_id = requesters.id
cross join lateral (
    select {PHRASE} as description
    from (select tickets.ticket_id * 32 + 1 as event_id) as opening
) as texts
on conflict (id) do update
set
    updated_at = excluded.updated_at,
    status = excluded.status,
    priority = excluded.priority,
    assignee_id = excluded.assignee_id,
    group_id = excluded.group_id,
    _fivetran_synced = excluded._fivetran_synced
"""

TAGS = """
insert into raw_zendesk.ticket_tag
select
    'topic_' || floor(12 * bench.draw(ticket_id, 83))::integer,
    ticket_id,
    bench.synced(created_at)
from bench.tickets
where ticket_id >= %(first)s and bench.draw(ticket_id, 84) < 0.6
"""

# a few tickets move to the other office; many have no row and follow the default
TICKET_CALENDARS = """
insert into raw_zendesk.ticket_schedule
select applied_at, ticket_id, schedule_id, bench.synced(applied_at)
from bench.tickets
cross join lateral (
    values
        (created_at, 901 + ticket_id %% 2, bench.draw(ticket_id, 85) < 0.6),
        (
            created_at + interval '90 minutes',
            902 - ticket_id %% 2,
            bench.draw(ticket_id, 85) < 0.03
        )
) as applied (applied_at, schedule_id, happens)
where ticket_id >= %(first)s and happens and applied_at < %(until)s
"""

TICKET_POLICIES = """
insert into raw_zendesk.ticket_sla_policy
select created_at, 801 + ticket_id %% 2, ticket_id, bench.synced(created_at)
from bench.tickets
where ticket_id >= %(first)s and (has_sla or bench.draw(ticket_id, 86) < 0.25)
"""

# the touched tickets' next event comes on the day, and all that follows with it
NEXT = """
create temporary table following on commit drop as
with
awake as (
    select
        events.ticket_id,
        min(events.happened_at) as next_at,
        ticket.status = 'solved' as is_solved
    from bench.events
    inner join raw_zendesk.ticket on events.ticket_id = ticket.id
    where events.happened_at >= %(since)s
    group by events.ticket_id, ticket.status
),
ranked as (
    select
        *,
        row_number() over (
            partition by is_solved order by bench.draw(ticket_id, 90), ticket_id
        ) as position
    from awake
),
chosen as (
    select
        ticket_id,
        %(since)s + floor(86399 * bench.draw(ticket_id, 91)) * interval '1 second'
        - next_at as shift
    from ranked
    where position <= case when is_solved then %(closing)s else %(touched)s end
)
select
    events.event_id,
    events.ticket_id,
    events.kind,
    events.agent_id,
    events.happened_at + chosen.shift as happened_at
from bench.events
inner join chosen using (ticket_id)
where events.happened_at >= %(since)s
"""

LATE = """
insert into raw_zendesk.ticket_field_history
select
    (array['status', 'assignee_id', 'priority', 'satisfaction_score'])[kind],
    id,
    date_trunc('second', created_at + (updated_at - created_at) * 0.4)
    + interval '7 seconds',
    assignee_id,
    (array['hold', (100000000000 + id %% %(agents)s)::text, 'high', 'bad'])[kind],
    bench.synced(%(until)s - interval '1 hour')
from (
    select *, 1 + row_number() over (order by bench.draw(id, 92), id) %% 4 as kind
    from raw_zendesk.ticket
    where status = 'closed' and updated_at < %(until)s - interval '5 days'
    order by bench.draw(id, 92), id
    limit %(late)s
) as old
on conflict do nothing
"""


@dataclass(frozen=True)
class Account:
    """How large the account is."""

    tickets: int
    days: int = 365

    def values(self) -> dict[str, object]:
        """Return what the statements ask for."""
        return {
            "began": AS_OF - timedelta(days=self.days),
            "agents": AGENTS,
            "groups": GROUPS,
            "customers": max(50, self.tickets // 2),
            "organizations": max(10, self.tickets // 50),
        }


def write(connection: psycopg.Connection, account: Account) -> None:
    """Write all that has happened before the as-of moment, in one transaction."""
    # the statements take literals: a parameter has no type of its own
    connection.cursor_factory = psycopg.ClientCursor
    values = account.values() | {
        "since": AS_OF - timedelta(days=account.days),
        "until": AS_OF,
        "days": account.days,
        "first": 1,
        "last": account.tickets,
        "strangers": 0,
    }
    with connection.transaction():
        connection.execute(TABLES)
        for statement in (
            *(CALENDARS, HOLIDAYS, ZONES, DAYLIGHT, POLICIES),
            *(GROUPS_ROWS, BRANDS, FORMS, ORGANIZATIONS, DOMAINS, ORGANIZATION_TAGS),
            *(AGENT_ROWS, CUSTOMER_ROWS, USER_TAGS),
            PLAN,
            "analyze bench.tickets",
            LIVES,
            "analyze bench.events",
        ):
            connection.execute(statement, values)
        _land(connection, values)


def write_day(connection: psycopg.Connection, account: Account, day: int) -> datetime:
    """Land one more day: new tickets, touched live ones, late rows.

    As many live tickets as there are new ones go on, a tenth as many solved ones.
    Returns the end of the day.
    """
    connection.cursor_factory = psycopg.ClientCursor
    until = AS_OF + timedelta(days=1)
    values = account.values() | {
        "since": AS_OF,
        "until": until,
        "days": 1,
        "first": account.tickets + 1,
        "last": account.tickets + day,
        "strangers": STRANGERS,
        "touched": day,
        "closing": day // 10,
        "late": LATE_ROWS,
    }
    with connection.transaction():
        connection.execute(NEXT, values)
        connection.execute("truncate bench.events")
        connection.execute("insert into bench.events select * from following")
        for statement in (PLAN, LIVES, STRANGER_ROWS):
            connection.execute(statement, values)
        _land(connection, values)
        connection.execute(LATE, values)
    return until


def _land(connection: psycopg.Connection, values: dict[str, object]) -> None:
    """Write the raw rows of the events before a moment."""
    for statement in (
        CHANGES,
        COMMENTS,
        TICKETS,
        TAGS,
        TICKET_CALENDARS,
        TICKET_POLICIES,
    ):
        connection.execute(statement, values)
