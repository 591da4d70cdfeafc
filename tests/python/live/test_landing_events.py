"""What is an event, who may send it, and what its values become."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from orchestration.live.landing import signing
from orchestration.live.landing.brokers import place, read_message, without_password
from orchestration.live.landing.casting import cast_events
from orchestration.live.landing.events import (
    BodyError,
    find_table,
    read_body,
    read_event,
    read_events,
)
from orchestration.live.landing.store import Stray
from orchestration.settings import Settings, UserError
from tests.python.live.landing_parts import message

SECRET = b"a secret of the test"


def test_a_body_is_an_object_an_array_or_lines() -> None:
    """All three say the same."""
    one, two = {"a": 1}, {"a": 2}
    assert read_body(orjson.dumps(one), as_lines=False) == [one]
    assert read_body(orjson.dumps([one, two]), as_lines=False) == [one, two]
    lines = orjson.dumps(one) + b"\n\r\n" + orjson.dumps(two) + b"\n"
    assert read_body(lines, as_lines=True) == [one, two]


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":NaN}', b"\xff", b'"\\ud800"'])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    """The reason names what is wrong with it."""
    with pytest.raises(BodyError, match="not JSON"):
        read_body(body, as_lines=False)


def test_one_bad_line_does_not_cost_the_others() -> None:
    """It becomes an event of its own, with its text."""
    values = read_body(b'{"a"\n{"a":1}', as_lines=True)
    bad, good = read_events("chat", "messages", values, number=5, sent_at=1.0)
    assert (bad.record, bad.raw_text, bad.number) == (None, '{"a"', 5)
    assert bad.reason.startswith("not JSON")
    assert (good.record, good.number) == ({"a": 1}, 6)


def test_an_envelope_names_its_event() -> None:
    """Its id and its time win over what the way in says."""
    value = {"id": 17, "time": "2026-01-05T10:00:00+08:00", "data": {"a": 1}}
    event = read_event(
        "chat", "messages", value, number=1, sent_at=9.0, event_id="other"
    )
    assert (event.event_id, event.record) == ("17", {"a": 1})
    assert event.sent_at == datetime(2026, 1, 5, 2, tzinfo=UTC).timestamp()


def test_without_an_id_the_content_is_the_id() -> None:
    """Whatever the order of the fields."""
    one = read_event("chat", "messages", {"a": 1, "b": 2}, number=1, sent_at=0)
    same = read_event("chat", "messages", {"b": 2, "a": 1}, number=2, sent_at=9)
    other = read_event("chat", "messages", {"a": 1, "b": 3}, number=3, sent_at=0)
    assert one.event_id == same.event_id != other.event_id


@pytest.mark.parametrize(
    ("event_id", "said"), [("x" * 201, "longer than 200"), ("a\0b", "holds a NUL")]
)
def test_an_impossible_id_is_a_reason(event_id: str, said: str) -> None:
    """Such an event is kept under its content."""
    event = read_event(
        "chat", "messages", {"id": event_id, "data": {}}, number=1, sent_at=0
    )
    assert said in event.reason
    assert event.event_id.startswith("content:")


@pytest.mark.parametrize("value", [1, "text", None, [1]])
def test_what_is_no_object_is_no_event(value: object) -> None:
    """The reason says so, and what it said is kept."""
    event = read_event("chat", "messages", value, number=1, sent_at=0)
    assert event.reason == "not a JSON object"
    assert event.text() == orjson.dumps(value).decode()


def test_a_subject_names_source_and_table() -> None:
    """What names none of ours is a stray, with its text."""
    assert place("frontdesk.events.chat.messages", "frontdesk.events") == (
        "chat",
        "messages",
    )
    for subject in ("frontdesk.events.chat.nothing", "other.chat.messages", "x"):
        assert place(subject, "frontdesk.events") is None
    told = {"event_id": None, "number": 1, "sent_at": 0.0}
    found = read_message("frontdesk.events.x.y", "frontdesk.events", b"\xff{", **told)
    assert isinstance(found, Stray)
    assert found.raw_text == "\ufffd{"


def test_a_message_may_hold_several_events() -> None:
    """Then the id of the message is nobody's."""
    body = orjson.dumps([message(1), {"id": "e2", "data": message(2)}])
    found = read_message(
        "frontdesk.events.chat.messages",
        "frontdesk.events",
        body,
        event_id="of the message",
        number=4,
        sent_at=0.0,
    )
    assert [event.event_id[:8] for event in found] == ["content:", "e2"]


