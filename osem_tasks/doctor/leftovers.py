"""The state directory, its files, and what killed commands have left."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import host, records, state
from osem_tasks.engines.detached import MARK
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Finding, failed, fine, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.doctor.situation import Situation

DIRECTORY, FILES, ENGINES, PROCESSES = "state directory", "state files", "engines", "processes"
_MARK = re.compile(rf"(?:-D)?{MARK}(?P<folder>.*)[/\\](?P<name>[^/\\]+)")


def directory(_situation: Situation) -> list[Finding]:
    """Say whether running engines can be recorded."""
    try:
        path = state.location()
    except OsemError as error:
        return [Finding.of_error(DIRECTORY, error)]
    if refused := state.refusal_of(path):
        return [failed(DIRECTORY, refused, state.REMEDY, ErrorCode.INVALID_CONFIGURATION)]
    return [fine(DIRECTORY, str(path) if path.exists() else f"{path} will be made")]


def files(situation: Situation) -> list[Finding]:
    """Name the state files that are ignored because they cannot be read."""
    found = records.unreadable_in(situation.folder) if situation.folder else []
    return [
        warning(FILES, f"{path} is ignored: {problem}", f"rm {shlex.quote(str(path))}")
        for path, problem in found
    ] or [fine(FILES, "every record can be read")]


def engines(situation: Situation) -> list[Finding]:
    """Name the engines that ended without local.down, and those of killed test runs."""
    found = [*_recorded(situation), *_begun(situation)]
    if found:
        return found
    running = [record for record, state_of in situation.recorded if state_of.runs]
    named = ", ".join(f"{record.name} ({record.engine})" for record in running)
    return [fine(ENGINES, f"running: {named}" if named else "no engine runs")]


def _recorded(situation: Situation) -> Iterator[Finding]:
    for record, found in situation.recorded:
        down = engine_command("local.down", record.name)
        if host.owner_has_ended(record):
            yield warning(
                ENGINES,
                f"'{record.name}' at {record.endpoint} belongs to a test run that was killed",
                down,
            )
        elif not found.runs:
            up = engine_command("local.up", record.name)
            yield warning(
                ENGINES,
                f"'{record.name}' is recorded at {record.endpoint} and {found.value}",
                f"{down}   or start it again: {up}",
            )


def _begun(situation: Situation) -> Iterator[Finding]:
    for intent in situation.begun:
        if intent.owner_pid is None or host.owner_has_ended(intent):
            yield warning(
                ENGINES,
                f"a start of '{intent.name}' has begun at {intent.started_at} and not ended",
                f"{engine_command('local.down', intent.name)}   if it was killed",
            )


def processes(situation: Situation) -> list[Finding]:
    """Name the processes of engines that no record knows."""
    known = {record.pid for record, _ in situation.recorded}
    begun = {intent.name for intent in situation.begun}
    here = os.path.realpath(situation.folder) if situation.folder else ""
    found = []
    for pid, word in host.words_with(MARK):
        match = _MARK.fullmatch(word)
        if not match or pid in known or match["name"] in begun:
            continue
        if match["folder"] == here:
            remedy = engine_command("local.down", match["name"])
            found.append(_leftover(pid, match["name"], "has no record", remedy))
        elif not os.path.isdir(match["folder"]):  # noqa: PTH112  Path raises without access
            gone = f"belongs to the state directory {match['folder']}, which is gone"
            found.append(_leftover(pid, match["name"], gone, f"kill {pid}"))
    return found or [fine(PROCESSES, "no engine was left behind")]


def _leftover(pid: int, name: str, why: str, remedy: str) -> Finding:
    return warning(PROCESSES, f"process {pid} of engine '{name}' {why}", remedy)
