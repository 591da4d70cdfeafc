"""Any receiver of one's own: JSON over a signed POST.

The headers are those of the Standard Webhooks convention, so that its libraries can
check them: webhook-id stays the same in every attempt, and whoever keeps the ids it
has seen acts once. The signature is HMAC-SHA256 over id, moment and body.
"""

import base64
import binascii
import hashlib
import hmac

from orchestration.deliver.alerts.leases import Answer, Pace
from orchestration.deliver.alerts.senders.base import (
    HttpSender,
    Message,
    Reply,
    Request,
    Secrets,
    by_status,
    encoded,
    wait_of,
)
from orchestration.deliver.alerts.templates import plain, shown

PREFIX = "whsec_"
FINE_CODES = {"0", "200", "ok", "success"}


def key_of(secret: str) -> bytes:
    """Return the key of a secret: base64 after whsec_, else the text itself."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """Return the signature of a request, with the version of its recipe."""
    signed = f"{message_id}.{seconds}.".encode() + body
    made = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def prepare(message: Message, secrets: Secrets, now: float) -> Request:
    """Return the request that posts a message."""
    message_id, seconds = str(message.message_id), int(now)
    body = encoded(
        {
            "id": message_id,
            "type": f"alert.{message.kind}",
            "timestamp": message.created_at,
            "data": {
                "incident_id": message.incident_id,
                "route": message.route,
                "receiver": message.receiver or None,
                "title": message.said.title,
                "text": plain(message.said),
                "alert": shown(message.payload),
            },
        }
    )
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "idempotency-key": message_id,
    }
    if secrets.secret:
        headers["webhook-signature"] = signature(
            secrets.secret, message_id, seconds, body
        )
    return Request(secrets.url, body, headers)


def judge(reply: Reply) -> Answer:
    """Read an answer: a status of success, and nothing in the body that denies it."""
    if refused := by_status(reply):
        return refused
    body = reply.json()
    said = reply.text.strip()
    for name in ("errcode", "code", "StatusCode"):
        code = body.get(name)
        if code is not None and str(code).lower() not in FINE_CODES:
            return Answer("permanent", said, code=str(code), wait=wait_of(reply))
    for name in ("ok", "success"):
        if body.get(name) is False:
            return Answer("permanent", said, code=str(body.get("error") or name))
    if error := body.get("error"):
        return Answer("permanent", said, code=str(error)[:80])
    return Answer("delivered", said, code=str(reply.status))


webhook = HttpSender("webhook", Pace(count=300, seconds=60, burst=20), prepare, judge)
