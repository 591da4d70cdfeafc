"""Dashboards: each query belongs to one, and each says which marts it needs."""

from typing import Any

import pytest

from orchestration.settings import ROOT

Node = dict[str, Any]


@pytest.fixture(scope="module")
def queries(manifest: dict[str, Any]) -> dict[str, Node]:
    """Return the queries of dashboards by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "analysis" and node["fqn"][-2] == "dashboards"
    }


def test_every_query_belongs_to_one_dashboard(
    manifest: dict[str, Any], queries: dict[str, Node]
) -> None:
    """And no dashboard names a query that is not there."""
    named = [
        name
        for exposure in manifest["exposures"].values()
        for name in exposure["config"]["meta"]["analyses"]
    ]
    assert sorted(named) == sorted(queries)
    assert len(queries) >= 12


def test_a_dashboard_needs_what_its_queries_read(
    manifest: dict[str, Any], queries: dict[str, Node]
) -> None:
    """So `dbt build --select +exposure:service_floor` makes all it shows."""
    for exposure in manifest["exposures"].values():
        read = {
            parent
            for name in exposure["config"]["meta"]["analyses"]
            for parent in queries[name]["depends_on"]["nodes"]
        }
        assert set(exposure["depends_on"]["nodes"]) == read, exposure["name"]


def test_queries_read_what_readers_may_read(
    manifest: dict[str, Any], queries: dict[str, Node]
) -> None:
    """A dashboard runs as a reader: marts and reference."""
    rooms = {
        manifest["nodes"][parent]["schema"]
        for node in queries.values()
        for parent in node["depends_on"]["nodes"]
    }
    assert rooms <= {"marts", "reference"}


def test_every_query_is_told_in_the_readme(queries: dict[str, Node]) -> None:
    """With the question it answers."""
    text = (ROOT / "models" / "marts" / "README.md").read_text()
    assert [name for name in queries if f"| `{name}` |" not in text] == []
