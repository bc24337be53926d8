"""Lint, types, unit tests, and integration tests against a fresh database.

`nox` runs these; what a release needs besides (other Pythons, the oldest packages, coverage, the
built files) runs by name. `nox -s integration -- --engine moto -k verify` chooses the engine;
everything else behind the two dashes goes to pytest. What every engine must do alike (facts,
mutations, repairs, the main job, documents, templates) runs on each one that is here, the rest
on the session's own; `--one-engine` leaves the others out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
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
CODE = (
    "osem_tasks",
    "tests",
    "benchmarks",
    "examples",
    "scripts",
    "docs",
    "tasks.py",
    "noxfile.py",
)

EXAMPLE_WORKFLOWS = sorted(Path("examples/github").glob("*.yml"))

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
    if not session.posargs:
        check_workflows(session)


def check_workflows(session: nox.Session) -> None:
    """Check what GitHub runs, here and in the examples: its shape, and known kinds of weakness."""
    workflows = sorted(map(str, [*Path(".github/workflows").iterdir(), *EXAMPLE_WORKFLOWS]))
    check = ("check-jsonschema", "--builtin-schema")
    session.run(*check, "vendor.github-workflows", *workflows)
    session.run(*check, "custom.github-workflows-require-timeout", *workflows)
    session.run(*check, "vendor.dependabot", ".github/dependabot.yml")
    *forms, chooser = (f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "idea", "config"))
    session.run(*check, "vendor.github-issue-forms", *forms)
    session.run(*check, "vendor.github-issue-config", chooser)
    session.run("zizmor", "--offline", "--quiet", ".github", *map(str, EXAMPLE_WORKFLOWS))


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-r", "requirements.txt", *groups("types"))
    session.run("mypy", *session.posargs)


def workers(session: nox.Session, *spread: str) -> list[str]:
    """Four pytest workers where xdist is there and nobody asks for another number.

    Most tests wait more than they work, so that two cores serve four of them. Unless ``spread``
    says otherwise they get one test after another, so that the long ones, which come first, are
    spread over all of them.
    """
    code = "from importlib.util import find_spec; print(bool(find_spec('xdist')))"
    if str(session.run("python", "-c", code, silent=True)).strip() != "True":
        return []
    number = [] if "-n" in session.posargs else ["-n", "4"]
    return [*number, *(spread or ("--maxschedchunk", "1"))]


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
        # Tests that share an engine of their module go to one worker: conftest.py names them.
        spread = workers(session, "--dist", "loadgroup")
        words = (*paths(session, "tests/integration"), *spread, *engine.posargs)
        session.run("python", "-m", "pytest", *words, env=engine.env)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site from docs/ into docs/_build/html, with warnings as errors, and check its links.

    Links to other sites are listed, and not fetched.
    """
    session.install(*groups("docs"))
    site = "docs/_build/html"
    words = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--builder", "html")
    session.run("sphinx-build", *words, *session.posargs, "docs", site)
    session.run("python", "-m", "scripts.check_site", site)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how long the tasks take beside what people use today: docs/speed.md.

    `nox -s bench -- -k list` measures some rows, `-- --compare A.json B.json` compares two runs.
    """
    session.install("-r", "requirements.txt", *groups("test"))
    session.run("python", "-m", "benchmarks", *session.posargs)


# The supported versions, oldest first, as the classifiers name them.
PYTHONS = nox.project.python_versions(PYPROJECT)
# A shim of pyenv finds only what is chosen: all supported versions that pyenv has.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
if found := [path.name for version in PYTHONS for path in PYENV.glob(f"{version}.*")]:
    os.environ.setdefault("PYENV_VERSION", ":".join(found))


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """Run the quick unit tests on every supported Python that is here, warnings as errors."""
    session.install("-r", "requirements.txt", *groups("test"))
    # pytest sees warnings of what runs; the compiler's come from all there is.
    session.run("python", "-W", "error", "-m", "compileall", "-q", "-f", *CODE)
    words = (*paths(session, "tests/unit"), "--quick", *workers(session))
    session.run("python", "-m", "pytest", *words, *session.posargs)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def minimum(session: nox.Session) -> None:
    """Run the quick unit tests with the oldest packages that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", "-r", "requirements.txt")
    session.install(*groups("test"))
    words = (*paths(session, "tests/unit"), "--quick", *workers(session))
    session.run("python", "-m", "pytest", *words, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines and branches the quick unit tests reach; the floor only rises."""
    session.install("-r", "requirements.txt", *groups("test"))
    session.run("coverage", "erase")
    words = (*paths(session, "tests/unit"), "--quick", *workers(session))
    session.run("coverage", "run", "-m", "pytest", *words, *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")
    # It starts git, so --quick leaves it out.
    session.run("python", "-m", "pytest", "-q", "tests/unit/test_project.py", "-k", "floor")


# Without the extras there is no pytest, which loads the plugin.
IMPORT_ALL = """
import importlib, pkgutil, osem_tasks
for module in pkgutil.walk_packages(osem_tasks.__path__, "osem_tasks."):
    if not module.name.endswith("__main__") and ".pytest_plugin" not in module.name:
        importlib.import_module(module.name)
"""
# What a newcomer does first, after the installation; the next command needs an engine.
FIRST_STEPS = (
    ("osem", "--version"),
    ("osem", "init", "--example"),
    ("inv", "--list"),
    ("osem", "db.export", "--format", "json", "--quiet"),
)


@nox.session
def package(session: nox.Session) -> None:
    """Build the files of a release into dist/, check them, and install them without extras."""
    session.install(*groups("package"))
    files = Path("dist")
    shutil.rmtree(files, ignore_errors=True)
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(files))
    (wheel,) = files.glob("*.whl")
    (sdist,) = files.glob("*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    session.run("check-wheel-contents", str(wheel))
    for built in (wheel, sdist):
        first_steps(session, built.resolve())


def first_steps(session: nox.Session, built: Path) -> None:
    """Install the file into an environment of its own, and do there what a newcomer does first.

    It lies outside the repository, because `osem init` writes the workflow of the repository.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "environment")
        programs = environment / ("Scripts" if os.name == "nt" else "bin")
        session.run("uv", "venv", "--quiet", "--python", "python", str(environment))
        into = ("--python", str(programs / "python"))
        session.run("uv", "pip", "install", "--quiet", *into, str(built))
        project = Path(folder, "project")
        project.mkdir()
        with session.chdir(project):
            session.run(str(programs / "python"), "-c", IMPORT_ALL, external=True)
            for name, *words in FIRST_STEPS:
                session.run(str(programs / name), *words, external=True, silent=True)
