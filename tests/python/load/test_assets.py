"""Raw tables as assets."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration.load import assets
from orchestration.raw.sources import SOURCES
from tests.python.load.conftest import Landings
from tests.python.load.test_formats import NESTED

TEXT = '{"talks": [{"talk_id": "K1", "messages": [{"message_id": "M1"}]}]}'


def test_every_raw_table_is_an_asset() -> None:
    """Keys, group and description come from the declarations."""
    keys = {key for asset in assets.raw_assets for key in asset.keys}
    assert keys == {
        dg.AssetKey(["raw", source.name, table.name])
        for source in SOURCES.values()
        for table in source.tables
    }
    for asset in assets.raw_assets:
        assert set(asset.group_names_by_key.values()) == {"raw"}
        assert all(spec.description for spec in asset.specs)


def test_an_asset_lands_its_inbox(
    landings: Landings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing and empty folders are no rows; files land once."""
    landing = landings(NESTED)
    folder = tmp_path / "inbox"
    monkeypatch.setattr(assets, "inbox", lambda source: folder)
    monkeypatch.setattr(assets, "_dsn", lambda: landing.dsn)
    asset = assets._asset(landing.source)

    def rows() -> list[tuple[int, int]]:
        result = dg.materialize([asset])
        assert result.success
        return [
            (
                event.materialization.metadata["dagster/row_count"].value,
                event.materialization.metadata["total_rows"].value,
            )
            for event in result.get_asset_materialization_events()
        ]

    assert rows() == [(0, 0), (0, 0)]
    folder.mkdir()
    assert rows() == [(0, 0), (0, 0)]
    landing.file("inbox/talks_1.json", TEXT)
    landing.file("inbox/other.txt", "hello")
    assert rows() == [(1, 1), (1, 1)]
    assert rows() == [(0, 1), (0, 1)]


def test_a_file_that_cannot_be_read_fails_a_check_and_holds_nothing_back(
    landings: Landings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files land, the run goes on, the check names the file."""
    landing = landings(NESTED)
    monkeypatch.setattr(assets, "inbox", lambda source: tmp_path / "inbox")
    monkeypatch.setattr(assets, "_dsn", lambda: landing.dsn)
    (tmp_path / "inbox").mkdir()
    landing.file("inbox/talks_1.json", TEXT)
    landing.file("inbox/talks_2.json", "")
    result = dg.materialize([assets._asset(landing.source)])
    assert result.success
    landed = result.get_asset_materialization_events()[0].materialization.metadata
    assert landed["dagster/row_count"].value == 1
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "talks_2.json" in check.description
