"""One module per kind of receiver, and the list of them."""

from typing import Protocol

from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import Clients, Message, Secrets
from orchestration.deliver.alerts.senders.dingtalk import dingtalk
from orchestration.deliver.alerts.senders.email import email
from orchestration.deliver.alerts.senders.feishu import feishu
from orchestration.deliver.alerts.senders.long_tail import apprise
from orchestration.deliver.alerts.senders.slack import slack
from orchestration.deliver.alerts.senders.teams import teams
from orchestration.deliver.alerts.senders.webhook import webhook
from orchestration.deliver.alerts.senders.wecom import wecom


class Sender(Protocol):
    """What a kind of receiver must know to do."""

    name: str
    pace: Pace

    def send(self, message: Message, secrets: Secrets, clients: Clients) -> Answer:
        """Send one message and say what came of it."""
        ...


SENDERS: dict[str, Sender] = {
    sender.name: sender
    for sender in (slack, teams, wecom, dingtalk, feishu, email, webhook, apprise)
}
SIGNED = ("dingtalk", "feishu", "webhook")
"""Kinds that sign what they send, where the route has a secret."""

__all__ = ["SENDERS", "SIGNED", "Clients", "Message", "Secrets", "Sender"]
