"""Show two JSON files of the benchmark beside each other: what one commit changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.row import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADINGS = ("row", "ours A", "ours B", "change", "CPU change", "ratio A", "ratio B")


@dataclass(frozen=True, slots=True)
class Run:
    """The commit of a file, and its rows by their names."""

    commit: str
    rows: Mapping[str, Mapping[str, Any]]


def read(path: Path) -> Run:
    """Return what ``--json`` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Run(document["machine"]["commit"], {row["name"]: row for row in document["rows"]})


def as_text(before: Run, after: Run) -> str:
    """Return the table, and the rows that only one of the files has measured."""
    both = [name for name in before.rows if _measured(before, name) and _measured(after, name)]
    table = [HEADINGS, *(_cells(before.rows[name], after.rows[name]) for name in both)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    single = [
        f"only in {run.commit}: {name}"
        for run in (before, after)
        for name in run.rows
        if name not in both and _measured(run, name)
    ]
    return "\n".join([f"A: {before.commit}   B: {after.commit}", *lines, *single]) + "\n"


def _measured(run: Run, name: str) -> bool:
    return "ours" in run.rows.get(name, {})


def _cells(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    measured, unit = after["measured"], UNITS[after["measured"]]
    old, new = _ours(before, measured), _ours(after, measured)
    old_cpu, new_cpu = _ours(before, "cpu"), _ours(after, "cpu")
    return (
        after["name"],
        f"{old:.3g} {unit}",
        f"{new:.3g} {unit}",
        _change(old, new),
        _change(old_cpu, new_cpu),
        f"{before['ratio']:.2f}",
        f"{after['ratio']:.2f}",
    )


def _ours(row: Mapping[str, Any], quantity: str) -> float:
    return float(median(sample[quantity] for sample in row["ours"]))


def _change(old: float, new: float) -> str:
    return f"{(new / old - 1) * 100:+.0f} %" if old else ""
