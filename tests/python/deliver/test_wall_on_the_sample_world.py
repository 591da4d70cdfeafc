"""The wall says what the marts say: on the sample world, by its own queries."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.deliver.wall.clock import Clock
from orchestration.deliver.wall.hub import Hub
from orchestration.deliver.wall.poller import Poller
from orchestration.settings import settings
from tests.python.warehouse import Warehouse

BEGINS = datetime(2026, 2, 5, 9, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def shown(built: Warehouse) -> dict[str, Any]:
    """Return one snapshot of a day inside the sample world."""

    async def look() -> bytes:
        poller = Poller(built.dsn, Hub(), settings().business_zone, Clock(BEGINS))
        async with await poller._connect() as connection:
            await poller.tick(connection)
        return poller.hub.document.plain

    return json.loads(asyncio.run(look()))


def tile(shown: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one tile."""
    return next(one for one in shown["marts"]["tiles"] if one["name"] == name)


def test_every_part_is_there(shown: dict[str, Any]) -> None:
    """Whatever a mart renames, the wall's questions notice."""
    assert shown["has_marts"]
    assert len(shown["marts"]["tiles"]) == 7
    assert shown["marts"]["scorecard"]
    assert tile(shown, "fcr")["target"] == 0.7
    assert shown["marts"]["at_risk_counts"]["ticket_count"] is not None


def test_contacts_are_those_of_the_interactions(
    shown: dict[str, Any], built: Warehouse
) -> None:
    """24 whole hours up to the newest that is known; nothing of what lies ahead."""
    until = datetime.fromisoformat(shown["until"])
    assert until <= BEGINS
    assert datetime.fromisoformat(shown["known_at"]) <= BEGINS
    count = built.value(
        "select count(*) from marts.fct_interactions"
        " where is_offered and started_at >= %s and started_at < %s",
        until - timedelta(hours=24),
        until,
    )
    assert tile(shown, "contacts")["value"] == count


def test_rates_of_days_are_those_of_the_dictionary(
    shown: dict[str, Any], built: Warehouse
) -> None:
    """By the expression of `seed_metrics` over the same days."""
    day = datetime.fromisoformat(shown["until"]).astimezone(ZoneInfo(shown["zone"]))
    for name, metric, model, column, first, last in (
        ("fcr", "fcr_7d_rate", "kpi_fcr_daily", "started_date", 14, 8),
        ("promises", "sla_met_rate", "kpi_tickets_daily", "activity_date", 6, 0),
    ):
        expression = built.value(
            "select expression from reference.seed_metrics where metric = %s", metric
        )
        expected = built.value(
            f"select {expression} from marts.{model} where {column} between %s and %s",
            day.date() - timedelta(days=first),
            day.date() - timedelta(days=last),
        )
        told = tile(shown, name)
        if told["value"] is None:
            assert told["count"] < 10
        else:
            assert told["value"] == pytest.approx(float(expected), abs=1e-4)


def test_a_ticket_is_found(shown: dict[str, Any], built: Warehouse) -> None:
    """What the list of promises points at, the wall can look up."""
    from orchestration.deliver.wall.app import Wall

    ticket = str(built.value("select min(ticket_id) from marts.fct_tickets"))
    poller = Poller(built.dsn, Hub(), settings().business_zone)
    found = asyncio.run(Wall(poller, None)._ticket(ticket))
    assert found["ticket_id"] == ticket
    assert isinstance(found["promises"], list)
