{# punctuation is read as space, in texts and in keywords #}
{% set marks = "E'!\"#$%&\\'()*+,-./:;<=>?@[\\\\]^_`{|}~\\n\\r\\t'" %}
{% set searched = "btrim(translate(lower(keyword), " ~ marks ~ ", repeat(' ', 35)))" %}
{% set message_models = [
    'int_chat_messages__cleaned',
    'int_email_messages__cleaned',
    'int_app_messages__cleaned',
    'int_wechat_messages__cleaned',
    'int_social_messages__cleaned',
    'int_bot_messages__cleaned',
    'int_transcript_turns__cleaned',
    'int_ticket_messages__unioned',
    'int_store_visits__cleaned',
    'int_ticket_interactions__cleaned',
] %}
{% set touched_by = [] %}
{% for message_model in message_models %}
    {% do touched_by.append({'parent': message_model, 'key': 'interaction_id'}) %}
{% endfor %}

{{ config(
    unique_key='topic_hit_id',
    indexes=[
        {'columns': ['topic_hit_id'], 'unique': true},
        {'columns': ['interaction_id']},
        {'columns': ['changed_xid']},
    ],
    meta={
        'touched_by': touched_by,
        'touched_key': 'interaction_id',
        'moves': ['interaction_id'],
    }
) }}

with

messages as (

    select * from {{ ref('int_messages__unioned') }}
    {{ only_touched('interaction_id') }}

),

visits as (

    select * from {{ ref('int_store_visits__cleaned') }}
    {{ only_touched('interaction_id') }}

),

ticket_contacts as (

    select * from {{ ref('int_ticket_interactions__cleaned') }}
    {{ only_touched('interaction_id') }}

),

tickets as (

    select * from {{ ref('int_tickets__unioned') }}

),

rules as (

    select
        label_kind,
        label,
        precedence,
        {{ searched }} as keyword
    from {{ ref('seed_topic_rules') }}

),

-- imported anew: read twice, an import would be written down whole
whole_keywords as (

    select distinct {{ searched }} as keyword
    from {{ ref('seed_topic_rules') }}

),

searched_keywords as (

    select distinct {{ searched }} as keyword
    from {{ ref('seed_topic_rules') }}

),

pattern_keywords as (

    -- a word is found at its start, after the space before it
    select distinct regexp_replace(keyword, '^(?=[a-z])', ' ') as keyword
    from searched_keywords

),

contained as (

    select
        whole_keywords.keyword,
        rules.label_kind,
        rules.label,
        rules.precedence,
        rank() over (
            partition by whole_keywords.keyword, rules.label_kind
            order by length(rules.keyword) desc
        ) as length_rank
    from whole_keywords
    inner join rules
        on strpos(whole_keywords.keyword, rules.keyword) > 0

),

meanings as (

    -- what is found is found once, as the longest keyword; it stands for its own labels
    -- and, of each other kind, for those of the longest keyword that is a part of it
    select distinct
        keyword,
        label_kind,
        label,
        precedence
    from contained
    where length_rank = 1

),

patterns as (

    -- one expression for all keywords, so that a text is read once
    select
        string_agg(keyword, '|' order by length(keyword) desc, keyword asc)
            as pattern
    from pattern_keywords

),

texts as (

    select
        interaction_id,
        message_text as said,
        sent_at as said_at
    from messages
    where sender_type = 'customer' and message_text is not null
    union all
    select
        interaction_id,
        visit_reason as said,
        started_at as said_at
    from visits
    where visit_reason is not null
    union all
    select
        ticket_contacts.interaction_id,
        tickets.subject as said,
        null::timestamptz as said_at
    from ticket_contacts
    inner join tickets
        on ticket_contacts.ticket_id = tickets.ticket_id
    where tickets.subject is not null

),

said_alike as (

    -- what many say in the same words is searched once: searching is what costs here
    select
        said,
        array_agg(interaction_id) as interaction_ids,
        array_agg(said_at) as moments
    from texts
    group by said

),

finds as (

    select
        ltrim(found.keywords[1]) as keyword,
        said_alike.interaction_ids,
        said_alike.moments
    from said_alike
    cross join patterns
    cross join lateral regexp_matches(
        -- who cannot say it in a thousand letters says something else
        ' ' || translate(
            lower({{ compatible_form('left(said_alike.said, 1000)') }}),
            {{ marks }},
            repeat(' ', 35)
        ),
        patterns.pattern,
        'g'
    ) as found (keywords)

),

counted as (

    select
        contacts.interaction_id,
        meanings.label_kind,
        meanings.label,
        min(meanings.precedence) as precedence,
        count(*) as hit_count,
        min(contacts.said_at) as first_said_at
    from finds
    inner join meanings
        on finds.keyword = meanings.keyword
    cross join
        lateral unnest(
            finds.interaction_ids, finds.moments
        ) as contacts (interaction_id, said_at)
    group by contacts.interaction_id, meanings.label_kind, meanings.label

),

final as (

    select

        -- ids
        interaction_id || '|' || label_kind || '|' || label as topic_hit_id,
        interaction_id,

        -- strings
        label_kind,
        label,

        -- numerics
        hit_count,
        row_number() over (
            partition by interaction_id, label_kind
            order by
                precedence asc,
                hit_count desc,
                first_said_at asc nulls first,
                label asc
        ) as label_rank,
        pg_current_xact_id() as changed_xid

    from counted

)

select * from final
