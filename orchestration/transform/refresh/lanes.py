"""Which models are refreshed by the minute, which now and then, and what wakes what.

The lanes have one home: `MINUTE` names what must be fresh by the minute, `LATE` what it
reads that may come later. All else that a build makes incrementally is the slow lane.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MINUTE = (
    "dim_queues",
    "fct_agent_states",
    "fct_sla_at_risk",
    "fct_source_freshness",
    "kpi_agent_daily",
    "kpi_backlog_daily",
    "kpi_channel_daily",
    "kpi_queue_daily",
    "kpi_satisfaction_daily",
    "kpi_source_volume_hourly",
    "kpi_tickets_daily",
)
"""Marts that a floor is run by; all that they read is refreshed with them."""

LATE = (
    # a week of durations is counted anew for one more, and only later weeks ask
    "int_durations__counted",
    "int_duration_fences__drawn",
    # reads what customers wrote; topics are looked at by the day
    "int_topic_hits__counted",
    # follows customers, not contacts
    "fct_contact_chains",
)
"""What minute marts read but do not wait for: they take up what is new when it comes.

All of identity is late: a new contact is counted at once and gets its customer later.
"""

LATE_ROOMS = ("identity",)
TOLD_BY_BUILDS = ("stg_quality__gate_runs", "stg_quality__gate_results")
"""What every build writes itself: news of it alone is no reason to build."""


@dataclass(frozen=True)
class Touch:
    """One parent whose new rows touch keys of a model."""

    parent: str
    key: str


@dataclass(frozen=True)
class Model:
    """What a lane needs to know of a model."""

    name: str
    schema: str
    alias: str
    room: str
    materialized: str
    path: tuple[str, ...]
    """Its key in Dagster."""
    touches: tuple[Touch, ...]
    reads: tuple[str, ...]
    """The models it selects from, unions that stand nowhere left out."""
    runs_on: bool
    """Whether its figures move with the clock alone."""
    asks_itself: bool
    """Whether it says by a rule of its own when it is due."""
    is_connected: bool
    """Whether it is a view over a table that a connector lands."""

    @property
    def relation(self) -> str:
        """Its name in `frontdesk.watermarks`."""
        return f"{self.schema}.{self.alias}"

    @property
    def is_landing(self) -> bool:
        """Whether it is a view over a raw table."""
        return self.room == "staging"

    @property
    def is_table(self) -> bool:
        """Whether it is made anew, whole, by each run."""
        return self.materialized == "table"


class Lanes:
    """The models of the project, in lanes."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        """Read the models from dbt's manifest."""
        nodes = {
            key: node
            for key, node in manifest["nodes"].items()
            if node["resource_type"] == "model"
        }
        connected = {
            key
            for key, source in manifest["sources"].items()
            if source["meta"].get("landed_by") == "connector"
        }
        self.models = {
            node["name"]: _model(node, nodes, connected)
            for node in nodes.values()
            if node["config"]["materialized"] != "ephemeral"
        }

    @cached_property
    def minute(self) -> frozenset[str]:
        """The models that are refreshed by the minute."""
        found: set[str] = set()
        ahead = list(MINUTE)
        while ahead:
            model = self.models[ahead.pop()]
            is_late = model.name in LATE or model.room in LATE_ROOMS
            if model.name not in found and not is_late and not model.is_landing:
                found.add(model.name)
                ahead += model.reads
        return frozenset(found)

    @cached_property
    def slow(self) -> frozenset[str]:
        """The other models that news of a source or of a model can touch."""
        return frozenset(
            model.name
            for model in self.models.values()
            if not model.is_landing
            and model.name not in self.minute
            and (model.touches or self._reads_what_moves(model))
        )

    def _reads_what_moves(self, model: Model) -> bool:
        """Say whether a table reads a model that is touched; lists move by builds."""
        return any(
            self.models[name].touches and not self.models[name].is_landing
            for name in model.reads
        )

    @cached_property
    def clocked(self) -> frozenset[str]:
        """The minute models whose figures move while nothing is new."""
        return frozenset(
            name
            for name in self.minute
            if self.models[name].runs_on or self._is_redrawn(self.models[name])
        )

    def _is_redrawn(self, model: Model) -> bool:
        return model.is_table and self._reads_what_moves(model)

    @cached_property
    def companions(self) -> frozenset[str]:
        """The slow models that go along when others go: no news is theirs alone."""
        return frozenset(
            name
            for name in self.slow
            if self.models[name].asks_itself
            or any(
                touch.parent in TOLD_BY_BUILDS for touch in self.models[name].touches
            )
        )

    @cached_property
    def landings(self) -> tuple[Model, ...]:
        """The views over raw tables that wake a model, connectors' among them."""
        named = {
            touch.parent for model in self.models.values() for touch in model.touches
        }
        return tuple(
            self.models[name]
            for name in sorted(named)
            if name in self.models and self.models[name].is_landing
        )

    def below(self, names: Iterable[str], within: frozenset[str]) -> frozenset[str]:
        """Return models with all that news of them can touch, inside some models."""
        found: set[str] = set()
        ahead = [name for name in names if name in within]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead += [child for child in self._children[name] if child in within]
        return frozenset(found)

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {name: [] for name in self.models}
        for model in self.models.values():
            parents = {touch.parent for touch in model.touches}
            # a table has no keys that are touched: whatever it reads makes it anew
            for parent in parents | (set(model.reads) if model.is_table else set()):
                if parent in children:
                    children[parent].append(model.name)
        return children


def _model(
    node: Mapping[str, Any], nodes: Mapping[str, Any], connected: set[str]
) -> Model:
    """Return what a lane needs of a node of the manifest."""
    meta = node["config"].get("meta") or {}
    return Model(
        name=node["name"],
        schema=node["schema"],
        alias=node["alias"],
        room=node["fqn"][1],
        materialized=node["config"]["materialized"],
        path=(node["fqn"][1], node["name"]),
        touches=tuple(
            Touch(touch["parent"], touch["key"])
            for touch in meta.get("touched_by") or []
            # its own keys, with which it finds those that a list no longer has
            if touch["parent"] != node["name"]
        ),
        reads=tuple(sorted(_reads(node, nodes))),
        runs_on=bool(meta.get("running")),
        asks_itself=any(touch.get("always") for touch in meta.get("touched_by") or []),
        is_connected=not connected.isdisjoint(node["depends_on"]["nodes"]),
    )


def _reads(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> set[str]:
    """Return the models that a node reads, through those that stand nowhere."""
    found: set[str] = set()
    for key in node["depends_on"]["nodes"]:
        parent = nodes.get(key)
        if parent is None:
            continue
        if parent["config"]["materialized"] == "ephemeral":
            found |= _reads(parent, nodes)
        else:
            found.add(parent["name"])
    return found


def read_lanes(manifest: Path) -> Lanes:
    """Return the lanes of the project as its manifest describes them."""
    return Lanes(json.loads(manifest.read_text()))
