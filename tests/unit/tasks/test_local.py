"""The ``local`` tasks on fake engines: every option, every remark, every command they propose."""

from __future__ import annotations

import shlex
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.config import Config
from invoke.context import Context
from invoke.parser import Parser

from osem_tasks import namespace
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.engines import host, records, registry
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.errors import ErrorCode
from osem_tasks.output.console import Console
from osem_tasks.tasks.job import Job
from osem_tasks.tasks.up import requested as request_of
from osem_tasks.waiting.policy import Policy, using
from tests.support.examples import examples
from tests.support.fake_engines import fake_dynamodb, refusal
from tests.support.inv import Inv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.fake_engines import Script

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

OWN_NAME = "inv local.up --name mine"
NAMES = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=8)
REQUESTS = st.builds(
    EngineRequest,
    name=NAMES.map(lambda name: f"a{name}"),
    default_port=st.just(8000),
    default_image=st.just(DEFAULTS["image"]),
    timeout=st.just(60.0),
    engine=st.sampled_from(registry.choices()),
    port=st.none() | st.integers(0, 65535),
    image=st.none() | NAMES | st.just("127.0.0.1:5000/a b/c:$1"),
    persist=st.sampled_from([None, True]),
    fresh=st.booleans(),
    shared=st.booleans(),
)


