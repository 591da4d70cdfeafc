"""Messages: what they say, in both languages, and what they never say."""

import pytest

from orchestration.deliver.alerts.templates import (
    amount_text,
    duration_text,
    plain,
    say,
    shown,
)
from orchestration.deliver.alerts.words import CHANNELS, LABELS, WORDS

ALERT = {
    "rule": "service_level_low",
    "severity": "warning",
    "title": {"en": "Service level is low", "zh": "服务水平偏低"},
    "value": 0.712,
    "limit": 0.8,
    "clear_limit": 0.85,
    "comparison": "below",
    "unit": "share",
    "sample_count": 1234,
    "since": "2026-11-22T07:00:03+00:00",
    "time_zone": "Asia/Shanghai",
    "labels": {"channel": "wechat", "queue_name": "billing"},
    "owner": "service floor",
    "link": "https://wall.example.com/?channel=wechat",
    "runbook": "docs/alerts.md#service-level",
    "offenders": [
        {"kind": "queue", "id": "billing", "value": 0.5},
        {"kind": "customer", "id": "c-17", "name": "李伟", "value": None},
        {"kind": "ticket", "id": "T-1", "value": 90, "unit": "seconds"},
    ],
}

ENGLISH = """\
[Alert: warning] Service level is low

Where: channel WeChat, queue billing
Value: 71.2 % (limit: below 80.0 %)
Clears at: 85.0 %
Sample: n = 1,234
Since: 2026-11-22 15:00:03 Asia/Shanghai
Owner: service floor
What to do: docs/alerts.md#service-level

Most affected:
- queue billing: 50.0 %
- customer c-17
- ticket T-1: 1 min 30 s

Open: https://wall.example.com/?channel=wechat

Frontdesk · service_level_low"""

CHINESE = """\
【告警·警告】服务水平偏低

范围：渠道 微信，队列 billing
当前值：71.2%（阈值：低于 80.0%）
恢复阈值：85.0%
样本数：n = 1,234
开始时间：2026-11-22 15:00:03 Asia/Shanghai
负责人：service floor
处理手册：docs/alerts.md#service-level

影响最大：
- 队列 billing：50.0%
- 客户 c-17
- 工单 T-1：1 分钟 30 秒

查看：https://wall.example.com/?channel=wechat

Frontdesk · service_level_low"""


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("zh", CHINESE)])
def test_an_alert_reads_well(language: str, text: str) -> None:
    """Value, limit, n, since, where, top offenders, link and runbook."""
    assert plain(say("firing", ALERT, language)) == text


def test_a_resolved_notice_says_how_long_and_how_bad() -> None:
    """The end, the span, the worst value; no limit to clear any more."""
    over = {**ALERT, "ended_at": "2026-11-22T08:05:03+00:00", "worst": 0.41}
    text = plain(say("resolved", over, "en"))
    assert text.startswith("[Resolved] Service level is low")
    assert "Worst: 41.0 %" in text
    assert "Ended: 2026-11-22 16:05:03 Asia/Shanghai" in text
    assert "Lasted: 1 h 5 min" in text
    assert "Clears at" not in text
    assert "持续时长：1 小时 5 分钟" in plain(say("resolved", over, "zh"))


def test_customers_have_no_names_unless_asked_for() -> None:
    """Neither people nor machines are told a name by default."""
    assert "李伟" not in plain(say("firing", ALERT, "zh"))
    assert "李伟" not in str(shown(ALERT))
    named = {**ALERT, "shows_names": True}
    assert "李伟" in plain(say("firing", named, "zh"))
    assert "李伟" in str(shown(named))


def test_what_nobody_listed_is_not_shown() -> None:
    """A payload may hold more than leaves."""
    more = {**ALERT, "customer_phone": "13800000000", "sql": "select secret"}
    for text in (plain(say("firing", more)), str(shown(more))):
        assert "13800000000" not in text and "secret" not in text


def test_a_group_names_its_members_and_how_many_it_leaves_out() -> None:
    """Ten of them, then a count."""
    members = [
        {"labels": {"queue_name": f"q{n}"}, "value": n / 100, "sample_count": n}
        for n in range(14)
    ]
    text = plain(say("firing", {**ALERT, "members": members}, "en"))
    assert "- queue q3: 3.0 % (n = 3)" in text
    assert "- and 4 more" in text and "q10" not in text


def test_a_level_and_a_reminder_are_told() -> None:
    """An escalation says its level, a repeat its number, a test that it is one."""
    up = plain(say("escalated", {**ALERT, "level": 2}, "zh"))
    assert up.startswith("【已升级·警告】") and "升级层级：2" in up
    again = plain(say("repeat", {**ALERT, "repeat_number": 3}, "en"))
    assert again.startswith("[Still on: warning]") and "Reminder: 3" in again
    test = plain(say("test", {"rule": "test"}, "en", "floor"))
    assert "This is a test of the route floor." in test


def test_states_without_a_value_are_said_in_words() -> None:
    """No data is not nought."""
    silent = {"rule": "r", "state": "no_data", "value": None, "limit": 5}
    text = plain(say("firing", silent, "zh"))
    assert "状态：无数据" in text and "当前值：无数值（阈值：5）" in text


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (0.4, "0.4 s", "0.4 秒"),
        (59, "59 s", "59 秒"),
        (60, "1 min", "1 分钟"),
        (3599, "59 min 59 s", "59 分钟 59 秒"),
        (3600, "1 h", "1 小时"),
        (3601, "1 h", "1 小时"),
        (90061, "1 d 1 h", "1 天 1 小时"),
        (-90, "-1 min 30 s", "-1 分钟 30 秒"),
    ],
)
def test_spans_read_in_their_two_largest_units(
    seconds: float, english: str, chinese: str
) -> None:
    """Short enough for a telephone."""
    assert duration_text(seconds, "en") == english
    assert duration_text(seconds, "zh") == chinese


@pytest.mark.parametrize(
    ("value", "about", "text"),
    [
        (1234567, {"unit": "count"}, "1,234,567"),
        (3.14159, {}, "3.14"),
        (19.9, {"unit": "amount", "currency": "CNY"}, "19.90 CNY"),
        (2.5, {"unit": "ratio"}, "2.50 ×"),
        (None, {"unit": "share"}, "no value"),
        (float("nan"), {}, "no value"),
        ("0.5", {"unit": "share"}, "50.0 %"),
    ],
)
def test_numbers_read_in_their_unit(value: object, about: dict, text: str) -> None:
    """Nothing is ever told as 0 that is not."""
    assert amount_text(value, about, "en") == text


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://a b", '"x', "//x", ""])
def test_only_addresses_are_links(link: str) -> None:
    """What is no address of the web is never a link."""
    assert say("firing", {"rule": "r", "link": link}).links() == []


def test_both_languages_have_every_word() -> None:
    """A word that is missing in one language would break its messages."""
    for words in (WORDS, LABELS, CHANNELS):
        assert words["en"].keys() == words["zh"].keys()


def test_lines_cannot_be_forged() -> None:
    """A label with line breaks or marks of direction stays one line."""
    text = plain(
        say("firing", {"rule": "r", "labels": {"queue": "a\nSince: x\u202eb"}})
    )
    assert "Where: queue a Since: x b" in text
