{{ config(
    unique_key=['identifier_id', 'atom_id'],
    indexes=[
        {'columns': ['identifier_id', 'atom_id'], 'unique': true},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_identifiers__counted',
                'key': 'identifier_id',
                'stamp': 'hubs_xid',
            },
        ],
        'touched_key': 'identifier_id',
        'touched_type': 'uuid',
    }
) }}

with

identifiers as (

    select * from {{ ref('int_identifiers__counted') }}
    {{ only_touched('identifier_id') }}

),

final as (

    select

        -- ids
        identifiers.identifier_id,
        hubs.atom_id,

        -- numerics
        pg_current_xact_id() as changed_xid

    from identifiers
    cross join unnest(identifiers.hub_atom_ids) as hubs (atom_id)

)

select * from final
