"""A dbt project small enough to break on purpose."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from orchestration.settings import ROOT, Settings

FILES = {
    "dbt_project.yml": """
name: toy
version: "1.0.0"
config-version: 2
profile: frontdesk
models:
  toy:
    staging: {+schema: staging, +materialized: view}
    marts: {+schema: marts, +materialized: table}
seeds: {toy: {+schema: reference}}
data_tests: {toy: {+schema: audit}}
""",
    "models/staging/phone/sources.yml": """
sources:
  - name: phone
    schema: raw_phone
    tables:
      - name: calls
        columns: [{name: call_id, data_tests: [not_null]}]
""",
    "models/staging/phone/stg_calls.sql": (
        "select * from {{ source('phone', 'calls') }}"
    ),
    "models/marts/core/fct_calls.sql": "select * from {{ ref('stg_calls') }}",
    "models/marts/core/fct_calls.yml": """
models:
  - name: fct_calls
    columns: [{name: call_id, data_tests: [unique]}]
unit_tests:
  - name: a_call_is_a_call
    model: fct_calls
    given: [{input: ref('stg_calls'), rows: [{call_id: a}]}]
    expect: {rows: [{call_id: b}]}
""",
    "models/marts/core/fct_slow.sql": (
        "select pg_sleep(coalesce((select max(seconds) from {{ ref('stg_calls') }})"
        ", 0))::text as slept"
    ),
    "seeds/seed_toys.csv": "name,price\nball,1\n",
    "tests/assert_few.sql": (
        "{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_calls'}}})"
        " }}\nselect * from {{ ref('fct_calls') }} cross join {{ ref('fct_slow') }}"
    ),
}


@pytest.fixture
def toy(tmp_path: Path) -> Settings:
    """Return the settings of an installation whose project is the toy."""
    root = tmp_path / "toy"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.strip() + "\n")
    for name in ("profiles.yml", "macros/schemas"):
        source, target = ROOT / name, root / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return Settings(root=root, home=tmp_path / "home", dsn=None)


@pytest.fixture
def calls(
    fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]
) -> Iterator[psycopg.Connection]:
    """Point this process at a new database with a raw table; return a connection."""
    address = fresh_dsn()
    use_dsn(address)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create schema raw_phone")
        connection.execute(
            "create table raw_phone.calls (call_id text, seconds double precision)"
        )
        connection.execute("insert into raw_phone.calls values ('a', 0), ('b', 0)")
        yield connection
