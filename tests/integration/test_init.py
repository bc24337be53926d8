"""`osem init`, and what it says to type next, as a stranger types it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

import osem_tasks
from tests.support import typed_lines
from tests.support.projects import LONGEST

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator


ROOT = Path(osem_tasks.__file__).parents[1]
TEMPLATE = (ROOT / "examples" / "orders" / "template.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty folder, and an engine name of this test's own, gone afterwards."""
    request.getfixturevalue("own_name")
    # What a session of pytest left in this process must not reach the one that is started.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    place = tmp_path / "my shop"
    place.mkdir()
    yield place
    run("osem local.down --volumes", place)


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a shell, this environment's programs first."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return typed_lines.typed(command, cwd=cwd, env=variables, timeout=LONGEST)


def commands(out: str) -> list[str]:
    """The commands that the end of the output names; Nox in this environment, not a new one."""
    _, _, named = out.partition("Next:\n")
    here = {"nox": "nox --no-venv --no-install"}
    return [here.get(line.strip(), line.strip()) for line in named.splitlines()]


@pytest.mark.parametrize(
    "files, words",
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"template.yaml": TEMPLATE}, "", id="template"),
        pytest.param({"pyproject.toml": "[project]\nname = 'x'\n"}, "--pyproject", id="pyproject"),
    ],
)
def test_what_it_says_works_when_typed(folder: Path, files: dict[str, str], words: str) -> None:
    """An empty folder, one command, and the commands that it names: all of them succeed."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")

    begun = run(f"osem init {words}", folder)
    typed = commands(begun.stdout)
    done = {command: run(command, folder) for command in [*typed, "inv --list", "inv db.verify"]}

    assert (begun.returncode, len(typed)) == (0, 3)
    failed = {c: d.stdout + d.stderr for c, d in done.items() if d.returncode}
    assert failed == {}
    assert "2 of 2 tables match the model" in done[typed[0]].stdout
    assert "1 passed" in done[typed[1]].stdout
    assert "db.verify" in done["inv --list"].stdout


def test_live_tables_become_a_project(folder: Path) -> None:
    """Its declaration compares clean with the tables that it came from, under their own names."""
    live = folder.parent / "live"
    live.mkdir()
    run("osem init --example", live)
    assert run("osem local.up db.setup", live).returncode == 0
    names = " ".join(f"--from-table live-local-{name}" for name in ("Orders", "Carts"))

    begun = run(f"osem init {names}", folder)
    verified = run("osem db.verify", folder)

    assert (begun.returncode, verified.returncode) == (0, 0)
    assert "✓ live-local-Orders" in verified.stdout
    settings = yaml.safe_load((folder / "invoke.yaml").read_text(encoding="utf-8"))["osem"]
    assert (settings["tables"], settings["prefix"]) == ("tables.json", "live-{env}-")


@pytest.mark.parametrize("names", [["Orders"], ["Orders", "Carts"]])
def test_tables_on_aws_keep_their_names(folder: Path, aws_of_moto: str, names: list[str]) -> None:
    """Where the environment is not in their names, it gets no prefix, and the others keep one."""
    variables = (
        f"AWS_ENDPOINT_URL={aws_of_moto} AWS_ACCESS_KEY_ID=AKIAINIT AWS_SECRET_ACCESS_KEY=init "
        f"AWS_REGION=us-east-1"
    )
    live = folder.parent / "live"
    live.mkdir()
    run("osem init --example", live)
    own = 'osem: {tables: "tables:TABLES", environments: {dev: {prefix: ""}}}\n'
    (live / "invoke.yaml").write_text(own, encoding="utf-8")
    assert run(f"{variables} osem db.setup --env dev", live).returncode == 0

    asked = " ".join(f"--from-table {name}" for name in names)
    begun = run(f"{variables} osem init --env dev {asked}", folder)
    verified = run(f"{variables} osem db.verify --env dev", folder)
    removed = run(f"{variables} osem db.delete --env dev --yes", live)

    assert (begun.returncode, removed.returncode) == (0, 0)
    assert [line for line in verified.stdout.splitlines() if line.startswith("✓ Orders")]
    assert "✗" not in verified.stdout
    settings = yaml.safe_load((folder / "invoke.yaml").read_text(encoding="utf-8"))["osem"]
    assert settings["environments"] == {"dev": {"prefix": ""}}
