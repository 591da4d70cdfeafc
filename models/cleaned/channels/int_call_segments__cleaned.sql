{{ config(
    unique_key='segment_id',
    indexes=[
        {'columns': ['segment_id'], 'unique': true},
        {'columns': ['call_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_call_segments__judged', 'key': 'segment_id'},
        ],
    }
) }}

with

verdicts as (

    select * from {{ ref('int_call_segments__judged') }}
    {{ only_touched('segment_id') }}

),

segments as (

    select * from {{ ref('stg_phone__call_segments') }}

),

final as (

    select

        -- ids
        segments.segment_id,
        segments.call_id,
        segments.agent_id,

        -- strings
        segments.queue_name,
        lower(segments.segment_result_raw) as segment_result,
        verdicts.flags,

        -- numerics
        segments.segment_number,
        segments.wait_seconds,
        segments.talk_seconds,
        segments.hold_seconds,
        segments.acw_seconds as after_work_seconds,
        pg_current_xact_id() as changed_xid,

        -- timestamps
        segments.queued_at,
        segments.answered_at,
        segments.ended_at,
        verdicts.first_exported_at

    from verdicts
    inner join segments
        on verdicts.row_id = segments.row_id
    where verdicts.rejection_reason is null

)

select * from final
