"""What the real receivers would refuse, and in which words."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request

TOKEN = "token-of-the-local-receiver"
SECRET = "SEC-of-the-local-receiver"
CLOCK_SECONDS = 3600


@dataclass(frozen=True)
class Refusal:
    """A vendor's way to say no."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def _coded(code: int, text: str) -> Refusal:
    return Refusal(orjson.dumps({"errcode": code, "errmsg": text}))


def _lark(code: int, text: str) -> Refusal:
    return Refusal(orjson.dumps({"code": code, "msg": text, "data": {}}))


def _plain(status: int, text: str, **headers: str) -> Refusal:
    return Refusal(text.encode(), status, headers)


def _workflow(status: int, code: str, text: str) -> Refusal:
    error = {"error": {"code": code, "message": text}}
    return Refusal(orjson.dumps(error), status)


TOO_MANY = {
    "slack": _plain(429, "rate_limited", **{"retry-after": "1"}),
    "teams": _workflow(429, "WorkflowRequestsThrottled", "too many requests"),
    "wecom": _coded(45009, "api freq out of limit"),
    "dingtalk": _coded(130101, "send too fast, exceed 20 times per minute"),
    "feishu": _lark(11232, "frequency limited"),
    "webhook": _plain(429, "slow down", **{"retry-after": "1"}),
}
TAKEN = {
    "slack": Refusal(b"ok"),
    "teams": Refusal(b"", 202),
    "wecom": _coded(0, "ok"),
    "dingtalk": _coded(0, "ok"),
    "feishu": _lark(0, "success"),
    "webhook": Refusal(orjson.dumps({"ok": True})),
}


def _signed(key: str, text: str) -> str:
    """Return a signature, made anew here: the senders' own would prove nothing."""
    made = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def check_slack(request: Request, raw: bytes, body: dict, now: float) -> Refusal | None:
    """Refuse what Slack would."""
    if not request.url.path.endswith(TOKEN):
        return _plain(404, "no_service")
    blocks = [b for part in body.get("attachments", []) for b in part.get("blocks", [])]
    if not body.get("text") and not blocks:
        return _plain(400, "no_text")
    if len(blocks) > 50:
        return _plain(400, "invalid_blocks")
    for block in blocks:
        most = 150 if block["type"] == "header" else 3000
        texts = [(block.get("text") or {}).get("text", "")]
        fields = block.get("fields", [])
        is_long = any(len(text) > most for text in texts)
        is_long |= any(len(one["text"]) > 2000 for one in fields) or len(fields) > 10
        if is_long:
            return _plain(400, "invalid_blocks")
    return None


def check_teams(request: Request, raw: bytes, body: dict, now: float) -> Refusal | None:
    """Refuse what a workflow of Teams would."""
    if request.query_params.get("sig") != TOKEN:
        return _workflow(
            401, "DirectApiAuthorizationRequired", "the signature is wrong"
        )
    if len(raw) > 28 * 1024:
        return _workflow(413, "RequestEntityTooLarge", "the request is too large")
    cards = [part.get("content", {}) for part in body.get("attachments", [])]
    is_card = [
        card.get("type") == "AdaptiveCard" and card.get("body") for card in cards
    ]
    if body.get("type") != "message" or not is_card or not all(is_card):
        return _workflow(400, "TriggerInputSchemaMismatch", "no adaptive card")
    return None


def check_wecom(request: Request, raw: bytes, body: dict, now: float) -> Refusal | None:
    """Refuse what WeCom would."""
    if request.query_params.get("key") != TOKEN:
        return _coded(93000, "invalid webhook url")
    content = body.get("markdown", {}).get("content", "")
    if body.get("msgtype") != "markdown" or not content:
        return _coded(40008, "invalid message type")
    if len(content.encode()) > 4096:
        return _coded(40058, "markdown.content exceed max length 4096")
    return None


def check_dingtalk(
    request: Request, raw: bytes, body: dict, now: float
) -> Refusal | None:
    """Refuse what DingTalk would."""
    given = request.query_params
    if given.get("access_token") != TOKEN:
        return _coded(300005, "token is not exist")
    moment = given.get("timestamp", "")
    if not moment.isdigit() or abs(now - int(moment) / 1000) > CLOCK_SECONDS:
        return _coded(310000, "invalid timestamp")
    if given.get("sign") != _signed(SECRET, f"{moment}\n{SECRET}"):
        return _coded(310000, "sign not match")
    if len(raw) > 20_000:
        return _coded(460101, "message too long, exceed 20000 bytes")
    if body.get("msgtype") != "markdown" or not body["markdown"].get("title"):
        return _coded(40035, "param error: markdown")
    return None


def check_feishu(
    request: Request, raw: bytes, body: dict, now: float
) -> Refusal | None:
    """Refuse what Feishu would."""
    if not request.url.path.endswith(TOKEN):
        return _lark(19001, "param invalid: incoming webhook access token invalid")
    moment = str(body.get("timestamp", ""))
    is_signed = (
        moment.isdigit()
        and abs(now - int(moment)) <= CLOCK_SECONDS
        and body.get("sign") == _signed(f"{moment}\n{SECRET}", "")
    )
    if not is_signed:
        said = "sign match fail or timestamp is not within one hour from current time"
        return _lark(19021, said)
    if len(raw) > 20 * 1024 or body.get("msg_type") != "interactive":
        return _lark(9499, "Bad Request")
    return None


def check_webhook(
    request: Request, raw: bytes, body: dict, now: float
) -> Refusal | None:
    """Refuse what is not signed as the convention says."""
    given = request.headers
    message_id, moment = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not moment.isdigit() or abs(now - int(moment)) > 300:
        return _plain(401, "the moment is too far off")
    sign = _signed(SECRET, f"{message_id}.{moment}.{raw.decode()}")
    if f"v1,{sign}" not in given.get("webhook-signature", "").split():
        return _plain(401, "the signature is wrong")
    return None if body.get("id") == message_id else _plain(400, "two ids")


CHECKS = {
    "slack": check_slack,
    "teams": check_teams,
    "wecom": check_wecom,
    "dingtalk": check_dingtalk,
    "feishu": check_feishu,
    "webhook": check_webhook,
}