def test_the_signature_is_hmac_of_time_and_body() -> None:
    """Worked out here with other means."""
    body = '{"text":"你好"}'.encode()
    expected = hmac.new(SECRET, b"1700000000." + body, hashlib.sha256).hexdigest()
    made = signing.headers(SECRET, body, now=1700000000.9)
    assert made == {
        "x-frontdesk-timestamp": "1700000000",
        "x-frontdesk-signature": f"sha256={expected}",
    }


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({}, None),
        ({"signature": None}, "unsigned"),
        ({"timestamp": None}, "unsigned"),
        ({"timestamp": "yesterday"}, "unsigned"),
        ({"timestamp": "²"}, "unsigned"),
        ({"signature": "sha256=00"}, "signature"),
        ({"signature": "sha256=ü"}, "signature"),
        ({"body": b"other"}, "signature"),
        ({"timestamp": "1001"}, "signature"),
        ({"now": 1301.0}, "skew"),
        ({"now": 699.0}, "skew"),
        ({"now": 1300.0}, None),
        ({"known": (b"new", SECRET)}, None),
        ({"known": ()}, "signature"),
    ],
)
def test_only_the_secret_signs(change: dict, cause: str | None) -> None:
    """Of this body, at this time, by a clock that is about right."""
    asked = {
        "known": (SECRET,),
        "timestamp": "1000",
        "signature": signing.sign(SECRET, "1000", b"body"),
        "body": b"body",
        "now": 1000.0,
        **change,
    }
    found = signing.problem(**asked)
    assert (found and found[0]) == cause


def test_a_secret_is_made_up_once_and_read_by_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment wins over the file; several may be good at once."""
    chosen = Settings(root=tmp_path, home=tmp_path / "home", dsn=None)
    (made,) = signing.read_secrets(chosen, "chat")
    file = tmp_path / "home" / "secrets" / "events-chat"
    assert signing.read_secrets(chosen, "chat") == (made,)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["events-chat"]
    file.write_text("new\nold\n")
    assert signing.read_secrets(chosen, "chat") == (b"new", b"old")
    monkeypatch.setenv("FRONTDESK_EVENTS_CHAT_SECRET", "chosen")
    assert signing.read_secrets(chosen, "chat") == (b"chosen",)
    monkeypatch.delenv("FRONTDESK_EVENTS_CHAT_SECRET")
    file.write_text("\n")
    with pytest.raises(UserError, match="holds no secret"):
        signing.read_secrets(chosen, "chat")


def test_an_address_is_shown_without_its_password() -> None:
    """Nor the user's name."""
    assert without_password("nats://me:secret@host:4222") == "host:4222"
    assert without_password("broker:9092") == "broker:9092"


def test_values_are_judged_alone() -> None:
    """What a text becomes does not depend on the other events of its batch."""
    table = find_table("chat", "messages")
    said = [12, 1.5, True, {"a": 1}, "twelve", None]
    events = [
        read_event("chat", "messages", message(n, text=text), number=n, sent_at=0)
        for n, text in enumerate(said)
    ]
    together = cast_events(table, "http", events)
    place_of = together.columns.index("text")
    alone = [cast_events(table, "http", [event]).rows[0][place_of] for event in events]
    assert [row[place_of] for row in together.rows] == alone
    assert alone == ["12", "1.5", "true", '{"a":1}', "twelve", None]


def test_times_are_read_as_the_files_of_the_table_and_as_iso() -> None:
    """The app counts milliseconds, WeChat seconds; both may send ISO, too."""
    moment = datetime(2026, 1, 5, 0, 59, 18, tzinfo=UTC)
    iso = "2026-01-05T08:59:18+08:00"
    spellings = {
        ("app", "messages", "sent_at"): [1767574758000, iso],
        ("wechat", "messages", "create_time"): [1767574758, iso],
        ("survey", "invitations", "sent_at"): ["2026-01-05 08:59:18", iso],
    }
    for (source, name, column), values in spellings.items():
        table = find_table(source, name)
        ids = {c.name: "x" for c in table.columns if c.type == "text"}
        for value in values:
            record = {**ids, column: value, "exported_at": value}
            event = read_event(source, name, record, number=1, sent_at=0)
            typed = cast_events(table, "nats", [event])
            assert typed.refused == []
            assert typed.rows[0][typed.columns.index(column)] == moment
            if source == "app":
                place_of = typed.columns.index("conversation_id")
                assert typed.rows[0][place_of] == "x"
