"""Where the dbt project is, and how Dagster names what it builds."""

import contextlib
import fcntl
import gc
import os
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.database import connections
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


def changed_at(project: DbtProject) -> float:
    """Return when the dbt project was last changed, deleted files included."""
    root = Path(project.project_dir)
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
        if not path.exists() or path.stat().st_mtime < changed_at(project):
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


def kept_manifest(project: DbtProject) -> Any:  # noqa: ANN401 - dbt's own class
    """Return the manifest as dbt's own object, so that a run need not parse again.

    A run compiles into it, so each gets one of its own, which stands in the database in
    use: for another one dbt would read all files anew.
    """
    changed = changed_at(project)
    path = ensure_manifest(project)
    known = _parsed.get(path)
    if known is None or known[0] != changed:
        with _alone(path.parent):
            known = changed, pickle.dumps(parse(project, "--no-write-json"))
        _parsed[path] = known
    manifest = unpickled(known[1])
    place(manifest)
    return manifest


_parsed: dict[Path, tuple[float, bytes]] = {}
"""What this process has parsed, by the manifest's path, and how old the files were."""


def unpickled(kept: bytes) -> Any:  # noqa: ANN401
    """Return what was pickled; a hundred thousand objects, none of them garbage."""
    gc.disable()
    try:
        return pickle.loads(kept)
    finally:
        gc.enable()


def place(manifest: Any) -> None:  # noqa: ANN401
    """Let all nodes stand in the database in use, wherever they were when parsed."""
    database = connections.resolve(connections.dsn()).database
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name:
            node.relation_name = node.relation_name.replace(
                f'"{node.database}"', f'"{database}"', 1
            )
        node.database = database


def one_line(error: object) -> str:
    """Return what an exception says, in one line."""
    text = str(error) if error else "no reason given"
    # dbt's own word for what the project has made an error
    text = text.replace("[WARNING]: ", "")
    return " ".join(part.strip() for part in text.splitlines() if part.strip())
