{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['message_id'], 'unique': true},
        {'columns': ['thread_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_email__messages',
        'message_id',
        'email.messages',
        group='thread_id'
    )
) }}

with

versions as (

    select * from {{ ref('stg_email__messages') }}
    {{ only_touched('thread_id') }}

),

measured as (

    select
        message_id,
        thread_id,
        direction_raw,
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
        lag(latest.message_id) over same_words as previous_message_id,
        lag(latest.sent_at) over same_words as previous_sent_at
    from latest
    window same_words as (
        partition by
            latest.thread_id,
            latest.direction_raw,
            latest.fingerprint_uuid
        order by latest.sent_at asc, latest.message_id asc
    )

),

ruled as (

    select
        message_id,
        thread_id,
        row_id,
        version_count,
        first_exported_at,
        case when {{ repeats_words() }} then previous_message_id end as duplicate_of_id,
        case
            when is_blank then 'blank_content'
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

    {{ verdict('ruled', 'message_id', 'email.messages', group='thread_id') }}

)

select * from final
