"""The program `osem`, and the suite inside other teams' `tasks.py`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from invoke.collection import Collection
from invoke.exceptions import Exit

from osem_tasks import namespace
from osem_tasks.config.defaults import DEFAULTS
from tests.support import processes
from tests.support.schemas import check_output

if TYPE_CHECKING:
    from pathlib import Path


def call(*words: str, cwd: Path, program: str = "osem_tasks") -> subprocess.CompletedProcess[str]:
    """`python -m PROGRAM WORDS...` in a directory."""
    command = [sys.executable, "-m", program, *words]
    return processes.call(command, cwd=cwd)


@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["db.nonsense"], id="task"),
        pytest.param(["db.verify", "--nonsense"], id="option"),
        pytest.param(["db.verify", "--env"], id="missing-value"),
        pytest.param(["--command-timeout", "soon", "db.verify"], id="number-that-is-none"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_1(tmp_path: Path, words: list[str]) -> None:
    """2 would mean partial; and a traceback tells a user nothing."""
    done = call(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (1, "", 1)


@pytest.mark.process
@pytest.mark.parametrize(
    "words", [["x\x1b[31m\n::error::y"], ["db.verify", "--x\n::error::y"], ["--x\n::error::y"]]
)
def test_bad_usage_is_quoted_harmlessly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """What was typed neither acts on a terminal nor on a runner."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    done = call(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert (len(done.stderr.splitlines()), done.stderr.rstrip("\n").isprintable()) == (1, True)


@pytest.mark.process
@pytest.mark.parametrize("debug", [["--debug"], []])
def test_debug_shows_no_password(tmp_path: Path, debug: list[str]) -> None:
    """Invoke logs every option that it parses."""
    words = ["db.verify", "--endpoint", "http://user:s3cretpw@127.0.0.1:9"]

    done = call(*debug, *words, cwd=tmp_path)

    assert (done.returncode, "s3cretpw" in done.stdout + done.stderr) == (1, False)


@pytest.mark.process
def test_it_reads_the_project_s_file(tmp_path: Path) -> None:
    """`osem` finds invoke.yaml without a tasks.py."""
    (tmp_path / "invoke.yaml").write_text("osem: {name: mine}\n", encoding="utf-8")

    done = call("local.status", "--json", cwd=tmp_path)

    assert json.loads(done.stdout)["data"] == {
        "name": "mine",
        "running": False,
        "others": [],
        "engines": [],
    }


@pytest.mark.process
@pytest.mark.parametrize(
    "text, words",
    [
        pytest.param("osem: [a\n", "cannot be parsed: line", id="yaml"),
        pytest.param("osem: 5\n", "'osem' must be a mapping", id="not-a-mapping"),
        pytest.param("osem: {environments: [a]}\n", "must be a mapping", id="list-for-mapping"),
        pytest.param("osem: {port: {a: 1}}\n", "must not be a mapping", id="mapping-for-text"),
        pytest.param("- a\n", "must be a mapping", id="list"),
        pytest.param("osem: {prot: 1, engine: x}\n", "2 problems", id="several"),
    ],
)
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
def test_a_wrong_file_is_one_clear_message(
    tmp_path: Path, program: str, text: str, words: str
) -> None:
    """Where Invoke would end in a traceback, it is said what is wrong, and where."""
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "tasks.py").write_text(
        "from osem_tasks import namespace\nns = namespace.build()\n", encoding="utf-8"
    )

    done = call("local.status", "--json", cwd=tmp_path, program=program)

    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert json.loads(done.stdout)["error"]["code"] == "INVALID_CONFIGURATION"


@pytest.mark.process
@pytest.mark.parametrize(
    "words, variables, said",
    [
        pytest.param([], {"HOME": "{here}"}, "'osem' must be a mapping, not 5", id="user"),
        pytest.param(["-f", "runtime.yaml"], {}, "'run' must be a mapping, not 5", id="option"),
        pytest.param(["-f", "missing.yaml"], {}, "No such file", id="missing"),
        pytest.param([], {"INVOKE_RUNTIME_CONFIG": "x.txt"}, "its name must end in", id="variable"),
        pytest.param([], {"INVOKE_RUN_WATCHERS": "x"}, "cannot replace run.watchers", id="list"),
    ],
)
def test_what_invoke_reads_itself_is_checked_before(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    variables: dict[str, str],
    said: str,
) -> None:
    """`osem` never shows a traceback of Invoke's for a file or variable of the user's."""
    if "HOME" in variables:
        (tmp_path / ".invoke.yaml").write_text("osem: 5\n", encoding="utf-8")
    (tmp_path / "runtime.yaml").write_text("run: 5\n", encoding="utf-8")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(here=tmp_path))

    done = call(*words, "local.status", "--json", cwd=tmp_path)

    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert json.loads(done.stdout)["error"]["code"] == "INVALID_CONFIGURATION"


