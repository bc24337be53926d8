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
from osem_tasks.config.settings import DEFAULTS
from osem_tasks.engines import records, registry
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.errors import ErrorCode
from osem_tasks.output.console import Console
from osem_tasks.tasks.job import Job
from osem_tasks.tasks.local import _request
from tests.support.examples import examples
from tests.support.fake_engines import fake_dynamodb, refusal
from tests.support.inv import Inv

if TYPE_CHECKING:
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
    return _request(Job(context=context, console=Console(), options=options, dry=False))


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
        (["--engine", "oracle"], "--engine must be one of auto, docker, moto, not 'oracle'"),
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
