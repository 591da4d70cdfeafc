"""The queue: what a person should look at, the most at stake first."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from orchestration.identity.warehouse import require_built

STRONG_BITS = 8
"""Refused edges with this much evidence, were it not for the clash, are doubtful."""

QUEUE = """
with doubtful as (
    select
        edges.*,
        coalesce((edges.evidence ->> 'bits_without_clash')::float8, edges.bits)
            as evidence_bits
    from identity.int_identity_edges as edges
    where
        edges.state = 'review'
        or (
            edges.state = 'refused'
            and coalesce((edges.evidence ->> 'bits_without_clash')::float8, edges.bits)
            >= %(strong)s
        )
),
placed as (
    -- two customers are decided about once, over the strongest of their edges
    select distinct on (
        least(ones.customer_id, others.customer_id),
        greatest(ones.customer_id, others.customer_id)
    )
        doubtful.record_id_a,
        doubtful.record_id_b,
        doubtful.rule,
        doubtful.state,
        doubtful.reason,
        doubtful.evidence,
        doubtful.evidence_bits,
        ones.customer_id as customer_id_a,
        others.customer_id as customer_id_b
    from doubtful
    inner join identity.int_records__resolved as ones
        on doubtful.record_id_a = ones.record_id
    inner join identity.int_records__resolved as others
        on doubtful.record_id_b = others.record_id
    where ones.customer_id <> others.customer_id
    order by
        least(ones.customer_id, others.customer_id),
        greatest(ones.customer_id, others.customer_id),
        doubtful.evidence_bits desc,
        doubtful.record_id_a,
        doubtful.record_id_b,
        doubtful.rule
),
forbidden as (
    select distinct
        least(ones.customer_id, others.customer_id) as lesser_id,
        greatest(ones.customer_id, others.customer_id) as greater_id
    from frontdesk.identity_decisions as decisions
    inner join identity.int_records__resolved as ones
        on decisions.record_id_a = ones.record_id
    inner join identity.int_records__resolved as others
        on decisions.record_id_b = others.record_id
    where decisions.verdict = 'forbidden' and decisions.undone_at is null
),
sized as (
    select customer_id, count(*) as record_count
    from identity.int_records__resolved
    where
        customer_id in (
            select customer_id_a from placed union select customer_id_b from placed
        )
    group by customer_id
),
floor as (
    select coalesce(min(bits), 0) as bits
    from cleaned.int_identity_weights__cleaned
    where comparison = 'review'
)
select
    placed.record_id_a,
    placed.record_id_b,
    placed.customer_id_a,
    placed.customer_id_b,
    placed.rule,
    placed.state,
    placed.reason,
    placed.evidence,
    placed.evidence_bits as bits,
    ones.record_count + others.record_count as records_at_stake,
    -- bits below nothing still say more than none: they count from where review begins
    (placed.evidence_bits - floor.bits) * (ones.record_count + others.record_count)
        as weight,
    count(*) over () as queued_count
from placed
cross join floor
inner join sized as ones
    on placed.customer_id_a = ones.customer_id
inner join sized as others
    on placed.customer_id_b = others.customer_id
left join forbidden
    on
        least(placed.customer_id_a, placed.customer_id_b) = forbidden.lesser_id
        and greatest(placed.customer_id_a, placed.customer_id_b) = forbidden.greater_id
where forbidden.lesser_id is null
order by weight desc, placed.record_id_a, placed.record_id_b
limit %(limit)s
"""


@dataclass(frozen=True)
class Doubt:
    """Two customers that may be one, and the edge that says so."""

    record_id_a: str
    record_id_b: str
    customer_id_a: str
    customer_id_b: str
    rule: str
    state: str
    reason: str | None
    evidence: dict[str, Any]
    bits: float
    records_at_stake: int
    weight: float
    queued_count: int


def queue(connection: psycopg.Connection, limit: int) -> list[Doubt]:
    """Return the doubts, by bits times the records of both customers."""
    require_built(connection)
    with connection.cursor(row_factory=class_row(Doubt)) as cursor:
        return cursor.execute(QUEUE, {"strong": STRONG_BITS, "limit": limit}).fetchall()
