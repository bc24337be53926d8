"""Show results: a table for a terminal, Markdown for the docs, JSON for a comparison."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.row import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.measure import Result

HEADINGS = ("what", "goal", "ours", "reference", "ratio", "CPU", "met")


def as_text(results: Iterable[Result]) -> str:
    """Return the table for a terminal; what was left out follows with its reason."""
    results = list(results)
    table = [HEADINGS, *(_cells(result) for result in results if not result.left_out)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join([*lines, *_left_out(results)]) + "\n"


def in_words(result: Result) -> str:
    """Return one result on one line, while others are still measured."""
    if result.left_out:
        return "left out"
    _, goal, ours, reference, ratio, cpu, _ = _cells(result)
    return f"{ours}, reference {reference}, ratio {ratio} (goal {goal or 'none'}, CPU {cpu or '-'})"


def as_markdown(results: Iterable[Result], machine: dict[str, str]) -> str:
    """Return the table for the docs, with the machine that it was measured on."""
    results = list(results)
    rows = [
        (result.row.what, result.row.against, *_cells(result)[1:])
        for result in results
        if not result.left_out
    ]
    headings = (HEADINGS[0], "beside", *HEADINGS[1:])
    table = [headings, ("---",) * len(headings), *rows]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    told = ", ".join(f"{name} {text}" for name, text in machine.items())
    return "\n".join([f"Measured on: {told}.", "", *lines, "", *_left_out(results)]) + "\n"


def as_document(results: Iterable[Result], machine: dict[str, str]) -> dict[str, Any]:
    """Return what ``--json`` writes and ``--compare`` reads: every sample of every row."""
    return {"machine": machine, "rows": [_row(result) for result in results]}


def machine() -> dict[str, str]:
    """Return what the figures belong to: the commit, the machine and the time."""
    return {
        "commit": _commit(),
        "cores": str(os.cpu_count()),
        "CPU": _cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "at": datetime.now(timezone.utc).isoformat(timespec="minutes"),
    }


def _cells(result: Result) -> Sequence[str]:
    row, unit = result.row, UNITS[result.row.measured]
    cpu = result.cpu_ratio
    return (
        row.what,
        "" if row.goal is None else f"{row.goal:.2f}",
        f"{result.our_median:.3g} {unit}",
        f"{result.reference_median:.3g} {unit}",
        f"{result.ratio:.2f}",
        "" if cpu is None else f"{cpu:.2f}",
        {True: "yes", False: "NO", None: ""}[result.met],
    )


def _left_out(results: Iterable[Result]) -> list[str]:
    return [
        f"left out: {result.row.what}: {result.left_out}" for result in results if result.left_out
    ]


def _row(result: Result) -> dict[str, Any]:
    row = result.row
    shared = {"name": row.name, "what": row.what, "against": row.against, "goal": row.goal}
    if result.left_out:
        return {**shared, "leftOut": result.left_out}
    return {
        **shared,
        "measured": row.measured,
        "ratio": result.ratio,
        "met": result.met,
        "ours": [asdict(sample) for sample in result.ours],
        "reference": [asdict(sample) for sample in result.reference],
    }


def _commit() -> str:
    words = ("git", "describe", "--always", "--dirty")
    here = Path(__file__).parent
    done = subprocess.run(words, cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
