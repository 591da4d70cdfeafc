"""The card of a customer: counted anew in Python, as time passes, and asked for."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psycopg
import pytest
from scipy.special import hyp2f1

from tests.python.warehouse import AS_OF, Warehouse

TODAY = pd.Timestamp("2026-03-15")
"""Reporting day of the as-of time that the tests build to."""
ZONE = "Asia/Shanghai"
MODELS = "customer_value+"
NUMBERS = {
    "CNY": (0.4, 5.0, 0.8, 2.5, 6.0, 4.0, 400.0),
    "GBP": (0.3, 4.0, 0.7, 2.0, 5.0, 3.5, 45.0),
}


@pytest.fixture(scope="module")
def cards(built: Warehouse) -> pd.DataFrame:
    """Return every customer's card."""
    return built.frame("select * from marts.customer_360").set_index("customer_id")


@pytest.fixture(scope="module")
def contacts(built: Warehouse) -> pd.DataFrame:
    """Return the contacts of known customers, with their local day and hour."""
    found = built.frame(
        "select interaction_id, customer_id, channel, direction, topic, is_complaint,"
        " is_abandoned, is_resolved, is_resolution_known, started_at"
        " from marts.fct_interactions where customer_id is not null"
    )
    local = pd.to_datetime(found["started_at"], utc=True).dt.tz_convert(ZONE)
    return found.assign(
        started_at=pd.to_datetime(found["started_at"], utc=True),
        age=(TODAY - local.dt.tz_localize(None).dt.normalize()).dt.days,
        hour=local.dt.hour,
    )


def test_every_kept_contact_is_on_a_card(
    built: Warehouse, cards: pd.DataFrame, world: Path
) -> None:
    """The world's own contacts: on the cards, or of nobody known."""
    truth = pd.read_parquet(world / "truth" / "interactions.parquet")
    unknown = built.value(
        "select count(*) from marts.fct_interactions where customer_id is null"
    )
    on_cards = cards["contact_count"].sum() + cards["outbound_contact_count"].sum()
    assert on_cards + unknown == len(truth)
    assert cards["complaint_count"].sum() == built.value(
        "select count(*) from marts.fct_interactions"
        " where is_complaint and customer_id is not null"
    )


def test_contacts_are_counted_as_in_python(
    cards: pd.DataFrame, contacts: pd.DataFrame
) -> None:
    """Windows, complaints, favourites and the last contact, customer by customer."""
    groups = {name: rows for name, rows in contacts.groupby("customer_id")}
    assert len(groups) > 200
    for customer, card in cards.iterrows():
        rows = groups.get(customer, contacts.iloc[:0])
        came = rows[rows["direction"] != "outbound"]
        assert card["contact_count"] == len(came)
        assert card["outbound_contact_count"] == len(rows) - len(came)
        for days in (30, 90, 365):
            assert card[f"contact_{days}d_count"] == (came["age"] < days).sum()
            assert (
                card[f"complaint_{days}d_count"]
                == (rows["is_complaint"] & (rows["age"] < days)).sum()
            )
        for channel, part in came.groupby("channel"):
            assert (
                card["contacts_by_channel"][channel]["90d"] == (part["age"] < 90).sum()
            )
        lately = came[came["age"] < 365]
        for column, favourite in (
            ("channel", card["preferred_channel"]),
            ("hour", card["preferred_hour"]),
        ):
            if lately.empty:
                assert pd.isna(favourite)
                continue
            ranked = lately.groupby(column)["started_at"].agg(["size", "max"])
            best = ranked.sort_values(["size", "max"], ascending=False).index[0]
            assert favourite == best
        if not came.empty:
            last = came.sort_values(["started_at", "interaction_id"]).iloc[-1]
            assert card["last_interaction_id"] == last["interaction_id"]


def test_repeats_are_counted_as_in_python(
    cards: pd.DataFrame, contacts: pd.DataFrame
) -> None:
    """A contact within seven days of the one before it, on any channel."""
    came = contacts[contacts["direction"] == "inbound"].sort_values(
        ["customer_id", "started_at", "interaction_id"]
    )
    since = came.groupby("customer_id")["started_at"].diff()
    repeats = came[since <= pd.Timedelta(days=7)].groupby("customer_id").size()
    expected = repeats.reindex(cards.index).fillna(0).astype(int)
    assert expected.sum() > 100
    assert (cards["repeat_contact_count"] == expected).all()


