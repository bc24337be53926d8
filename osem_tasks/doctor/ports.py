"""The port of the engine: free, ours, or whose?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command, engine_command
from osem_tasks.config.endpoints import same_place
from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host, probe, strangers
from osem_tasks.errors import ErrorCode
from osem_tasks.findings import Finding, failed, fine

if TYPE_CHECKING:
    from osem_tasks.doctor.situation import Situation

NAME = "port"


def check(situation: Situation) -> list[Finding]:
    """Say who holds the port that ``local.up`` would use."""
    running, request, port = situation.running, situation.request, situation.port
    if running:
        moved = bool(request.port) and not running.endpoint.endswith(f":{request.port}")
        return [_moved(situation, running.endpoint) if moved else _ours(situation)]
    if not port:
        return [fine(NAME, "any free port is taken")]
    if host.is_free(port):
        return [fine(NAME, f"port {port} of {LOOPBACK} is free")]
    return [_taken(situation, port)]


def _ours(situation: Situation) -> Finding:
    request = situation.request
    return fine(NAME, f"engine '{request.name}' runs at {situation.endpoint}")


def _moved(situation: Situation, endpoint: str) -> Finding:
    request = situation.request
    return failed(
        NAME,
        f"engine '{request.name}' runs at {endpoint}, and port {request.port} is requested",
        request.replacing_command(),
        ErrorCode.ENGINE_UNAVAILABLE,
    )


def _taken(situation: Situation, port: int) -> Finding:
    endpoint = f"http://{LOOPBACK}:{port}"
    another = replace(situation.request, port=0).command()
    mine = next(
        (
            record
            for record, state in situation.recorded
            if state.runs and same_place(record.endpoint, endpoint)
        ),
        None,
    )
    if mine:
        who = f"our engine '{mine.name}' ({mine.engine})"
        remedy = f"{another}   or stop it: {engine_command('local.down', mine.name)}"
        return _failed(port, who, remedy)
    owner = host.listener(port) or "another program"
    found = probe.ask(endpoint)
    if found and found is not probe.ANOTHER_SERVER:
        use = command("db.setup", "--endpoint", endpoint)
        who = f"{owner}: {found.name}, which this suite did not start"
        return _failed(port, who, f"{another}   or use it: {use}")
    stranger = strangers.stranger_at(endpoint)
    words = f": {stranger.words}" if stranger else ""
    return _failed(port, f"{owner}{words}", f"{another}   or stop that program")


def _failed(port: int, owner: str, remedy: str) -> Finding:
    message = f"port {port} of {LOOPBACK} is taken by {owner}"
    return failed(NAME, message, remedy, ErrorCode.PORT_IN_USE)
