"""What a person sees who types a tab, in a real terminal with bash, zsh and fish."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 60.0
COLUMNS, ROWS = 110, 40
SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
# What the documentation says to write into the shell's own file.
LOAD = {
    ("bash", "osem"): 'eval "$(osem --print-completion-script=bash)"',
    ("bash", "inv"): 'eval "$(inv --print-completion-script=bash)"',
    (
        "zsh",
        "osem",
    ): 'autoload -U compinit; compinit -u; eval "$(osem --print-completion-script=zsh)"',
    (
        "zsh",
        "inv",
    ): 'autoload -U compinit; compinit -u; eval "$(inv --print-completion-script=zsh)"',
    ("fish", "osem"): "osem --print-completion-script=fish | source",
    ("fish", "inv"): "invoke --print-completion-script=fish | source; "
    "complete --command inv --wraps invoke",
}
TABLE = {
    "TableName": "my-orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
SETTINGS = {"tables": "tables.json", "environments": {"dev-eu": {"where": "aws"}}}
TASKS = "from osem_tasks import namespace\nns = namespace.build()\n"
MARK = "all-is-loaded"


class Terminal:
    """A terminal in which a shell runs."""

    def __init__(self, shell: str, folder: Path) -> None:
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "share"),
        }
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self._screen)
        self._child = pexpect.spawn(
            shell,
            SHELLS[shell],
            cwd=folder,
            env=environment,
            encoding="utf-8",
            dimensions=(ROWS, COLUMNS),
        )

    def run(self, line: str) -> None:
        """Run a command to its end."""
        # The mark is written in two parts: the terminal shows what is typed, too.
        self._child.sendline(f"{line}; echo all-is-''loaded")
        self.wait_for(MARK)
        self.type("\x0c")  # an empty screen

    def offered(self, typed: str, *expected: str) -> str:
        """The screen after ``typed`` and tabs, once it shows all that is expected."""
        self.type(f"{typed}\t\t")
        shown = self.wait_for(*expected)
        self.type("\x15\x0c")  # an empty line, an empty screen
        return shown

    def type(self, keys: str) -> None:
        """Type keys, whatever becomes of them."""
        self._child.send(keys)

    def wait_for(self, *expected: str) -> str:
        """The screen that shows all of this."""
        end = time.monotonic() + LONGEST
        while not all(text in (shown := "\n".join(self._screen.display)) for text in expected):
            if time.monotonic() > end:
                pytest.fail(f"{expected} is not shown:\n{shown}")
            try:
                self._stream.feed(self._child.read_nonblocking(65_536, timeout=1))
            except pexpect.TIMEOUT:
                continue
        return shown

    def close(self) -> None:
        """End the shell."""
        self._child.close(force=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a table and an environment whose names hold a dash, and a folder below."""
    tmp_path.joinpath("below").mkdir()
    tmp_path.joinpath("invoke.yaml").write_text(json.dumps({"osem": SETTINGS}), encoding="utf-8")
    tmp_path.joinpath("tables.json").write_text(json.dumps(TABLE), encoding="utf-8")
    tmp_path.joinpath("tasks.py").write_text(TASKS, encoding="utf-8")
    return tmp_path


@pytest.fixture(params=[name if shutil.which(name) else None for name in SHELLS], ids=[*SHELLS])
def terminal(request: pytest.FixtureRequest, project: Path) -> Iterator[tuple[str, Terminal]]:
    """A shell and its terminal, in the project."""
    if request.param is None:
        pytest.skip("this shell is not installed")
    opened = Terminal(request.param, project)
    yield request.param, opened
    opened.close()


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem", "inv"])
def test_a_tab(terminal: tuple[str, Terminal], program: str) -> None:
    """Tasks, options and values are offered, in a folder below as well."""
    shell, screen = terminal
    screen.run(LOAD[shell, program])

    screen.offered(f"{program} db.", "db.setup", "db.verify", "db.copy")
    screen.offered(f"{program} db.setup --", "--dry-run", "--env", "--plan-out")
    screen.offered(f"{program} db.setup --env ", "dev-eu", "staging")
    screen.offered(f"{program} db.list --table my", "my-orders")
    screen.run("cd below")
    screen.offered(f"{program} local.up --engine m", "ministack", "moto")
    screen.offered(f"{program} db.list --table my", "my-orders")


@pytest.mark.process
@pytest.mark.parametrize("program", ["osem", "inv"])
def test_a_tab_where_the_configuration_is_broken(
    terminal: tuple[str, Terminal], program: str, project: Path
) -> None:
    """No message comes between what is typed, and the line stays as it is."""
    shell, screen = terminal
    screen.run(LOAD[shell, program])
    project.joinpath("invoke.yaml").write_text("osem: {tables: [\n", encoding="utf-8")

    screen.type(f"{program} db.\t\t\x15echo all-is-''done\r")
    shown = screen.wait_for("all-is-done")

    assert "INVALID_CONFIGURATION" not in shown
    assert "Traceback" not in shown


@pytest.mark.process
def test_a_tab_without_the_program(terminal: tuple[str, Terminal], project: Path) -> None:
    """A shell whose `osem` is gone offers files, and says nothing."""
    shell, screen = terminal
    screen.run(LOAD[shell, "osem"])
    screen.run("set PATH /bin /usr/bin" if shell == "fish" else "PATH=/bin:/usr/bin")

    shown = screen.offered("osem table", "tables.json")

    assert project.joinpath("tables.json").is_file()
    assert "not found" not in shown