def test_orders_are_counted_as_in_python(built: Warehouse, cards: pd.DataFrame) -> None:
    """Sales in the currency of the last one; days of purchase; classes and tier."""
    orders = built.frame("select * from marts.fct_orders where customer_id is not null")
    bands = built.frame("select * from reference.seed_value_bands")
    values = built.frame("select * from marts.customer_value").set_index("customer_id")
    orders["order_amount"] = orders["order_amount"].astype(float)
    orders["day"] = pd.to_datetime(orders["ordered_date"])
    checked = 0
    for customer, rows in orders.groupby("customer_id"):
        sales = rows[rows["is_sale"]].sort_values(["ordered_at", "order_id"])
        value = values.loc[customer]
        assert value["order_count"] == len(sales) == cards.loc[customer, "order_count"]
        assert value["undone_order_count"] == len(rows) - len(sales)
        if sales.empty:
            assert value["value_tier"] == "none"
            continue
        currency = sales["order_currency"].iloc[-1]
        main = sales[sales["order_currency"] == currency]
        amount = main["order_amount"].sum()
        assert float(value["order_amount"]) == pytest.approx(amount, abs=0.005)
        days = sales["day"].drop_duplicates()
        assert value["repeat_purchase_count"] == len(days) - 1
        # the hour of the week of a customer's own is within the week before
        scored = pd.Timestamp(value["scored_at"]).tz_convert(ZONE)
        recency = (scored.tz_localize(None).normalize() - days.max()).days
        assert value["recency_days"] == recency
        assert (
            pd.Timedelta(0)
            <= pd.Timestamp("2026-03-15", tz="UTC") - scored.tz_convert("UTC")
            < pd.Timedelta(days=7)
        )

        def band(measure: str, number: float, of: str = "any") -> int:
            bounds = bands[
                (bands["measure"] == measure) & (bands["order_currency"] == of)
            ]
            return int((bounds["lower_bound"] <= number).sum())

        score = (
            5
            - band("recency_days", recency)
            + 1
            + band("purchase_days", len(days))
            + 1
            + band("order_amount", round(amount, 2), currency)
        )
        assert value["recency_frequency_value_score"] == score
        assert value["value_basis"] == "score"
        assert value["value_tier"] == ("low", "middle", "high")[band("score", score)]
        checked += 1
    assert checked > 50


def test_surveys_and_tickets_are_counted_as_in_python(
    built: Warehouse, cards: pd.DataFrame
) -> None:
    """Last scores, their trend, open tickets, reopenings and running promises."""
    answers = built.frame(
        "select * from marts.fct_survey_responses"
        " where is_answered and customer_id is not null"
        " order by answered_at, invitation_id"
    )
    for kind in ("csat", "nps"):
        groups = answers[answers["survey_type"] == kind].groupby("customer_id")["score"]
        found = {name: list(map(float, scores)) for name, scores in groups}
        for customer, card in cards.iterrows():
            scores = found.get(customer, [])
            if not scores:
                assert pd.isna(card[f"last_{kind}_score"])
                continue
            assert card[f"last_{kind}_score"] == scores[-1]
            before = scores[-6:-1]
            if before:
                trend = scores[-1] - sum(before) / len(before)
                assert float(card[f"{kind}_trend"]) == pytest.approx(trend, abs=0.005)
    tickets = built.frame(
        "select * from marts.fct_tickets where customer_id is not null"
        " and not is_deleted"
    )
    events = built.frame("select * from marts.fct_sla_events where is_running")
    promises = events.merge(
        tickets[tickets["is_live"]], on="ticket_id", suffixes=("", "_of_ticket")
    )
    for column, counted in (
        ("ticket_count", tickets.groupby("customer_id").size()),
        (
            "open_ticket_count",
            tickets[tickets["is_live"]].groupby("customer_id").size(),
        ),
        ("reopen_count", tickets.groupby("customer_id")["reopen_count"].sum()),
        (
            "breached_promise_count",
            promises[promises["state"] == "breached"].groupby("customer_id").size(),
        ),
    ):
        expected = counted.reindex(cards.index).fillna(0).astype(int)
        assert expected.sum() > 0
        assert (cards[column] == expected).all(), column


