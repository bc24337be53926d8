"""``local.doctor`` and ``local.logs --follow`` on real engines."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, Docker, Shell, eventually, finished
from tests.support.inv import INV

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.inv import Run

pytestmark = pytest.mark.integration

KINDS = [pytest.param("docker", marks=pytest.mark.docker), "moto"]


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """The real Docker engine."""
    with given.connected() as engine:
        yield engine


@pytest.fixture
def inv(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    """`inv` with an engine name of its own; on moto, or on the Docker engine for a docker test."""
    real = request.node.get_closest_marker("docker") is not None
    engine: Docker | None = request.getfixturevalue("docker") if real else None
    variables = {} if real else {"DOCKER_HOST": NOWHERE}
    shell = Shell(given.new_name(), tmp_path / "state", variables)
    yield shell
    shell.clear()
    if engine:
        engine.clear(shell.name)


def checks(run: Run) -> dict[str, dict[str, Any]]:
    """The checks of `local.doctor --json`, by name."""
    return {check["name"]: check for check in run.document["data"]["checks"]}


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_nothing_wrong_before_and_after_up(inv: Shell, kind: str) -> None:
    """Where the main job goes on, the doctor says so; it starts nothing and makes nothing."""
    before = inv("local.doctor", "--json", "--engine", kind)
    made = inv.state.exists()
    inv.json("local.up", "--engine", kind)
    after = inv("local.doctor", "--json", "--engine", kind)

    assert (before.code, made, after.code) == (0, False, 0)
    assert checks(before)[kind]["status"] == "ok"
    assert inv.record()["endpoint"] in checks(after)["port"]["message"]
    assert inv.name in checks(after)["engines"]["message"]


def test_a_killed_engine_is_found_and_mended(inv: Shell) -> None:
    """Typed as it is printed, the remedy helps."""
    inv.json("local.up", "--engine", "moto")
    for process in inv.processes():
        process.kill()
        process.wait()
    found = checks(inv("local.doctor", "--json"))["engines"]
    inv.sh(found["remediation"].partition("   or ")[0])

    assert (found["status"], "not responding" in found["message"]) == ("warning", True)
    assert checks(inv("local.doctor", "--json"))["engines"]["status"] == "ok"


@pytest.mark.docker
def test_a_container_of_our_name_that_is_not_ours(inv: Shell, docker: Docker) -> None:
    """It stops the main job, and the command that is printed goes on beside it."""
    docker.client.containers.create(given.IMAGE, name=inv.name)
    run = inv("local.doctor", "--json", "--engine", "docker")
    found = checks(run)["docker container"]

    assert (run.code, run.error, found["status"]) == (1, "ENGINE_UNAVAILABLE", "failed")
    assert "was not created by osem_tasks" in found["message"]
    assert f"local.up --name {inv.name}-2" in found["remediation"]


@pytest.mark.docker
def test_a_container_without_a_record(inv: Shell, docker: Docker) -> None:
    """It holds the port and is named; the remedies stop it."""
    port = str(inv.json("local.up", "--engine", "docker")["endpoint"].rpartition(":")[2])
    shutil.rmtree(inv.state)
    other = ("local.doctor", "--json", "--engine", "docker", "--name", given.new_name())
    run = inv(*other, "--port", port)
    left = checks(inv(*other))["docker leftovers"]
    ours = inv("local.doctor", "--json", "--engine", "docker")
    inv.sh(checks(run)["port"]["remediation"].rpartition("or stop it: ")[2])

    assert (run.code, run.error) == (1, "PORT_IN_USE")
    assert f"is taken by container '{inv.name}'" in checks(run)["port"]["message"]
    assert left["status"] == "info"
    assert (ours.code, checks(ours)["docker container"]["status"]) == (0, "ok")
    assert docker.left(inv.name) == []


@pytest.mark.docker
def test_an_image_that_is_not_here(inv: Shell, docker: Docker) -> None:
    """It is not pulled, and that it would be is a warning."""
    image = "127.0.0.1:9/osem/nothing:1"
    run = inv("local.doctor", "--json", "--engine", "docker", "--image", image)

    found = checks(run)["docker image"]
    assert (run.code, found["status"]) == (0, "warning")
    assert found["remediation"] == f"docker pull {image}"
    assert docker.left(inv.name) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_follow_prints_at_once_and_ends_by_ctrl_c(inv: Shell, kind: str) -> None:
    """In a pipe; exit code 130, and the engine goes on."""
    inv.json("local.up", "--engine", kind)
    following = inv.start("local.logs", "--follow")
    assert following.stdout is not None
    first = following.stdout.readline()
    following.send_signal(signal.SIGINT)
    run = finished(following)

    assert (bool(first.strip()), run.code) == (True, 130)
    assert "no longer followed; the engine itself goes on" in run.err
    assert "Traceback" not in run.err
    assert inv.json("local.status")["running"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_follow_ends_with_its_engine(inv: Shell, kind: str) -> None:
    """Exit code 0; what the log had is printed."""
    inv.json("local.up", "--engine", kind)
    following = inv.start("local.logs", "--follow", "--lines", "1")
    assert following.stdout is not None
    following.stdout.readline()
    inv("local.down")
    run = finished(following)

    assert run.code == 0
    assert f"Engine '{inv.name}' has ended" in run.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_follow_goes_on_after_a_new_start(inv: Shell, kind: str) -> None:
    """`local.up --fresh` replaces the engine; its log is followed from its first line, once."""
    inv.json("local.up", "--engine", kind)
    words = {"docker": "Initializing DynamoDB Local", "moto": "Running on http"}[kind]
    following = inv.start("local.logs", "--follow", "--lines", "1")
    assert following.stdout is not None
    following.stdout.readline()
    inv.json("local.up", "--engine", kind, "--fresh")
    seen = next(line for line in following.stdout if words in line)
    inv("local.down")
    run = finished(following)

    assert (words in seen, words in run.out, run.code) == (True, False, 0)


def test_a_follow_ends_when_nobody_reads(inv: Shell) -> None:
    """As `tail -f log | head -1` does, with the next line."""
    inv.json("local.up", "--engine", "moto")
    script = "inv local.logs --follow | head -n 1"
    following = inv.spawn(["sh", "-c", f"inv() {{ '{INV}' \"$@\"; }}\n{script}"])
    assert following.stdout is not None
    line = following.stdout.readline()

    def ended() -> bool:
        given.table_names(inv.engine())  # the engine logs the request
        return following.poll() is not None

    eventually(ended, "the follow has ended")
    assert (bool(line.strip()), finished(following).err) == (True, "")


def test_a_follow_into_a_full_disk(inv: Shell) -> None:
    """It says so, with exit code 1."""
    inv.json("local.up", "--engine", "moto")
    run = inv.sh("inv local.logs --follow > /dev/full")

    assert (run.code, "cannot be written to stdout" in run.err) == (1, True)


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_that_evaluates_env_finds_the_engine(inv: Shell, shell: str) -> None:
    """With the words of the documentation."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    endpoint = inv.json("local.up", "--engine", "moto")["endpoint"]
    script = {
        "bash": f'eval "$({INV} local.env)"; printenv AWS_ENDPOINT_URL_DYNAMODB',
        "fish": f"{INV} local.env --shell fish | source; printenv AWS_ENDPOINT_URL_DYNAMODB",
    }[shell]
    run = finished(inv.spawn([shell, "-c", script]))

    assert (run.code, run.out) == (0, f"{endpoint}\n")
