"""Senders: signatures, limits, and what each answer means."""

import json
import logging
import shutil
import ssl
import subprocess
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import orjson
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from orchestration.deliver.alerts.fitting import cut
from orchestration.deliver.alerts.leases import Answer
from orchestration.deliver.alerts.receivers import Fault, Receivers
from orchestration.deliver.alerts.refusals import SECRET, TOKEN
from orchestration.deliver.alerts.senders import SENDERS, Clients, Message, Secrets
from orchestration.deliver.alerts.senders import dingtalk as _dingtalk
from orchestration.deliver.alerts.senders.base import Reply, secrets_of, wait_of
from orchestration.deliver.alerts.senders.dingtalk import signature as dingtalk_sign
from orchestration.deliver.alerts.senders.dingtalk import signed_url
from orchestration.deliver.alerts.senders.email import html, server_of
from orchestration.deliver.alerts.senders.feishu import signature as feishu_sign
from orchestration.deliver.alerts.senders.webhook import signature as webhook_sign
from orchestration.deliver.alerts.templates import say
from orchestration.deploy.processes import free_port
from orchestration.settings import UserError, settings

MESSAGE_ID = UUID("0f9c1a4e-5a0e-4a86-9f0c-2f7f6d1d4f10")
CHATS = ("slack", "teams", "wecom", "dingtalk", "feishu", "webhook")
ALL = (*CHATS, "email")
PAYLOAD: dict[str, Any] = {
    "rule": "waiting_over_5_minutes",
    "severity": "critical",
    "title": {"en": "Waiting longer than five minutes", "zh": "等待超过五分钟"},
    "value": 372,
    "limit": 300,
    "unit": "seconds",
    "comparison": "above",
    "sample_count": 17,
    "since": "2026-11-22T07:00:03+00:00",
    "labels": {"channel": "phone", "queue_name": "billing"},
}


def message(kind: str = "firing", receiver: str = "", **payload: object) -> Message:
    """Return a message of an alert."""
    whole = {**PAYLOAD, **payload}
    return Message(
        said=say(kind, whole, str(payload.get("language", "en")), "floor"),
        message_id=MESSAGE_ID,
        kind=kind,
        route="floor",
        receiver=receiver,
        incident_id=7,
        created_at=datetime(2026, 11, 22, 7, 1, tzinfo=UTC),
        payload=whole,
    )


def huge(language: str = "zh") -> Message:
    """Return a message far longer than any receiver takes."""
    rows = [
        {"labels": {"queue_name": f"队列{n}" * 40}, "value": n, "link": "https://a.b/c"}
        for n in range(200)
    ]
    offenders = [{"kind": "ticket", "id": "票" * 300, "value": n} for n in range(200)]
    return message(
        language=language,
        members=rows,
        offenders=offenders,
        note="客户等待👩‍👩‍👧‍👦é" * 3000,
        title={"en": "long " * 900, "zh": "很长的标题" * 900},
    )


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """Return the HTTP clients."""
    found = Clients()
    yield found
    found.close()


@pytest.fixture
def local() -> Iterator[Receivers]:
    """Return receivers that answer as the real ones do."""
    with Receivers() as found:
        yield found


def send(
    local: Receivers, clients: Clients, kind: str, what: Message, **over: str
) -> Answer:
    """Send a message to a local receiver."""
    secrets = Secrets(over.get("url", local.url(kind)), over.get("secret", SECRET))
    return SENDERS[kind].send(what, secrets, clients)


def test_signatures_are_those_of_the_vendors() -> None:
    """The expected ones were made with openssl; the last is the convention's own."""
    secret = "SECabc123"
    assert dingtalk_sign(secret, 1732233600123) == (
        "SA1PXNry8gz/IENTnYCnydUCEhL1MluXtmbLIDfEtXk="
    )
    assert feishu_sign(secret, 1732233600) == (
        "uTwsWhdJsEbqbYyiL9ZW0xKq7O0SvxNpfJgJrJrTU8g="
    )
    assert webhook_sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    ) == ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")


