{{ config(
    unique_key=['record_id_a', 'record_id_b', 'rule'],
    unlogged=true,
    indexes=[
        {'columns': ['record_id_a', 'record_id_b', 'rule'], 'unique': true},
        {'columns': ['record_id_b']},
        {'columns': ['atom_a_id']},
        {'columns': ['atom_b_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': [
            {
                'parent': 'int_records__extracted',
                'key': 'profile_id',
                'via': {
                    'model': 'int_profiles__clustered',
                    'column': 'profile_id',
                    'key': 'atom_id',
                    'type': 'uuid',
                },
            },
            {'parent': 'int_profiles__clustered', 'key': 'atom_id'},
            {'parent': 'int_atoms__clustered', 'key': 'atom_id'},
            {'parent': 'int_pairs__scored', 'key': 'atom_a_id'},
        ],
        'touched_key': ['atom_a_id', 'atom_b_id'],
        'touched_type': 'uuid',
    }
) }}

-- edges explain what is published, so they come after it
-- depends_on: {{ ref('int_records__resolved') }}

with

atoms as not materialized (

    select * from {{ ref('int_atoms__clustered') }}

),

profiles as {{ written_down() }} (

    select * from {{ ref('int_profiles__clustered') }}
    {{ only_touched('atom_id') }}

),

all_profiles as not materialized (

    select * from {{ ref('int_profiles__clustered') }}

),

described as not materialized (

    select * from {{ ref('int_profiles__extracted') }}

),

records as not materialized (

    select * from {{ ref('int_records__extracted') }}

),

accounts as not materialized (

    select * from {{ ref('int_accounts__extracted') }}

),

left_pairs as not materialized (

    select * from {{ ref('int_pairs__scored') }}
    {{ only_touched('atom_a_id') }}

),

ties as not materialized (

    select * from {{ ref('int_pairs__scored') }}

),

right_pairs as not materialized (

    select * from {{ ref('int_pairs__scored') }}
    {{ only_touched('atom_b_id') }}

),

compared as not materialized (

    select * from {{ ref('int_pairs__compared') }}

),

bare_pairs as (

    select * from {{ ref('int_bare_pairs__compared') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__cleaned') }}

),

alike as (

    -- records that say the same
    select
        profiles.atom_id as atom_a_id,
        profiles.atom_id as atom_b_id,
        described.first_record_id as record_id_a,
        records.record_id as record_id_b,
        'same_evidence' as rule,
        ties.bits,
        'linked' as state,
        null::text as reason,
        jsonb_build_object('same', 'all that both records say') as evidence,
        ties.model_version
    from profiles
    {{ looked_up(
        'described',
        'profiles.profile_id = described.profile_id and profiles.record_class > 0'
    ) }}
    {{ looked_up('atoms', 'profiles.atom_id = atoms.atom_id and not atoms.is_loose') }}
    {{ looked_up(
        'records',
        'profiles.profile_id = records.profile_id'
        ~ ' and described.first_record_id <> records.record_id'
    ) }}
    {{ looked_up(
        'ties',
        'profiles.atom_id = ties.atom_a_id and profiles.atom_id = ties.atom_b_id',
        kind='left'
    ) }}

),

account_holders as (

    select
        touched_accounts.identifier_id,
        accounts.profile_id,
        count(*) over (partition by touched_accounts.identifier_id) as holder_count
    from (
        select distinct mine.identifier_id
        from profiles
        {{ looked_up('accounts', 'profiles.profile_id = mine.profile_id', 'mine') }}
    ) as touched_accounts
    {{ looked_up(
        'accounts', 'touched_accounts.identifier_id = accounts.identifier_id'
    ) }}

),

held as (

    -- who shares an account: the first profile of each atom that does stands for it
    select
        account_holders.identifier_id,
        said.identifier_type,
        said.identifier_value,
        account_holders.profile_id,
        all_profiles.atom_id,
        first_value(account_holders.profile_id) over (
            partition by account_holders.identifier_id, all_profiles.atom_id
            order by account_holders.profile_id
        ) as first_of_atom,
        first_value(account_holders.profile_id) over (
            partition by account_holders.identifier_id
            order by all_profiles.atom_id, account_holders.profile_id
        ) as first_of_all,
        first_value(all_profiles.atom_id) over (
            partition by account_holders.identifier_id
            order by all_profiles.atom_id, account_holders.profile_id
        ) as first_atom_id
    from account_holders
    {{ looked_up(
        'accounts',
        'account_holders.profile_id = said.profile_id'
        ~ ' and account_holders.identifier_id = said.identifier_id',
        'said'
    ) }}
    {{ looked_up(
        'all_profiles', 'account_holders.profile_id = all_profiles.profile_id'
    ) }}
    where account_holders.holder_count > 1

),

joined as (

    select
        held.atom_id as atom_a_id,
        held.atom_id as atom_b_id,
        first_profile.first_record_id as record_id_a,
        other_profile.first_record_id as record_id_b,
        held.identifier_type as rule,
        30::float8 as bits,
        'linked' as state,
        null::text as reason,
        jsonb_build_object(held.identifier_type, held.identifier_value) as evidence,
        null::integer as model_version
    from held
    inner join described as first_profile
        on held.first_of_atom = first_profile.profile_id
    inner join described as other_profile
        on held.profile_id = other_profile.profile_id
    where held.first_of_atom <> held.profile_id
    union all
    select
        held.first_atom_id as atom_a_id,
        held.atom_id as atom_b_id,
        first_profile.first_record_id as record_id_a,
        other_profile.first_record_id as record_id_b,
        held.identifier_type as rule,
        30::float8 as bits,
        'refused' as state,
        'one account, but names or birth dates that cannot be one person''s' as reason,
        jsonb_build_object(held.identifier_type, held.identifier_value) as evidence,
        null::integer as model_version
    from held
    inner join described as first_profile
        on held.first_of_all = first_profile.profile_id
    inner join described as other_profile
        on held.profile_id = other_profile.profile_id
    where held.first_atom_id <> held.atom_id and held.first_of_atom = held.profile_id

),

met as (

    select * from left_pairs
    where atom_a_id <> atom_b_id
    union
    select * from right_pairs
    where atom_a_id <> atom_b_id

),

met_atoms as {{ written_down() }} (

    -- an atom meets several others, and is looked up once
    {{ looked_up_once('atoms', 'atom_id', 'met', ['atom_a_id', 'atom_b_id']) }}

),

placed as (

    select
        met.*,
        left_atom.cluster_id as left_cluster_id,
        right_atom.cluster_id as right_cluster_id,
        left_atom.is_anonymous or right_atom.is_anonymous as is_anonymous,
        left_atom.first_record_id as record_id_a,
        right_atom.first_record_id as record_id_b
    from met
    inner join met_atoms as left_atom
        on met.atom_a_id = left_atom.atom_id
    inner join met_atoms as right_atom
        on met.atom_b_id = right_atom.atom_id

),

scored as (

    select
        placed.atom_a_id,
        placed.atom_b_id,
        placed.record_id_a,
        placed.record_id_b,
        'scored' as rule,
        placed.bits,
        case
            when
                placed.state = 'linked'
                and placed.left_cluster_id <> placed.right_cluster_id
                then 'refused'
            else placed.state
        end as state,
        case
            when placed.state = 'refused' then 'clash: ' || placed.clash
            when
                placed.state = 'linked'
                and placed.left_cluster_id <> placed.right_cluster_id
                then
                    case
                        when placed.is_anonymous and placed.shared_type is not null
                            then 'nothing tells whose of several it is'
                        else 'clash between other records of the two customers'
                    end
        end as reason,
        jsonb_strip_nulls(
            jsonb_build_object(
                'shared', compared.shared_values,
                'name', compared.name_level,
                'name_in_email', compared.email_name_level,
                'birth_date', compared.birth_level,
                'gender', compared.gender_level,
                'address', compared.address_level,
                'city', compared.city_level,
                'phone', compared.phone_level,
                'email', compared.email_level,
                'unionid', compared.unionid_level,
                'openid', compared.openid_level,
                'account', compared.account_level,
                'details', array_to_string(bare_pairs.details, ', '),
                'bits_without_clash',
                case when placed.clash is not null then placed.evidence_bits end
            )
        ) as evidence,
        placed.model_version
    from placed
    {{ looked_up(
        'compared',
        'placed.atom_a_id = compared.atom_a_id'
        ~ ' and placed.atom_b_id = compared.atom_b_id'
    ) }}
    {{ looked_up(
        'bare_pairs',
        'compared.are_bare and placed.atom_a_id = bare_pairs.atom_a_id'
        ~ ' and placed.atom_b_id = bare_pairs.atom_b_id',
        kind='left'
    ) }}
    where
        placed.state in ('linked', 'refused')
        or (
            placed.state = 'review'
            and placed.left_cluster_id <> placed.right_cluster_id
        )

),

decided as (

    select
        left_profile.atom_id as atom_a_id,
        right_profile.atom_id as atom_b_id,
        decisions.record_id_a,
        decisions.record_id_b,
        'decision ' || decisions.decision_id as rule,
        null::float8 as bits,
        case when decisions.is_standing then decisions.verdict else 'retired' end
            as state,
        case
            when decisions.is_standing
                then decisions.decided_by || ': ' || decisions.reason
            else decisions.undone_by || ': ' || decisions.undone_reason
        end as reason,
        jsonb_build_object(
            'verdict', decisions.verdict,
            'decided_by', decisions.decided_by,
            'decided_at', decisions.decided_at
        ) as evidence,
        null::integer as model_version
    from decisions
    inner join records as left_record
        on decisions.record_id_a = left_record.record_id
    inner join all_profiles as left_profile
        on left_record.profile_id = left_profile.profile_id
    inner join records as right_record
        on decisions.record_id_b = right_record.record_id
    inner join all_profiles as right_profile
        on right_record.profile_id = right_profile.profile_id

),

edges as (

    select * from alike
    union all
    select * from joined
    union all
    select * from scored
    union all
    select * from decided

),

final as (

    select distinct on (
        least(record_id_a, record_id_b), greatest(record_id_a, record_id_b), rule
    )

        -- ids
        least(record_id_a, record_id_b) as record_id_a,
        greatest(record_id_a, record_id_b) as record_id_b,
        atom_a_id,
        atom_b_id,

        -- strings
        rule,
        state,
        reason,
        evidence,

        -- numerics
        bits,
        model_version,
        pg_current_xact_id() as changed_xid

    from edges
    order by
        least(record_id_a, record_id_b) asc,
        greatest(record_id_a, record_id_b) asc,
        rule asc,
        evidence::text asc

)

select * from final
