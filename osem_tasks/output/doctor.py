"""Show the findings of ``local.doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Status
from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted
from osem_tasks.output.text import ARROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.findings import Finding

MARKS = {
    Status.OK: Mark.DONE,
    Status.INFO: Mark.INFO,
    Status.WARNING: Mark.WARNING,
    Status.FAILED: Mark.FAILED,
}


def doctor_outcome(findings: Sequence[Finding], main_job: str) -> Outcome:
    """Return one line per finding, and an error if one would stop ``main_job``."""
    rows = aligned([(finding.name, _text(finding)) for finding in findings])
    counts = {status: sum(one.status is status for one in findings) for status in Status}
    stopping = [finding for finding in findings if finding.status is Status.FAILED]
    return Outcome(
        data={
            "checks": [
                {
                    "name": finding.name,
                    "status": finding.status.value,
                    "message": finding.message,
                    "remediation": finding.remediation,
                }
                for finding in findings
            ],
            "summary": {status.value: count for status, count in counts.items()},
        },
        lines=[
            Line(MARKS[finding.status], row) for finding, row in zip(findings, rows, strict=True)
        ],
        summary=_summary(counts),
        error=_error(stopping, main_job) if stopping else None,
    )


def _text(finding: Finding) -> str:
    remedy = f"   {ARROW} {finding.remediation}" if finding.remediation else ""
    # A list of problems has a line for each.
    return f"{'; '.join(map(str.strip, finding.message.splitlines()))}{remedy}"


def _summary(counts: dict[Status, int]) -> Line:
    fine = counts[Status.OK] + counts[Status.INFO]
    warnings, failures = counts[Status.WARNING], counts[Status.FAILED]
    parts = [f"{counted(sum(counts.values()), 'check')}: {fine} fine"]
    parts += [counted(warnings, "warning")] if warnings else []
    parts += [f"{failures} would stop the main job"] if failures else []
    worst = Status.FAILED if failures else Status.WARNING if warnings else Status.OK
    return Line(MARKS[worst], ", ".join(parts))


def _error(stopping: Sequence[Finding], main_job: str) -> OsemError:
    first = stopping[0]
    names = ", ".join(dict.fromkeys(finding.name for finding in stopping))
    return OsemError(
        f"{main_job} would stop at: {names}.",
        code=first.code or ErrorCode.INVALID_CONFIGURATION,
        remediation=first.remediation,
    )
