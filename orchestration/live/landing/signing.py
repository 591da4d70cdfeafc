"""Who may send: a secret per source signs the time stamp and the body."""

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from orchestration.settings import Settings, UserError, event_secret

TIMESTAMP = "x-frontdesk-timestamp"
SIGNATURE = "x-frontdesk-signature"
PREFIX = "sha256="
SKEW_SECONDS = 300


def secret_file(of: Settings, source: str) -> Path:
    """Return the file with the secrets of a source, one a line."""
    return of.home / "secrets" / f"events-{source}"


def read_secrets(of: Settings, source: str) -> tuple[bytes, ...]:
    """Return the secrets by which a source may sign; made up at the first call.

    The environment wins over the file. Several, one a line, are good at once, so that
    a sender can be given a new one while the old one still works.
    """
    text = event_secret(source)
    if text is None:
        text = _file_text(secret_file(of, source))
    found = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not found:
        raise UserError(
            f"{secret_file(of, source)} holds no secret: write one into it, or remove"
            " the file to have one made up"
        )
    return found


def _file_text(path: Path) -> str:
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # beside its place first: two landers that start at once see a whole secret
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w") as handle:
                handle.write(f"{secrets.token_urlsafe(32)}\n")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
            fresh.unlink()
        return path.read_text()
    except OSError as error:
        raise UserError(
            f"cannot use {path} ({error.strerror}): be the user it belongs to,"
            " or set FRONTDESK_HOME"
        ) from error


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the signature header of a body sent at a time stamp."""
    signed = hmac.digest(secret, timestamp.encode() + b"." + body, hashlib.sha256)
    return PREFIX + signed.hex()


def headers(secret: bytes, body: bytes, now: float | None = None) -> dict[str, str]:
    """Return the headers that a sender adds to a body."""
    timestamp = str(int(time.time() if now is None else now))
    return {TIMESTAMP: timestamp, SIGNATURE: sign(secret, timestamp, body)}


def problem(
    known: Sequence[bytes],
    timestamp: str | None,
    signature: str | None,
    body: bytes,
    now: float,
) -> tuple[str, str] | None:
    """Return a word and a sentence on what is wrong with a signature; None if right."""
    if not timestamp or not signature:
        return "unsigned", f"headers {TIMESTAMP} and {SIGNATURE} are needed"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return "unsigned", f"{TIMESTAMP} is no whole number of seconds"
    if not signature.isascii() or not any(
        hmac.compare_digest(sign(secret, timestamp, body), signature)
        for secret in known
    ):
        return "signature", "the signature does not fit: check the secret"
    skew = int(timestamp) - now
    if abs(skew) > SKEW_SECONDS:
        word = "ahead" if skew > 0 else "behind"
        return "skew", (
            f"the sender's clock is {abs(skew):.0f} s {word};"
            f" up to {SKEW_SECONDS} s are taken"
        )
    return None
