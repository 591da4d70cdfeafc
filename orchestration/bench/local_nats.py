"""A NATS server with JetStream on this machine, for benchmarks and tests."""

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import UserError

START_SECONDS = 15


@dataclass
class LocalNats:
    """One server whose streams lie in a folder; it may be killed and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return where clients find it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = Path(sys.executable).with_name("nats-server")
        if not program.exists():
            raise UserError("nats-server is not installed: run `make install`")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "nats.log").open("ab") as said:
            self.process = subprocess.Popen(
                [
                    *(program, "--jetstream", "--store_dir", self.folder),
                    *("--addr", "127.0.0.1", "--port", str(self.port)),
                ],
                stdout=said,
                stderr=said,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise UserError(f"nats-server did not start: see {self.folder / 'nats.log'}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=START_SECONDS)
