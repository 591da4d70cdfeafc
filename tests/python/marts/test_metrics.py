"""The dictionary of metrics names what is there, leaves none out, and adds up right."""

import csv
import re
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.settings import ROOT
from tests.python.warehouse import Warehouse

Node = dict[str, Any]
Metric = dict[str, str]

with (ROOT / "seeds" / "seed_metrics.csv").open(newline="") as file:
    METRICS = list(csv.DictReader(file))
ROLLED_UP = [
    (metric, model)
    for metric in METRICS
    if metric["expression"]
    for model in metric["model_names"].split("|")
]


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> dict[str, Node]:
    """Return the marts by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def key_of(mart: Node) -> list[str]:
    """Return the columns of a mart's primary key."""
    for rule in mart["constraints"]:
        if rule["type"] == "primary_key":
            return rule["columns"]
    return [
        name
        for name, column in mart["columns"].items()
        if any(rule["type"] == "primary_key" for rule in column["constraints"])
    ]


def test_every_metric_names_what_is_there(
    marts: dict[str, Node], manifest: dict[str, Any]
) -> None:
    """Marts, columns and blocks of documentation exist."""
    blocks = {block["name"] for block in manifest["docs"].values()}
    wrong = []
    for metric in METRICS:
        for model in metric["model_names"].split("|"):
            known = marts[model]["columns"] if model in marts else {}
            if metric["column_name"] not in (*known, ""):
                wrong.append(f"{metric['metric']}: {model}.{metric['column_name']}")
            if model not in marts:
                wrong.append(f"{metric['metric']}: no mart {model}")
        if not metric["column_name"] and not metric["expression"]:
            wrong.append(f"{metric['metric']}: neither a column nor an expression")
        if metric["doc_block"] and metric["doc_block"] not in blocks:
            wrong.append(f"{metric['metric']}: no block {metric['doc_block']}")
    assert wrong == []


def test_every_figure_of_a_kpi_mart_is_a_metric(marts: dict[str, Node]) -> None:
    """What is not a plain count, a sum or a key has a name and a meaning."""
    named = {
        (model, metric["column_name"])
        for metric in METRICS
        for model in metric["model_names"].split("|")
    }
    wanted = {
        (mart["name"], name)
        for mart in marts.values()
        if mart["name"].startswith("kpi_")
        for name, column in mart["columns"].items()
        if column["data_type"].startswith(("numeric", "double"))
        and not name.endswith("_sum")
    }
    assert len(wanted) > 80
    assert sorted(wanted - named) == []


def test_a_column_of_a_mart_is_one_metric() -> None:
    """Two names for one column would be two truths."""
    stated = [
        (model, metric["column_name"])
        for metric in METRICS
        if metric["column_name"]
        for model in metric["model_names"].split("|")
    ]
    assert sorted(place for place in stated if stated.count(place) > 1) == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric["metric"])
def test_a_metric_is_told_in_both_languages(metric: Metric) -> None:
    """A title and a line each, in the right script."""
    han = re.compile("[一-鿿]")
    for name in ("title", "meaning"):
        assert metric[f"{name}_en"].strip()
        assert not han.search(metric[f"{name}_en"])
        assert han.search(metric[f"{name}_zh"])
        assert "\n" not in metric[f"{name}_en"] + metric[f"{name}_zh"]
    assert metric["meaning_en"].endswith(".")
    assert metric["meaning_zh"].endswith("。")


@pytest.mark.parametrize(
    ("metric", "model"),
    ROLLED_UP,
    ids=[f"{metric['metric']}-{model}" for metric, model in ROLLED_UP],
)
def test_the_expression_gives_the_column(
    built: Warehouse, marts: dict[str, Node], metric: Metric, model: str
) -> None:
    """Over one row, the way to roll up is what the mart says; over all, it runs."""
    table = sql.Identifier("marts", model)
    expression = sql.SQL(metric["expression"])
    with psycopg.connect(built.dsn) as connection:
        connection.execute(sql.SQL("select {} from {}").format(expression, table))
        if not metric["column_name"]:
            return
        column = sql.Identifier(metric["column_name"])
        kind = sql.SQL(marts[model]["columns"][metric["column_name"]]["data_type"])
        key = sql.SQL(", ").join(map(sql.Identifier, key_of(marts[model])))
        differing = connection.execute(
            sql.SQL(
                "select * from ("
                "select {key}, {column} as stated, ({expression})::{kind} as added_up"
                " from {table} group by {key}, {column}"
                ") as compared where stated is distinct from added_up limit 5"
            ).format(
                key=key, column=column, expression=expression, kind=kind, table=table
            )
        ).fetchall()
    assert differing == []
