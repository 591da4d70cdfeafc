"""The only module that reads the environment."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


class UserError(Exception):
    """A mistake the user can mend: one line that names the thing and the remedy."""


@dataclass(frozen=True)
class Settings:
    """Where this installation lives, which server it uses, how it behaves."""

    root: Path
    """The project: dbt_project.yml stands here."""
    home: Path
    """State of this installation: server data, secrets, inbox, run history."""
    dsn: str | None
    """A Postgres 15-18 of the user's own; none means the embedded one."""
    postgres_bin: Path | None = None
    """Another installation's initdb, pg_ctl and postgres."""
    dbt_threads: int = 4
    """How many models dbt builds at once."""
    inbox_quiet_seconds: int = 5
    """How long a file must stay unchanged before it counts as arrived."""
    event_memory_days: int = 14
    """How long the ids of landed events are kept: a later redelivery lands again."""
    alert_sample_hours: int = 48
    """How long the alert engine keeps what it saw, for `frontdesk alerts explain`."""
    wall_url: str | None = None
    """Address that alerts point people to; none, and they carry no link."""
    runbook_url: str | None = None
    """Address below which the pages of runbooks stand."""

    @property
    def business_zone(self) -> str:
        """The zone whose midnight ends a business day; schedules run by it.

        It has one home, dbt's variable, so that reports and schedules never differ.
        """
        project = yaml.safe_load((self.root / "dbt_project.yml").read_text())
        return project["vars"]["business_time_zone"]

    @property
    def inbox(self) -> Path:
        """The watched folder: one folder per source."""
        return self.home / "inbox"

    @property
    def dagster_home(self) -> Path:
        """Where Dagster finds its dagster.yaml and keeps its logs."""
        return self.home / "dagster"

    @property
    def target(self) -> Path:
        """Where builds of this installation write dbt's manifest and compiled SQL."""
        return self.home / "target"


def _number(name: str, default: int) -> int:
    """Return a positive whole number from the environment."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"{name}={text}: give a whole number of 1 or more")
    return int(text)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once from the environment."""
    binaries = os.environ.get("FRONTDESK_PG_BIN")
    return Settings(
        root=ROOT,
        home=Path(os.environ.get("FRONTDESK_HOME") or ROOT / ".frontdesk").resolve(),
        dsn=os.environ.get("FRONTDESK_DSN") or None,
        postgres_bin=Path(binaries).resolve() if binaries else None,
        dbt_threads=_number("FRONTDESK_DBT_THREADS", 4),
        inbox_quiet_seconds=_number("FRONTDESK_INBOX_QUIET_SECONDS", 5),
        event_memory_days=_number("FRONTDESK_EVENT_MEMORY_DAYS", 14),
        alert_sample_hours=_number("FRONTDESK_ALERT_SAMPLE_HOURS", 48),
        wall_url=os.environ.get("FRONTDESK_WALL_URL") or None,
        runbook_url=os.environ.get("FRONTDESK_RUNBOOK_URL") or None,
    )


def event_secret(source: str) -> str | None:
    """Return the secrets by which a source signs events, where the user chose them."""
    return os.environ.get(f"FRONTDESK_EVENTS_{source.upper()}_SECRET") or None


@dataclass(frozen=True)
class Broker:
    """Where a message broker is, and who we are there."""

    # an address may hold a password, too
    address: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_encrypted: bool = False


def broker(kind: str) -> Broker:
    """Return what the environment says of the broker of a kind: `nats` or `kafka`."""
    name = f"FRONTDESK_{kind.upper()}"
    return Broker(
        address=os.environ.get(f"{name}_URL") or None,
        user=os.environ.get(f"{name}_USER") or None,
        password=os.environ.get(f"{name}_PASSWORD") or None,
        is_encrypted=os.environ.get(f"{name}_TLS", "").lower() in ("1", "true", "yes"),
    )


def reader_password() -> str | None:
    """Return the password that a reader shall have, when the user has chosen one.

    It is no part of the settings, so that nobody prints it with them.
    """
    return os.environ.get("FRONTDESK_READER_PASSWORD") or None


def alert_secret(route: str, part: str) -> str | None:
    """Return the address, secret or password of a way to tell people of alerts.

    It is FRONTDESK_ALERT_<ROUTE>_<PART>, or else the file alerts/<route>.<part> of the
    state folder. Like every secret it is no part of the settings.
    """
    name = re.sub(r"[^a-z0-9]", "_", route.lower())
    if given := os.environ.get(f"FRONTDESK_ALERT_{name}_{part}".upper()):
        return given.strip()
    try:
        text = (settings().home / "alerts" / f"{name}.{part}").read_text()
    except FileNotFoundError:
        return None
    return text.strip() or None


def export(variables: dict[str, str]) -> None:
    """Hand variables to libraries that read the environment (dbt, Dagster, libpq)."""
    os.environ.update(variables)


@contextmanager
def exported(variables: dict[str, str]) -> Iterator[None]:
    """Hand variables to libraries for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
