"""What a run says of its models in figures."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from orchestration.database import connections
from orchestration.transform import measures

NODE = {
    "schema": "public",
    "alias": "toys",
    "config": {"meta": {"measures": {"red_count": "colour = 'red'"}}},
}


@pytest.fixture
def since(fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]) -> str:
    """Make a table with old rows and new ones; return the snapshot between them."""
    use_dsn(fresh_dsn())
    write = (
        "insert into public.toys select unnest(array['red', 'blue', 'red']),"
        " pg_current_xact_id()"
    )
    with connections.connect() as connection:
        connection.execute("create table public.toys (colour text, changed_xid xid8)")
        connection.execute(write)
    snapshot = measures.snapshot()
    with connections.connect() as connection:
        connection.execute(write)
    with connections.connect() as connection:
        connection.execute("analyze public.toys")
    return snapshot


def test_only_what_the_run_wrote_is_counted(since: str) -> None:
    """Rows of earlier runs are in the table's size and nowhere else."""
    with connections.connect() as connection:
        assert measures.measured(connection, NODE, since) == {
            "written_row_count": 3,
            "red_count": 2,
            "dagster/row_count": 6,
        }
        later = measures.snapshot()
        figures = measures.measured(connection, NODE, later)
    assert (figures["written_row_count"], figures["red_count"]) == (0, 0)


def test_figures_join_the_materialisation(since: str) -> None:
    """What dbt told of it stays; checks and other models pass as they are."""
    made = dg.AssetMaterialization("toys", metadata={"invocation": "a"})
    check = dg.AssetCheckResult(passed=True, asset_key="toys", check_name="few")
    told, passed = measures.with_measures(iter([made, check]), NODE, since)
    assert told.metadata["red_count"].value == 2
    assert told.metadata["invocation"].value == "a"
    assert passed is check
    assert list(measures.with_measures(iter([made]), {}, since)) == [made]


def test_every_measure_is_of_a_table_that_says_when_it_changed(
    manifest: dict[str, Any],
) -> None:
    """Identity shows what it linked, refused and moved."""
    asked = {
        node["name"]: measures.measures_of(node)
        for node in manifest["nodes"].values()
        if measures.measures_of(node)
    }
    assert asked.keys() >= {
        "int_pairs__scored",
        "int_atoms__clustered",
        "int_records__resolved",
        "int_identity_edges",
        "int_identity_history",
    }
    for name in asked:
        node = manifest["nodes"][f"model.frontdesk.{name}"]
        assert "changed_xid" in node["columns"]
        assert node["config"]["meta"]["touched_by"]
