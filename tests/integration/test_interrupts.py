"""Ctrl-C at any moment, pressed in a real terminal."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, PATIENCE, Shell
from tests.support.schemas import check

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

FRAMES = re.compile("[⠁-⣿]")
CLEARED = re.compile(r"\r\x1b\[K")
PRESSES = 8


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell with an embedded engine that runs and has its tables."""
    state = tmp_path_factory.mktemp("interrupts") / "state"
    shell = Shell(given.new_name(), state, {"DOCKER_HOST": NOWHERE})
    shell.json("local.up")
    shell.json("db.setup")
    yield shell
    shell.clear()


def pressed(shell: Shell, after: float, *words: str) -> tuple[int | None, str]:
    """The exit code and the screen of `osem WORDS...`, with Ctrl-C some seconds after its start.

    The clock starts with ``main``: before, an interrupt is Python's own business.
    """
    code = (
        "import sys; from osem_tasks.cli import main; "
        "sys.stderr.write('begun'); sys.stderr.flush(); "
        f"sys.argv = ['osem', *{list(words)!r}]; main()"
    )
    child = pexpect.spawn(
        sys.executable,
        ["-c", code],
        cwd=str(given.ROOT),
        env=shell.environment(),
        dimensions=(50, 200),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    try:
        child.expect("begun")
        end = time.monotonic() + after
        while time.monotonic() < end and child.isalive():
            time.sleep(0.005)
        if child.isalive():
            child.sendintr()
        child.expect(pexpect.EOF)
        child.wait()
        return child.exitstatus, str(child.before)
    finally:
        child.close(force=True)


def duration(shell: Shell, *words: str) -> float:
    """How long the command takes when nobody disturbs it."""
    begin = time.monotonic()
    pressed(shell, PATIENCE, *words)
    return time.monotonic() - begin


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--list",), id="list"),
        pytest.param(("local.status",), id="status"),
        pytest.param(("db.setup",), id="setup"),
        pytest.param(("db.verify", "--json"), id="verify-json"),
        pytest.param(("db.reset",), id="reset"),
    ],
)
def test_a_press_at_any_moment_ends_in_one_line(shell: Shell, words: tuple[str, ...]) -> None:
    """130 and INTERRUPTED, or the finished result; no traceback, no frame, whole documents."""
    whole = duration(shell, *words)
    for number in range(PRESSES):
        code, screen = pressed(shell, 0.05 + whole * number / PRESSES, *words)

        assert code in {0, 130}, screen
        assert "Traceback" not in screen
        assert "Exception ignored" not in screen
        # A press after the task, when its result is printed, is told without a code.
        told = re.findall(r"INTERRUPTED: |(?:^|\^C)Interrupted\.", screen, re.MULTILINE)
        assert len(told) == (code == 130), screen
        last = CLEARED.split(screen)[-1]
        assert not FRAMES.search(last)
        documents = [line for line in screen.splitlines() if line.startswith(("{", "^C{"))]
        for line in documents:
            check(json.loads(line.removeprefix("^C")))


def test_what_was_interrupted_can_be_run_again(shell: Shell) -> None:
    """Whatever the presses left, a setup mends."""
    assert shell("db.setup").code == 0
    assert shell("db.verify").code == 0
