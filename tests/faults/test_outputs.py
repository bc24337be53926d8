"""What a hostile server, shell or stream does to the outputs of every task: nothing."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from osem_tasks.engines import manager, records
from tests.faults.cases.case import SECRET, TOKEN, refused
from tests.support import processes
from tests.support.faulty_aws import Fault
from tests.support.inv import ROOT, Run, finished, spawned

if TYPE_CHECKING:
    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

HOSTILE = "x\x1b]0;title\x07\u202e\u2028`|<b>\n::stop-commands::y\r\n  ##[error]z\n✓ forged"
DB_TASKS = [
    ("db.setup",),
    ("db.verify",),
    ("db.repair", "--prune", "--replace-indexes", "--yes"),
    ("db.import",),
    ("db.compare", "--with", "staging"),
    ("db.list",),
    ("db.reset", "--yes"),
    ("db.delete", "--yes"),
]
FORMS = [(), ("--verbose",), ("--json",)]
by_task = pytest.mark.parametrize("task", DB_TASKS, ids=lambda task: task[0])
by_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: "".join(form) or "plain")


def assert_harmless(text: str) -> None:
    """No hidden character, no command for a runner but our annotations, no forged line."""
    lines = text.split("\n")
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    assert not [
        letter for line in lines for letter in line if unicodedata.category(letter) in hidden
    ]
    commands = [line for line in lines if line.strip().startswith("::")]
    assert [line for line in commands if not line.startswith("::error title=")] == []
    assert "##[" not in text
    assert [line for line in lines if line.startswith("✓ forged")] == []


def checked(run: Run, form: tuple[str, ...]) -> None:
    """The run's outputs are harmless, and its document is one."""
    assert "Traceback" not in run.out + run.err
    assert_harmless(run.out)
    assert_harmless(run.err)
    if "--json" in form:
        assert run.document["command"]


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A shell of a GitHub workflow that also keeps a log; the file of its step summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("OSEM_LOG", str(tmp_path / "osem.log"))
    return tmp_path / "summary.md"


@by_task
@by_form
@pytest.mark.usefixtures("github")
def test_a_hostile_refusal_does_nothing(cloud: Cloud, inv: Inv, task: Any, form: Any) -> None:
    """A server's words are quoted, and neither a terminal nor a runner obeys them."""
    cloud.server.arm(
        refused("ListTables", "AccessDeniedException", HOSTILE),
        refused("DescribeTable", "AccessDeniedException", HOSTILE),
    )

    run = inv(*task, "--env", "dev", *form)

    checked(run, form)
    assert "stop-commands" in run.err
    log = Path(os.environ["OSEM_LOG"]).read_text("utf-8")
    assert [line for line in log.splitlines() if not re.match(r"\S+Z?\+00:00 \[\d+\] ", line)] == []


@by_task
@by_form
def test_hostile_tables_do_nothing(
    cloud: Cloud, inv: Inv, github: Path, task: Any, form: Any
) -> None:
    """Names, states, ARNs and settings of live tables are shown, and that is all."""
    cloud.hold("dev", "Users", "Teams")
    live = cloud.client().describe_table(TableName="osem-dev-Teams")["Table"]
    description = {**live, "TableStatus": "ACTIVE", "TableArn": f"{live['TableArn']}{HOSTILE}"}
    description["BillingModeSummary"] = {"BillingMode": HOSTILE}
    description["SSEDescription"] = {"Status": "ENABLED", "KMSMasterKeyArn": HOSTILE}
    description["GlobalSecondaryIndexes"] = [
        {**index, "IndexName": f"{index['IndexName']}{HOSTILE}"}
        for index in live["GlobalSecondaryIndexes"]
    ]
    tags = {"Tags": [{"Key": HOSTILE, "Value": HOSTILE}]}
    names = {"TableNames": ["osem-dev-Teams", f"osem-dev-{HOSTILE}"]}
    cloud.server.arm(
        _says("DescribeTable", {"Table": description}, table="Teams"),
        _says("ListTagsOfResource", tags),
        _says("ListTables", names),
        Fault("DeleteTable", code="AccessDeniedException", message=HOSTILE),
        Fault("UpdateTable", code="AccessDeniedException", message=HOSTILE),
    )

    checked(inv(*task, "--env", "dev", "--timeout", "5", *form), form)

    if github.exists():
        rows = [line for line in github.read_text("utf-8").splitlines() if line.startswith("|")]
        assert {row.count("|") for row in rows} == {4}
        assert_harmless(github.read_text("utf-8"))


def _says(operation: str, content: Any, table: str = "") -> Fault:
    text = json.dumps(content, default=str)
    return Fault(operation, "say", message=text, status=200, table=table)


def test_hostile_tables_leave_junit_well_formed(cloud: Cloud, inv: Inv, tmp_path: Path) -> None:
    """A report of differences with hostile values can still be read."""
    cloud.hold("dev", "Users")
    cloud.server.arm(_says("ListTagsOfResource", {"Tags": [{"Key": HOSTILE, "Value": HOSTILE}]}))

    inv("db.verify", "--env", "dev", "--junit", str(tmp_path / "junit.xml"))

    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert int(suite.get("failures", "0")) > 0
    assert_harmless((tmp_path / "junit.xml").read_text("utf-8"))


