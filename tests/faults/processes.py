"""`inv` in a process of its own, which a test may kill, or in which it lets files fail."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.waiting.policy import using
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.waiting.policy import Policy

# What changes files, as Python's audit events name it.
CHANGES = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.truncate"})


def inv_as_process(
    environment: Mapping[str, str],
    argv: list[str],
    patience: Policy = SHORT,
    configuration: dict[str, Any] | None = None,
    told: str = os.devnull,
) -> None:
    """`inv`, by default with little patience and telling nobody anything."""
    from invoke.program import Program

    from osem_tasks import namespace

    os.environ.clear()
    os.environ.update(environment)
    with Path(told).open("w", encoding="utf-8") as stream:
        sys.stdout = sys.stderr = stream
        sys.argv = argv
        with using(patience):
            Program(namespace=namespace.build(configuration), name="inv").run(argv)


def killed_at_file(
    environment: Mapping[str, str], argv: list[str], number: int, below: list[str]
) -> None:
    """`inv`, which ends itself by SIGKILL at its file operation ``number`` in these folders."""

    def act() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    at_file(number, below, act)
    inv_as_process(environment, argv)


def failing_at_file(  # noqa: PLR0917  arguments of a process
    environment: Mapping[str, str],
    argv: list[str],
    number: int,
    below: list[str],
    code: int,
    told: str,
) -> None:
    """`inv`, whose file operation ``number`` in these folders fails, as do all after it."""

    def act() -> None:
        raise OSError(code, os.strerror(code))

    at_file(number, below, act)
    inv_as_process(environment, argv, told=told)


def too_large_at(environment: Mapping[str, str], argv: list[str], size: int, told: str) -> None:
    """`inv`, no file of which may have more than ``size`` bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    inv_as_process(environment, argv, told=told)


def at_file(number: int, below: list[str], act: Any) -> None:
    """Call ``act`` at the file operation ``number`` of this process, and at all after it."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in CHANGES and str(arguments[0]).startswith(tuple(below)):
            seen += 1
            if seen >= number:
                act()

    sys.addaudithook(watch)


DISK_FULL, READ_ONLY = errno.ENOSPC, errno.EROFS
