"""A fresh engine for a Nox session.

::

    from osem_tasks.nox import fresh_engine

    @nox.session
    def integration(session):
        session.install("-r", "requirements.txt")
        with fresh_engine(session) as engine:
            session.run("pytest", *engine.posargs, env=engine.env)
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import nox


@dataclass(frozen=True, slots=True)
class SessionEngine:
    """The environment variables for the engine, and the session's remaining arguments."""

    env: dict[str, str]
    posargs: list[str]


@contextlib.contextmanager
def fresh_engine(session: nox.Session) -> Iterator[SessionEngine]:
    """Start an engine for this session on a free port; remove it even after failure or a signal.

    The next session removes the engine of a killed one.
    ``nox -s SESSION -- --engine KIND`` chooses the kind; the session gets all other arguments
    after ``--``. ``osem_tasks`` must be installed in the session's environment.
    """
    parser = argparse.ArgumentParser(prog=f"nox -s {session.name} --", allow_abbrev=False)
    parser.add_argument("--engine", default=os.environ.get("OSEM_LOCAL_ENGINE") or "auto")
    options, rest = parser.parse_known_args(session.posargs)
    pid = str(os.getpid())
    with interrupts.listening():
        begun = session.run("python", "-m", "osem_tasks.testing.session", pid, silent=True)
        directory = str(begun).strip().rpartition("\n")[2]
        # A separate state directory and name, so that a developer's engine is never used.
        env = {"OSEM_STATE_DIR": directory, "OSEM_LOCAL_NAME": f"osem-session-{pid}"}
        osem = ("python", "-m", "osem_tasks")
        try:
            up = ("local.up", "--engine", options.engine, "--port", "0", "--isolated")
            session.run(*osem, *up, env=env)
            yield SessionEngine(env, rest)
        finally:
            with interrupts.shielded():
                session.run(*osem, "local.down", env=env)
                shutil.rmtree(directory, ignore_errors=True)