def test_a_signature_survives_the_address() -> None:
    """Plus, slash and equals sign of base64 are escaped, the moment is milliseconds."""
    url = signed_url("https://a.b/send?access_token=t", "SECabc123", 1732233600.123)
    assert "sign=SA1PXNry8gz%2FIENTnYCnydUCEhL1MluXtmbLIDfEtXk%3D" in url
    given_back = parse_qs(urlsplit(url).query)
    assert given_back["timestamp"] == ["1732233600123"]
    assert given_back["sign"] == ["SA1PXNry8gz/IENTnYCnydUCEhL1MluXtmbLIDfEtXk="]
    assert signed_url("https://a.b/", None, 1.0) == "https://a.b/"


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_receiver_takes_a_message(
    local: Receivers, clients: Clients, kind: str, language: str
) -> None:
    """Firing and resolved, in both languages, arrive with what matters."""
    to = "lead@example.com" if kind == "email" else ""
    for what in ("firing", "resolved"):
        told = message(what, to, language=language, ended_at="2026-11-22T07:31:03Z")
        assert send(local, clients, kind, told).outcome == "delivered"
    first, second = local.of(kind)
    expected = {
        "en": ("Waiting longer than five minutes", "6 min 12 s", "n = 17"),
        "zh": ("等待超过五分钟", "6 分钟 12 秒", "n = 17"),
    }
    text = first.text.replace("\\", "")
    assert all(part in text for part in expected[language])
    assert {"en": "Resolved", "zh": "已恢复"}[language] in second.text


@pytest.mark.parametrize("kind", CHATS)
def test_a_message_of_any_length_is_taken(
    local: Receivers, clients: Clients, kind: str
) -> None:
    """Limits are honoured, and what is left out is said."""
    for language in ("zh", "en"):
        answer = send(local, clients, kind, huge(language))
        assert answer.outcome == "delivered", answer
    assert not local.refused
    if kind == "wecom":
        content = local.of("wecom")[0].text
        assert 1500 < len(content.encode()) <= 4096
        assert "另有" in content


def test_mail_carries_ids_and_both_forms(local: Receivers, clients: Clients) -> None:
    """A mail has one Message-ID in every attempt, a thread, and no long subject."""
    told = message(receiver="lead@example.com", title={"en": "水" * 400})
    for _ in range(2):
        assert send(local, clients, "email", told).is_delivered
    first, second = local.of("email")
    assert first.message_id == second.message_id == f"<{MESSAGE_ID}@example.com>"
    assert first.body["references"] == "<incident-7@example.com>"
    assert first.body["auto-submitted"] == "auto-generated"
    assert len(first.body["subject"].encode()) <= 150
    assert first.body["rcpt"] == "lead@example.com"
    assert "<script" not in html(say("firing", {"rule": "<script>", "note": "<b>"}))


@pytest.mark.parametrize(
    ("receiver", "outcome", "code"),
    [
        ("nobody@example.com", "permanent", "550"),
        ("", "permanent", None),
        ("a@b.example, c@d.example", "permanent", None),
        ("a@b.example\nBcc: all@example.com", "permanent", None),
    ],
)
def test_mail_to_nobody_is_refused(
    local: Receivers, clients: Clients, receiver: str, outcome: str, code: str | None
) -> None:
    """A refusal of the only person is a refusal, with the server's own code."""
    answer = send(local, clients, "email", message(receiver=receiver))
    assert (answer.outcome, answer.code) == (outcome, code)
    assert local.of("email") == []