@pytest.mark.process
def test_a_current_directory_that_is_gone(tmp_path: Path) -> None:
    """Another shell may have removed it; it is said, and what to do."""
    script = f"import os, runpy; os.chdir({str(tmp_path / 'gone')!r}); os.rmdir(os.getcwd());"
    script += "import sys; sys.argv[1:] = ['local.status'];"
    script += "runpy.run_module('osem_tasks', run_name='__main__')"
    (tmp_path / "gone").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert (done.returncode, "current directory cannot be read" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem_tasks", "invoke"])
def test_a_locale_that_misreads_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """Invoke reads a file in the locale's encoding: where that is not UTF-8, it is said."""
    for name, value in (("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")):
        monkeypatch.setenv(name, value)
    (tmp_path / "invoke.yaml").write_text("osem: {application: Zoë}\n", encoding="utf-8")
    (tmp_path / "tasks.py").write_text(
        "from osem_tasks import namespace\nns = namespace.build()\n", encoding="utf-8"
    )

    done = call("local.status", cwd=tmp_path, program=program)

    assert (done.returncode, "set PYTHONUTF8=1" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str) -> None:
    """Each shell gets a script for `osem`."""
    done = call(f"--print-completion-script={shell}", cwd=tmp_path)

    assert (done.returncode, "osem" in done.stdout) == (0, True)


@pytest.mark.process
def test_a_number_variable_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invoke casts a variable to the type in the file, and would end in a traceback."""
    (tmp_path / "invoke.yaml").write_text("osem: {port: 8123}\n", encoding="utf-8")
    monkeypatch.setenv("INVOKE_OSEM_PORT", "soon")

    done = call("local.status", cwd=tmp_path)

    assert (done.returncode, "INVOKE_OSEM_PORT must be a number" in done.stderr) == (1, True)


@pytest.mark.process
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_before_any_task(
    tmp_path: Path, number: signal.Signals, as_json: bool
) -> None:
    """One line and 130, and with ``--json`` one document with every key."""
    words = ["osem", "db.verify", *(["--json"] if as_json else [])]
    # The signal comes when the program imports its first module.
    script = (
        "import os, sys; from osem_tasks import cli; "
        f"sys.argv = {words!r}; sys.meta_path.insert(0, type('Press', (), {{'find_spec': "
        f"lambda *_: os.kill(os.getpid(), {int(number)})}})()); cli.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, len(done.stderr.splitlines())) == (130, 1)
    assert "INTERRUPTED" in done.stderr
    if as_json:
        check_output(done.stdout)
        document = json.loads(done.stdout)
        assert (document["success"], document["error"]["code"]) == (False, "INTERRUPTED")
        assert [*document] == [
            *("success", "command", "environment", "region", "endpoint"),
            *("timestamp", "duration", "data", "error"),
        ]
    else:
        assert done.stdout == ""


def names(collection: Collection) -> set[str]:
    """Every task's dotted name."""
    return set(collection.task_names)


def test_the_suite_mixes_with_own_tasks_and_under_another_name() -> None:
    """Another team nests it as it likes."""
    root = Collection()
    root.add_collection(namespace.build(), name="ddb")

    assert {"ddb.db.setup", "ddb.local.up"} <= names(root)


def test_overrides_are_merged_over_the_defaults() -> None:
    """One override leaves the other defaults in place."""
    found: dict[str, Any] = namespace.build({"port": "8123"}).configuration()["osem"]

    assert found == {**DEFAULTS, "port": "8123"}


def test_a_wrong_file_stops_the_import_of_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`namespace.build` ends the command line by Invoke's own means."""
    (tmp_path / "invoke.yaml").write_text("osem: 5\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "tasks", raising=False)

    with pytest.raises(Exit) as caught:
        namespace.build()

    assert caught.value.code == 1
