"""E-mail over SMTP.

The address of the route is smtp://name@host:587?from=alerts@example.com, or smtps://
for TLS from the first byte. STARTTLS is asked for unless the host is this machine or
the address says tls=none. One notice is one mail to one person; its Message-ID stays
the same in every attempt, so that mail servers drop a second.
"""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import parse_qs, unquote, urlsplit

from orchestration.deliver.alerts.fitting import cut
from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import (
    MOST_TEXT,
    SILENT_SECONDS,
    Clients,
    Message,
    Secrets,
)
from orchestration.deliver.alerts.templates import Said, plain

MOST_SUBJECT = 150
PERMANENT = 500
HEX = {"red": "#b3261e", "orange": "#9a6700", "blue": "#1f5fbf"}
HEX |= {"green": "#1d7a45", "grey": "#5c6370"}
NEAR = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Server:
    """The mail server of a route."""

    host: str
    port: int
    is_tls: bool
    is_starttls: bool
    name: str = field(repr=False)
    sender: str


def server_of(url: str) -> Server:
    """Read the address of a mail server; raises ValueError saying what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError(
            "its address is none of mail: smtp://name@host:587?from=me@example.com"
        )
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    name = unquote(parts.username or "")
    sender = options.get("from") or name
    if "@" not in parseaddr(sender)[1]:
        raise ValueError("its address lacks ?from=, the address mails come from")
    is_tls = parts.scheme == "smtps"
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if is_tls else 587),
        is_tls=is_tls,
        is_starttls=not is_tls
        and parts.hostname not in NEAR
        and options.get("tls") != "none",
        name=name,
        sender=sender,
    )


def html(said: Said) -> str:
    """Return an alert as a mail that looks the same where style sheets are dropped."""
    colour = HEX[said.colour]
    cell = "padding:4px 16px 4px 0;vertical-align:top"
    rows = "".join(
        f'<tr><td style="{cell};color:#5c6370">{escape(fact.name)}</td>'
        f'<td style="{cell}">{escape(fact.text)}</td></tr>'
        for fact in said.facts
    )
    parts = [
        f'<h2 style="margin:0 0 12px;color:{colour};font-size:18px">'
        f"{escape(said.title)}</h2>",
        f'<table style="border-collapse:collapse">{rows}</table>' if rows else "",
        f"<p>{escape(said.note)}</p>" if said.note else "",
    ]
    for head, details in said.lists():
        items = "".join(f"<li>{_linked(row.text, row.link)}</li>" for row in details)
        parts.append(f"<p><b>{escape(head)}</b></p><ul>{items}</ul>")
    if said.links():
        links = " · ".join(_linked(word, link) for word, link in said.links())
        parts.append(f"<p>{links}</p>")
    parts.append(f'<p style="color:#5c6370;font-size:12px">{escape(said.footer)}</p>')
    language = "zh-CN" if said.language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{language}"><body style="font-family:sans-serif;'
        f"font-size:14px;border-left:4px solid {colour};"
        f'padding:8px 16px">{"".join(parts)}</body></html>'
    )


def _linked(text: str, link: str | None) -> str:
    return f'<a href="{escape(link)}">{escape(text)}</a>' if link else escape(text)


def mail(message: Message, server: Server) -> EmailMessage:
    """Return the mail of a message."""
    domain = re.sub(r"[^A-Za-z0-9.-]", "", server.sender.rpartition("@")[2])
    found = EmailMessage(policy=SMTP)
    shown_name, address = parseaddr(server.sender)
    found["From"] = Address(shown_name or "Frontdesk", addr_spec=address)
    found["To"] = Address(addr_spec=message.receiver.strip())
    found["Subject"] = cut(message.said.title, MOST_SUBJECT)
    found["Message-ID"] = f"<{message.message_id}@{domain}>"
    if message.created_at:
        found["Date"] = format_datetime(message.created_at)
    if message.incident_id is not None:
        # the mails of one incident are one conversation
        root = f"<incident-{message.incident_id}@{domain}>"
        found["References"] = root
        found["In-Reply-To"] = root
    found["Auto-Submitted"] = "auto-generated"
    found["X-Auto-Response-Suppress"] = "All"
    if message.said.severity == "critical" and message.kind != "resolved":
        found["Importance"] = "high"
    found.set_content(plain(message.said))
    found.add_alternative(html(message.said), subtype="html")
    return found


class EmailSender:
    """One mail to one person through a mail server."""

    name = "email"
    pace = Pace(count=60, seconds=60, burst=10)

    def send(self, message: Message, secrets: Secrets, clients: Clients) -> Answer:
        """Send a mail; what came of it, secrets taken out."""
        try:
            answer = _sent(message, secrets)
        except smtplib.SMTPResponseException as error:
            answer = _refused(error.smtp_code, error.smtp_error)
        except smtplib.SMTPRecipientsRefused as error:
            answer = _refused(*next(iter(error.recipients.values())))
        except smtplib.SMTPNotSupportedError as error:
            answer = Answer("permanent", str(error))
        except ssl.SSLCertVerificationError as error:
            answer = Answer("permanent", f"its certificate fails: {error.reason}")
        except (OSError, smtplib.SMTPException) as error:
            said = str(error) or type(error).__name__
            answer = Answer("passing", f"cannot be reached: {said}")
        except ValueError as error:
            answer = Answer("permanent", str(error))
        text = secrets.redact(" ".join(answer.text.split()))[:MOST_TEXT]
        return Answer(answer.outcome, text, code=answer.code)


def _sent(message: Message, secrets: Secrets) -> Answer:
    """Hand a mail to its server, which answers each step."""
    if "@" not in message.receiver or "," in message.receiver:
        raise ValueError(f"{message.receiver or 'nobody'} is no address of one person")
    server = server_of(secrets.url)
    letter = mail(message, server)
    connection = _connected(server)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.is_starttls:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if server.name and secrets.password:
            connection.login(server.name, secrets.password)
        _checked(connection.mail(parseaddr(server.sender)[1], _options(connection)))
        _checked(connection.rcpt(message.receiver.strip()))
        code, text = connection.data(letter.as_bytes())
        _checked((code, text))
        return Answer("delivered", _text(text), code=str(code))
    finally:
        # what the server says after it took the mail changes nothing
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _connected(server: Server) -> smtplib.SMTP:
    if server.is_tls:
        return smtplib.SMTP_SSL(
            server.host,
            server.port,
            timeout=SILENT_SECONDS,
            context=ssl.create_default_context(),
        )
    return smtplib.SMTP(server.host, server.port, timeout=SILENT_SECONDS)


def _options(connection: smtplib.SMTP) -> list[str]:
    return ["body=8bitmime"] if connection.has_extn("8bitmime") else []


def _checked(reply: tuple[int, bytes]) -> None:
    """Raise the refusal that a reply is, if it is one."""
    if not 200 <= reply[0] < 300:
        raise smtplib.SMTPResponseException(*reply)


def _refused(code: int, text: bytes | str) -> Answer:
    """Judge a refusal: 4xx passes, 5xx stays, and none at all is a lost connection."""
    outcome = "permanent" if code >= PERMANENT else "passing"
    return Answer(outcome, _text(text), code=str(code))


def _text(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text


email = EmailSender()
