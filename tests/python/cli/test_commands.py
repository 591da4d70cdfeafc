"""The command as a stranger meets it: help, one-line errors, exit codes."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.settings import Settings

Command = Callable[..., "object"]


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the words of every command."""
    found = []
    for name, command in group.commands.items():
        here = (*path, name)
        found += leaves(command, here) if isinstance(command, click.Group) else [here]
    return found


@pytest.mark.parametrize("words", leaves(main), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """A sentence, the options, an example that can be typed."""
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0
    assert "Example" in done.output
    assert f"frontdesk {' '.join(words)}" in done.output
    options = re.findall(r"^  (--[a-z-]+)(.*)$", done.output, re.MULTILINE)
    assert [name for name, text in options if not text.strip()] == []


def test_help_needs_no_database_and_no_dbt() -> None:
    """What only informs is quick."""
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    for name in ("up", "down", "dsn", "sample", "load", "build", "status", "ui"):
        assert re.search(rf"^  {name} ", done.output, re.MULTILINE)


def one_line(done: "object", *parts: str) -> None:
    """Assert that a command failed with one line that holds the parts."""
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    "arguments",
    [("dsn",), ("status",), ("build",), ("load", "phone", "pyproject.toml"), ("ui",)],
    ids=" ".join,
)
def test_a_database_that_is_down_is_one_line(
    frontdesk: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Whatever wants it says how to start it."""
    done = frontdesk(*arguments, FRONTDESK_HOME=str(tmp_path))
    one_line(done, "frontdesk up")


@pytest.mark.parametrize("arguments", [("up",), ("dsn",), ("status",)], ids=" ".join)
def test_a_bad_dsn_is_one_line(
    frontdesk: Command, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Nothing secret is in it."""
    address = "postgresql://somebody:geheim@127.0.0.1:1/nowhere"
    done = frontdesk(*arguments, FRONTDESK_DSN=address, FRONTDESK_HOME=str(tmp_path))
    one_line(done, "cannot reach the database", "port 1")
    assert "geheim" not in done.stderr + done.stdout


def test_a_place_that_cannot_be_written_is_one_line(frontdesk: Command) -> None:
    """The folder is named, and the variable that changes it."""
    done = frontdesk("up", FRONTDESK_HOME="/proc/frontdesk")
    one_line(done, "/proc/frontdesk", "FRONTDESK_HOME")


def test_a_setting_that_is_no_number_is_one_line(frontdesk: Command) -> None:
    """The variable is named."""
    done = frontdesk("down", FRONTDESK_DBT_THREADS="many")
    one_line(done, "FRONTDESK_DBT_THREADS=many")


def test_an_unknown_source_is_one_line(
    frontdesk: Command, server: Settings, tmp_path: Path
) -> None:
    """The file is not touched."""
    path = tmp_path / "calls.csv"
    path.write_text("call_id\n1\n")
    one_line(frontdesk("load", "fone", str(path)), "fone")


def test_load_all_needs_folders_named_after_sources(
    frontdesk: Command, server: Settings, tmp_path: Path
) -> None:
    """A folder that holds none is named."""
    (tmp_path / "letters").mkdir()
    one_line(frontdesk("load", "all", str(tmp_path)), str(tmp_path), "phone")
    one_line(frontdesk("load", "all", str(tmp_path / "no")), "no such folder")


def test_sample_leaves_other_peoples_files_alone(
    frontdesk: Command, tmp_path: Path
) -> None:
    """A folder with something else in it is refused."""
    (tmp_path / "letter.txt").write_text("dear sir")
    one_line(frontdesk("sample", "--out", str(tmp_path)), str(tmp_path), "--out")
    assert (tmp_path / "letter.txt").read_text() == "dear sir"


def test_the_printed_address_opens_the_warehouse(
    frontdesk: Command, server: Settings
) -> None:
    """As psql, or anything else that speaks libpq, would."""
    address = frontdesk("dsn").stdout.strip()
    with psycopg.connect(address) as connection:
        row = connection.execute("select current_user, current_database()").fetchone()
    assert row == ("frontdesk", "frontdesk")
    exports = frontdesk("dsn", "--export").stdout
    assert "export FRONTDESK_PG_PASSWORD=" in exports
    assert "export DAGSTER_HOME=" in exports


def test_up_and_down_say_what_they_did(frontdesk: Command, server: Settings) -> None:
    """A second `up` is no mistake; with a server of one's own nothing is stopped."""
    done = frontdesk("up")
    assert (done.returncode, "already running" in done.stdout) == (0, True), done.stderr
    address = frontdesk("dsn").stdout.strip()
    assert "not ours to stop" in frontdesk("down", FRONTDESK_DSN=address).stdout
    assert "password" not in frontdesk("up", FRONTDESK_DSN=address).stdout