@pytest.fixture
def inv(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Inv:
    """`inv` in a shell that names the engine `mine`."""
    monkeypatch.setenv("OSEM_LOCAL_NAME", "mine")
    return Inv(capsys, monkeypatch)


def requested(command: str) -> EngineRequest:
    """What a typed `local.up` requests."""
    words = shlex.split(command)
    assert words[:2] == ["inv", "local.up"]
    (parsed,) = Parser(contexts=namespace.build().to_contexts()).parse_argv(words[1:])
    options = {name: argument.value for name, argument in parsed.args.items()}
    context = Context(Config(overrides={"osem": DEFAULTS}))
    return request_of(Job(context=context, console=Console(), options=options, dry=False))


@given(REQUESTS)
@examples(60)
def test_the_command_of_a_request_makes_that_request(wanted: EngineRequest) -> None:
    """Typed in a shell, a proposed command requests exactly what it was made from."""
    assert requested(wanted.command()) == wanted


@given(REQUESTS, st.integers(1, 1000))
@examples(10)
def test_a_proposed_timeout_is_the_only_change(wanted: EngineRequest, seconds: int) -> None:
    """Words that are added to a command change what they say and nothing else."""
    again = requested(wanted.command("--timeout", str(seconds)))

    assert again == replace(wanted, timeout=float(seconds))


@pytest.mark.parametrize(
    "words, problem",
    [
        (["--port", "70000"], "--port must be a port number from 0 to 65535, not '70000'"),
        (["--port", "x"], "--port must be a port number"),
        (["--timeout", "0"], "--timeout must be a number of seconds greater than 0"),
        (["--name", "../x"], "--name must be two or more letters"),
        (
            ["--engine", "oracle"],
            f"--engine must be one of {', '.join(registry.choices())}, not 'oracle'",
        ),
        (["--engine", ""], "--engine is given and empty"),
    ],
)
def test_a_wrong_option_is_named(inv: Inv, words: list[str], problem: str) -> None:
    """INVALID_CONFIGURATION, the option and what it must be; nothing is started."""
    run = inv("local.up", "--json", *words)

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert problem in run.document["error"]["message"]


def test_a_fallback_is_a_warning_and_a_reason_is_not(
    inv: Inv, scripts: tuple[Script, Script]
) -> None:
    """An absent engine is a fact; one that is there and cannot start deserves attention."""
    scripts[0].refusal = refusal("hardware")
    absent = inv("local.up")
    inv("local.down")
    scripts[0].refusal, scripts[0].failure = None, refusal("image", ErrorCode.IMAGE_NOT_FOUND)
    broken = inv("local.up")

    assert "ℹ Engine: fleeting, because no hardware\n" in absent.err
    assert "⚠ Engine: fleeting, because no image\n" in broken.err


@pytest.mark.usefixtures("scripts")
def test_an_image_that_differs_is_named_with_its_remedy(
    inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running image, the configured one, and what replaces it: kept data stays in use."""
    with fake_dynamodb() as endpoint:
        facts: dict[str, Any] = {"started_at": "yesterday", "used_at": 0.0, "persist": True}
        records.save(
            EngineRecord(engine="lasting", name="mine", endpoint=endpoint, image="old:1", **facts)
        )
        monkeypatch.setenv("OSEM_LOCAL_IMAGE", "new:2")

        run = inv("local.up")

    assert (
        "⚠ The running engine uses image old:1, but new:2 is configured. To replace it (data in "
        f"memory is lost): inv local.down --name mine && {OWN_NAME} --persist\n"
    ) in run.err


@pytest.mark.parametrize("task", ["local.logs", "local.env"])
@pytest.mark.usefixtures("scripts")
def test_what_needs_an_engine_names_the_command_that_starts_it(inv: Inv, task: str) -> None:
    """ENGINE_NOT_RUNNING, and the same engine in the remedy."""
    run = inv(task, "--json")

    assert (run.code, run.error) == (1, "ENGINE_NOT_RUNNING")
    assert run.document["error"]["remediation"] == OWN_NAME


@pytest.mark.usefixtures("scripts")
def test_status_names_the_command_that_starts_the_engine(inv: Inv) -> None:
    """Whether it never ran or stopped responding."""
    never = inv("local.status")
    facts: dict[str, Any] = {"started_at": "yesterday", "used_at": 0.0}
    gone = EngineRecord(engine="lasting", name="mine", endpoint="http://127.0.0.1:9", **facts)
    records.save(gone)
    stopped = inv("local.status")

    assert never.out == f"ℹ mine is not running   (to start it: {OWN_NAME})\n"
    assert "⚠ not responding: lasting in this test as mine at http://127.0.0.1:9" in stopped.out
    assert f"(to start it again: {OWN_NAME})" in stopped.out


@pytest.mark.parametrize(
    "words, expected",
    [
        ([], "engine mine (lasting) would be started on port 8000"),
        (["--port", "0"], "engine mine (lasting) would be started on a free port"),
        (["--engine", "fleeting"], "engine mine (fleeting) would be started on port 8000"),
    ],
)
def test_a_dry_up_says_what_would_start(
    inv: Inv, scripts: tuple[Script, Script], words: list[str], expected: str
) -> None:
    """The kind that would be chosen, and the port; nothing is started."""
    run = inv("local.up", "--dry", *words)

    assert run.out == f"ℹ {expected}; nothing was changed\n"
    assert (scripts[0].calls, scripts[1].calls, records.load("mine")) == ([], [], None)


def test_a_dry_down_says_what_would_stop(inv: Inv, scripts: tuple[Script, Script]) -> None:
    """The recorded engine, or nothing."""
    before = inv("local.down", "--dry")
    inv("local.up")
    after = inv("local.down", "--dry")

    assert before.out == "ℹ nothing would be stopped; nothing was changed\n"
    assert after.out == ("ℹ lasting in this test as mine would be stopped; nothing was changed\n")
    assert scripts[0].calls == ["up"]


@pytest.mark.parametrize("lines", ["0", "-1", "x", "1.5", "²", "9" * 30])
@pytest.mark.usefixtures("scripts")
def test_a_number_of_lines_is_a_whole_number(inv: Inv, lines: str) -> None:
    """Anything else is refused in words."""
    inv("local.up")

    run = inv("local.logs", f"--lines={lines}", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "--lines must be a whole number from 1 to 999999" in run.err


@pytest.mark.usefixtures("scripts")
def test_later_tasks_act_on_the_engine_that_this_command_line_started(inv: Inv) -> None:
    """`local.down` without --name stops what `local.up --name` started, and nothing else."""
    inv("local.up", "--name", "kept")

    run = inv("local.up", "--name", "mine", "local.down", "--json")

    assert run.document["data"]["name"] == "mine"
    assert (records.load("mine"), records.load("kept") is None) == (None, False)


def test_a_configuration_file_stores_nothing_for_tasks() -> None:
    """What tasks of one command line tell each other does not come from a file."""
    context = Context()
    config: Any = context.config
    config["osem_session"] = {"endpoint": 5, "name": "theirs"}
    job = Job(context=context, console=Console(), options={}, dry=False)

    assert job.session == {}
    job.remember("name", "ours")
    assert job.session["name"] == "ours"


@pytest.mark.usefixtures("scripts")
def test_a_down_waits_for_another_command_no_longer_than_it_may(inv: Inv) -> None:
    """Another command holds the engine: `--timeout` bounds the wait, and the holder is named."""
    inv("local.up", "--name", "mine")

    with records.locked("mine", 5, lambda _: None):
        run = inv("local.down", "--name", "mine", "--timeout", "0.2", "--json")

    assert (run.code, run.error) == (1, "TIMEOUT")
    assert records.load("mine") is not None


@pytest.mark.usefixtures("scripts")
def test_a_task_without_a_name_acts_on_the_only_engine(inv: Inv) -> None:
    """Status, logs, env, down and the db tasks mean the same engine."""
    inv("local.up", "--name", "other")
    record = records.load("other")
    assert record is not None
    status = inv("local.status", "--json").document
    logs, env = inv("local.logs", "--json").document, inv("local.env", "--json").document
    tables = inv.plain("db.list", "--json").document
    down = inv("local.down", "--json").document

    assert (status["data"]["name"], status["data"]["running"]) == ("other", True)
    assert logs["data"]["name"] == "other"
    assert env["data"]["variables"]["AWS_ENDPOINT_URL_DYNAMODB"] == record.endpoint
    assert tables["endpoint"] == record.endpoint
    assert (down["data"]["name"], records.load("other")) == ("other", None)


@pytest.mark.parametrize("task", ["local.logs", "local.env", "db.list"])
@pytest.mark.usefixtures("scripts")
def test_several_engines_need_a_choice(inv: Inv, task: str) -> None:
    """ENGINE_NOT_RUNNING, each engine by name and endpoint, and how it is reached."""
    inv("local.up", "--name", "one")
    inv("local.up", "--name", "two")
    run = inv.plain(task, "--json")

    assert (run.code, run.error) == (1, "ENGINE_NOT_RUNNING")
    for name in ("one", "two"):
        record = records.load(name)
        assert record is not None
        assert f"'{name}' at {record.endpoint}" in run.document["error"]["message"]
        reached = f"--endpoint {record.endpoint}" if task == "db.list" else f"{task} --name {name}"
        assert reached in run.document["error"]["remediation"]


@pytest.mark.usefixtures("scripts")
def test_status_and_down_name_what_else_runs(inv: Inv) -> None:
    """With the command that reaches it; nothing that was not meant is stopped."""
    inv("local.up", "--name", "one")
    inv("local.up", "--name", "two")
    status, down = inv("local.status"), inv("local.down")

    *rows, summary = status.out.splitlines()
    assert [row.split()[:3] for row in rows] == [["✓", "one", "lasting"], ["✓", "two", "lasting"]]
    assert summary.startswith(f"ℹ mine is not running   (to start it: {OWN_NAME}); one runs at ")
    assert "inv local.status --name two" in status.out
    assert down.out.startswith("⚠ mine: nothing to stop. Running: 'one' at ")
    assert "(to stop it: inv local.down --name one   or: inv local.down --name two)" in down.out
    assert records.load("one")
    assert records.load("two")


@pytest.mark.usefixtures("scripts")
def test_another_projects_engine_is_not_stopped_without_its_name(
    inv: Inv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It holds another project's data; the command that stops it is said."""
    inv("local.up", "--name", "other")
    monkeypatch.chdir(tmp_path)
    run = inv("local.down")

    assert "(to stop it: inv local.down --name other)" in run.out
    assert records.load("other")


@pytest.mark.parametrize(
    "configured, variables, expected",
    [
        ("osem-dynamodb-local", {}, "inv local.up"),
        ("shop-db", {}, "inv local.up"),
        ("shop-db", {"OSEM_LOCAL_NAME": "shop-db"}, "inv local.up"),
        ("shop-db", {"OSEM_LOCAL_NAME": "mine"}, "inv local.up --name mine"),
        (
            "shop-db",
            {"OSEM_LOCAL_NAME": "osem-dynamodb-local"},
            "inv local.up --name osem-dynamodb-local",
        ),
        ("osem-dynamodb-local", {"INVOKE_OSEM_NAME": "x1"}, "inv local.up --name x1"),
    ],
)
@pytest.mark.usefixtures("scripts")
def test_a_remedy_names_the_engine_unless_the_files_do(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    configured: str,
    variables: dict[str, str],
    expected: str,
) -> None:
    """A variable may be set for one command only, so that the remedy must not rely on it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run = Inv(capsys, monkeypatch, {"name": configured})("local.logs", "--json")

    assert run.document["error"]["remediation"] == expected


@pytest.mark.usefixtures("scripts")
def test_env_prints_the_lines_for_any_endpoint(inv: Inv) -> None:
    """For a server that somebody else runs; a warning says if it does not answer."""
    with fake_dynamodb() as endpoint:
        run = inv("local.env", "--endpoint", endpoint)
    silent = inv("local.env", "--endpoint", endpoint)

    assert (run.code, run.err) == (0, "")
    assert f"export AWS_ENDPOINT_URL_DYNAMODB={endpoint}\n" in run.out
    assert "export AWS_ACCESS_KEY_ID=osemlocal\n" in run.out
    assert (silent.code, silent.out) == (0, run.out)
    assert f"⚠ Nothing answers at {endpoint} now.\n" in silent.err


@pytest.mark.parametrize(
    "endpoint, problem",
    [
        ("localhost:8000", "--endpoint "),
        ("127.0.0.1", "--endpoint "),
        ("https://dynamodb.eu-west-1.amazonaws.com", "--endpoint leads to AWS"),
        ("", "--endpoint is given and empty"),
    ],
)
@pytest.mark.usefixtures("scripts")
def test_env_refuses_what_is_no_endpoint_of_an_engine(
    inv: Inv, endpoint: str, problem: str
) -> None:
    """No lines are printed; the option is named."""
    run = inv("local.env", "--json", "--endpoint", endpoint)

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert problem in run.document["error"]["message"]


@pytest.mark.usefixtures("scripts")
def test_a_db_task_waits_for_a_named_server_and_says_so(inv: Inv) -> None:
    """A closed port: one line before the wait, then ENGINE_NOT_RUNNING."""
    endpoint = f"http://127.0.0.1:{host.free_port()}"
    with using(Policy(service=0.1)):
        run = inv.plain("db.list", "--json", "--endpoint", endpoint)

    assert (run.code, run.error) == (1, "ENGINE_NOT_RUNNING")
    assert f"Nothing answers at {endpoint} yet; waiting up to" in run.err
