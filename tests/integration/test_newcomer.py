"""A newcomer with a checkout follows the README's "In your own project", word by word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import pages

if TYPE_CHECKING:
    from collections.abc import Iterator


# It installs packages into environments of its own.
pytestmark = [pytest.mark.integration, pytest.mark.slow]

README = pages.sections(pages.read(pages.README))["In your own project"]
PAGE = pages.read(pages.DOCS / "new-project.md")
CONNECTING = pages.sections(PAGE)["Connect an application and a viewer"]
# uv installs in seconds what takes pip a minute; what is typed stays the same.
FAST = 'pip() { uv pip "$@"; }\n' if shutil.which("uv") else ""
# UV_PYTHON, which nox sets, would lead `uv pip` into the environment of these tests.
FOREIGN = ("PYTHON", "VIRTUAL_ENV", "PYTEST_", "PIP_", "UV_PYTHON", "NOX")


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An empty folder beside a checkout; the engine that it starts is gone afterwards."""
    request.getfixturevalue("own_name")
    (tmp_path / "osem_tasks").symlink_to(pages.ROOT)
    place = tmp_path / "my-shop"
    place.mkdir()
    yield place
    run(". .venv/bin/activate; inv local.down --volumes", place)


def run(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The script in a shell that knows nothing of this environment but its Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        cwd=cwd,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_shows_the_commands_of_the_readme() -> None:
    """What is tested here for the README holds for the page as well, in the same order."""
    (block,) = pages.blocks(README, "sh")
    shown = [command for command, _ in pages.typed(PAGE)]

    expected = [command for command, _ in pages.typed(f"```sh\n{block}```")]

    assert [command for command in shown if command in expected] == expected


def test_every_step_works_as_written(folder: Path) -> None:
    """An environment, a project, its tables, its tests, its application: each command succeeds."""
    (commands,) = pages.blocks(README, "sh")
    (tasks,) = pages.blocks(README, "python")
    (application,) = pages.blocks(CONNECTING, "python")

    begun = run(FAST + commands, folder)
    (folder / "tasks.py").write_text(tasks, encoding="utf-8")
    (folder / "app.py").write_text(application, encoding="utf-8")
    developed = run(". .venv/bin/activate; inv dev", folder)

    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert "2 of 2 tables match the model" in begun.stdout
    assert "1 passed" in begun.stdout + begun.stderr
    assert "[{'orderId': '1'}]" in developed.stdout, developed.stdout + developed.stderr


def test_a_nox_of_its_own_environment_works_after_the_line_that_is_shown(folder: Path) -> None:
    """As pipx installs it: its error points at the line to type, after which it works."""
    install = f"{FAST}python3 -m venv .venv; . .venv/bin/activate; pip install"
    run(f'{install} "../osem_tasks"; osem init --example; mv .venv ../first', folder)
    alone = run(f"{install} nox; nox --list", folder)
    typed = next(
        line.partition("install ")[2]
        for line in (folder / "noxfile.py").read_text(encoding="utf-8").splitlines()
        if "pipx runpip nox install" in line
    )

    done = run(f"{install} {typed}; nox --list", folder)

    assert (alone.returncode, "see the line above" in alone.stderr) == (1, True), alone.stderr
    assert f"pipx runpip nox install {typed}" in PAGE
    assert (done.returncode, "* dynamodb" in done.stdout) == (0, True), done.stdout + done.stderr
