"""The transcripts of a page of docs/: their commands are run, and their lines compared.

In a page, a comment says what follows it:

    <!-- file: NAME -->      a fence with a file of the reader's folder
    <!-- prepare: NAME -->   nothing; something happens elsewhere, such as a colleague's change
    <!-- run -->             a console block: commands after ``$``, each with what it shows

With ``OSEM_WRITE_TRANSCRIPTS=1`` the page gets what the commands really show, instead of being
compared with it: a transcript is never written by hand.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support import processes
from tests.support.inv import INV

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WRITING = bool(os.environ.get("OSEM_WRITE_TRANSCRIPTS"))
_STEP = re.compile(
    r"<!-- (?P<kind>file|prepare|run)(?:: (?P<name>\S+))? -->\n(?:```\w+\n(?P<text>.*?)```)?",
    re.DOTALL,
)
# A server in the role of AWS has an address that AWS has not.
_ADDRESS = re.compile(
    r" at http://127\.0\.0\.1:\d+ \(by \w+\)|AWS_ENDPOINT_URL=\S+ | --endpoint-url http://127\S+"
)
_DIVERTED = re.compile(r"is diverted to http://127|asks for its account at http://127")
# What differs between two runs: ids, times and durations.
_VARYING = (
    (re.compile(r"\d{14}-[0-9a-f]{8}"), "ID"),
    (re.compile(r"\d+\.\d+ s\b"), "N s"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.+:Z]*"), "TIME"),
    (re.compile(r"  +"), "  "),
)


@dataclass(slots=True)
class Shell:
    """Where the commands of a page run: a folder, its variables, and what happens elsewhere.

    ``forced`` adds ``--force``: a strict environment stops at a server in the role of AWS.
    """

    folder: Path
    environment: Mapping[str, str]
    prepare: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    forced: bool = False
    code: int = 0

    def run(self, typed: str) -> list[str]:
        """Run a command and return its lines; its exit code is ``code`` then."""
        if typed == "echo $?":
            return [str(self.code)]
        words = shlex.split(typed)
        assert words[0] == "inv", f"only `inv` is run: {typed}"
        added = ["--force"] if self.forced and "--force" not in words else []
        command = [INV, *words[1:], *added]
        if WRITING:
            shown = self._as_a_terminal_shows(command)
        else:
            done = processes.call(command, cwd=self.folder, env=self.environment)
            self.code, shown = done.returncode, _lines(done.stdout) + _lines(done.stderr)
        return [line.replace(" --force", "") for line in shown] if added else shown

    def _as_a_terminal_shows(self, command: list[str]) -> list[str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.code = done.returncode
        return _lines(done.stdout)


def check(page: Path, shell: Shell) -> None:
    """Carry out the steps of a page in their order; fail where it shows something else."""
    text = page.read_text(encoding="utf-8")

    def step(found: re.Match[str]) -> str:
        kind, name, block = found["kind"], found["name"] or "", found["text"] or ""
        if kind == "prepare":
            shell.prepare[name]()
        if kind == "file":
            (shell.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (shell.folder / name).write_text(block, encoding="utf-8")
        if kind != "run":
            return found[0]
        return found[0].replace(block, _replayed(block, shell))

    new = _STEP.sub(step, text)
    if WRITING:
        page.write_text(new, encoding="utf-8")


def _replayed(block: str, shell: Shell) -> str:
    """Run the commands of a block; return the block as they show it."""
    lines: list[str] = []
    for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        typed, *shown = entry.splitlines()
        seen = shell.run(typed)
        if not WRITING:
            # In any order: a terminal mixes two streams, and tables are worked on side by side.
            assert sorted(map(_alike, seen)) == sorted(map(_alike, shown)), typed
        lines += [f"$ {typed}", *seen]
    return "".join(f"{line}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines as AWS itself would have them shown."""
    kept = [line for line in text.splitlines() if not _DIVERTED.search(line)]
    return [_ADDRESS.sub("", line).rstrip() for line in kept]


def _alike(line: str) -> str:
    """A line without what differs between two runs."""
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line.rstrip()
