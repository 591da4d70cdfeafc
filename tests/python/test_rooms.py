"""Each model bears its room's name, has its YAML, and keeps what its room promises."""

import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import ROOT

ROOMS = ("staging", "cleaned", "identity", "marts", "exports")

# closed lists: a new word is a change here and in the house plan
LAST_WORDS = {
    "cleaned": ("cleaned", "rejected", "judged", "unioned", "counted", "drawn"),
    "identity": (
        *("extracted", "unioned", "clustered", "counted", "compared", "scored"),
        *("linked", "resolved"),
    ),
}
# relations that people and programs ask by these names, like marts
IDENTITY_NAMES = ("int_identity_edges", "int_identity_history", "int_customer_aliases")
GRAINS = ("hourly", "daily", "weekly", "monthly")
# one row per customer or experiment: these have no grain of time
MART_NAMES = ("customer_360", "customer_labels", "customer_value", "kpi_experiments")

WORD = "[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
NAMES = {
    "staging": rf"stg_{WORD}__{WORD}",
    "cleaned": rf"int_{WORD}__(?:{'|'.join(LAST_WORDS['cleaned'])})",
    "identity": (
        rf"int_{WORD}__(?:{'|'.join(LAST_WORDS['identity'])})|{'|'.join(IDENTITY_NAMES)}"
    ),
    "marts": (
        rf"(?:dim|fct)_{WORD}|kpi_{WORD}_(?:{'|'.join(GRAINS)})|{'|'.join(MART_NAMES)}"
    ),
    "exports": rf"alert_{WORD}|export_{WORD}__{WORD}",
}
PRIVATE_FOLDERS = ("channels", "matching")

Node = dict[str, Any]


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[Node]:
    """Return every model."""
    nodes = manifest["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model"]


def room_of(node: Node) -> str:
    """Return the folder under models/ that a model lies in."""
    return Path(node["path"]).parts[0]


def test_every_model_lies_in_a_room(models: list[Node]) -> None:
    """There are five rooms and no other."""
    assert [m["path"] for m in models if room_of(m) not in ROOMS] == []


def test_every_model_bears_the_name_of_its_room(models: list[Node]) -> None:
    """The prefix says how far along it is, the last word what was done."""
    wrong = [
        f"{model['name']} in {room_of(model)}"
        for model in models
        if not re.fullmatch(NAMES[room_of(model)], model["name"])
    ]
    assert wrong == []


def test_staging_models_lie_in_the_folder_of_their_source(models: list[Node]) -> None:
    """`stg_<source>__<plural>` stands in staging/<source>/."""
    wrong = [
        model["path"]
        for model in models
        if room_of(model) == "staging"
        and model["name"].split("__")[0] != f"stg_{Path(model['path']).parts[1]}"
    ]
    assert wrong == []


def test_a_room_has_one_name_everywhere(models: list[Node]) -> None:
    """Folder, schema and group are one word."""
    wrong = [
        f"{model['name']}: schema {model['schema']}, group {model['config']['group']}"
        for model in models
        if not model["schema"] == model["config"]["group"] == room_of(model)
    ]
    assert wrong == []


def test_seeds_are_the_reference(manifest: dict[str, Any]) -> None:
    """Lists that people edit land in the schema `reference`."""
    wrong = [
        f"{node['name']} in {node['schema']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "seed"
        and (node["schema"] != "reference" or not node["name"].startswith("seed_"))
    ]
    assert wrong == []


def test_every_model_and_seed_has_its_yaml_beside_it(
    manifest: dict[str, Any],
) -> None:
    """Same folder, same name."""
    wrong = []
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            expected = Path(node["original_file_path"]).with_suffix(".yml").as_posix()
            if (node["patch_path"] or "").partition("://")[2] != expected:
                wrong.append(f"{node['name']} is not described in {expected}")
    assert wrong == []


def test_every_description_begins_with_the_grain(models: list[Node]) -> None:
    """One row per what."""
    wrong = [
        model["name"]
        for model in models
        if not model["description"].strip().startswith("One row per ")
    ]
    assert wrong == []


