"""Which folders go to which source."""

from pathlib import Path

import pytest

from orchestration import landing
from orchestration.settings import UserError


def test_folders_are_matched_with_sources(tmp_path: Path) -> None:
    """What has no source is told, not refused."""
    for name in ("phone", "truth", "chat"):
        (tmp_path / name).mkdir()
    (tmp_path / "phone" / "calls_cn_2026-01-05.csv").write_text("x")
    known, unknown = landing.by_source(tmp_path)
    assert [name for name, _ in known] == ["chat", "phone"]
    assert unknown == ["truth"]
    assert landing.count_files([tmp_path / "phone"]) == 1


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    """The names that would do are listed."""
    with pytest.raises(UserError, match=r"no folder named after a source: .*phone"):
        landing.by_source(tmp_path)
