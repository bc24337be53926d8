"""Run a command to its end; `inv`, `osem` and pytest without the time that loading them takes.

They are forked from a process that has loaded them already (``tests.support.forked``). A test of
what a new process does while it loads, of its encoding, or of a signal starts a real one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.schemas import check_output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 60.0
PROGRAMS = ("invoke", "osem_tasks", "pytest")
BIN = Path(sys.executable).parent
SCRIPTS = tuple(str(BIN / name) for name in ("inv", "osem", "pytest"))
# Variables that an interpreter reads when it starts.
_STARTING = ("LANG", "LC_", "PYTHON", "COVERAGE")
_HARMLESS = ("PYTHONPATH", "PYTHONHASHSEED")
_UTF_8 = re.compile(r"(C|[a-z]{2}_[A-Z]{2})?\.?utf-?8", re.IGNORECASE)
# Before any test changes it: the environment of the process that forks.
BEGUN = dict(os.environ)
ROOT = Path(__file__).resolve().parents[2]
PIPED: Mapping[int, int | None] = {1: subprocess.PIPE, 2: subprocess.PIPE}


def call(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = LONGEST,
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end, with nothing on stdin. Raises TimeoutExpired."""
    environment = dict(os.environ if env is None else env)
    words = [str(word) for word in command]
    if _may_fork(words, cwd, environment):
        done = _forked(words, cwd, environment, timeout)
    else:
        done = _started(words, cwd, environment, timeout)
    check_output(done.stdout)
    return done


def _started(
    command: list[str], cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def redirected(
    command: Sequence[str],
    *,
    cwd: Path,
    out: int | None = subprocess.PIPE,
    err: int | None = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a program of this project with other streams: a descriptor each, or None for a closed one.

    The result is empty for a stream that is not a pipe. Raises TimeoutExpired.
    """
    words, environment = [str(word) for word in command], dict(os.environ)
    assert _may_fork(words, cwd, environment), f"no program of this project: {words}"
    return _forked(words, cwd, environment, LONGEST, {1: out, 2: err})


def _may_fork(command: list[str], cwd: Path, environment: Mapping[str, str]) -> bool:
    """Whether a fork does what a new process would."""
    ours = command[:2] == [sys.executable, "-m"] and command[2] in PROGRAMS
    told = {
        name: value
        for name, value in environment.items()
        if name.startswith(_STARTING) and name not in _HARMLESS and not _UTF_8.fullmatch(value)
    }
    same = all(BEGUN.get(name) == value for name, value in told.items())
    added = environment.get("PYTHONPATH", "").split(os.pathsep)
    changed = any(Path(path, "sitecustomize.py").exists() for path in added if path)
    program = ours or command[0] in SCRIPTS
    return hasattr(os, "fork") and program and same and not changed and cwd.is_dir()


@cache
def _server(kind: str) -> socket.socket:
    """Return the channel to a process that forks, which ends when this process does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.support.forked", str(its.fileno()), kind]
    with its:
        process = subprocess.Popen(
            command, cwd=ROOT, env=BEGUN, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # first: what is registered last is called first
    return ours


def _forked(
    command: list[str],
    cwd: Path,
    environment: dict[str, str],
    timeout: float,
    streams: Mapping[int, int | None] = PIPED,
) -> subprocess.CompletedProcess[str]:
    closed = [number for number, descriptor in streams.items() if descriptor is None]
    given = {number: to for number, to in streams.items() if to not in (None, subprocess.PIPE)}
    request = {
        "command": command,
        "cwd": str(cwd),
        "environment": environment,
        "closed": closed,
    }
    with contextlib.ExitStack() as stack:
        nothing = os.open(os.devnull, os.O_RDONLY)
        pipes = [os.pipe() for _ in range(3)]
        its = [nothing, *(write for _, write in pipes)]
        sent = [given.get(number) or descriptor for number, descriptor in enumerate(its)]
        try:
            kind = "pytest" if "pytest" in (Path(command[0]).name, *command[2:3]) else "programs"
            socket.send_fds(_server(kind), [json.dumps(request).encode()], sent)
        finally:
            for descriptor in its:
                os.close(descriptor)
        out, err, result = (stack.enter_context(os.fdopen(read, "rb")) for read, _ in pipes)
        found: dict[str, bytes] = {}
        readers = [
            threading.Thread(target=lambda n=n, s=s: found.update({n: s.read()}), daemon=True)
            for n, s in (("out", out), ("err", err))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        if (
            any(reader.is_alive() for reader in readers)
            or not select.select([result], [], [], timeout)[0]
        ):
            raise subprocess.TimeoutExpired(command, timeout)
        code = int(result.read())
    return subprocess.CompletedProcess(
        command, code, *(found[name].decode("utf-8", "replace") for name in ("out", "err"))
    )
