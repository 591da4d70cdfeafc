{{ config(
    unique_key='message_id',
    indexes=[
        {'columns': ['message_id'], 'unique': true},
        {'columns': ['conversation_id']},
        {'columns': ['changed_xid']},
    ],
    meta=judged_by(
        'stg_chat_transcripts__turns',
        'message_id',
        'chat_transcripts.turns',
        group='conversation_id'
    )
) }}

with

versions as (

    select * from {{ ref('stg_chat_transcripts__turns') }}
    {{ only_touched('conversation_id') }}

),

latest as (

    {{ latest_version(
        'versions',
        'message_id',
        newest_first='source_file_name desc',
        first_seen='null::timestamptz'
    ) }}

),

ruled as (

    select
        message_id,
        conversation_id,
        row_id,
        version_count,
        first_exported_at,
        null as duplicate_of_id,
        case
            when {{ is_blank('text_raw') }} then 'blank_content'
        end as rule_reason,
        nullif(
            concat_ws(
                ',',
                case when {{ is_garbled('text_raw') }} then 'text_garbled' end
            ),
            ''
        ) as flags
    from latest

),

final as (

    {{ verdict(
        'ruled', 'message_id', 'chat_transcripts.turns', group='conversation_id'
    ) }}

)

select * from final