@pytest.mark.parametrize(
    "words, variables",
    [
        (("db.verify",), {"OSEM_ENV": HOSTILE}),
        (("db.verify", "--env", HOSTILE), {}),
        (("db.verify", "--endpoint", HOSTILE), {}),
        (("db.verify", "--endpoint", f"http://u:p@127.0.0.1:1/{HOSTILE}"), {}),
        (("db.verify", "--region", HOSTILE), {}),
        (("db.verify", "--profile", HOSTILE), {}),
        (("db.list", "--timeout", HOSTILE), {}),
        (("db.list", "--env", "dev"), {"OSEM_DB_PREFIX": HOSTILE}),
        (("db.delete", "--table", HOSTILE), {}),
        (("db.export", "--format", HOSTILE), {}),
        (("db.export", "--output", f"/dev/null/{HOSTILE}"), {}),
        (("local.up", "--engine", HOSTILE), {}),
        (("local.up", "--engine", "docker"), {"DOCKER_HOST": f"tcp://u:p@127.0.0.1:1/{HOSTILE}"}),
        (("local.up", "--name", HOSTILE), {}),
        (("local.status",), {"OSEM_LOCAL_NAME": HOSTILE}),
        (("local.down",), {"OSEM_LOCAL_PORT": HOSTILE}),
        (("local.logs", "--lines", HOSTILE), {}),
        (("local.env",), {"OSEM_LOG": f"/dev/null/{HOSTILE}"}),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@by_form
def test_a_hostile_shell_does_nothing(
    inv: Inv,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    variables: dict[str, str],
    form: tuple[str, ...],
) -> None:
    """Options and variables are quoted in errors and remedies; no user's password either."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    run = inv(*words, *form)

    checked(run, form)
    assert "u:p@" not in run.out + run.err


CANONICAL = (
    "The request signature we calculated does not match.\n\nThe Canonical String for this request "
    f"should have been\n'POST\n/\n\nx-amz-security-token:{TOKEN}\n'\n\nThe String-to-Sign should"
)


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["plain", "debug"])
@by_form
@pytest.mark.usefixtures("inv")
def test_a_signature_that_is_refused_tells_no_token(
    cloud: Cloud, tmp_path: Path, debug: tuple[str, ...], form: tuple[str, ...]
) -> None:
    """AWS quotes what it read, token included; botocore logs what it sends and gets."""
    cloud.server.arm(refused("DescribeTable", "InvalidSignatureException", CANONICAL))
    log = tmp_path / "osem.log"
    environment = {**os.environ, "OSEM_LOG": str(log)}

    words = (*debug, "db.setup", "--env", "dev", *form)
    command = [sys.executable, "-m", "invoke", *words]
    if form:
        done = processes.call(command, cwd=ROOT, env=environment)
        run = Run(done.returncode, done.stdout, done.stderr)
    else:  # one of a kind is a process of its own
        run = finished(spawned(command, environment))

    told = run.out + run.err + log.read_text("utf-8")
    assert "AWS_CREDENTIALS_INVALID" in told
    assert [part for part in (SECRET, TOKEN, "FAKESECRET") if part in told] == []


ALL_TASKS = [
    *DB_TASKS,
    ("db.export",),
    ("local.up", "--engine", "moto", "--port", "0"),
    ("local.status",),
    ("local.logs",),
    ("local.env",),
    ("local.down",),
    ("--list",),
    ("--help",),
    ("--version",),
    ("db.setup", "--help"),
]


# The rest is forked with the same streams, because a shell and a new interpreter cost more than all
# that they run.
BY_A_SHELL = [("db.setup",), ("local.status",), ("--help",)]


def _redirected(command: list[str], redirection: str) -> Run:
    """What a shell gives for the command with this redirection."""
    name = "err" if redirection.startswith("2") else "out"
    if redirection.endswith("&-"):
        done = processes.redirected(command, cwd=ROOT, **{name: None})
    else:
        descriptor = _nobody() if redirection == "| true" else os.open("/dev/full", os.O_WRONLY)
        try:
            done = processes.redirected(command, cwd=ROOT, **{name: descriptor})
        finally:
            os.close(descriptor)
    return Run(done.returncode, done.stdout, done.stderr)


def _nobody() -> int:
    """The descriptor of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("task", ALL_TASKS, ids=" ".join)
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>/dev/full", "2>&-", "| true"])
@pytest.mark.usefixtures("inv")
def test_a_stream_that_fails_is_no_traceback(
    cloud: Cloud, task: tuple[str, ...], form: tuple[str, ...], redirection: str
) -> None:
    """One error on stderr, if there is one, and 1 only where nothing was changed."""
    at = ("--env", "dev") if task[0].startswith("db.") and "--help" not in task else ()
    words = (*task, *at, *(form if "." in task[0] and "--help" not in task else ()))
    command = [sys.executable, "-m", "osem_tasks", *words]
    cloud.hold("dev", "Users")
    cloud.server.arm()

    try:
        if task in BY_A_SHELL:
            script = f"{' '.join(command)} {redirection}"
            run = finished(spawned(["bash", "-o", "pipefail", "-c", script]))
        else:
            run = _redirected(command, redirection)
    finally:
        for record in records.load_all():
            manager.take_down(record.name)

    assert "Traceback" not in run.out + run.err
    assert "Exception ignored" not in run.err
    assert run.code in (0, 1, 2)
    if redirection in (">/dev/full", ">&-"):
        assert "cannot be written" in run.err or "✗" in run.err
        assert run.code != 0
    changes = ("CreateTable", "DeleteTable", "UpdateTable", "TagResource")
    assert run.code != 1 or cloud.server.of(*changes) == []
