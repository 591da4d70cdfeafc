"""The project as a refresh sees it: the models it shall run, and no other work.

dbt links and searches its whole manifest in each run. A refresh gives it one that holds
the models alone, so a run of one model costs a third; the tests of a model's columns go
with the model as `meta.gates` and are asked of the rows it is about to write
(macros/quality/gate_new_rows.sql).
"""

import pickle
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dagster_dbt import DbtProject

from orchestration.database import connections
from orchestration.settings import exported
from orchestration.transform.project import (
    OFFLINE,
    changed_at,
    ensure_manifest,
    kept_manifest,
    place,
    unpickled,
)
from orchestration.transform.refresh.lanes import Lanes, read_lanes

TAG = "frontdesk_refresh"
"""Chosen nodes bear it: dbt searches the graph once for it, not once per name."""

GATES = ("not_null", "accepted_values", "accepted_range", "relationships")
"""Tests that look at one row; a unique key is enforced by the table itself."""

REFERENCE = re.compile(r"ref\('(\w+)'\)")


def gate_of(test: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a node of dbt
    """Return what a refresh asks instead of a test; nothing for one of whole tables."""
    metadata = getattr(test, "test_metadata", None)
    if metadata is None or metadata.name not in GATES or test.config.where:
        return None
    arguments = {
        name: value
        for name, value in metadata.kwargs.items()
        if name not in ("model", "column_name", "to")
    }
    target = REFERENCE.search(str(metadata.kwargs.get("to", "")))
    return {
        "name": test.name,
        "test": metadata.name,
        "column": test.column_name,
        "severity": test.config.severity.lower(),
        "arguments": arguments,
        "parent": target.group(1) if target else None,
    }


class Manifests:
    """Keeps the manifest of the project, and cuts from it what a run needs."""

    def __init__(self, project: DbtProject) -> None:
        """Keep nothing yet: it takes seconds to read."""
        self.project = project
        self._tests: dict[str, Any] = {}
        self._lanes: Lanes | None = None
        self._lanes_of = self._kept_of = 0.0
        """When the files that were read had been changed."""
        self._kept = b""

    def lanes(self) -> Lanes:
        """Return the lanes of the project, read anew when its files have changed."""
        changed = changed_at(self.project)
        if self._lanes is None or changed != self._lanes_of:
            path = ensure_manifest(self.project)
            self._lanes, self._lanes_of = read_lanes(path), changed
        return self._lanes

    def _ready(self) -> None:
        """Keep the manifest of the project as its files stand."""
        changed = changed_at(self.project)
        if not self._kept or changed != self._kept_of:
            # as builds do: dbt reads all files anew when the environment differs
            with exported({**OFFLINE, **connections.dbt_environment()}):
                self._keep(kept_manifest(self.project))
            self._kept_of = changed

    def _keep(self, manifest: Any) -> None:  # noqa: ANN401 - dbt's own class
        """Keep the models, with the gates that each asks of its new rows."""
        nodes = manifest.nodes
        self._tests = {
            node.name: pickle.dumps(node)
            for node in nodes.values()
            if node.resource_type == "test" and not hasattr(node, "test_metadata")
        }
        for test in nodes.values():
            gate = gate_of(test) if test.resource_type == "test" else None
            model = nodes.get(test.attached_node) if gate else None
            if model is not None and model.resource_type == "model":
                meta = {**model.config.meta}
                meta["gates"] = [*meta.get("gates", []), gate]
                model.config.meta = meta
        manifest.nodes = {
            key: node for key, node in nodes.items() if node.resource_type != "test"
        }
        for unasked in ("exposures", "metrics", "semantic_models", "saved_queries"):
            setattr(manifest, unasked, {})
        manifest.unit_tests = {}
        self._kept = pickle.dumps(manifest)

    def cut(
        self, models: Iterable[str], tests: Iterable[str], unfinished: Iterable[str]
    ) -> Any:  # noqa: ANN401 - dbt's own class
        """Return a manifest in which these nodes bear the tag, fit for one run.

        A gate that looks into a model of `unfinished` is left to builds.
        """
        self._ready()
        manifest = unpickled(self._kept)
        chosen, late = set(models), set(unfinished)
        for node in manifest.nodes.values():
            if node.name in chosen:
                _tag(node)
                _leave_gates(node, late)
        _order_gates(manifest.nodes, chosen)
        for name in tests:
            node = pickle.loads(self._tests[name])
            _tag(node)
            manifest.nodes[node.unique_id] = node
        place(manifest)
        manifest.rebuild_ref_lookup()
        return manifest

    def guards(self, room: str, built: Mapping[str, bool]) -> list[str]:
        """Return the tests of a room that stand for themselves and can be asked."""
        self._ready()
        found = []
        for name, kept in self._tests.items():
            node = pickle.loads(kept)
            reads = [key.split(".")[2] for key in node.depends_on.nodes]
            if node.fqn[1] == room and all(built.get(read, True) for read in reads):
                found.append(name)
        return sorted(found)


def _tag(node: Any) -> None:  # noqa: ANN401
    node.tags = [*node.tags, TAG]
    node.config.tags = [*node.config.tags, TAG]


def _leave_gates(node: Any, parents: set[str]) -> None:  # noqa: ANN401
    """Ask no gates that look into some models."""
    gates = node.config.meta.get("gates")
    if gates:
        kept = [gate for gate in gates if gate["parent"] not in parents]
        node.config.meta = {**node.config.meta, "gates": kept}


def _order_gates(nodes: Mapping[str, Any], chosen: set[str]) -> None:
    """Run a model after those that its gates look into, as a build runs its tests.

    A gate that looks into a model made of its own one cannot be asked before it.
    """
    keys = {
        node.name: key
        for key, node in nodes.items()
        if node.resource_type == "model" and node.name in chosen
    }
    for key in keys.values():
        node = nodes[key]
        parents = {gate["parent"] for gate in node.config.meta.get("gates") or ()}
        for parent in sorted(parents & keys.keys()):
            if _reads(nodes, keys[parent], key):
                _leave_gates(node, {parent})
            else:
                node.depends_on.nodes = [*node.depends_on.nodes, keys[parent]]


def _reads(nodes: Mapping[str, Any], key: str, other: str) -> bool:
    """Say whether a node reads another, itself or through others."""
    seen: set[str] = set()
    ahead = [key]
    while ahead:
        found = ahead.pop()
        if found == other:
            return True
        if found in nodes and found not in seen:
            seen.add(found)
            ahead += nodes[found].depends_on_nodes
    return False
