"""Data runs one way through the rooms, and every raw table has a loader."""

from typing import Any

import dagster as dg
import pytest

ALLOWED = {
    "staging": {"raw"},
    "cleaned": {"staging", "cleaned", "reference"},
    "identity": {"cleaned", "identity", "reference"},
    "marts": {"cleaned", "identity", "marts", "reference"},
    "exports": {"marts"},
    # what Python works out of the marts, and builds read as a source
    "frontdesk": {"marts"},
    "value": {"marts"},
}

ROOMS = ("staging", "cleaned", "identity", "marts", "exports")


def ours_to_land(source: dict[str, Any]) -> bool:
    """Say whether a raw table is landed by us; others say of themselves who does."""
    return (
        source["schema"].startswith("raw_")
        and source["meta"].get("landed_by") != "connector"
    )


@pytest.fixture(scope="module")
def definitions(manifest: dict[str, Any]) -> dg.Definitions:
    """Return the code location."""
    from orchestration.definitions import defs

    return defs()


def room_of(node: dict[str, Any]) -> str:
    """Return the room of a node of dbt; Dagster calls it so too."""
    if node["resource_type"] == "source":
        return "raw"
    return "reference" if node["resource_type"] == "seed" else node["fqn"][1]


def test_lineage_runs_one_way(manifest: dict[str, Any]) -> None:
    """No model reads from a room that lies ahead of it, nor past one."""
    nodes = manifest["nodes"] | manifest["sources"]
    backward = [
        f"{node['name']} reads {nodes[parent]['name']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
        if room_of(nodes[parent]) not in ALLOWED[room_of(node)]
    ]
    assert backward == []


def test_what_python_makes_of_the_marts_comes_after_them(
    definitions: dg.Definitions,
) -> None:
    """No asset that is not dbt's reads what lies ahead of it."""
    graph = definitions.resolve_asset_graph()
    backward = [
        f"{key.to_user_string()} reads {parent.to_user_string()}"
        for key in graph.get_all_asset_keys()
        if key.path[0] not in ROOMS
        for parent in graph.get(key).parent_keys
        if parent.path[0] not in ALLOWED.get(key.path[0], set())
    ]
    assert backward == []


def test_every_raw_table_has_a_loader(
    definitions: dg.Definitions, manifest: dict[str, Any]
) -> None:
    """What staging reads is landed by an asset of ours."""
    graph = definitions.resolve_asset_graph()
    orphans = [
        f"{source['source_name']}.{source['name']}"
        for source in manifest["sources"].values()
        # what people decide by hand is no source system's
        if ours_to_land(source)
        and not graph.get(
            dg.AssetKey(["raw", source["source_name"], source["name"]])
        ).is_materializable
    ]
    assert orphans == []


def test_every_declared_table_is_a_source_of_dbt(manifest: dict[str, Any]) -> None:
    """What is landed is also read: the two lists name the same tables."""
    from orchestration.raw.sources import SOURCES

    landed = {
        f"{source.schema}.{table.name}"
        for source in SOURCES.values()
        for table in source.tables
    }
    read = {
        f"{source['schema']}.{source['identifier']}"
        for source in manifest["sources"].values()
        if ours_to_land(source) and not source["identifier"].startswith("_")
    }
    assert landed == read


def test_staging_reads_one_source_table(manifest: dict[str, Any]) -> None:
    """One model, one raw table; nothing but staging reads raw."""
    wrong = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model":
            continue
        sources = [
            parent
            for parent in node["depends_on"]["nodes"]
            if parent.startswith("source.")
        ]
        expected = 1 if node["path"].startswith("staging/") else 0
        if len(sources) != expected:
            wrong.append(f"{node['name']} reads {len(sources)} source tables")
    assert wrong == []
