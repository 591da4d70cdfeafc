{{ config(
    unique_key='agent_date_id',
    indexes=[
        {'columns': ['agent_id']},
        {'columns': ['calendar_date']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'fct_agent_states', 'key': 'agent_date_id'},
            {'parent': 'fct_agent_shifts', 'key': 'agent_date_id'},
            {'parent': 'fct_agent_contacts', 'key': 'agent_date_id'},
            {
                'parent': 'dim_agents',
                'key': 'agent_id',
                'via': {
                    'model': 'kpi_agent_daily',
                    'column': 'agent_id',
                    'key': 'agent_date_id',
                },
            },
        ],
    }
) }}

with

states as (

    select * from {{ ref('fct_agent_states') }}
    {{ only_touched('agent_date_id') }}

),

-- each is imported twice: read twice, an import would be written down whole
stays as (

    select * from {{ ref('fct_agent_states') }}
    {{ only_touched('agent_date_id') }}

),

shifts as (

    select * from {{ ref('fct_agent_shifts') }}
    {{ only_touched('agent_date_id') }}

),

plans as (

    select * from {{ ref('fct_agent_shifts') }}
    {{ only_touched('agent_date_id') }}

),

agent_contacts as (

    select * from {{ ref('fct_agent_contacts') }}
    {{ only_touched('agent_date_id') }}

),

worked_contacts as (

    select * from {{ ref('fct_agent_contacts') }}
    {{ only_touched('agent_date_id') }}

),

agents as (

    select * from {{ ref('dim_agents') }}

),

moments as (

    {{ agent_moments(
        'states',
        {
            'handling': "states.state_kind = 'handling'",
            'available': "states.state_kind = 'available'",
            'training': "states.state_kind = 'training'",
            'break': "states.state_kind = 'break'",
            'other': "states.state_kind = 'other'",
        },
        'started_at',
        'ended_at',
    ) }}
    union all
    {{ agent_moments(
        'shifts',
        {
            'planned_work': "shifts.planned_kind = 'work'",
            'planned_training': "shifts.planned_kind = 'training'",
            'planned_break': "shifts.planned_kind = 'break'",
        },
        'starts_at',
        'counted_until_at',
    ) }}
    union all
    {{ agent_moments(
        'worked_contacts', {'contact': 'true'}, 'work_started_at', 'work_ended_at'
    ) }}

),

changes as (

    select
        agent_date_id,
        {% for level in agent_levels() %}
            sum({{ level }}_change) as {{ level }}_change,
        {% endfor %}
        moment
    from moments
    group by agent_date_id, moment

),

spans as (

    -- between two moments nothing begins and nothing ends
    select
        agent_date_id,
        {% for level in agent_levels() %}
            sum({{ level }}_change) over one_day as {{ level }}_level,
        {% endfor %}
        extract(epoch from lead(moment) over one_day - moment) as span_seconds
    from changes
    window
        one_day as (
            partition by agent_date_id
            order by moment asc
        )

),

ranked as (

    -- an agent in two kinds of states at once is in the one that is named first
    select
        *,
        case
            when handling_level > 0 then 'handling'
            when available_level > 0 then 'available'
            when training_level > 0 then 'training'
            when break_level > 0 then 'break'
            when other_level > 0 then 'other'
        end as state_kind
    from spans

),

compared as (

    select
        *,
        planned_work_level + planned_training_level + planned_break_level
            as planned_level,
        planned_work_level > 0 and state_kind in ('handling', 'available')
        or planned_training_level > 0 and state_kind = 'training'
        or planned_break_level > 0 and state_kind = 'break' as is_adherent
    from ranked

),

timed as (

    select
        agent_date_id,
        {% for kind in ['handling', 'available', 'training', 'break', 'other'] %}
            coalesce(
                sum(span_seconds) filter (where state_kind = '{{ kind }}'), 0
            )::bigint as {{ kind }}_seconds,
        {% endfor %}
        coalesce(sum(span_seconds) filter (where state_kind is not null), 0)::bigint
            as logged_in_seconds,
        coalesce(sum(span_seconds * handling_level), 0)::bigint
            as handling_seconds_sum,
        coalesce(
            sum(span_seconds) filter (where planned_level > 0), 0
        )::bigint as planned_seconds,
        coalesce(
            sum(span_seconds) filter (where is_adherent), 0
        )::bigint as adherent_seconds,
        coalesce(sum(span_seconds) filter (where contact_level > 0), 0)::bigint
            as contact_work_seconds,
        coalesce(sum(span_seconds * contact_level), 0)::bigint
            as contact_work_seconds_sum
    from compared
    group by agent_date_id

),

seen as (

    select
        agent_date_id,
        agent_id,
        calendar_date,
        count(*) as state_count
    from stays
    group by agent_date_id, agent_id, calendar_date

),

planned as (

    -- a shift that has not begun is of no day yet
    select
        agent_date_id,
        agent_id,
        calendar_date,
        case
            when bool_and(elapsed_paid_seconds is not null)
                then sum(elapsed_paid_seconds)::bigint
        end as paid_seconds,
        count(*) as shift_count
    from plans
    where elapsed_planned_seconds > 0
    group by agent_date_id, agent_id, calendar_date

),

