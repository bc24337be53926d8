"""Before anything is removed on AWS a person types the environment's name, or gives --yes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from invoke.context import Context

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.console import Console
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.tasks.confirm import confirm
from osem_tasks.tasks.job import Job
from osem_tasks.waiting.interrupts import Interrupted
from tests.unit.output.streams import Stream

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

DEV = resolve(BUILT_IN["dev"], TargetOptions(), {})
LOCAL = resolve(BUILT_IN["dev"], TargetOptions(endpoint="http://127.0.0.1:8000"), {})
SHOWN = [Line(Mark.PLAIN, "- Users  3 items")]


def ask(target: Target, *, yes: bool = False, **console: Any) -> None:
    """Confirm a deletion."""
    job = Job(context=Context(), console=Console(**console), options={}, dry=False)
    confirm(job, target, "delete 1 table", SHOWN, yes=yes)


def terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Stream:
    """A terminal at which somebody types; what it shows is given back."""
    keyboard, screen = Stream(terminal=True), Stream(terminal=True)
    keyboard.write(typed)
    keyboard.seek(0)
    monkeypatch.setattr(sys, "stdin", keyboard)
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_local_engine_needs_no_confirmation() -> None:
    """Nobody is asked, with a terminal or without."""
    ask(LOCAL)


def test_yes_needs_no_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    """--yes is the confirmation: nothing is shown or asked."""
    screen = terminal(monkeypatch, "")

    ask(DEV, yes=True)

    assert screen.text == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_terminal_yes_is_required(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    """What would be removed is shown, and the error names --yes."""
    with pytest.raises(OsemError) as caught:
        ask(DEV, as_json=as_json)

    assert caught.value.code is ErrorCode.CONFIRMATION_REQUIRED
    assert "--yes" in caught.value.remediation
    assert "- Users  3 items" in capsys.readouterr().err


def test_the_environments_name_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question shows what will happen and where."""
    screen = terminal(monkeypatch, "dev\n")

    ask(DEV)

    assert "- Users  3 items" in screen.text
    assert "This will delete 1 table of 'dev'." in screen.text


@pytest.mark.parametrize("typed", ["prod\n", "y\n", "yes\n", "\n", ""], ids=repr)
def test_any_other_answer_refuses(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Only the very name goes on; the error says what was typed and what was asked for."""
    terminal(monkeypatch, typed)

    with pytest.raises(OsemError) as caught:
        ask(DEV)

    said = f"{typed.strip()!r} was typed" if typed.strip() else "Nothing was typed"
    assert caught.value.code is ErrorCode.CONFIRMATION_REQUIRED
    assert f"{said}, the environment's name 'dev' was asked for" in caught.value.message
    assert "nothing was deleted" in caught.value.message


def test_an_interrupt_at_the_question_says_that_nothing_was_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C is an answer too; the error begins on a line of its own."""
    screen = terminal(monkeypatch, "")

    def interrupt() -> str:
        raise Interrupted

    monkeypatch.setattr(sys.stdin, "readline", interrupt)

    with pytest.raises(OsemError) as caught:
        ask(DEV)

    assert caught.value.code is ErrorCode.INTERRUPTED
    assert "nothing was deleted" in caught.value.message
    assert screen.text.endswith("to continue: \n")


def test_json_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script at a terminal gets the error, not a question."""
    terminal(monkeypatch, "dev\n")

    with pytest.raises(OsemError):
        ask(DEV, as_json=True)


@pytest.mark.parametrize("closed", ["stdin", "stderr"])
def test_a_closed_stream_is_no_terminal(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """A shell that closes a stream leaves none to ask on: --yes is required."""
    terminal(monkeypatch, "dev\n")
    monkeypatch.setattr(sys, closed, None)

    with pytest.raises(OsemError) as caught:
        ask(DEV)

    assert caught.value.code is ErrorCode.CONFIRMATION_REQUIRED
