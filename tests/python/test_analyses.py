"""Every analysis still runs on the tables as they are."""

from pathlib import Path

import psycopg
import pytest

from orchestration.settings import ROOT, settings
from tests.python.warehouse import Warehouse

ANALYSES = sorted((ROOT / "analyses").rglob("*.sql"))


@pytest.fixture(scope="module")
def compiled(built: Warehouse) -> Warehouse:
    """Return a warehouse whose analyses are compiled."""
    built.dbt("compile", "--select", "path:analyses")
    return built


def test_there_are_analyses() -> None:
    """The next test looks at something."""
    assert len([path for path in ANALYSES if path.parent.name == "dashboards"]) >= 12


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_an_analysis_runs(compiled: Warehouse, path: Path) -> None:
    """Compiled with ref(), run as it stands."""
    place = path.relative_to(ROOT)
    text = (settings().target / "compiled" / "frontdesk" / place).read_text()
    with psycopg.connect(compiled.dsn) as connection:
        assert connection.execute(text).description
