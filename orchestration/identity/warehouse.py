"""What identity has published, and what of it these commands rely on."""

from collections.abc import Iterable

import psycopg

from orchestration.settings import UserError

NEEDED = (
    "to_regclass('identity.int_records__resolved')",
    "to_regclass('identity.int_identity_edges')",
    "to_regclass('identity.int_customer_aliases')",
    "to_regclass('frontdesk.identity_decisions')",
    "to_regprocedure('identity.why(text, text)')",
    # a crash of the server empties what matching keeps, and this mark with it
    "nullif(pg_relation_size(to_regclass('frontdesk.crash_mark')), 0)",
)
KNOWN = """
select record_id
from identity.int_records__resolved
where record_id = any(%s)
"""
IN_FORCE = """
select coalesce(
    (
        select model_version
        from frontdesk.identity_adoptions
        order by adopted_at desc, adoption_id desc
        limit 1
    ),
    (select max(model_version) from reference.seed_identity_weights)
)
"""


def require_built(connection: psycopg.Connection) -> None:
    """Refuse in one line where identity has not been built."""
    answer = f"select num_nulls({', '.join(NEEDED)}) = 0"
    if not connection.execute(answer).fetchone()[0]:
        raise UserError("identity is not built: `frontdesk build`, then again")


def require_records(connection: psycopg.Connection, record_ids: Iterable[str]) -> None:
    """Refuse record ids that identity does not know."""
    wanted = list(record_ids)
    known = {row[0] for row in connection.execute(KNOWN, [wanted]).fetchall()}
    unknown = [record_id for record_id in wanted if record_id not in known]
    if unknown:
        raise UserError(
            f"no record {', '.join(unknown)}: give record ids as"
            " identity.int_records__resolved has them, after a build"
        )


def require_said(by: str, why: str) -> None:
    """Refuse a decision that names nobody, or no reason."""
    if not by.strip():
        raise UserError("--by is empty: say who decides")
    if not why.strip():
        raise UserError("--why is empty: give the reason")


def version_in_force(connection: psycopg.Connection) -> int:
    """Return the version of the matching model that scores count by."""
    return connection.execute(IN_FORCE).fetchone()[0]