def test_risks_are_the_logistic_sums(built: Warehouse, cards: pd.DataFrame) -> None:
    """Weights of the seed times measures of the card."""
    weights = built.frame("select * from reference.seed_score_coefficients")
    for score, column in (("churn", "churn_risk_rate"), ("complaint", None)):
        of = weights[weights["score"] == score].set_index("measure")["coefficient"]
        column = column or f"{score}_risk_rate"
        for _, card in cards.iterrows():
            if score == "churn" and card["order_count"] == 0:
                assert pd.isna(card[column])
                continue
            idle = pd.Timestamp(card["scored_at"]) - pd.Timestamp(
                card["last_ordered_at"]
            )
            repeats = card["repeat_purchase_count"]
            measures = {
                "intercept": 1.0,
                "weeks_since_last_order": 0.0
                if pd.isna(card["last_ordered_at"])
                else min(idle / pd.Timedelta(weeks=1), 52),
                "repeat_purchases": 0.0 if pd.isna(repeats) else math.log1p(repeats),
                "complaints_90d": min(card["complaint_90d_count"], 3),
                "complaints_365d": math.log1p(card["complaint_365d_count"]),
                "bad_last_csat": float(card["last_csat_score"] <= 2),
                "unresolved_last_contact": float(card["last_outcome"] == "unresolved"),
                "open_tickets": min(card["open_ticket_count"], 3),
                "breached_promises": min(card["breached_promise_count"], 3),
                "repeat_contacts_90d": min(card["repeat_contact_90d_count"], 5),
            }
            total = sum(weight * measures[name] for name, weight in of.items())
            expected = 1 / (1 + math.exp(-total))
            assert float(card[column]) == pytest.approx(expected, abs=0.00006)


def test_labels_follow_their_rules(built: Warehouse, cards: pd.DataFrame) -> None:
    """Each rule of the seed, evaluated over the cards in Python."""
    rules = built.frame("select * from reference.seed_labels")
    compare = {
        "at_least": lambda measure, limit: measure.astype(float) >= float(limit),
        "at_most": lambda measure, limit: measure.astype(float) <= float(limit),
        "is": lambda measure, limit: measure.astype(object) == limit,
        "is_one_of": lambda measure, limit: measure.isin(limit.split("|")),
    }
    expected = set()
    for label, rows in rules.groupby("label"):
        for _, conditions in rows.groupby("rule_number"):
            holds = pd.Series(True, index=cards.index)
            for row in conditions.itertuples():
                holds &= compare[row.comparison](cards[row.measure], row.threshold)
            expected |= {(customer, label) for customer in cards.index[holds]}
    found = built.frame(
        "select customer_id, label from marts.customer_labels where is_current"
    )
    assert set(found.itertuples(index=False, name=None)) == expected
    assert found["label"].nunique() >= 8


@pytest.fixture
def copied(built: Warehouse, copy_of: Callable[[str], str]) -> Warehouse:
    """Return a copy of the built warehouse, to be changed."""
    return Warehouse(copy_of(built.dsn))


def rows_of(warehouse: Warehouse, *tables: str) -> dict[str, list[str]]:
    """Return what tables hold, but when it was written."""
    found = {}
    for table in tables:
        rows = warehouse.frame(f"select * from {table}").drop(columns="changed_xid")
        found[table] = sorted(map(repr, rows.itertuples(index=False, name=None)))
    return found


