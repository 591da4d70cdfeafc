{#
    The CTEs `clustered` (node, component_id, cluster_id) from two CTEs of the caller:
    `edges` (node_a, node_b, strength, is_forced, is_binding) and `traits` (node, kind, trait,
    is_soft): what a node is known to be (a full name, a birth date, an account). All edges
    make components. Within them the binding ones merge, strongest first; a merge that
    would put two clashing traits into one cluster is refused.
    Names clash when they cannot be one name, other traits when they differ, birth dates
    unless one is a slip of the other, and nothing that both sides know softly only. A
    node without edges does not appear
#}
{% macro constrained_clusters(left_names, right_names) -%}
edge_lists as materialized (

    select
        coalesce(array_agg(ranked.node_a), '{}') as nodes_a,
        coalesce(array_agg(ranked.node_b), '{}') as nodes_b,
        coalesce(array_agg(ranked.node_a) filter (where ranked.is_binding), '{}') as merged_a,
        coalesce(array_agg(ranked.node_b) filter (where ranked.is_binding), '{}') as merged_b,
        coalesce(array_agg(ranked.is_forced) filter (where ranked.is_binding), '{}')
            as are_forced
    from (
        -- a total order: the same edges give the same clusters
        select
            edges.node_a,
            edges.node_b,
            edges.is_forced,
            edges.is_binding
        from edges
        order by edges.is_forced desc, edges.strength desc, edges.node_a asc, edges.node_b asc
    ) as ranked

),

labelled as materialized (

    select
        components.node,
        components.component as component_id
    from edge_lists
    cross join lateral {{ operations_schema() }}.connected_components(
        edge_lists.nodes_a, edge_lists.nodes_b
    ) as components

),

component_traits as materialized (

    -- one trait that all of a component share clashes with nothing
    select
        grouped.component_id,
        grouped.kind,
        grouped.trait,
        grouped.is_soft,
        row_number() over (
            order by grouped.component_id, grouped.kind, grouped.trait
        )::integer as trait_number
    from (
        select
            labelled.component_id,
            traits.kind,
            traits.trait,
            bool_and(traits.is_soft) as is_soft,
            count(*) over (
                partition by labelled.component_id, traits.kind
            ) as trait_count
        from labelled
        inner join traits
            on labelled.node = traits.node
        group by labelled.component_id, traits.kind, traits.trait
    ) as grouped
    where grouped.trait_count > 1

),

trait_pairs as (

    select
        left_traits.kind,
        left_traits.trait as left_trait,
        right_traits.trait as right_trait,
        left_traits.trait_number as left_number,
        right_traits.trait_number as right_number
    from component_traits as left_traits
    inner join component_traits as right_traits
        on
            left_traits.component_id = right_traits.component_id
            and left_traits.kind = right_traits.kind
            and left_traits.trait_number < right_traits.trait_number
    where not (left_traits.is_soft and right_traits.is_soft)

),

clashes as materialized (

    select
        trait_pairs.left_number,
        trait_pairs.right_number
    from trait_pairs
    {{ looked_up(
        left_names,
        "trait_pairs.kind = 'name' and trait_pairs.left_trait = "
        ~ left_names ~ ".person_name",
        kind='left'
    ) }}
    {{ looked_up(
        right_names,
        "trait_pairs.kind = 'name' and trait_pairs.right_trait = "
        ~ right_names ~ ".person_name",
        kind='left'
    ) }}
    where
        case
            when trait_pairs.kind = 'name'
                then {{ name_level(left_names, right_names) }} in ('different', 'unfit')
            when trait_pairs.kind = 'birth_date'
                then {{ birth_level(
                    'trait_pairs.left_trait::date', 'trait_pairs.right_trait::date'
                ) }} = 'different'
            -- accounts and genders that differ, and the two sides of a forbidden pair
            else true
        end

),

trait_lists as materialized (

    select
        coalesce(array_agg(labelled.node), '{}') as nodes,
        coalesce(array_agg(component_traits.trait_number), '{}') as traits
    from labelled
    inner join traits
        on labelled.node = traits.node
    inner join component_traits
        on
            labelled.component_id = component_traits.component_id
            and traits.kind = component_traits.kind
            and traits.trait = component_traits.trait

),

clash_lists as materialized (

    select
        coalesce(array_agg(clashes.left_number), '{}') as numbers_x,
        coalesce(array_agg(clashes.right_number), '{}') as numbers_y
    from clashes

),

merged as (

    select
        clusters.node,
        clusters.cluster as cluster_id
    from edge_lists
    cross join trait_lists
    cross join clash_lists
    cross join lateral {{ operations_schema() }}.merge_unless_clash(
        edge_lists.merged_a,
        edge_lists.merged_b,
        edge_lists.are_forced,
        trait_lists.nodes,
        trait_lists.traits,
        clash_lists.numbers_x,
        clash_lists.numbers_y
    ) as clusters

),

clustered as materialized (

    select
        labelled.node,
        labelled.component_id,
        coalesce(merged.cluster_id, labelled.node) as cluster_id
    from labelled
    left join merged
        on labelled.node = merged.node

)
{%- endmacro %}


{#
    The name of the group in which a node of `clustered` is: who was there first names it,
    as who comes later seldom renames the others
#}
{% macro named_by_the_first(nodes, node_id, group_id) -%}
    first_value({{ nodes }}.{{ node_id }}) over (
        partition by coalesce(clustered.{{ group_id }}, {{ nodes }}.{{ node_id }})
        order by
            {{ nodes }}.first_seen_at,
            {{ nodes }}.first_record_id,
            {{ nodes }}.{{ node_id }}
    )
{%- endmacro %}
