"""The SQL of models, as a full build would run it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dagster_dbt import DbtProject

from orchestration.database import connections
from orchestration.settings import UserError, exported
from orchestration.transform.project import (
    OFFLINE,
    directories,
    kept_manifest,
    one_line,
)


@dataclass(frozen=True)
class Compiled:
    """One model: where it stands, and the select that makes it."""

    name: str
    relation: str
    """As other models' SQL names it."""
    text: str


def compile_models(project: DbtProject, names: Sequence[str]) -> list[Compiled]:
    """Return the SQL of models without building them; it reads no touched keys."""
    from dbt.cli.main import dbtRunner

    arguments = [
        *("--log-level", "none", "--log-level-file", "none", "--no-version-check"),
        *("compile", "--full-refresh", "--select", *names),
        *directories(project),
    ]
    with exported({**OFFLINE, **connections.dbt_environment()}):
        done = dbtRunner(manifest=kept_manifest(project)).invoke(arguments)
    if not done.success:
        raise UserError(f"the models do not compile: {one_line(done.exception)}")
    return [
        Compiled(result.node.name, result.node.relation_name, result.node.compiled_code)
        for result in done.result.results
        if result.node.resource_type == "model"
    ]
