"""Every command that the README and the pages show is run, in its order, as it stands there."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import pages, typed_lines
from tests.support.projects import LONGEST

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

README = pages.read(pages.README)
QUICK_START = pages.read(pages.DOCS / "quick-start.md")
RECIPES = pages.read(pages.DOCS / "recipes.md")
AWS = {"AWS_ACCESS_KEY_ID": "AKIAREADME", "AWS_SECRET_ACCESS_KEY": "readme"}


def lines(page: str, marker: str) -> list[tuple[str, int]]:
    """The commands of the block that holds ``marker``, each with the exit code it announces."""
    block = next(block for block in pages.blocks(page, "sh") if marker in block)
    found = []
    for line in block.splitlines():
        command, _, comment = line.partition("#")
        announced = re.search(r"exit code (\d)", comment)
        found.append((command.strip(), int(announced.group(1)) if announced else 0))
    return [each for each in found if each[0]]


def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a shell at the project's root, this environment's programs first."""
    environment = {**os.environ, **variables}
    return typed_lines.typed(command, cwd=pages.ROOT, env=environment, timeout=LONGEST)


@pytest.fixture
def own_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test's own engine is gone afterwards."""
    request.getfixturevalue("own_name")
    yield
    run("inv local.down --volumes")


@pytest.mark.usefixtures("own_engine")
def test_the_main_job_works_as_written(session_engine: Engine) -> None:
    """The first line of the README, but for the installation that every test runs after.

    It prints what docs/quick-start.md shows, where the engine is the one that is shown.
    """
    command = lines(README, "the main job")[0][0].partition("&& ")[2]

    done = run(command)

    assert (done.returncode, "6 of 6 tables match the model" in done.stdout) == (0, True)
    shown = next(block for block in pages.blocks(QUICK_START, "console") if command in block)
    expected = constant(shown.partition("\n")[2])
    if session_engine.kind == "docker":
        # This test names the engine, so nothing is said about the choice.
        expected = [line for line in expected if "Engine:" not in line]
        assert sorted(constant(done.stdout + done.stderr)) == sorted(expected)
    else:
        created = [line for line in expected if " created " in line]
        assert created == [line for line in constant(done.stdout) if " created " in line]


def constant(text: str) -> list[str]:
    """The lines of an output, without what differs from run to run: times, port, name, socket."""
    varying = {
        r"\d+\.\d+ s": "0.00 s",
        r"127\.0\.0\.1:\d+": "127.0.0.1:8000",
        r"osem-test-\w+": "osem-dynamodb-local",
    }
    for pattern, same in varying.items():
        text = re.sub(pattern, same, text)
    return text.splitlines()


@pytest.mark.usefixtures("own_engine")
def test_the_local_commands_work_as_written() -> None:
    """Each command of the tour gives the exit code that the page announces."""
    commands = lines(QUICK_START, "inv local.logs")

    codes = [(command, run(command).returncode) for command, _ in commands]

    assert codes == commands


def test_the_aws_commands_work_as_written(aws_of_moto: str) -> None:
    """The AWS commands, with moto in the role of AWS."""
    commands = lines(QUICK_START, "--env dev --dry-run")

    codes = [
        (command, run(command, AWS_ENDPOINT_URL=aws_of_moto, **AWS).returncode)
        for command, _ in commands
    ]

    assert codes == commands


def test_the_integration_session_takes_an_engine_and_a_filter(session_engine: Engine) -> None:
    """`nox -s integration -- --engine moto -k ...`, in this environment instead of a new one."""
    command, _ = lines(QUICK_START, "--engine moto")[1]
    here = command.replace("nox", "nox --no-venv --no-install", 1).replace(
        # One test needs no workers, each of which would load them all.
        "-k verify",
        "-n 0 -k covers_every_index",
    )

    done = run(here)

    output = done.stdout + done.stderr
    assert (done.returncode, "1 passed" in output, "moto" in output) == (0, True, True)
    assert session_engine.endpoint not in output


def test_the_policy_of_a_deployment_is_enough_and_deletes_nothing(
    aws_of_moto: str, inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command of the recipes prints all that a deployment needs.

    That the policy has no more, call by call, is for tests/faults/test_policy.py.
    """
    for key, value in {**AWS, "AWS_ENDPOINT_URL": aws_of_moto}.items():
        monkeypatch.setenv(key, value)
    called: set[str] = set()
    for words in (["db.setup"], ["db.setup"], ["db.verify"], ["db.list"]):
        # Through the variable: as on AWS, with STS, tags and backups.
        done = inv.plain(*words, "--env", "prod", "--force", "--verbose")
        assert done.code == 0
        called |= set(re.findall(r"^[\d:.]+ (\w+)", done.err, re.MULTILINE))
    command, _ = lines(RECIPES, "--group read,setup,repair")[0]

    printed = run(command.partition(" > ")[0])

    allowed = {action.partition(":")[2] for action in _actions(printed.stdout)}
    assert printed.returncode == 0
    # TagResource is a permission that CreateTable with tags asks for, not a call.
    assert (called - {"GetCallerIdentity"}) | {"TagResource"} <= allowed
    assert not [action for action in allowed if action.startswith("Delete")]


def _actions(printed: str) -> set[str]:
    policy: dict[str, Any] = json.loads(printed)
    return {action for statement in policy["Statement"] for action in statement["Action"]}
