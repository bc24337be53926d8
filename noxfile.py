"""Lint, types, unit tests, and integration tests against a fresh database.

`nox` runs them all. `nox -s integration -- --engine moto -k verify` chooses the engine;
everything else behind the two dashes goes to pytest. What every engine must do alike (facts,
mutations, repairs, the main job, documents, templates) runs on each one that is here, the rest
on the session's own; `--one-engine` leaves the others out.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox
from nox.command import CommandFailed

from osem_tasks.engines.ministack import TESTED
from osem_tasks.nox import fresh_engine

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "typecheck", "tests", "exports", "faults", "integration"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
CODE = ("osem_tasks", "tests", "benchmarks", "examples", "tasks.py", "noxfile.py")

# Tests assert, start processes and hold fake secrets: bandit looks at the rest.
SHIPPED = ("osem_tasks", "tasks.py", "noxfile.py")


def groups(*names: str) -> list[str]:
    """The packages of these dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, and the package for known kinds of insecure code."""
    session.install(*groups("lint"))
    session.run("ruff", "check", *(session.posargs or CODE))
    session.run("ruff", "format", "--check", *(session.posargs or CODE))
    session.run("bandit", "-c", "pyproject.toml", "-q", "-r", *(session.posargs or SHIPPED))


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-r", "requirements.txt", *groups("types"))
    session.run("mypy", *session.posargs)


def workers(session: nox.Session) -> list[str]:
    """Four pytest workers where xdist is there and nobody asks for another number.

    Most tests wait more than they work, so that two cores serve four of them. They get one test
    after another, so that the long ones, which come first, are spread over all of them.
    """
    code = "from importlib.util import find_spec; print(bool(find_spec('xdist')))"
    there = str(session.run("python", "-c", code, silent=True)).strip() == "True"
    return ["-n", "4", "--maxschedchunk", "1"] if there and "-n" not in session.posargs else []


def paths(session: nox.Session, *folders: str) -> tuple[str, ...]:
    """The session's folders, unless the arguments name tests themselves."""
    named = any(Path(word.partition("::")[0]).exists() for word in session.posargs)
    return () if named else folders


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests and the properties of plans: no engine, no network.

    `nox -s tests -- --quick` tries few examples of every property.
    """
    session.install("-r", "requirements.txt", *groups("test"))
    words = (*paths(session, "tests/unit", "tests/properties", "tests/fuzz"), *workers(session))
    session.run("python", "-m", "pytest", *words, *session.posargs)


@nox.session
def exports(session: nox.Session) -> None:
    """Check exported CloudFormation templates with cfn-lint, which is large."""
    session.install("-r", "requirements.txt", *groups("exports"))
    session.run("python", "-m", "pytest", *paths(session, "tests/exports"), *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Run the failure suite: moto in the role of AWS, behind a server that fails on demand."""
    session.install("-r", "requirements.txt", *groups("test"))
    words = (*paths(session, "tests/faults"), *workers(session))
    session.run("python", "-m", "pytest", *words, *session.posargs)


def with_ministack(session: nox.Session) -> None:
    """Have ministack on the session's PATH, unless it is there or cannot be installed.

    It gets an environment of its own, because it needs one exact version of botocore.
    """
    location = getattr(session.virtualenv, "location", None)
    if location is None:  # nox --no-venv
        return
    home = Path(location).parent / "ministack"
    folder = home / ("Scripts" if os.name == "nt" else "bin")
    if shutil.which("ministack"):
        return
    if not (folder / "ministack").exists():
        package = f"ministack=={TESTED[-1]}"
        try:
            # uv, which nox prefers too, takes a second where pip takes many.
            by_uv = shutil.which("uv") is not None
            more = ("--without-pip",) if by_uv else ()
            session.run("python", "-m", "venv", "--clear", *more, str(home), silent=True)
            python = str(folder / "python")
            pip = ("uv", "pip") if by_uv else (python, "-m", "pip")
            where = ("--python", python) if by_uv else ()
            session.run(*pip, "install", "--quiet", *where, package, external=True, silent=True)
        except CommandFailed:
            session.warn(f"{package} cannot be installed here: its tests are left out.")
            return
    # Last: the folder has a python, too.
    session.env["PATH"] = os.pathsep.join([os.environ["PATH"], str(folder)])


@nox.session
def integration(session: nox.Session) -> None:
    """Run the integration tests on a fresh engine of the session's own, always removed."""
    session.install("-r", "requirements.txt", *groups("test"))
    with_ministack(session)
    with fresh_engine(session) as engine:
        words = (*paths(session, "tests/integration"), *workers(session), *engine.posargs)
        session.run("python", "-m", "pytest", *words, env=engine.env)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how long the tasks take beside what people use today: docs/speed.md.

    `nox -s bench -- -k list` measures some rows, `-- --compare A.json B.json` compares two runs.
    """
    session.install("-r", "requirements.txt", *groups("test"))
    session.run("python", "-m", "benchmarks", *session.posargs)
