"""From a call to a task's body and back to an exit code, a document and what is printed."""

from __future__ import annotations

import inspect
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks.command import command
from osem_tasks.tasks.options import OUTPUT_OPTIONS
from osem_tasks.tasks.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from osem_tasks.tasks.job import Job

ERROR = OsemError("Denied.", code=ErrorCode.AWS_PERMISSIONS_DENIED, remediation="Ask for more.")
DONE = Outcome(data={"rows": [1]}, summary=Line(Mark.DONE, "done"))


def task(body: Callable[[Job], Outcome]) -> Any:
    """An Invoke task of that body."""
    return command(OUTPUT_OPTIONS)(body)


def called(body: Callable[[Job], Outcome], *, dry: bool = False, **options: Any) -> int:
    """The exit code of one call."""
    config = Config(overrides={"run": {"dry": dry}, "osem": {}})
    given = {name: options.get(name, default) for name, (default, _) in OUTPUT_OPTIONS.items()}
    try:
        task(body)(Context(config), **given)
    except Exit as stop:
        return int(stop.code)
    return 0


def outcome_of(outcome: Outcome) -> Callable[[Job], Outcome]:
    """A body that comes to ``outcome``."""

    def verify(_: Job) -> Outcome:
        return outcome

    return verify


def raising(error: BaseException) -> Callable[[Job], Outcome]:
    """A body that fails."""

    def verify(_: Job) -> Outcome:
        raise error

    return verify


@pytest.mark.parametrize(
    "body, code",
    [
        pytest.param(outcome_of(DONE), 0, id="done"),
        pytest.param(outcome_of(Outcome(error=ERROR)), 1, id="failed"),
        pytest.param(outcome_of(Outcome(error=ERROR, changed=True)), 2, id="partial"),
        pytest.param(raising(ERROR), 1, id="raised"),
        pytest.param(raising(KeyboardInterrupt()), 130, id="interrupted"),
        pytest.param(raising(RuntimeError("a secret")), 1, id="unexpected"),
    ],
)
def test_exit_code(capsys: pytest.CaptureFixture[str], body: Any, code: int) -> None:
    """0 for success, 1 when nothing was changed, 2 when something was, 130 for an interrupt."""
    assert called(body) == code
    assert called(body, json=True) == code
    assert "Traceback" not in capsys.readouterr().err


def test_the_document_of_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stdout with every key, whatever the task is about."""

    def list_(job: Job) -> Outcome:
        job.location.update(environment="dev", region="us-east-1")
        return DONE

    called(list_, json=True)

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert list(document) == [
        "success",
        "command",
        "environment",
        "region",
        "endpoint",
        "timestamp",
        "duration",
        "data",
        "error",
    ]
    assert (document["success"], document["command"], document["error"]) == (True, "list", None)
    assert (document["environment"], document["endpoint"]) == ("dev", None)
    assert document["data"] == {"rows": [1]}
    assert datetime.fromisoformat(document["timestamp"]).tzinfo is not None
    assert (out.count("\n"), err) == (1, "")


def test_the_document_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """The error stands in the document, and for people on stderr."""
    called(raising(ERROR), json=True)

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["success"], document["error"]) == (False, ERROR.as_json())
    assert err == "✗ AWS_PERMISSIONS_DENIED: Denied.\n  → Ask for more.\n"


def test_an_unexpected_error_tells_its_type_only(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's message may hold a secret: neither form shows it, --verbose included."""
    called(raising(RuntimeError("a secret")), json=True, verbose=True)

    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "UNKNOWN_ERROR"
    assert "RuntimeError" in out
    assert "a secret" not in out + err


def test_what_was_done_is_told_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A body that changes something leaves its account for whatever ends it."""

    def setup(job: Job) -> Outcome:
        job.partial_outcome = lambda error: Outcome(data={"so": "far"}, error=error, changed=True)
        raise KeyboardInterrupt

    assert called(setup, json=True) == 130
    document = json.loads(capsys.readouterr().out)
    assert (document["data"], document["error"]["code"]) == ({"so": "far"}, "INTERRUPTED")


@pytest.mark.parametrize("dry", [False, True])
def test_a_body_knows_whether_it_may_change_anything(dry: bool) -> None:
    """Invoke's own --dry reaches the body."""
    seen: list[bool] = []

    def setup(job: Job) -> Outcome:
        seen.append(job.dry)
        return DONE

    called(setup, dry=dry)

    assert seen == [dry]


def test_own_and_common_options_become_invokes() -> None:
    """Every option has its help and its default; no short flag is made up."""

    def logs(job: Job, lines: str = "100") -> Outcome:
        return Outcome(data={"lines": lines, "quiet": job.options["quiet"]})

    made = command(OUTPUT_OPTIONS, texts={"lines": "How many lines."})(logs)
    parameters = list(inspect.signature(made.body).parameters)

    assert parameters == ["context", "lines", *OUTPUT_OPTIONS]
    assert made.help == {
        "lines": "How many lines.",
        **{name: text for name, (_, text) in OUTPUT_OPTIONS.items()},
    }
    assert next(argument.names for argument in made.get_arguments()) == ("lines",)


@pytest.mark.parametrize("as_json", [False, True])
def test_what_fails_before_any_task_ends_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """A configuration that cannot be read is told in the form that was asked for."""
    monkeypatch.setattr("sys.argv", ["inv", "db.verify", *(["--json"] if as_json else [])])

    with pytest.raises(Exit) as caught, refusing():
        raise ERROR

    out, err = capsys.readouterr()
    assert caught.value.code == 1
    assert (json.loads(out)["command"] if as_json else out) == ("configuration" if as_json else "")
    assert "Denied." in err


def test_a_project_s_own_task_may_call_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    """Options that the call leaves out have their defaults, and one name is a list of one."""

    def verify(job: Job, table: list[str] | None = None) -> Outcome:
        return Outcome(data={"env": job.options["env"], "table": table})

    task = command({"env": ("local", "Environment."), **OUTPUT_OPTIONS}, repeatable=["table"])(
        verify
    )

    task(Context(), table="Users", json=True)

    document = json.loads(capsys.readouterr().out)
    assert document["data"] == {"env": "local", "table": ["Users"]}


def test_a_library_that_the_project_hides_is_no_unknown_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the wrong module made the task raise, the message names that module."""
    (tmp_path / "docker.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert called(raising(ImportError("cannot import name"))) == 1
    assert f"INVALID_CONFIGURATION: {tmp_path / 'docker.py'} hides" in capsys.readouterr().err
