{{ config(
    unique_key=['atom_a_id', 'atom_b_id'],
    indexes=[
        {'columns': ['atom_a_id', 'atom_b_id'], 'unique': true},
        {'columns': ['atom_b_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {'parent': 'int_pairs__compared', 'key': 'atom_a_id'},
            {'parent': 'int_bare_pairs__compared', 'key': 'atom_a_id'},
            {
                'parent': 'int_households__counted',
                'key': 'household_group',
                'via': {
                    'model': 'int_bare_pairs__compared',
                    'column': 'household_group',
                    'key': 'atom_a_id',
                    'type': 'smallint',
                },
            },
        ],
        'touched_type': 'uuid',
        'touched_key': 'atom_a_id',
    }
) }}

with

-- read twice: all of them from the table, a few are looked up once and written down
pairs as {{ written_down() }} (

    select * from {{ ref('int_pairs__compared') }}
    {{ only_touched('atom_a_id') }}

),

-- written down first where keys are touched: the planner would weigh all, then choose
details as {{ written_down() }} (

    select * from {{ ref('int_bare_pairs__compared') }}
    {{ only_touched('atom_a_id') }}

),

weights as (

    select * from {{ ref('int_identity_weights__cleaned') }}

),

households as (

    select * from {{ ref('int_households__counted') }}

),

scored as (

    {{ scored_pairs('pairs', 'pairs', 'details', 'weights', 'households') }}

),

final as (

    select

        -- ids
        atom_a_id,
        atom_b_id,

        -- strings
        clash,
        shared_type,
        state,

        -- numerics
        bits,
        evidence_bits,
        model_version,
        pg_current_xact_id() as changed_xid

    from scored
    where state is not null
    -- what lies together is read together
    order by atom_a_id, atom_b_id

)

select * from final
