"""Adopt a version of the matching model: what would change first, then the change."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from orchestration.identity.warehouse import (
    require_built,
    require_said,
    version_in_force,
)
from orchestration.settings import UserError
from orchestration.transform.compiling import Compiled

WEIGHTS = "int_identity_weights__cleaned"
SCORED = "int_pairs__scored"
REHEARSED = (
    SCORED,
    "int_atoms__clustered",
    "int_records__clustered",
    "int_clusters__linked",
)
"""The models below the weights down to who is whose customer, in their order."""

SELECTIONS: tuple[dict[str, Sequence[str] | bool], ...] = (
    {"select": (WEIGHTS, SCORED), "full_refresh": True},
    {"select": (f"{SCORED}+",), "exclude": (SCORED,)},
)
"""What an adoption builds: every score anew, then what the scores touch."""

KNOWN = """
select model_version, comparison, level, bits from reference.seed_identity_weights
union all
select model_version, comparison, level, bits from frontdesk.identity_models
"""
PROPOSED = """
create temporary table {weights} on commit drop as
select
    comparison,
    level,
    model_version,
    bits::float8 as bits,
    pg_current_xact_id() as changed_xid
from ({known}) as known
where model_version = {version}
"""
COUNTED = """
with moves as materialized (
    select
        published.record_id,
        published.customer_id as old_id,
        clusters.customer_id as new_id,
        records.cluster_id
    from pg_temp.int_records__clustered as records
    inner join pg_temp.int_clusters__linked as clusters
        on records.cluster_id = clusters.cluster_id
    inner join identity.int_records__resolved as published
        on records.record_id = published.record_id
)
select
    (select count(*) from moves),
    (select count(*) from moves where old_id <> new_id),
    (
        select coalesce(sum(joined.old_count - 1), 0)::bigint
        from (
            select count(distinct old_id) as old_count
            from moves group by cluster_id
        ) as joined
    ),
    (
        select coalesce(sum(parted.new_count - 1), 0)::bigint
        from (
            select count(distinct cluster_id) as new_count
            from moves group by old_id
        ) as parted
    ),
    (select count(distinct old_id) from moves),
    (select count(distinct cluster_id) from moves)
"""
LIMITS = """
select limit_name, limit_value from reference.seed_identity_limits
where limit_name in ('relabelled_share', 'relabelled_floor')
"""
STALE = """
select count(*) from identity.int_pairs__scored where model_version <> %s
"""
ADOPT = """
insert into frontdesk.identity_adoptions
    (model_version, adopted_by, reason, moved_record_count)
values (%s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Churn:
    """What a version of the model would change."""

    version: int
    in_force: int
    records: int
    moved: int
    """Records that would get another customer id."""
    merges: int
    """Customers that would go into another one."""
    splits: int
    """Customers that would come out of another one."""
    customers: int
    customers_then: int
    limit: int
    """As many records may change their customer in one run."""


def require_version(connection: psycopg.Connection, version: int) -> None:
    """Refuse a version that nobody proposed."""
    require_built(connection)
    rows = connection.execute(
        f"select distinct model_version from ({KNOWN}) as known order by 1"
    ).fetchall()
    known = [row[0] for row in rows]
    if version not in known:
        raise UserError(
            f"there is no version {version} of the matching model, only"
            f" {', '.join(map(str, known))}: `frontdesk identity fit` proposes one"
        )


def rehearse(
    connection: psycopg.Connection, models: Sequence[Compiled], version: int
) -> Churn:
    """Build what follows from a version as temporary tables, count, and forget it.

    The models' own SQL runs, with the names of the tables before it exchanged.
    """
    require_version(connection, version)
    replaced = {
        model.relation: f'pg_temp."{model.name}"'
        for model in models
        if model.name in (WEIGHTS, *REHEARSED)
    }
    texts = {model.name: model.text for model in models}
    in_force = version_in_force(connection)
    with connection.transaction(force_rollback=True):
        connection.execute("set local jit = off")
        connection.execute("set local work_mem = '64MB'")
        connection.execute(
            sql.SQL(PROPOSED).format(
                weights=sql.Identifier(WEIGHTS),
                known=sql.SQL(KNOWN),
                version=sql.Literal(version),
            )
        )
        for name in REHEARSED:
            text = texts[name]
            for relation, stand_in in replaced.items():
                text = text.replace(relation, stand_in)
            table = sql.Identifier(name)
            # the text is dbt's own, which may hold a per cent sign
            connection.execute(
                sql.SQL("create temporary table {} on commit drop as ").format(table)
                + sql.SQL(text.replace("{", "{{").replace("}", "}}")).format()
            )
            connection.execute(sql.SQL("analyze {}").format(table))
        counts = connection.execute(COUNTED).fetchone()
        limits = dict(connection.execute(LIMITS).fetchall())
    return Churn(
        version,
        in_force,
        *counts,
        limit=int(
            max(limits["relabelled_floor"], limits["relabelled_share"] * counts[0])
        ),
    )


def is_in_force(connection: psycopg.Connection, version: int) -> bool:
    """Say whether a version is adopted and every score is by it."""
    if version != version_in_force(connection):
        return False
    return connection.execute(STALE, [version]).fetchone()[0] == 0


def adopt(connection: psycopg.Connection, churn: Churn, by: str, why: str) -> None:
    """Write the adoption down; the scores follow with the builds of SELECTIONS."""
    require_said(by, why)
    if churn.moved > churn.limit:
        raise UserError(
            f"{churn.moved:,} records would change their customer, more than the"
            f" {churn.limit:,} that seed_identity_limits allows in one run: raise"
            " relabelled_share there if that is meant"
        )
    connection.execute(ADOPT, [churn.version, by.strip(), why.strip(), churn.moved])
