"""Carry out all checks: side by side, each for a limited time, and none stops another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.doctor import (
    aws_files,
    kinds,
    leftovers,
    machine,
    packages,
    ports,
    project,
    shell,
)
from osem_tasks.engines import registry
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import OsemError
from osem_tasks.findings import Finding, Status, warning
from osem_tasks.waiting import policy
from osem_tasks.waiting.bounded import bounded
from osem_tasks.waiting.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.doctor.situation import Situation
    from osem_tasks.engines.registry import EngineKind

# Seconds for one check, and for one call of Docker's in it.
LONGEST, CALL = 12.0, 4.0


@dataclass(frozen=True, slots=True)
class Check:
    """A named check; it may yield several findings."""

    name: str
    look: Callable[[Situation], Iterable[Finding]]


# In the order in which they would stop the main job.
BEFORE = (
    Check(packages.PYTHON, packages.python),
    Check(packages.PACKAGES, packages.packages),
    Check(packages.MODULES, packages.modules),
    Check(project.CONFIGURATION, project.configuration),
    Check(leftovers.DIRECTORY, leftovers.directory),
    Check(machine.DISK, machine.disk),
    Check(machine.MEMORY, machine.memory),
)
AFTER = (
    Check(ports.NAME, ports.check),
    Check(kinds.NAME, kinds.conflict),
    Check(project.ENVIRONMENT, project.environment),
    Check(leftovers.ENGINES, leftovers.engines),
    Check(leftovers.FILES, leftovers.files),
    Check(leftovers.PROCESSES, leftovers.processes),
    Check(shell.ENDPOINT, shell.endpoint),
    Check(shell.PROXY, shell.proxy),
    Check(shell.KEYS, shell.keys),
    Check(project.OURS, project.ours),
    Check(aws_files.FILES, aws_files.check),
    Check(machine.CLOCK, machine.clock),
)


def examine(situation: Situation, seconds: float = LONGEST) -> list[Finding]:
    """Return all findings: what stops the main job first, then warnings, then the rest.

    A check that takes longer than ``seconds`` is given up.
    """
    tables = Check(project.TABLES, project.tables)
    of_kinds = [_check_of(kind, situation) for kind in registry.KINDS]
    checks = [*BEFORE, *of_kinds, *AFTER]
    with policy.using(replace(policy.current(), docker_call=CALL)):
        found = side_by_side(
            lambda check: findings_of(check, situation, seconds), checks, len(checks)
        )
    by_check = {check.name: result for check, result in zip(checks, found, strict=True)}
    return ordered(
        [
            *(finding for check in BEFORE for finding in by_check[check.name]),
            *_of_engines(situation, by_check),
            # A project's code may need the main thread, and has a limit of its own there.
            *_tables(tables, situation, seconds),
            *(finding for check in AFTER[1:] for finding in by_check[check.name]),
        ]
    )


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return the failures, then the warnings, then the rest, as they come."""
    rank = {Status.FAILED: 0, Status.WARNING: 1, Status.INFO: 2, Status.OK: 2}
    return sorted(findings, key=lambda finding: rank[finding.status])


def findings_of(check: Check, situation: Situation, seconds: float | None) -> list[Finding]:
    """Return the findings of one check, and whatever ended it before its end.

    ``seconds`` None carries it out in this thread, without a limit.
    """
    found: list[Finding] = []

    def look() -> None:
        # One by one: what was found before a failure remains.
        found.extend(check.look(situation))

    try:
        look() if seconds is None else bounded(look, seconds)
    except TimeoutError:
        late = f"it is not known: the check {check.name} did not end in time"
        return [*found, warning(check.name, late, "Run it again, or look there yourself.")]
    except OsemError as error:
        return [*found, Finding.of_error(check.name, error)]
    except ImportError as error:
        return [*found, _unimportable(check.name, error)]
    except Exception as error:  # noqa: BLE001  a broken check must not stop the others
        words = f"the check itself failed ({type(error).__name__}: {error})"
        return [*found, warning(check.name, words, "Report this, please; the rest holds.")]
    return found


def _unimportable(name: str, error: ImportError) -> Finding:
    library = (error.name or "a library").partition(".")[0]
    where = f" from {error.path}" if error.path else ""
    return Finding(
        name,
        Status.FAILED,
        f"the Python package {library} cannot be used{where}",
        f"pip install --force-reinstall {library}   and rename a {library}.py of the project",
    )


def _check_of(kind: EngineKind, situation: Situation) -> Check:
    return Check(kind.name, lambda _: kind.create().findings(situation.request))


def _of_engines(situation: Situation, by_check: dict[str, list[Finding]]) -> list[Finding]:
    """Return the findings of the kinds and of the port, as they concern the main job."""
    names = registry.names()
    found = {name: by_check[name] for name in names}
    running = situation.running
    process = running.engine if running and running.pid is not None else None
    requested = situation.request.engine
    taken = kinds.chosen(requested, process, found)
    # `auto` stays with a process that runs, whatever became of its program.
    reused = requested == AUTO and taken == process
    of_port = by_check[ports.NAME]
    own: list[Finding] = []
    for name in names:
        for finding in kinds.judged(name, taken, names[0], found[name], reused=reused):
            if finding.name != ports.NAME:
                own.append(finding)
            elif name == taken and {one.status for one in [finding, *of_port]} != {Status.OK}:
                of_port = [finding]
    return [*own, *of_port]


def _tables(check: Check, situation: Situation, seconds: float) -> list[Finding]:
    is_code = any(":" in source for source in situation.settings.tables)
    return findings_of(check, situation, None if is_code else seconds)
