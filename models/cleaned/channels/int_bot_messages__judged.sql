{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['message_id'], 'unique': true},
        {'columns': ['session_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_bot__messages',
        'message_id',
        'bot.messages',
        group='session_id',
        also=[{'parent': 'stg_bot__sessions', 'key': 'session_id'}]
    )
) }}

with

versions as (

    select * from {{ ref('stg_bot__messages') }}
    {{ only_touched('session_id') }}

),

sessions as (

    select distinct on (session_id)
        session_id,
        started_at,
        ended_at
    from {{ ref('stg_bot__sessions') }}
    {{ only_touched('session_id') }}
    order by
        session_id asc, exported_at desc, source_file_name desc, source_row_number desc

),

measured as (

    select
        message_id,
        session_id,
        sender_type_raw,
        source_file_name,
        md5({{ text_fingerprint('text_raw') }})::uuid as fingerprint_uuid,
        row_id,
        source_row_number,
        {{ is_blank('text_raw') }} as is_blank,
        {{ is_garbled('text_raw') }} as is_garbled,
        sent_at,
        exported_at
    from versions

),

latest as (

    {{ latest_version('measured', 'message_id') }}

),

marked as (

    select
        latest.*,
        coalesce(
            latest.sent_at not between
            sessions.started_at - interval '{{ var("wrong_clock_minutes") }} minutes'
            and sessions.ended_at + interval '{{ var("wrong_clock_minutes") }} minutes',
            false
        ) as is_outside_session,
        lag(latest.message_id) over same_words as previous_message_id,
        lag(latest.sent_at) over same_words as previous_sent_at
    from latest
    left join sessions
        on
            latest.session_id = sessions.session_id
            and sessions.ended_at >= sessions.started_at
    window same_words as (
        partition by
            latest.session_id,
            latest.sender_type_raw,
            latest.fingerprint_uuid
        order by latest.sent_at asc, latest.message_id asc
    )

),

ruled as (

    select
        message_id,
        session_id,
        row_id,
        version_count,
        first_exported_at,
        case when {{ repeats_words() }} then previous_message_id end as duplicate_of_id,
        case
            when is_blank then 'blank_content'
            when is_outside_session then 'time_in_wrong_zone'
            when {{ repeats_words() }} then 'duplicate'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_late_arrival('sent_at') }} then 'late_arrival' end,
                case when is_garbled then 'text_garbled' end
            ),
            ''
        ) as flags
    from marked

),

final as (

    {{ verdict('ruled', 'message_id', 'bot.messages', group='session_id') }}

)

select * from final
