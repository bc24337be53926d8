"""Measure and print the table: ``nox -s bench``, or ``python -m benchmarks``.

`-k WORD` (repeatable) chooses rows by a part of their name, `--list` shows the names, `-n NUMBER`
replaces the number of repetitions. `--json FILE` keeps every sample, `--compare A B` shows two
such files beside each other, `--markdown` prints the table for the docs.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import compare, report
from benchmarks.measure import measure
from benchmarks.place import place
from benchmarks.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Result
    from benchmarks.row import Row


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say."""
    options = _parser().parse_args(arguments)
    if options.compare:
        sys.stdout.write(compare.as_text(*map(compare.read, options.compare)))
        return
    rows = [row for row in ROWS if any(word in row.name for word in options.k or [""])]
    if options.list:
        sys.stdout.writelines(f"{row.name:24} {row.what}\n" for row in rows)
        return
    # A benchmark that is killed removes the engines that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    results = _measured(rows, options.n)
    machine = report.machine()
    if options.json:
        text = json.dumps(report.as_document(results, machine), indent=1)
        options.json.write_text(text, encoding="utf-8")
    text = report.as_markdown(results, machine) if options.markdown else report.as_text(results)
    sys.stdout.write(text)


def _measured(rows: Sequence[Row], repetitions: int | None) -> list[Result]:
    results = []
    with tempfile.TemporaryDirectory(prefix="osem-bench-") as folder:
        here = place(Path(folder))
        for number, row in enumerate(rows, 1):
            sys.stderr.write(f"{number} of {len(rows)}: {row.what}: ")
            sys.stderr.flush()
            results.append(measure(row, here, repetitions))
            sys.stderr.write(f"{report.in_words(results[-1])}\n")
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", allow_abbrev=False)
    parser.add_argument("-k", action="append", metavar="WORD", help="rows with WORD in their name")
    parser.add_argument("-n", type=int, metavar="NUMBER", help="repetitions of every row")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE")
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A", "B"), help="show two JSON files together"
    )
    return parser


if __name__ == "__main__":
    main()
