"""The commands of the recipes and of other pages are run in their order, moto in AWS's role."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.support import pages
from tests.support.inv import OSEM_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.conftest import Engine

pytestmark = pytest.mark.integration

RECIPES = {
    title: text
    for title, text in pages.sections(pages.read(pages.DOCS / "recipes.md")).items()
    if pages.blocks(text, "sh")
}
# Pages whose commands are all the suite's own, and need no file that the page does not show.
WHOLE = {name: pages.read(pages.DOCS / f"{name}.md") for name in ("data", "plans", "seed")}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIARECIPES", "AWS_SECRET_ACCESS_KEY": "recipes"}


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    session_engine: Engine,
    aws_of_moto: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """OSEM's tables in a folder of their own; a profile leads the environments of AWS to moto."""
    request.getfixturevalue("own_state")
    (tmp_path / "aws").write_text(f"[default]\nendpoint_url = {aws_of_moto}\n", encoding="utf-8")
    for key, value in {
        **KEYS,
        "AWS_CONFIG_FILE": str(tmp_path / "aws"),
        "OSEM_LOCAL_NAME": f"osem-recipes-{uuid.uuid4().hex[:8]}",
        "OSEM_LOCAL_ENGINE": session_engine.kind,
        "OSEM_LOCAL_PORT": "0",
    }.items():
        monkeypatch.setenv(key, value)
    tasks = "from osem_tasks import namespace\nns = namespace.build()\n"
    (tmp_path / "tasks.py").write_text(tasks, encoding="utf-8")
    yield tmp_path
    run("inv local.down --volumes", tmp_path)
    run("inv db.delete --env dev --yes --no-backup", tmp_path)


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a shell, this environment's programs first."""
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"  # noqa: PTH120
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(pages.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def configured(text: str, folder: Path) -> None:
    """Write ``invoke.yaml`` as the recipe has it, and the key of masks that it tells to make."""
    blocks = [] if text == WHOLE["seed"] else pages.blocks(text, "yaml")
    settings = "".join(blocks).removeprefix("osem:\n")
    (folder / "invoke.yaml").write_text(f"osem:\n  tables: {OSEM_TABLES}\n{settings}", "utf-8")
    (folder / ".osem-mask-key").write_text("0123456789abcdef" * 2, encoding="utf-8")
    (folder / ".osem-mask-key").chmod(0o600)


def restored(dynamodb: Any) -> None:
    """Leave Users as AWS restores a table: without its tags."""
    arn = dynamodb.describe_table(TableName="osem-dev-Users")["Table"]["TableArn"]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["Application", "Environment"])


@pytest.mark.parametrize("title", [*RECIPES, *WHOLE])
def test_a_page_works_as_written(title: str, project: Path, aws_of_moto: str) -> None:
    """Each command of its blocks gives the exit code that the page announces, else 0."""
    text = {**RECIPES, **WHOLE}[title]
    configured(text, project)
    if " dev" in text:
        begun = run("inv db.setup --env dev", project)
        assert begun.returncode == 0, begun.stderr
    if "restore" in title:
        dynamodb = boto3.client(
            "dynamodb",
            "us-east-1",
            endpoint_url=aws_of_moto,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        restored(dynamodb)
    commands = pages.typed(text)

    done = {command: run(command, project) for command, _ in commands}

    announced = {command: int("exit code 1" in comment) for command, comment in commands}
    assert {c: d.returncode for c, d in done.items()} == announced, [
        d.stderr for d in done.values()
    ]
