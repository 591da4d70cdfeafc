{{ config(
    unique_key=['record_id', 'identifier_type'],
    indexes=[
        {'columns': ['record_id', 'identifier_type'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_records__unioned', 'key': 'record_id'},
        ],
        'touched_key': 'record_id',
    }
) }}

with

records as (

    select * from {{ ref('int_records__unioned') }}
    {{ only_touched('record_id') }}

),

captures as (

    select * from {{ ref('seed_identifier_captures') }}

),

carried as (

    select
        records.record_id,
        records.source_name,
        records.channel,
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.raw_value
    from records
    cross join
        lateral (
            values
            ('phone', records.phone, records.phone_raw),
            ('email', records.email, records.email_raw),
            ('cookie_id', records.cookie_id, records.cookie_id),
            ('device_id', records.device_id, records.device_id),
            ('loyalty_card', records.loyalty_card, records.loyalty_card),
            {{ account_identifiers('records') }}
        ) as identifiers (identifier_type, identifier_value, raw_value)
    where identifiers.identifier_value is not null

),

final as (

    select

        -- ids
        carried.record_id,
        {{ identifier_id('carried.identifier_type', 'carried.identifier_value') }}
            as identifier_id,

        -- strings
        carried.source_name,
        carried.identifier_type,
        carried.identifier_value,
        carried.raw_value,
        coalesce(by_channel.captured_by, by_type.captured_by, 'stated') as captured_by,

        -- numerics
        pg_current_xact_id() as changed_xid

    from carried
    left join captures as by_channel
        on
            carried.identifier_type = by_channel.identifier_type
            and carried.channel = by_channel.channel
    left join captures as by_type
        on
            carried.identifier_type = by_type.identifier_type
            and by_type.channel = 'any'

)

select * from final
