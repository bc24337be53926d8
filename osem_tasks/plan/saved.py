"""A plan as a document: written to a file, read back, and compared before it is applied. Pure.

The document holds what the steps were decided from, and the steps. Nothing in it is executed:
whoever applies it plans again, from the tables as they are, and goes on only if the result is the
same. So a file that was edited, or that is old, can stop a run, and can do nothing else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.plan.actions import Kind
from osem_tasks.schema.difference import Verdict
from osem_tasks.schema.requests import index_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.plan.actions import Action, Plan
    from osem_tasks.schema.difference import Comparison, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

Document = dict[str, Any]
# The first member of the document; its number changes when the document's form does.
MARK, FORMAT = "osemPlan", 1
CHECKSUM = "checksum"
RUNS, HELD_BACK, IMPOSSIBLE = "runs", "held back", "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan was made, and how.

    ``target`` has the environment, account, region, endpoint, table names and engine. ``options``
    are those that decide about the steps, ``narrowed`` says whether ``--table`` was given.
    """

    task: str
    version: str
    written: str
    target: Mapping[str, str | None]
    options: tuple[str, ...] = ()
    narrowed: bool = False


def document_of(origin: Origin, comparison: Comparison, plan: Plan) -> Document:
    """Return the document of a plan that was made from ``comparison``, with its checksum."""
    return sealed(
        {
            MARK: FORMAT,
            "task": origin.task,
            "version": origin.version,
            "written": origin.written,
            "target": dict(origin.target),
            "options": sorted(origin.options),
            "narrowed": origin.narrowed,
            "tables": [_basis(comparison, diff) for diff in comparison.diffs],
            "actions": [_step(action, plan) for action in plan.actions],
        }
    )


def sealed(document: Document) -> Document:
    """Return ``document`` with the checksum of its other members."""
    content = {name: value for name, value in document.items() if name != CHECKSUM}
    return {**content, CHECKSUM: _digest(content)}


def _basis(comparison: Comparison, diff: TableDiff) -> Document:
    """Return what the steps of one table were decided from."""
    live = comparison.found.get(diff.name)
    return {
        "tableName": diff.name,
        "tableId": live.identity if live else None,
        "declared": _digest(_declaration(comparison.tables[diff.name])),
        "live": _digest(_compared(diff, live)),
        "differences": [
            {"path": fact.path, "expected": fact.expected, "found": fact.found}
            for fact in diff.issues
        ],
    }


def _declaration(table: Table) -> Document:
    """Return everything that is declared and managed."""
    return {**asdict(table), "ignored": sorted(table.ignored), "unmanaged": None}


def _compared(diff: TableDiff, live: LiveTable | None) -> list[Any]:
    """Return what was compared. A fact that nobody judges may move on, as units do."""
    return [
        live.arn if live else None,
        *(
            [
                fact.path,
                fact.verdict.value,
                fact.found if fact.verdict is Verdict.DIFFERENT else None,
            ]
            for fact in diff.facts
        ),
    ]


def _step(action: Action, plan: Plan) -> Document:
    state = RUNS if action in plan.runnable else HELD_BACK if action.possible else IMPOSSIBLE
    # An index is built with capacity that the live one has, which no other member tells.
    built = action.index is not None and action.kind is not Kind.DELETE_INDEX
    return {
        **action.as_json(),
        "state": state,
        "index": dict(index_request(action.index)) if built and action.index else None,
    }


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