def test_marts_and_exports_have_contracts(models: list[Node]) -> None:
    """Every column of what people read is declared, typed and described."""
    wrong = []
    for model in models:
        if room_of(model) not in ("marts", "exports"):
            continue
        if not model["config"]["contract"]["enforced"]:
            wrong.append(f"{model['name']} has no contract")
        wrong += [
            f"{model['name']}.{name} lacks a type or a description"
            for name, column in model["columns"].items()
            if not (column["data_type"] and column["description"].strip())
        ]
    assert wrong == []


def test_marts_have_a_primary_key(models: list[Node]) -> None:
    """The database itself keeps a mart's rows apart."""
    wrong = []
    for model in models:
        constraints = [
            *model["constraints"],
            *(
                rule
                for column in model["columns"].values()
                for rule in column["constraints"]
            ),
        ]
        kinds = {rule["type"] for rule in constraints}
        if room_of(model) == "marts" and "primary_key" not in kinds:
            wrong.append(model["name"])
    assert wrong == []


def test_rooms_are_built_as_the_house_plan_says(models: list[Node]) -> None:
    """Views over raw, and tables that keep their history from there on."""
    # a union of tables may stay a part of the queries that read it
    kept = {"incremental", "table", "ephemeral"}
    allowed = {
        "staging": {"view"},
        "cleaned": kept,
        "identity": kept,
        "marts": {"incremental", "table"},
        # a view over a table of dbt vanishes when that table is built alone
        "exports": {"incremental", "table"},
    }
    wrong = [
        f"{model['name']} is a {model['config']['materialized']}"
        for model in models
        if model["config"]["materialized"] not in allowed[room_of(model)]
    ]
    assert wrong == []


def test_only_what_is_noted_as_built_is_unlogged(models: list[Node]) -> None:
    """A crash empties it, and nobody would miss a table that no watermark names."""
    unlogged = [model for model in models if model["config"].get("unlogged")]
    assert len(unlogged) > 15
    assert {model["config"]["materialized"] for model in unlogged} == {"incremental"}
    # what is published outlives a crash
    assert "int_records__resolved" not in {model["name"] for model in unlogged}


def test_inner_folders_are_private(models: list[Node]) -> None:
    """A model of another room that reads them is refused by dbt."""
    wrong = [
        model["name"]
        for model in models
        if Path(model["path"]).parts[1] in PRIVATE_FOLDERS
        and model["access"] != "private"
    ]
    assert wrong == []


def test_singular_tests_are_sentences_about_a_model(manifest: dict[str, Any]) -> None:
    """`assert_<sentence>`, in a room's folder, shown in Dagster at its model."""
    wrong = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test" or node.get("test_metadata"):
            continue
        meta = node["config"]["meta"]
        shown_at = meta.get("dagster", {}).get("ref", {}).get("name")
        read = {parent.split(".")[2] for parent in node["depends_on"]["nodes"]}
        if not node["name"].startswith("assert_"):
            wrong.append(f"{node['name']} is not named assert_<sentence>")
        # dagster shows a test only at a model that the test reads
        if shown_at not in read:
            wrong.append(f"{node['name']} names {shown_at}, which it does not read")
        if Path(node["path"]).parts[0] not in ROOMS:
            wrong.append(f"{node['original_file_path']} lies in no room")
    assert wrong == []


def test_the_top_of_the_house_has_no_other_names() -> None:
    """Nine names, and beside them what tools demand."""
    allowed = {
        *("dbt_project.yml", "profiles.yml", "README.md", "models", "seeds", "macros"),
        *("tests", "orchestration", "analyses", "CONTRIBUTING.md", "CHANGELOG.md"),
        *("LICENSE", "pyproject.toml", "Makefile"),
        "requirements.lock",
        # made here, kept out of the tree by .gitignore
        *("target", "logs", "build", "dist", "frontdesk.egg-info", "dbt_packages"),
    }
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - allowed == set()
