"""Topics, cost and value, worked out again from the sample world's own files."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration.sample.world import (
    BOT,
    BOT_GAP,
    TOPICS,
    Arguments,
    make_world,
)
from orchestration.settings import ROOT, settings
from tests.python.warehouse import Warehouse

POINT = 0.01
LEAST_RIGHT = 0.97


def seed(name: str) -> list[dict[str, str]]:
    """Return the rows of a list of reference."""
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def contacts(built: Warehouse, world: Path) -> pd.DataFrame:
    """Return every contact of the sample world, as found and as it was made."""
    found = built.frame(
        "select interactions.*, economics.team_kind, economics.cost_amount::float"
        " from marts.fct_interactions as interactions"
        " left join marts.fct_contact_economics as economics using (interaction_id)"
    )
    truth = pd.read_parquet(world / "truth" / "interactions.parquet").merge(
        pd.read_parquet(world / "truth" / "topics.parquet"),
        on=["source_name", "record_id"],
        validate="one_to_one",
    )
    names = {row["topic_value"]: row["topic"] for row in seed("seed_topic_values")}
    truth["topic"] = truth["topic"].str.lower().map(names)
    both = truth.merge(
        found,
        left_on=["source_name", "record_id"],
        right_on=["source_name", "source_record_id"],
        suffixes=("_true", ""),
    )
    assert len(both) == len(found) == len(truth) > 500
    return both


def test_topics_are_what_contacts_are_about(contacts: pd.DataFrame) -> None:
    """What a source says is right; what the words say, nearly always."""
    right = contacts["topic"] == contacts["topic_true"]
    by_reason = right.groupby(contacts["topic_reason"]).agg(["mean", "size"])
    assert by_reason.loc["source", "mean"] == 1
    assert by_reason.loc["classified", "mean"] >= LEAST_RIGHT
    assert by_reason.loc["classified", "size"] > 50
    # nobody says what a call was about that nobody answered; words were lost to faults
    silent = contacts[contacts["topic_reason"] == "no_keyword_found"]
    assert (silent["channel"] == "phone").mean() > 0.9


def gap_by_topic(contacts: pd.DataFrame, topic: str, solved: str) -> tuple:
    """Return the plain gap between bot and people, and the one by topic."""
    known = contacts[contacts[solved].notna() & contacts[topic].notna()]
    is_bot = known["channel"] == "bot"
    rates = (
        known[solved]
        .astype(float)
        .groupby([known[topic], is_bot])
        .mean()
        .unstack()
        .dropna()
    )
    shares = contacts[topic].value_counts().reindex(rates.index)
    gaps = rates[True] - rates[False]
    plain = known[is_bot][solved].astype(float).mean()
    return (
        plain - known[~is_bot][solved].astype(float).mean(),
        (gaps * shares).sum() / shares.sum(),
    )


def test_the_gap_between_bot_and_people_is_the_true_one(
    built: Warehouse, contacts: pd.DataFrame
) -> None:
    """The analysis finds, by topic, the gap of the contacts as they were made."""
    built.dbt("compile", "--select", "bot_and_people_compared")
    query = settings().target / "compiled/frontdesk/analyses/dashboards"
    found = built.frame((query / "bot_and_people_compared.sql").read_text())
    truth = contacts.assign(resolved=contacts["is_resolved_true"])
    plain, by_topic = gap_by_topic(truth, "topic_true", "resolved")
    assert abs(float(found["plain_gap"][0]) - plain) < POINT
    assert abs(float(found["standardised_gap"][0]) - by_topic) < POINT
    assert plain > by_topic


def test_the_plain_comparison_is_planted_to_mislead() -> None:
    """With many people the bot seems better, and is worse by what is planted."""
    plan = make_world(Arguments(20_000, 60, 3, date(2026, 1, 5))).contacts
    frame = pd.DataFrame(
        {
            "topic": np.array(TOPICS)[plan["topic"]],
            "solved": plan["solved"],
            "channel": np.where(plan["channel"] == BOT, "bot", "people"),
        }
    )
    plain, by_topic = gap_by_topic(frame, "topic", "solved")
    assert plain > 0.03
    assert abs(by_topic + BOT_GAP) < POINT


def test_the_bot_gets_no_contact_that_it_did_not_have() -> None:
    """Only topics change places, and no topic becomes more frequent."""
    small = Arguments(300, 40, 11, date(2026, 1, 5))
    first, again = make_world(small).contacts, make_world(small).contacts
    for name, column in first.items():
        assert np.array_equal(column, again[name])


def test_contacts_cost_what_the_rates_say(contacts: pd.DataFrame) -> None:
    """Every cost, from the rates, the handling seconds and the team."""
    rates = seed("seed_cost_rates")
    exchange = {
        row["currency"]: float(row["exchange_rate"])
        for row in seed("seed_exchange_rates")
    }
    wrong = [
        contact.interaction_id
        for contact in contacts.itertuples()
        if not same(contact.cost_amount, cost(contact, rates, exchange))
    ]
    assert wrong == []
    assert contacts["cost_amount"].notna().sum() > 300
    assert set(contacts["team_kind"]) >= {"own", "outsourced", "bot", "none"}


def same(found: float, expected: float | None) -> bool:
    """Tell whether two amounts are one, or both missing."""
    if expected is None or pd.isna(found):
        return expected is None and pd.isna(found)
    return abs(found - expected) < 0.0001


def cost(contact: object, rates: list[dict], exchange: dict) -> float | None:
    """Return what a contact costs."""
    if contact.team_kind == "none":
        return 0.0
    day = str(contact.started_date)
    for rate in rates:
        if rate["team_kind"] == contact.team_kind and (
            rate["valid_from"] <= day < (rate["valid_to"] or "9999")
        ):
            price = float(rate["cost_amount"]) * exchange[rate["cost_currency"]]
            if rate["cost_basis"] != "hour":
                return price
            seconds = contact.handle_seconds
            return None if pd.isna(seconds) else price * seconds / 3600
    return None


def test_conversions_are_the_orders_that_followed(built: Warehouse) -> None:
    """Conversions and credited amounts, found by going through every order."""
    found = built.frame(
        "select conversions.*, interactions.started_at, interactions.ended_at"
        " from marts.fct_contact_conversions as conversions"
        " inner join marts.fct_interactions as interactions using (interaction_id)"
    )
    orders = built.frame(
        "select order_id, customer_id, order_amount::float, order_currency, ordered_at"
        " from marts.fct_orders where is_sale and customer_id is not null"
    )
    exchange = {
        row["currency"]: float(row["exchange_rate"])
        for row in seed("seed_exchange_rates")
    }
    found["finished_at"] = found["ended_at"].fillna(found["started_at"])
    converted: dict[str, int] = {}
    credited: dict[str, float] = {}
    by_customer = dict(list(found.groupby("customer_id")))
    for order in orders.itertuples():
        mine = by_customer.get(order.customer_id)
        if mine is None:
            continue
        waited = order.ordered_at - mine["finished_at"]
        window = (waited > pd.Timedelta(0)) & (waited <= pd.Timedelta(days=7))
        near = mine[window].sort_values(["finished_at", "interaction_id"])
        for key in near["interaction_id"]:
            converted[key] = converted.get(key, 0) + 1
        if len(near):
            last = near["interaction_id"].iloc[-1]
            amount = order.order_amount * exchange[order.order_currency]
            credited[last] = credited.get(last, 0) + amount
    assert len(credited) > 20
    counts = found["interaction_id"].map(converted).fillna(0)
    assert (counts == found["order_count"]).all()
    amounts = found["interaction_id"].map(credited).fillna(0)
    assert (amounts - found["credited_amount"].astype(float)).abs().max() < 0.011


def test_each_line_adds_up_its_contacts(
    built: Warehouse, contacts: pd.DataFrame
) -> None:
    """Contacts and cost of every channel, kind of team, topic and day."""
    keys = ["channel", "team_kind", "topic", "started_date"]
    lines = built.frame(
        "select channel, team_kind, coalesce(topic, '') as topic,"
        " started_date, contact_count, cost_amount::float"
        " from marts.kpi_topic_economics_daily"
    ).set_index(keys)
    timed = contacts[contacts["team_kind"].notna()].fillna({"topic": ""})
    expected = timed.groupby(keys).agg(
        contact_count=("interaction_id", "size"), cost_amount=("cost_amount", "sum")
    )
    pd.testing.assert_frame_equal(
        lines.sort_index(), expected.sort_index(), check_dtype=False, atol=0.001
    )


def test_a_standardised_rate_is_a_mean_over_topics(built: Warehouse) -> None:
    """Every rate by topic, from the lines of the 28 days before."""
    lines = built.frame(
        "select * from marts.kpi_topic_economics_daily where topic is not null"
    )
    lines["started_date"] = pd.to_datetime(lines["started_date"])
    rows = built.frame("select * from marts.kpi_channel_economics_daily")
    counted = 0
    for row in rows.itertuples():
        day = pd.Timestamp(row.started_date)
        window = lines[
            (lines["started_date"] <= day)
            & (lines["started_date"] > day - pd.Timedelta(days=28))
        ]
        shares = window.groupby("topic")["contact_count"].sum()
        mine = window[
            (window["channel"] == row.channel) & (window["team_kind"] == row.team_kind)
        ]
        sums = mine.groupby("topic")[["resolved_count", "resolution_known_count"]].sum()
        sums = sums[sums["resolution_known_count"] > 0]
        covered = shares.reindex(sums.index)
        if covered.sum() / max(shares.sum(), 1) < 0.8:
            assert row.standardised_resolution_rate is None or pd.isna(
                row.standardised_resolution_rate
            )
            assert row.standardised_resolution_reason == "topics_not_covered"
            continue
        rates = sums["resolved_count"] / sums["resolution_known_count"]
        expected = (rates * covered).sum() / covered.sum()
        assert abs(float(row.standardised_resolution_rate) - expected) < 0.0001
        counted += 1
    assert counted > 50
