"""The one runner of `inv`: in this process, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.schemas import check_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 60.0
# The program as people type it, in the environment of the tests.
INV = str(Path(sys.executable).with_name("inv"))
# Tests that run in a folder of their own still mean OSEM's tables.
OSEM_TABLES = "osem_tasks.declarations.osem:TABLES"


@dataclass(frozen=True)
class Run:
    """What one `inv` call gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; fails when there is anything else."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def error(self) -> str | None:
        """The error code of the document."""
        error = self.document["error"]
        return error["code"] if error else None

    def names(self, key: str) -> list[str]:
        """The tables of a list of the document, by their names in the model."""
        rows = self.document["data"][key]
        return [str(row["tableName"]).rpartition("-")[2] for row in rows]

    @property
    def account(self) -> dict[str, list[str]]:
        """The document's account of a setup."""
        keys = ("tablesCreated", "tablesVerified", "tablesFailed", "tablesNotAttempted")
        return {key.removeprefix("tables"): self.names(key) for key in keys}


@dataclass(frozen=True)
class Inv:
    """Calls `inv` in this process; ``configuration`` stands for `invoke.yaml`.

    With an ``endpoint`` every `db` task is sent there, unless it is called as ``plain``.
    """

    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    configuration: Mapping[str, Any] = field(default_factory=dict)
    endpoint: str = ""

    def __call__(self, *words: str) -> Run:
        """`inv WORDS...`."""
        at = ("--endpoint", self.endpoint) if words[0].startswith("db.") and self.endpoint else ()
        return self.plain(words[0], *at, *words[1:])

    def plain(self, *words: str) -> Run:
        """`inv WORDS...` as it stands: where it leads is up to the shell."""
        from invoke.program import Program

        from osem_tasks import namespace

        argv = ["inv", *words]
        self.patch.setattr(sys, "argv", argv)
        self.capsys.readouterr()
        code = 0
        try:
            Program(
                namespace=namespace.build({"tables": OSEM_TABLES, **self.configuration}), name="inv"
            ).run(argv)
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = self.capsys.readouterr()
        check_output(captured.out)
        return Run(code, captured.out, captured.err)


def started(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`inv WORDS...` as a process, in this process's environment unless another is given."""
    return spawned([INV, *words], environment)


def spawned(
    command: list[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Any command as a process, called in the project's folder."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**(os.environ if environment is None else environment), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> Run:
    """What a process gave in the end. Raises TimeoutExpired for one that does not end."""
    try:
        out, err = process.communicate(timeout=LONGEST)
    finally:
        process.kill()
    check_output(out)
    return Run(process.returncode, out, err)
