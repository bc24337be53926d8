"""Imports point one way, and the heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import osem_tasks

ROOT = Path(osem_tasks.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
# What each part may import of the package; a part may always import itself.
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "interrupts": set(),
    "clock": {"errors", "interrupts"},
    "schema": {"errors"},
    "environments": set(),
    "settings": {"errors", "environments", "tables"},
    "tables": {"errors", "schema"},
    "configfile": {"errors", "settings"},
    "target": {"errors", "environments", "schema"},
    "guards": {"errors", "target"},
    "journal": {"errors", "schema"},
    "engines": {"errors", "interrupts"},
    "aws": {"__init__", "errors", "clock", "schema", "target", "engines.base"},
    "run": {"aws", "clock", "journal", "schema"},
    "creation": {"errors", "clock", "journal", "schema", "aws", "run"},
    "application": {"errors", "clock", "journal", "schema", "aws", "run", "creation"},
    "provision": {"errors", "clock", "journal", "schema", "aws", "run", "creation", "application"},
    "planview": {"errors", "journal", "report", "schema"},
    "ci": {"wording", "schema"},
    "wording": {"schema"},
    "report": {"errors", "journal", "schema", "wording"},
    "console": {"errors", "report"},
}
FOREIGN = {
    "boto3": {"aws", "testing", "pytest_plugin"},
    "botocore": {"aws"},
    "docker": {"engines"},
    "requests": {"engines"},
    "psutil": {"engines", "testing"},
    "halo": {"console"},
    "colorama": {"console"},
    "invoke": {"tasks", "namespace", "configfile", "cli"},
}


def part(path: Path) -> str:
    """The first name below the package: a subpackage or a module."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module that the file imports at run time, also inside functions."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    """A part imports only what stands below it."""
    mine = part(path)
    own = {name.removeprefix("osem_tasks.") for name in imports(path) if "osem_tasks." in name}
    if mine in ALLOWED:
        allowed = ALLOWED[mine] | {mine}
        strangers = {n for n in own if not any(n == a or n.startswith(f"{a}.") for a in allowed)}
        assert strangers - {"__version__"} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_foreign_libraries_have_one_home(path: Path) -> None:
    """Each SDK is imported by one part of the package."""
    tops = {name.partition(".")[0] for name in imports(path)}

    strangers = {name for name in tops & FOREIGN.keys() if part(path) not in FOREIGN[name]}

    assert strangers == set()


def test_only_the_destructive_tasks_reach_delete_table() -> None:
    """`aws.demolition` alone calls DeleteTable, and one task module alone imports it.

    `testing` drops the tables of a test's own prefix, and no task imports that.
    """
    callers = {p for p in MODULES if ".delete_table(" in p.read_text(encoding="utf-8")}
    importers = {p for p in MODULES if any("aws.demolition" in name for name in imports(p))}

    testers = {
        p for p in MODULES if any("osem_tasks.testing.databases" in name for name in imports(p))
    }

    assert callers == {ROOT / "aws" / "demolition.py", ROOT / "testing.py"}
    assert testers == {ROOT / "pytest_plugin.py"}
    assert importers == {ROOT / "tasks" / "destructive.py"}


def test_listing_tasks_loads_no_sdk() -> None:
    """`inv --list` and completion load neither boto3 nor docker nor halo."""
    code = (
        "import sys, tasks; "
        "print(sorted({'boto3','botocore','docker','halo','moto','psutil','requests'}"
        " & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_only_the_console_prints() -> None:
    """Nothing but the console writes to the standard streams."""
    printers = {
        part(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "print"
    }

    assert printers == set()