def test_time_that_passes_costs_little_and_is_exact(copied: Warehouse) -> None:
    """An hour later few customers are counted again; a year later all are right."""
    tables = (
        *("marts.customer_value", "marts.customer_360"),
        *("exports.export_agent_assist__customer_identifiers",),
    )
    customers = copied.value("select count(*) from marts.customer_360")
    before = copied.value("select pg_current_xact_id()::text::bigint")
    hour = ("--vars", '{as_of: "2026-03-15 01:00:00"}')
    copied.dbt("run", "--select", MODELS, *hour)
    written = copied.value(
        "select count(*) from marts.customer_360 where changed_xid >= %s::text::xid8",
        str(before),
    )
    assert written < customers * 0.05
    since = copied.frame("select * from marts.customer_labels")
    # contacts leave their windows, risks rise, tickets' clocks run
    year = ("--vars", '{as_of: "2027-02-01 09:30:00"}')
    copied.dbt("run", *year)
    passed = rows_of(copied, *tables)
    labels = rows_of(copied, "marts.customer_labels")
    ended = copied.frame("select * from marts.customer_labels where not is_current")
    assert len(ended) > 0
    assert (ended["until_at"] == pd.Timestamp("2027-02-01 09:30", tz="UTC")).all()
    # when it began is what it was
    both = ended.merge(since, on="customer_label_id")
    assert len(both) == len(ended)
    assert (both["since_at_x"] == both["since_at_y"]).all()
    copied.dbt("run", "--full-refresh", *year)
    assert passed == rows_of(copied, *tables)
    assert labels == rows_of(copied, "marts.customer_labels")


def test_a_new_version_scores_every_buyer(copied: Warehouse) -> None:
    """Fitted numbers that arrive are scored with, as the published formulas say."""
    with psycopg.connect(copied.dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into frontdesk.value_parameters (model_version, model, segment,"
            " parameter, parameter_value, measured_at)"
            " values (1, 'value', %s, %s, %s, now())",
            [
                (currency, name, number)
                for currency, numbers in NUMBERS.items()
                for name, number in zip(
                    ("r", "alpha", "a", "b", "p", "q", "v"), numbers, strict=True
                )
            ],
        )
    copied.dbt("run", "--select", "stg_value__parameters+")
    values = copied.frame("select * from marts.customer_value where order_count > 0")
    assert (values["value_basis"] == "model").all()
    assert len(values) > 50
    horizon = 365 / 7
    for row in values.itertuples():
        r, alpha, a, b, p, q, v = NUMBERS[row.order_currency]
        x, t_x = row.repeat_purchase_count, float(row.weeks_to_last_purchase)
        weeks = float(row.observed_weeks)
        m = float(row.repeat_purchase_amount) if x else 0.0
        gone = (
            a / (b + x - 1) * ((alpha + weeks) / (alpha + t_x)) ** (r + x) if x else 0
        )
        z = horizon / (alpha + weeks + horizon)
        purchases = (
            (a + b + x - 1)
            / (a - 1)
            * (1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z))
            / (1 + gone)
        )
        amount = p * (v + x * m) / (p * x + q - 1)
        assert float(row.alive_rate) == pytest.approx(1 / (1 + gone), abs=2e-4)
        assert float(row.predicted_value_amount) == pytest.approx(
            purchases * amount, rel=2e-3, abs=0.02
        )
    cards = copied.value(
        "select count(*) from marts.customer_360 where value_basis = 'model'"
    )
    assert cards == len(values)


def test_a_label_is_a_row_of_the_list(copied: Warehouse) -> None:
    """A new row labels customers at the next build, a bad one is told and ignored."""
    with psycopg.connect(copied.dsn) as connection:
        connection.execute(
            "insert into reference.seed_labels (label, label_name, rule_number,"
            " measure, comparison, threshold, valid_from, owner) values"
            " ('any_buyer', 'Any buyer', '1', 'order_count', 'at_least', '1',"
            " '2026-01-01', 'Ann'),"
            " ('bad', 'Bad', '1', 'order_count', 'at_least', '1; drop table x',"
            " '2026-01-01', 'Ann')"
        )
    copied.dbt("run", "--select", "int_label_conditions__cleaned+")
    counted = "select count(*) from marts.customer_labels where label = %s"
    buyers = copied.value(
        "select count(*) from marts.customer_360 where order_count >= 1"
    )
    assert copied.value(counted + " and is_current", "any_buyer") == buyers
    assert copied.value(counted, "bad") == 0
    assert (
        copied.value(
            "select rejection_reason from cleaned.int_label_conditions__cleaned"
            " where label = 'bad'"
        )
        == "threshold_is_no_number"
    )
    with psycopg.connect(copied.dsn) as connection:
        connection.execute(
            "delete from reference.seed_labels where label = 'any_buyer'"
        )
    later = '{as_of: "2026-03-16 00:00:00"}'
    copied.dbt("run", "--select", "int_label_conditions__cleaned+", "--vars", later)
    assert copied.value(counted + " and is_current", "any_buyer") == 0
    assert copied.value(counted, "any_buyer") == buyers


