"""A process that has loaded this project, and becomes `inv`, `osem` or pytest by a fork when asked.

``tests.support.processes`` is the other side. It sends a request as JSON, and four descriptors:
stdin, stdout, stderr, and a pipe that gets the exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

MAX_REQUEST = 1_000_000
DESCRIPTORS = 4
# The interpreter's exit code where what it still had to write is lost.
LOST = 120
# What `inv` loads in the end. Nothing of it reads the environment when it is imported.
LOADED = ("boto3", "botocore.session", "invoke.program", "osem_tasks.cli", "osem_tasks.namespace")
PACKAGES = ("osem_tasks.apply", "osem_tasks.config", "osem_tasks.output", "osem_tasks.tasks")


def serve(channel: socket.socket) -> None:
    """Fork a child for every request, until the other side closes the channel."""
    from tests.support import botocore_once

    for name in LOADED:
        importlib.import_module(name)
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    botocore_once.warm()
    wake, waker = socket.socketpair()
    for end in (wake, waker):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    results: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is channel and not _begin(channel, results):
                    return
                if key.fileobj is wake:
                    wake.recv(4096)
            _reap(results)


def _begin(channel: socket.socket, results: dict[int, int]) -> bool:
    """Carry out one request; return whether there may be another one."""
    message, descriptors, _, _ = socket.recv_fds(channel, MAX_REQUEST, DESCRIPTORS)
    if not message:
        return False
    pid = os.fork()
    if pid == 0:
        _become(json.loads(message), descriptors[:3])
    *streams, result = descriptors
    for descriptor in streams:
        os.close(descriptor)
    results[pid] = result
    return True


def _reap(results: dict[int, int]) -> None:
    while results:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        result = results.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(result, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(result)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the command in this child. Never returns."""
    code = 1
    try:
        _dress(request, streams)
        code = _run(request["command"])
    finally:
        os._exit(code)


def _dress(request: dict[str, Any], streams: list[int]) -> None:
    """Take on what a new process begins with: a session, signals, streams, folder, environment."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    for number in request["closed"]:
        os.close(number)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = None if number in request["closed"] else _text(number, mode)
        vars(sys).update({name: stream, f"__{name}__": stream})


def _text(descriptor: int, mode: str) -> io.TextIOWrapper:
    """Return a standard stream as an interpreter opens it: stderr goes out at once."""
    at_once = descriptor == 2
    binary = os.fdopen(descriptor, f"{mode}b", buffering=0 if at_once else -1)
    errors = "backslashreplace" if at_once else "strict"
    return io.TextIOWrapper(binary, "utf-8", errors, write_through=at_once)


def _run(command: list[str]) -> int:
    """Run `python -m MODULE WORDS...` or a script with its words; return the exit code."""
    added = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [*added, *(path for path in sys.path if path not in added)]
    python = command[0] == sys.executable
    sys.orig_argv = command if python else [sys.executable, *command]
    code = 1
    try:
        if python:
            module, words = command[2], command[3:]
            sys.path.insert(0, str(Path.cwd()))
            sys.argv = [module, *words]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(command[0]).parent))
            sys.argv = command
            runpy.run_path(command[0], run_name="__main__")
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            sys.stderr.write(f"{stop.code}\n")
    except BaseException:  # noqa: BLE001  as the interpreter itself
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return code if _flushed(sys.stdout) else LOST


def _flushed(stream: TextIO | None) -> bool:
    """Flush stdout at the end, and complain of a failure as the interpreter does."""
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except (OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(f"Exception ignored in: {stream!r}\n{traceback.format_exc()}")
        return False
    return True


if __name__ == "__main__":
    if "pytest" in sys.argv[2:]:
        # First, as in a process of its own: pytest warns of a plugin that was there before it.
        from tests.support import forked_pytest

        forked_pytest.load()
    serve(socket.socket(fileno=int(sys.argv[1])))
