"""`local.doctor` as a user types it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import processes
from tests.support.fake_engines import fake_dynamodb, refusal
from tests.support.inv import INV, OSEM_TABLES, Inv

if TYPE_CHECKING:
    import subprocess

    from tests.support.fake_engines import Script

pytestmark = pytest.mark.slow

TASKS = "from osem_tasks import namespace\nns = namespace.build()\n"
SOUND = f"osem:\n  tables: {OSEM_TABLES}\n  port: 0\n"
STATUSES = {"ok", "info", "warning", "failed"}


@pytest.fixture
def inv(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    scripts: tuple[Script, Script],
) -> Inv:
    """`inv` with two fake kinds of engine, and any free port."""
    assert scripts
    return Inv(capsys, monkeypatch, {"port": "0"})


def checks(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The checks of a document, by name."""
    return {check["name"]: check for check in document["data"]["checks"]}


def call(
    program: str, folder: Path, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`inv` or `osem` in a project's folder."""
    command = [INV] if program == "inv" else [sys.executable, "-m", "osem_tasks"]
    root = str(Path(__file__).parents[3])
    shell = {**os.environ, "PYTHONPATH": root, "OSEM_LOCAL_ENGINE": "moto", **variables}
    return processes.call([*command, *words], cwd=folder, env=shell)


def test_a_machine_on_which_all_is_well(inv: Inv) -> None:
    """Exit code 0, one line per check, the count last."""
    run = inv("local.doctor")
    *lines, summary = run.out.splitlines()

    assert run.code == 0
    assert all(line[:2] in ("✓ ", "ℹ ", "⚠ ") for line in lines)
    assert summary[2:].startswith(f"{len(lines)} checks: ")
    assert len({line.index(line[2:].split("  ")[0]) for line in lines}) == 1
    assert "✓ lasting " in run.out


def test_the_document(inv: Inv) -> None:
    """Every check with name, status, message and remediation; nothing else is on stdout."""
    run = inv("local.doctor", "--json")
    found = run.document["data"]["checks"]

    assert (run.code, run.document["success"]) == (0, True)
    assert all(check.keys() == {"name", "status", "message", "remediation"} for check in found)
    assert {check["status"] for check in found} <= STATUSES
    assert run.document["data"]["summary"].keys() == STATUSES


def test_what_would_stop_the_main_job_is_an_error(inv: Inv, scripts: tuple[Script, Script]) -> None:
    """Exit code 1, the check that stops it first, and its remedy; a warning stops nothing."""
    scripts[0].refusal = refusal("hardware")
    warned = inv("local.doctor", "--json")
    stopped = inv("local.doctor", "--json", "--engine", "lasting")

    assert (warned.code, checks(warned.document)["lasting"]["status"]) == (0, "warning")
    assert (stopped.code, stopped.error) == (1, "ENGINE_UNAVAILABLE")
    error = stopped.document["error"]
    assert error["message"].endswith("local.up db.setup db.verify would stop at: lasting.")
    assert error["remediation"] == "install hardware"
    assert stopped.document["data"]["checks"][0]["name"] == "lasting"


def test_a_port_of_another_program_stops_it(inv: Inv) -> None:
    """With the code of local.up, the port and its owner."""
    with fake_dynamodb() as endpoint:
        port = endpoint.rpartition(":")[2]
        run = inv("local.doctor", "--json", "--port", port)

    found = checks(run.document)["port"]
    assert (run.code, run.error, found["status"]) == (1, "PORT_IN_USE", "failed")
    assert f"process {os.getpid()}" in found["message"]


def test_quiet_leaves_what_stops_and_the_count(inv: Inv) -> None:
    """Nothing else."""
    run = inv("local.doctor", "--quiet")
    with fake_dynamodb() as endpoint:
        failing = inv("local.doctor", "--quiet", "--port", endpoint.rpartition(":")[2])

    assert len(run.out.splitlines()) == 1
    assert next(line.split()[:2] for line in failing.out.splitlines()) == ["✗", "port"]


def test_no_secret_is_shown(inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys nor passwords in URLs, in no form of the output."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENG")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE")
    for name in ("AWS_ENDPOINT_URL", "HTTPS_PROXY", "OSEM_LOCAL_IMAGE", "DOCKER_HOST"):
        monkeypatch.setenv(name, "http://me:pa55word@h.example:1")
    runs = inv("local.doctor", "--verbose"), inv("local.doctor", "--json")

    told = "".join(run.out + run.err for run in runs)
    assert all(secret not in told for secret in ("wJalrXUtn", "IQoJb3Jp", "pa55word"))


@pytest.mark.process
@pytest.mark.parametrize("program", ["inv", "osem"])
@pytest.mark.parametrize(
    "text, words",
    [
        ("osem: [a\n", "cannot be parsed: line"),
        ("osem:\n\tport: 1\n", "never by tabs"),
        ("osem:\n  prot: 1\n", "prot"),
        ("osem:\n  port: many\n", "osem.port must be a port number"),
        ("- a\n", "must be a mapping"),
        (b"osem: {name: \xff}\n", "UTF-8"),
    ],
    ids=str,
)
def test_a_broken_configuration_is_a_finding(
    tmp_path: Path, program: str, text: str | bytes, words: str
) -> None:
    """It says so, and looks at everything else with the defaults, also where Invoke would stop."""
    (tmp_path / "tasks.py").write_text(TASKS, encoding="utf-8")
    path = tmp_path / "invoke.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    done = call(program, tmp_path, "local.doctor", "--json", "--port", "0")

    found = checks(json.loads(done.stdout))
    assert (done.returncode, found["configuration"]["status"]) == (1, "failed")
    assert words in found["configuration"]["message"]
    assert {"moto", "port", "state directory", "proxy"} <= found.keys()
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("program", ["inv", "osem"])
def test_a_module_that_hides_docker_is_a_finding(tmp_path: Path, program: str) -> None:
    """Named with its path; every other check goes on."""
    (tmp_path / "tasks.py").write_text(TASKS, encoding="utf-8")
    (tmp_path / "invoke.yaml").write_text(SOUND, encoding="utf-8")
    (tmp_path / "docker.py").write_text("hidden = True\n", encoding="utf-8")

    done = call(program, tmp_path, "local.doctor", "--json")

    found = checks(json.loads(done.stdout))
    assert {"port", "tables", "clock"} <= found.keys()
    if program == "inv" or found["modules"]["status"] == "failed":
        assert (done.returncode, found["modules"]["status"]) == (1, "failed")
        assert str(tmp_path / "docker.py") in found["modules"]["message"]


@pytest.mark.process
@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": "", "OSEM_STATE_DIR": ""},
        {"HOME": "/nonexistent"},
        {"AWS_CONFIG_FILE": "/dev/null/x"},
        {"DOCKER_HOST": "tcp://127.0.0.1:1"},
        {"DOCKER_HOST": "nonsense"},
        {"DOCKER_CONTEXT": "gone"},
        {"PATH": ""},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"TERM": "dumb", "CI": "true"},
    ],
    ids=str,
)
def test_it_works_where_much_is_broken(tmp_path: Path, variables: dict[str, str]) -> None:
    """One document, code 0 because moto still does, and no traceback."""
    (tmp_path / "invoke.yaml").write_text(SOUND, encoding="utf-8")

    done = call("osem", tmp_path, "local.doctor", "--json", **variables)

    found = checks(json.loads(done.stdout))
    assert (done.returncode, found["moto"]["status"]) == (0, "ok")
    assert not any("the check itself failed" in check["message"] for check in found.values())


@pytest.mark.process
def test_a_project_may_give_it_another_name(tmp_path: Path) -> None:
    """Also behind a broken configuration: `inv ddb.local.doctor`."""
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection\nfrom osem_tasks import namespace\n"
        "ns = Collection()\nns.add_collection(namespace.build(), name='ddb')\n",
        encoding="utf-8",
    )
    (tmp_path / "invoke.yaml").write_text("osem: [\n", encoding="utf-8")

    done = call("inv", tmp_path, "ddb.local.doctor", "--json")
    wrong = call("inv", tmp_path, "ddb.local.doctor", "--nonsense")

    assert checks(json.loads(done.stdout))["configuration"]["status"] == "failed"
    assert (wrong.returncode, "nonsense" in wrong.stderr, "Traceback" in wrong.stderr) == (
        1,
        True,
        False,
    )