def test_mail_servers_fail_in_two_ways(local: Receivers, clients: Clients) -> None:
    """4xx passes, 5xx stays, nobody there passes, a wrong address stays."""
    told = message(receiver="lead@example.com")
    local.fault = lambda kind: Fault(status=451)
    assert send(local, clients, "email", told).outcome == "passing"
    local.fault = lambda kind: Fault(status=554, body=b"5.7.1 no spam here")
    refused = send(local, clients, "email", told)
    assert (refused.outcome, refused.code) == ("permanent", "554")
    assert "no spam here" in refused.text
    nobody = "smtp://127.0.0.1:1?from=a%40b.example"
    assert send(local, clients, "email", told, url=nobody).outcome == "passing"
    lacking = send(local, clients, "email", told, url="smtp://127.0.0.1:25")
    assert lacking.outcome == "permanent" and "?from=" in lacking.text
    assert server_of("smtp://mail.example.com?from=a@b.example").is_starttls
    assert not server_of("smtps://mail.example.com?from=a@b.example").is_starttls


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate of this machine that nobody has signed, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    crt, key = folder / "mail.crt", folder / "mail.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", crt),
        ],
        check=True,
        capture_output=True,
    )
    return crt, key


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mail_is_encrypted_and_the_server_is_known(
    scheme: str,
    certificate: tuple[Path, Path],
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The password is told to nobody else, and only behind TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    seen: list[tuple[str, bytes, bool]] = []

    def authenticate(
        server: SMTP, session: Session, envelope: object, way: str, given: LoginPassword
    ) -> AuthResult:
        is_encrypted = session.ssl is not None or scheme == "smtps"
        seen.append((given.login.decode(), given.password, is_encrypted))
        return AuthResult(success=True)

    tls = {"tls_context": context, "require_starttls": True}
    controller = Controller(
        Sink(),
        hostname="127.0.0.1",
        port=free_port(),
        auth_required=True,
        authenticator=authenticate,
        # behind smtps all is encrypted before the first word
        auth_require_tls=scheme == "smtp",
        **(tls if scheme == "smtp" else {"ssl_context": context}),
    )
    # as if it were far away
    monkeypatch.setitem(server_of.__globals__, "NEAR", set())
    address = f"{scheme}://kim@127.0.0.1:{controller.port}?from=a%40b.example"
    secrets = Secrets(address, password="pass-word")
    told = message(receiver="lead@example.com")
    controller.start()
    try:
        unknown = SENDERS["email"].send(told, secrets, clients)
        assert unknown.outcome == "permanent" and "certificate" in unknown.text
        assert seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert SENDERS["email"].send(told, secrets, clients).is_delivered
    finally:
        controller.stop()
    assert seen == [("kim", b"pass-word", True)]


WRONG = [
    ("slack", "https://x/services/T0LOCAL/B0LOCAL/wrong", "permanent", "404"),
    ("teams", "?sig=wrong", "permanent", "DirectApiAuthorizationRequired"),
    ("wecom", "?key=wrong", "permanent", "93000"),
    ("dingtalk", "?access_token=wrong", "permanent", "300005"),
    ("feishu", "https://x/open-apis/bot/v2/hook/wrong", "permanent", "19001"),
]


@pytest.mark.parametrize(("kind", "wrong", "outcome", "code"), WRONG)
def test_a_wrong_token_is_refused_for_good(
    local: Receivers, clients: Clients, kind: str, wrong: str, outcome: str, code: str
) -> None:
    """Whatever the HTTP status says, the vendor's code decides."""
    url = local.url(kind).replace(TOKEN, "wrong")
    answer = send(local, clients, kind, message(), url=url)
    assert (answer.outcome, answer.code) == (outcome, code)


@pytest.mark.parametrize(
    ("kind", "code"), [("dingtalk", "310000"), ("feishu", "19021"), ("webhook", "401")]
)
def test_a_wrong_secret_is_refused_for_good(
    local: Receivers, clients: Clients, kind: str, code: str
) -> None:
    """The receivers check signatures on their own."""
    answer = send(local, clients, kind, message(), secret="another")
    assert (answer.outcome, answer.code) == ("permanent", code)
    assert local.of(kind) == []


JUDGED = [
    ("slack", 200, "ok", "delivered"),
    ("slack", 200, '{"ok":false,"error":"invalid_auth"}', "permanent"),
    ("slack", 200, '{"ok":false,"error":"ratelimited"}', "passing"),
    ("slack", 200, "", "passing"),
    ("slack", 200, "no_text", "permanent"),
    ("slack", 403, "action_prohibited", "permanent"),
    ("slack", 410, "channel_is_archived", "permanent"),
    ("slack", 500, "rollup_error", "passing"),
    ("slack", 302, "", "permanent"),
    ("teams", 202, "", "delivered"),
    ("teams", 200, "1", "delivered"),
    ("teams", 400, '{"error":{"code":"WorkflowTriggerIsNotEnabled"}}', "permanent"),
    ("teams", 200, '{"error":{"code":"X","message":"y"}}', "permanent"),
    (
        "teams",
        200,
        "Webhook message delivery failed with error: Microsoft Teams endpoint"
        " returned HTTP error 429 with ContextId tcid=0",
        "passing",
    ),
    (
        "teams",
        200,
        "Webhook message delivery failed with error: Microsoft Teams endpoint"
        " returned HTTP error 413 with ContextId tcid=0",
        "permanent",
    ),
    ("wecom", 200, '{"errcode":0,"errmsg":"ok"}', "delivered"),
    ("wecom", 200, '{"errcode":93000,"errmsg":"invalid webhook url"}', "permanent"),
    ("wecom", 200, '{"errcode":40058,"errmsg":"too long"}', "permanent"),
    ("wecom", 200, '{"errcode":45009,"errmsg":"api freq out of limit"}', "passing"),
    ("wecom", 200, '{"errcode":-1,"errmsg":"system busy"}', "passing"),
    ("wecom", 200, "<html>please log in</html>", "passing"),
    ("wecom", 200, '{"errmsg":"ok"}', "passing"),
    ("wecom", 200, "[]", "passing"),
    ("wecom", 502, "bad gateway", "passing"),
    ("dingtalk", 200, '{"errcode":0,"errmsg":"ok"}', "delivered"),
    ("dingtalk", 200, '{"errcode":310000,"errmsg":"sign not match"}', "permanent"),
    ("dingtalk", 200, '{"errcode":130101,"errmsg":"send too fast"}', "passing"),
    ("dingtalk", 200, '{"status":1111,"wait":5,"punish":"deny"}', "passing"),
    ("feishu", 200, '{"code":0,"msg":"success","data":{}}', "delivered"),
    ("feishu", 200, '{"StatusCode":0,"StatusMessage":"success"}', "delivered"),
    ("feishu", 200, '{"code":19021,"msg":"sign match fail"}', "permanent"),
    ("feishu", 400, '{"code":9499,"msg":"Bad Request"}', "permanent"),
    ("feishu", 200, '{"code":9499,"msg":"too many request"}', "passing"),
    ("feishu", 200, '{"code":11232,"msg":"frequency limited"}', "passing"),
    ("feishu", 503, "", "passing"),
    ("feishu", 404, "", "permanent"),
    ("webhook", 204, "", "delivered"),
    ("webhook", 200, '{"ok":true}', "delivered"),
    ("webhook", 200, "thank you", "delivered"),
    ("webhook", 200, '{"errcode":1}', "permanent"),
    ("webhook", 200, '{"code":"1001"}', "permanent"),
    ("webhook", 200, '{"success":false}', "permanent"),
    ("webhook", 200, '{"error":"nobody home"}', "permanent"),
    ("webhook", 429, "slow down", "passing"),
    ("webhook", 408, "", "passing"),
    ("webhook", 413, "", "permanent"),
]


@pytest.mark.parametrize(("kind", "status", "text", "outcome"), JUDGED)
def test_a_refusal_inside_a_success_is_a_refusal(
    kind: str, status: int, text: str, outcome: str
) -> None:
    """Each answer is delivered, passing or permanent, as its vendor means it."""
    assert SENDERS[kind].judge(Reply(status, text, {})).outcome == outcome


@pytest.mark.parametrize("kind", CHATS)
def test_retry_after_is_honoured(local: Receivers, clients: Clients, kind: str) -> None:
    """The seconds a receiver asks for reach the answer."""
    headers = {"retry-after": "17"}
    local.fault = lambda kind: Fault(status=429, body=b"later", headers=headers)
    answer = send(local, clients, kind, message())
    assert (answer.outcome, answer.wait) == ("passing", 17.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("999999", 3600.0),
        ("Sun, 22 Nov 2026 07:00:30 GMT", 30.0),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    """Nonsense counts as nothing, eternity as an hour."""
    now = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    assert wait_of(Reply(429, "", {"retry-after": text}), now) == seconds


@pytest.mark.parametrize("kind", CHATS)
def test_a_receiver_that_is_away_passes(clients: Clients, kind: str) -> None:
    """Nobody at the port, or one that hangs up, is tried again; no address is told."""
    with Receivers(fault=lambda kind: Fault()) as local:
        url = local.url(kind)
        hung_up = send(local, clients, kind, message())
    gone = SENDERS[kind].send(message(), Secrets(url, SECRET), clients)
    assert hung_up.outcome == gone.outcome == "passing"
    assert TOKEN not in hung_up.text + gone.text


@pytest.mark.parametrize("kind", ALL)
def test_an_address_that_is_none_is_refused(clients: Clients, kind: str) -> None:
    """A slip in an address is said at once, not tried for a day."""
    told = message(receiver="a@b.example")
    answer = SENDERS[kind].send(told, Secrets("ftp://a.b/secret-token"), clients)
    assert answer.outcome == "permanent"
    assert "secret-token" not in answer.text


def test_secrets_are_never_printed() -> None:
    """Neither repr nor text of an answer holds any part of a secret."""
    url = "https://u:pass-word@hook.example.com/services/T000/tok-12345678?key=k-9876"
    secrets = Secrets(url, "SEC-xyz", "mail-pass")
    assert "example" not in repr(secrets) and "SEC" not in repr(secrets)
    said = f"cannot open {url}: tok-12345678 k-9876 SEC-xyz mail-pass pass-word"
    redacted = secrets.redact(said)
    hidden = ("tok-12345678", "k-9876", "SEC-xyz", "mail-pass", "pass-word")
    assert not [piece for piece in hidden if piece in redacted]
    request = SENDERS["dingtalk"].prepare(message(), secrets, 1.0)
    assert "tok-12345678" not in repr(request)


def test_an_echoed_secret_is_hidden(local: Receivers, clients: Clients) -> None:
    """A receiver that repeats its token does not bring it into the ledger."""
    said = json.dumps({"errcode": 93000, "errmsg": f"bad key {TOKEN}"}).encode()
    local.fault = lambda kind: Fault(status=200, body=said)
    answer = send(local, clients, "wecom", message())
    assert answer.code == "93000" and TOKEN not in answer.text


def test_nothing_that_is_sent_is_logged(
    local: Receivers, clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    """HTTP libraries tell addresses when they talk; ours are secrets."""
    with caplog.at_level(logging.INFO):
        assert send(local, clients, "wecom", message()).is_delivered
    assert TOKEN not in caplog.text


def test_secrets_come_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """The variable wins; a route without an address is refused by name."""
    folder = settings().home / "alerts"
    folder.mkdir(exist_ok=True)
    (folder / "night_shift.url").write_text("https://a.example/file\n")
    (folder / "night_shift.secret").write_text("of the file\n")
    monkeypatch.setenv("FRONTDESK_ALERT_NIGHT_SHIFT_SECRET", "of the variable")
    found = secrets_of("night-shift")
    assert (found.url, found.secret) == ("https://a.example/file", "of the variable")
    with pytest.raises(UserError, match="FRONTDESK_ALERT_NOBODY_URL"):
        secrets_of("nobody")
    with pytest.raises(UserError, match="no address"):
        secrets_of("../alerts/night_shift")


def test_what_calls_everybody_is_tamed(clients: Clients) -> None:
    """A queue named like a call, a link or a tag stays text."""
    bad = "<!channel> <@U1> [x](http://evil) *b* <at id=all></at> @all"
    told = message(labels={"queue_name": bad}, note=bad)
    for kind in CHATS[:5]:
        body = SENDERS[kind].prepare(told, Secrets("https://a.b/c", SECRET), 1.0).body
        text = json.dumps(orjson.loads(body), ensure_ascii=False)
        # that sign of a link means nothing to Slack
        link = "<http://evil" if kind == "slack" else "](http://evil"
        for forbidden in ("<!channel", "<@U1", "<at id=all", link):
            assert forbidden not in text.replace("\\\\]", ""), (kind, forbidden)


def test_members_are_called_in_each_way(clients: Clients) -> None:
    """Whom a route names is called in the vendor's own way."""

    def body(kind: str, receiver: str) -> str:
        what = message(receiver=receiver)
        request = SENDERS[kind].prepare(what, Secrets("https://a.b/c", SECRET), 1.0)
        return request.body.decode()

    assert "<@U42>" in body("slack", "U42")
    assert "<!subteam^S42>" in body("slack", "S42")
    assert "<!here>" in body("slack", "@here")
    assert "<@li>" in body("wecom", "li")
    assert '<at id=\\"all\\"></at>' in body("feishu", "all")
    mentioned = json.loads(body("teams", "li@example.com"))
    entity = mentioned["attachments"][0]["content"]["msteams"]["entities"][0]
    assert entity["mentioned"]["id"] == "li@example.com"
    assert entity["text"] in body("teams", "li@example.com")
    called = json.loads(body("dingtalk", "13800000000, li"))
    assert called["at"]["atMobiles"] == ["13800000000"]
    assert called["at"]["atUserIds"] == ["li"]
    assert "@13800000000 @li" in called["markdown"]["text"]
    assert json.loads(body("dingtalk", "all"))["at"]["isAtAll"] is True


@given(st.text(), st.integers(min_value=0, max_value=80))
def test_a_cut_is_never_inside_a_character(text: str, most: int) -> None:
    """What is cut fits, is whole, and begins as the text does."""
    got = cut(text, most)
    assert len(got.encode()) <= most or got == text == ""
    if got != text:
        assert got == "" or (got.endswith("…") and text.startswith(got[:-1]))


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("等待时间", 12, "等待时间"),
        ("等待时间", 11, "等待…"),
        ("等待时间", 9, "等待…"),
        ("等待时间", 8, "等…"),
        ("é" * 4, 8, "éééé"),
        ("ae\u0301ae\u0301", 7, "ae\u0301…"),
        ("ae\u0301ae\u0301", 5, "a…"),
        ("a👩‍👧b", 12, "a…"),
        ("🇨🇳🇫🇷", 15, "🇨🇳…"),
        ("👍🏽👍🏽", 14, "👍🏽…"),
        ("abc", 2, ""),
    ],
)
def test_a_cut_keeps_together_what_is_one_on_the_screen(
    text: str, most: int, expected: str
) -> None:
    """Accents, families, flags and skin tones are not torn."""
    assert cut(text, most) == expected


def test_apprise_is_optional(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the route says what to install; with it, what it logs."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    secrets = Secrets("json://u:hunter22@h")
    missing = SENDERS["apprise"].send(message(), secrets, clients)
    assert missing.outcome == "permanent" and "pip install" in missing.text

    class Apprise:
        said: tuple[str, ...] = ()

        def add(self, url: str) -> bool:
            return url.startswith("json://")

        def notify(self, title: str, body: str, notify_type: str) -> bool:
            Apprise.said = (title, body, notify_type)
            logging.getLogger("apprise").warning("hunter22 refused")
            return "resolved" in title.lower()

    monkeypatch.setitem(sys.modules, "apprise", types.SimpleNamespace(Apprise=Apprise))
    assert SENDERS["apprise"].send(message("resolved"), secrets, clients).is_delivered
    failed = SENDERS["apprise"].send(message(), secrets, clients)
    assert failed.outcome == "passing" and failed.text == "*** refused"
    unknown = SENDERS["apprise"].send(message(), Secrets("nope://h"), clients)
    assert unknown.outcome == "permanent"


def test_rates_are_refused_as_the_vendors_do(
    local: Receivers, clients: Clients
) -> None:
    """The twenty-first message of a minute is refused, and counted as passing."""
    outcomes = [send(local, clients, "wecom", message()).code for _ in range(21)]
    assert outcomes == ["0"] * 20 + ["45009"]
    assert _dingtalk.pace.count == 20
