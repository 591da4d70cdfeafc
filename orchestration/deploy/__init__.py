"""How Dagster is set up here: its home, its storage, its settings."""

from importlib.resources import files

import dagster as dg

from orchestration.database import connections
from orchestration.settings import UserError, export, settings

CONFIGURATION = "dagster.yaml"


def dagster_environment() -> dict[str, str]:
    """Return the variables Dagster reads; the database must run."""
    return {
        "DAGSTER_HOME": str(settings().dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "FRONTDESK_DAGSTER_URL": connections.dagster_url(),
    }


def prepare_dagster() -> None:
    """Put dagster.yaml into its home and hand Dagster its variables."""
    wanted = files(__package__).joinpath(CONFIGURATION).read_text()
    home = settings().dagster_home
    path = home / CONFIGURATION
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != wanted:
            path.write_text(wanted)
    except OSError as error:
        raise UserError(
            f"cannot write {path} ({error.strerror}):"
            " set FRONTDESK_HOME to a folder of yours"
        ) from error
    export(dagster_environment())


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let Dagster's storage keep its connections in this process.

    It opens several per event otherwise: half of the time of a build.
    """
    instance.optimize_for_webserver(
        statement_timeout=60_000, pool_recycle=3600, max_overflow=20
    )
