"""Lint, types, unit tests, and integration tests against a fresh database.

`nox` runs them all. `nox -s integration -- --engine moto -k verify` chooses the engine;
everything else behind the two dashes goes to pytest.
"""

from __future__ import annotations

import nox

from osem_tasks.nox import fresh_engine

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "typecheck", "tests", "integration"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
CODE = ("osem_tasks", "tests", "examples", "tasks.py", "noxfile.py")


def groups(*names: str) -> list[str]:
    """The packages of these dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*groups("lint"))
    session.run("ruff", "check", *(session.posargs or CODE))
    session.run("ruff", "format", "--check", *(session.posargs or CODE))


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-r", "requirements.txt", *groups("types", "test"))
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests: no engine, no network."""
    session.install("-r", "requirements.txt", *groups("test"))
    session.run("python", "-m", "pytest", "tests/unit", *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """Run the integration tests on a fresh engine of the session's own, always removed."""
    session.install("-r", "requirements.txt", *groups("test"))
    with fresh_engine(session) as engine:
        session.run("python", "-m", "pytest", "tests/integration", *engine.posargs, env=engine.env)