def ask(warehouse: Warehouse, identifier: str) -> SimpleNamespace:
    """Ask for a customer's context."""
    with psycopg.connect(warehouse.dsn) as connection:
        found = connection.execute(
            "select exports.customer_context(%s)", [identifier]
        ).fetchone()[0]
    return SimpleNamespace(**found)


def spellings(phone: str) -> list[str]:
    """Return ways in which people write a number of China or Britain."""
    country, rest = phone[:3], phone[3:]
    shapes = [
        phone,
        f"{country} {rest[:3]} {rest[3:7]} {rest[7:]}",
        f"00{country[1:]}{rest}",
        f"({country}) {rest[:4]}-{rest[4:]}",
    ]
    if country == "+86":
        shapes += [rest, f"{rest[:3]}-{rest[3:7]}-{rest[7:]}", f" {rest} "]
    else:
        shapes += [f"0{rest}", f"0{rest[:4]} {rest[4:]}"]
    return shapes


def test_any_identifier_finds_the_customer(
    built: Warehouse, cards: pd.DataFrame
) -> None:
    """Phones in any spelling, e-mails, openids, numbers of orders and tickets."""
    asked = 0
    for customer, card in cards[cards["phone"].notna()].head(40).iterrows():
        for spelling in spellings(card["phone"]):
            found = ask(built, spelling)
            assert found.match_count >= 1, spelling
            meant = [found.customer["customer_id"], *found.other_customer_ids]
            # one number may be what two people are reached at
            assert customer in meant, spelling
            assert len(meant) == found.match_count
            asked += 1
    for customer, card in cards[cards["email"].notna()].head(20).iterrows():
        found = ask(built, f"  {card['email'].upper()} ")
        assert found.customer["customer_id"] == customer
        asked += 1
    for openids in cards["openids"]:
        for openid in openids[:1]:
            bare = openid.partition("/")[2]
            for spelling in (openid, bare):
                assert ask(built, spelling).matched_by == "openid"
            asked += 1
    for table, key in (("fct_orders", "order_id"), ("fct_tickets", "ticket_id")):
        known = built.frame(
            f"select {key} as key, customer_id from marts.{table}"
            " where customer_id is not null order by 1 limit 10"
        )
        for row in known.itertuples():
            assert ask(built, row.key).customer["customer_id"] == row.customer_id
    assert asked > 200
    nobody = ask(built, "+8619900000001")
    assert vars(nobody) == {"identifier": "+8619900000001", "match_count": 0}
    for odd in ("", " ", "'; drop table x", "王小明", "0" * 5000):
        assert ask(built, odd).match_count == 0


def test_the_context_is_what_the_marts_say(
    built: Warehouse, cards: pd.DataFrame, contacts: pd.DataFrame
) -> None:
    """Last twenty contacts, open tickets, labels and the first action they call for."""
    busiest = contacts["customer_id"].value_counts().index[:15]
    labels = built.frame("select * from marts.customer_labels where is_current")
    actions = built.frame("select * from reference.seed_next_actions")
    for customer in busiest:
        found = ask(built, customer)
        rows = contacts[contacts["customer_id"] == customer].sort_values(
            ["started_at", "interaction_id"], ascending=False
        )
        listed = [contact["interaction_id"] for contact in found.last_interactions]
        assert listed == rows["interaction_id"].head(20).tolist()
        assert len(found.open_tickets) == cards.loc[customer, "open_ticket_count"]
        mine = labels[labels["customer_id"] == customer]["label"]
        assert [label["label"] for label in found.labels] == sorted(mine)
        called = actions[actions["label"].isin(mine)].sort_values("action_rank")
        if called.empty:
            assert found.next_best_action is None
        else:
            first = called.iloc[0]["next_action"]
            assert found.next_best_action["action"] == first
        # what identifies is masked on the card
        shown = json.dumps(found.customer, ensure_ascii=False)
        for number in (cards.loc[customer, "phone"], cards.loc[customer, "email"]):
            assert not isinstance(number, str) or number not in shown


def test_the_as_of_time_is_the_tests_own() -> None:
    """The reporting day above is that of the builds."""
    assert "2026-03-15 00:00:00" in AS_OF
