"""What docs/testing.md shows is a project whose tests pass, in every way that it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from osem_tasks.scaffold import texts
from tests.support.inv import ROOT
from tests.support.projects import passed, run

if TYPE_CHECKING:
    from tests.integration.conftest import Engine

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
SHOWN = re.findall(r"<!-- pytest -->\n```console\n\$ .*?\n(.*?)```", PAGE, re.DOTALL)[0]
CI = "\n".join(re.findall(r"<!-- ci -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))
HERE = ("-p", "no:randomly")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the page's files."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_run_ends_as_the_page_shows(project: Path, moto_engine: Engine) -> None:
    """A CI service by its variable: nothing is started, and the line of the engine is the page's."""
    at = {"AWS_ENDPOINT_URL_DYNAMODB": moto_engine.endpoint}
    done = run(project, "-v", *HERE, variables=at)  # -q and -v are pytest's own default

    (engine,) = re.findall(r"^dynamodb: .*$", SHOWN, re.MULTILINE)
    (number,) = re.findall(r"(\d+) passed", SHOWN)
    shown = re.sub(r"127\.0\.0\.1:\d+", moto_engine.endpoint.partition("://")[2], engine)
    assert (passed(done), shown in done.stdout) == ((0, number), True)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("-n 2", id="xdist"),
        pytest.param("--dynamodb-scope class", id="scope"),
    ],
)
def test_every_way_to_run_it_passes(project: Path, session_engine: Engine, words: str) -> None:
    """Workers and scopes, on an engine that runs elsewhere."""
    at = ("--dynamodb-endpoint", session_engine.endpoint)

    done = run(project, *HERE, *at, *words.split(), "-k", "kept or o-1")

    assert passed(done) == (0, "2")


def test_prefixes_separate_too(project: Path, moto_engine: Engine) -> None:
    """`--dynamodb-isolation prefix`, as for an application with keys of its own."""
    words = ("--dynamodb-endpoint", moto_engine.endpoint, "--dynamodb-isolation", "prefix")

    assert passed(run(project, *HERE, *words)) == (0, "3")


def steps() -> list[str]:
    """The commands of the page's CI files, each once, but those that install packages."""
    found = re.findall(
        r"(?:- run: |&& |^ +- )((?:inv|python -m pytest)\b[^\"\n]*)", CI, re.MULTILINE
    )
    return list(dict.fromkeys(found))


def test_every_step_of_a_ci_file_runs(project: Path, session_engine: Engine) -> None:
    """On the service that the variable names, in the order of the page, without AWS keys."""
    variables = {
        "AWS_ENDPOINT_URL_DYNAMODB": session_engine.endpoint,
        "OSEM_DB_PREFIX": f"ci-{uuid.uuid4().hex[:8]}-",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CI": "true",
    }

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **variables}
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    try:
        done = {step: shell(step) for step in steps()}
    finally:
        gone = shell("inv db.delete")

    assert {step: run.stdout + run.stderr for step, run in done.items() if run.returncode} == {}
    assert ((project / "tables.xml").exists(), gone.returncode) == (True, 0)
    assert len(done) == 6


def test_the_files_are_those_of_a_new_project() -> None:
    """What the page says that `osem init` writes is what it writes."""
    assert (FILES["noxfile.py"], FILES["tasks.py"]) == (texts.NOXFILE, texts.TASKS)
