"""Where the dbt project is, and how Dagster names what it builds."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.settings import Settings, UserError, export, settings

SOURCES_OF_MANIFEST = ("models", "seeds", "macros", "tests", "analyses")
OFFLINE = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_VERSION_CHECK": "false",
    "DBT_USE_COLORS": "false",
    "DO_NOT_TRACK": "1",
}
"""Nothing dbt does leaves the machine."""


class RoomTranslator(DagsterDbtTranslator):
    """Gives every dbt node the key and group of the room it lives in."""

    def __init__(self) -> None:
        """Show the tests of sources as checks too."""
        super().__init__(
            DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)
        )

    def get_asset_spec(
        self,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetSpec:
        """Return the spec of one node, keyed and grouped by its room."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] == "source":
            return spec.replace_attributes(
                key=dg.AssetKey(["raw", node["source_name"], node["name"]]),
                group_name="raw",
            )
        room = "reference" if node["resource_type"] == "seed" else node["fqn"][1]
        return spec.replace_attributes(
            key=dg.AssetKey([room, node["name"]]), group_name=room
        )


translator = RoomTranslator()


def dbt_project(of: Settings | None = None) -> DbtProject:
    """Return the dbt project of this installation."""
    chosen = of or settings()
    return DbtProject(
        project_dir=chosen.root,
        profiles_dir=chosen.root,
        target_path=chosen.target,
    )


def directories(project: DbtProject) -> list[str]:
    """Return the options that tell dbt where to read and write."""
    return [
        *("--project-dir", str(project.project_dir)),
        *("--profiles-dir", str(project.profiles_dir)),
        *("--target-path", str(project.target_path)),
        *("--log-path", str(project.target_path.parent / "logs")),
    ]


def _newest(root: Path) -> float:
    """Return when the dbt project was last changed, deleted files included."""
    newest = max(
        (root / name).stat().st_mtime for name in ("dbt_project.yml", "profiles.yml")
    )
    for name in SOURCES_OF_MANIFEST:
        for folder, folders, files in os.walk(root / name):
            # python's caches change with every test run and mean nothing here
            folders[:] = [leaf for leaf in folders if leaf != "__pycache__"]
            paths = [folder, *(os.path.join(folder, leaf) for leaf in files)]
            newest = max(newest, *(os.stat(path).st_mtime for path in paths))
    return newest


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time write the manifest."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("a")
    except OSError as error:
        raise UserError(
            f"cannot write to {folder} ({error.strerror}):"
            " set FRONTDESK_HOME to a folder of yours"
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_manifest(project: DbtProject) -> Path:
    """Return the manifest's path, parsed anew when the project has changed since."""
    path = project.manifest_path
    with _alone(path.parent):
        changed = _newest(Path(project.project_dir))
        if not path.exists() or path.stat().st_mtime < changed:
            parse(project)
    return path


def parse(project: DbtProject, *options: str) -> object:
    """Parse the project in this process; return dbt's manifest."""
    # imported here: dbt takes a second to load, and most commands do without
    from dbt.cli.main import dbtRunner

    export(OFFLINE)
    result = dbtRunner().invoke(["--quiet", "parse", *options, *directories(project)])
    if not result.success:
        raise UserError(f"the dbt project does not parse: {one_line(result.exception)}")
    return result.result


def kept_manifest(project: DbtProject) -> object:
    """Return the manifest as dbt's own object, so that a run need not parse again.

    A run compiles into it, so each gets one of its own; the file is up to date.
    """
    path = ensure_manifest(project)
    with _alone(path.parent):
        return parse(project, "--no-write-json")


def one_line(error: object) -> str:
    """Return what an exception says, in one line."""
    text = str(error) if error else "no reason given"
    return " ".join(part.strip() for part in text.splitlines() if part.strip())
