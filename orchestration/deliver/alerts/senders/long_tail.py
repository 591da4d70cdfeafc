"""Whatever apprise reaches: an optional package for the receivers we do not write to.

Apprise says only whether it worked, so its failures count as passing ones.
"""

import importlib
import logging
from types import ModuleType

from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import (
    MOST_TEXT,
    Clients,
    Message,
    Secrets,
)
from orchestration.deliver.alerts.templates import plain

TYPES = {"red": "failure", "orange": "warning", "blue": "info"}
TYPES |= {"green": "success", "grey": "info"}


def _apprise() -> ModuleType | None:
    """Return the package, where it is installed."""
    try:
        return importlib.import_module("apprise")
    except ModuleNotFoundError:
        return None


class _Lines(logging.Handler):
    """Keeps what is logged in one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class AppriseSender:
    """One notice through apprise, by an address in its own notation."""

    name = "apprise"
    pace = Pace(count=20, seconds=60, burst=5)

    def send(self, message: Message, secrets: Secrets, clients: Clients) -> Answer:
        """Send a message; what came of it, secrets taken out."""
        package = _apprise()
        if package is None:
            return Answer("permanent", "apprise is not installed: pip install apprise")
        target = package.Apprise()
        if not target.add(secrets.url):
            return Answer("permanent", "apprise does not know this address")
        kept, logger = _Lines(), logging.getLogger("apprise")
        logger.addHandler(kept)
        try:
            is_sent = target.notify(
                title=message.said.title,
                body=plain(message.said),
                notify_type=TYPES[message.said.colour],
            )
        finally:
            logger.removeHandler(kept)
        if is_sent:
            return Answer("delivered", "apprise says it is sent")
        said = secrets.redact("; ".join(kept.lines)) or "apprise says it is not sent"
        return Answer("passing", said[:MOST_TEXT])


apprise = AppriseSender()