counted as (

    select
        agent_date_id,
        agent_id,
        started_date as calendar_date,
        {{ agent_contact_parts() }}
    from agent_contacts
    group by agent_date_id, agent_id, started_date

),

gathered as (

    select
        coalesce(seen.agent_date_id, planned.agent_date_id, counted.agent_date_id)
            as agent_date_id,
        coalesce(seen.agent_id, planned.agent_id, counted.agent_id) as agent_id,
        coalesce(seen.calendar_date, planned.calendar_date, counted.calendar_date)
            as calendar_date,
        seen.state_count is not null as has_states,
        planned.shift_count is not null as has_shift,
        {% for name in agent_contact_names() %}
            coalesce(counted.{{ name }}, 0) as {{ name }},
        {% endfor %}
        planned.paid_seconds
    from seen
    full join planned
        on seen.agent_date_id = planned.agent_date_id
    full join counted
        on coalesce(seen.agent_date_id, planned.agent_date_id) = counted.agent_date_id

),

measured as (

    -- what nobody recorded is not known, rather than none
    select
        gathered.*,
        {% for name in [
            'logged_in_seconds', 'handling_seconds', 'handling_seconds_sum',
            'available_seconds', 'training_seconds', 'break_seconds', 'other_seconds',
        ] %}
            case when gathered.has_states then coalesce(timed.{{ name }}, 0) end
                as {{ name }},
        {% endfor %}
        case when gathered.has_shift then coalesce(timed.planned_seconds, 0) end
            as planned_seconds,
        case
            when gathered.has_shift and gathered.has_states
                then coalesce(timed.adherent_seconds, 0)
        end as adherent_seconds,
        coalesce(timed.contact_work_seconds, 0) as contact_work_seconds,
        coalesce(timed.contact_work_seconds_sum, 0) as contact_work_seconds_sum
    from gathered
    left join timed
        on gathered.agent_date_id = timed.agent_date_id

),

final as (

    select

        -- ids
        measured.agent_date_id,
        measured.agent_id,

        -- strings
        agents.team_name,
        agents.team_kind,
        agents.site_code,
        case
            when not measured.has_states then 'no_states'
            when measured.handling_seconds + measured.available_seconds = 0
                then 'never_ready'
        end as occupancy_reason,
        case
            when not measured.has_states then 'no_states'
            when not measured.has_shift then 'no_shift'
            when measured.paid_seconds is null then 'paid_time_not_known'
            when measured.paid_seconds = 0 then 'no_paid_time'
        end as utilisation_reason,
        case
            when not measured.has_states then 'no_states'
            when not measured.has_shift then 'no_shift'
        end as adherence_reason,
        case
            when measured.contact_work_seconds = 0 then 'no_timed_contact'
        end as concurrency_reason,
        case
            when measured.handle_count > 0 then null
            when measured.handled_count > 0 then 'source_does_not_say'
            else 'nothing_handled'
        end as aht_reason,
        case
            when measured.fcr_known_count > 0 then null
            when measured.contact_count = 0 then 'no_contact'
            else 'immature_or_not_known'
        end as fcr_reason,
        case when measured.csat_answer_count = 0 then 'no_answer' end as csat_reason,

        -- numerics
        measured.logged_in_seconds,
        measured.handling_seconds,
        measured.handling_seconds_sum,
        measured.available_seconds,
        measured.training_seconds,
        measured.break_seconds,
        measured.other_seconds,
        measured.paid_seconds,
        measured.planned_seconds,
        measured.adherent_seconds,
        measured.contact_work_seconds,
        measured.contact_work_seconds_sum,
        {% for name in agent_contact_names() %}
            measured.{{ name }},
        {% endfor %}
        (
            measured.handling_seconds::numeric
            / nullif(measured.handling_seconds + measured.available_seconds, 0)
        )::numeric(5, 4) as occupancy_rate,
        (
            measured.available_seconds::numeric
            / nullif(measured.handling_seconds + measured.available_seconds, 0)
        )::numeric(5, 4) as idle_rate,
        -- who works ten times the paid time is wrongly planned, and fills no column
        case
            when measured.handling_seconds < 10 * measured.paid_seconds
                then measured.handling_seconds::numeric / measured.paid_seconds
            when measured.paid_seconds > 0 and measured.has_states then 9.9999
        end::numeric(5, 4) as utilisation_rate,
        (
            measured.adherent_seconds::numeric / nullif(measured.planned_seconds, 0)
        )::numeric(5, 4) as adherence_rate,
        (
            measured.contact_work_seconds_sum::numeric
            / nullif(measured.contact_work_seconds, 0)
        )::numeric(6, 2) as average_concurrency,
        (
            measured.handle_seconds_sum::numeric / nullif(measured.handle_count, 0)
        )::numeric(12, 1) as aht_seconds,
        (
            measured.fcr_count::numeric / nullif(measured.fcr_known_count, 0)
        )::numeric(5, 4) as fcr_rate,
        (
            measured.csat_satisfied_count::numeric
            / nullif(measured.csat_answer_count, 0)
        )::numeric(5, 4) as csat_rate,
        pg_current_xact_id() as changed_xid,

        -- booleans
        measured.has_states,
        measured.has_shift,

        -- dates
        measured.calendar_date

    from measured
    {{ looked_up('agents', 'measured.agent_id = agents.agent_id', kind='left') }}

)

select * from final
