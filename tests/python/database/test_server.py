"""The embedded server: starts, stops, survives, and complains in one line."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orchestration.database import connections, server
from orchestration.settings import ROOT, Settings, UserError


@pytest.fixture
def place() -> Iterator[Settings]:
    """Return the settings of a server that is not there yet."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
    folder.chmod(0o755)
    chosen = Settings(root=ROOT, home=folder / "home", dsn=None)
    yield chosen
    server.down(chosen)
    shutil.rmtree(folder)


def answers(chosen: Settings) -> bool:
    """Say whether the warehouse of these settings can be queried."""
    with psycopg.connect(connections.dsn(chosen)) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_up_and_down_may_be_repeated(place: Settings) -> None:
    """The second `up` finds the first; the port stays; the data stays."""
    port, started = server.up(place)
    connections.bootstrap(place)
    assert started
    assert server.up(place) == (port, False)
    with psycopg.connect(connections.dsn(place)) as connection:
        connection.execute("create table kept (n int)")
    assert server.down(place)
    assert not server.down(place)
    assert server.up(place) == (port, True)
    connections.bootstrap(place)
    with psycopg.connect(connections.dsn(place)) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_killed_server_starts_again(place: Settings) -> None:
    """What a crash leaves behind does not keep the server down."""
    server.up(place)
    connections.bootstrap(place)
    pid_file = server.Files(place.home).data / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    while server.running_port(server.Files(place.home)):
        pass
    assert pid_file.exists()
    assert server.up(place)[1]
    assert answers(place)


def test_a_stale_process_id_of_another_program_is_no_server(place: Settings) -> None:
    """After a restart of the machine the recorded id may belong to anything."""
    port, _ = server.up(place)
    connections.bootstrap(place)
    server.down(place)
    pid_file = server.Files(place.home).data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n0\n{port}\n\n127.0.0.1\n")
    assert server.running_port(server.Files(place.home)) is None
    assert server.up(place)[1]
    assert answers(place)


def test_two_up_at_once_make_one_server(place: Settings) -> None:
    """One starts it, the other finds it."""
    found: list[tuple[int, bool]] = []
    threads = [
        threading.Thread(target=lambda: found.append(server.up(place)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started for _, started in found) == [False, True]
    assert len({port for port, _ in found}) == 1


def test_a_taken_port_is_named(place: Settings) -> None:
    """A port in use is an error that says what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is taken .* --port"):
            server.up(place, port)
    assert server.up(place, port) == (port, True)


def test_an_interrupted_start_leaves_nothing_in_the_way(place: Settings) -> None:
    """The cluster appears at once or not at all."""
    half = place.home / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server.up(place)
    connections.bootstrap(place)
    assert answers(place)
    assert not half.exists()


def test_secrets_are_for_their_owner(place: Settings) -> None:
    """Passwords are random, and files with them are closed to others."""
    server.up(place)
    connections.bootstrap(place)
    files = server.Files(place.home)
    for role in (server.SUPERUSER, connections.OWNER):
        assert stat.S_IMODE(files.password(role).stat().st_mode) == 0o600
    wrong = connections.dsn(place).replace(
        server.passwords(place, connections.OWNER), "wrong"
    )
    with pytest.raises(UserError, match="password authentication failed"):
        connections.connect(wrong)


@pytest.mark.parametrize("home", ["/dev/null/frontdesk", "/proc/frontdesk"])
def test_an_unwritable_place_is_named(home: str) -> None:
    """No state folder, no server, one line."""
    chosen = Settings(root=ROOT, home=Path(home), dsn=None)
    with pytest.raises(UserError, match=f"cannot write to {home} .*FRONTDESK_HOME"):
        server.up(chosen)


def test_programs_that_are_missing_are_named(place: Settings, tmp_path: Path) -> None:
    """FRONTDESK_PG_BIN must hold the three programs."""
    chosen = Settings(root=ROOT, home=place.home, dsn=None, postgres_bin=tmp_path)
    with pytest.raises(UserError, match="has no initdb: point FRONTDESK_PG_BIN"):
        server.up(chosen)


def test_a_down_server_is_named(place: Settings) -> None:
    """Whoever wants the database is told how to start it."""
    with pytest.raises(UserError, match="frontdesk up"):
        connections.dsn(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_can_keep_its_state_to_itself(place: Settings) -> None:
    """A closed state folder works too, where the kernel grants user namespaces."""
    probe = subprocess.run(
        ["unshare", "--user", "--map-user=65534", "--map-group=65534", "true"],
        check=False,
    )
    if probe.returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    place.home.mkdir()
    place.home.chmod(0o700)
    server.up(place)
    connections.bootstrap(place)
    assert server.Files(place.home).data.stat().st_uid == 0
    assert answers(place)
    server.down(place)
    # opened later, it still belongs to whoever made it
    place.home.chmod(0o755)
    server.up(place)
    assert answers(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_needs_no_root() -> None:
    """The server runs as whoever starts it."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
    code = (
        "import os\n"
        "from pathlib import Path\n"
        "from orchestration.database import connections, server\n"
        "from orchestration.settings import ROOT, Settings\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"chosen = Settings(root=ROOT, home=Path({str(folder / 'home')!r}), dsn=None)\n"
        "server.up(chosen); connections.bootstrap(chosen)\n"
        "print(server.Files(chosen.home).data.stat().st_uid)\n"
        "server.down(chosen)\n"
    )
    shutil.chown(folder, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(folder)
    assert done.stdout.strip() == "65534", done.stderr
