"""Imports point one way, and the heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import osem_tasks

ROOT = Path(osem_tasks.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
# From the bottom up: a part imports what stands before its own layer, and itself.
LAYERS = (
    {"__init__", "errors"},
    {"waiting"},
    {"schema"},
    {"plan", "declarations", "tables"},
    {"config"},
    {"aws", "engines", "scaffold"},
    {"apply"},
    {"data"},
    {"output"},
    {"tasks", "testing"},
    {"namespace", "pytest_plugin", "nox"},
    {"program"},
    {"cli"},
    {"__main__"},
)
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}
# The old path of OSEM's tables, kept for configurations that name it.
ALIASES = {"schema/osem.py"}
FOREIGN = {
    "boto3": {"aws", "testing", "pytest_plugin"},
    "botocore": {"aws"},
    "docker": {"engines"},
    "requests": {"engines"},
    "psutil": {"engines"},
    "halo": {"output"},
    "colorama": {"output"},
    "invoke": {"tasks", "namespace", "config", "program"},
}


def part(path: Path) -> str:
    """The first name below the package: a subpackage or a module."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@functools.cache
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


def own_imports(path: Path) -> set[str]:
    """The modules of the package that a module imports, without the package's name."""
    names = {name for name in imports(path) if name.startswith("osem_tasks.")}
    return {name.removeprefix("osem_tasks.") for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports its own part, and parts of the layers below it: every module does."""
    mine = part(path)
    if path.relative_to(ROOT).as_posix() in ALIASES:
        return
    used = {name.partition(".")[0] for name in own_imports(path)} - {"__version__", mine}

    assert {name for name in used if LEVEL[name] >= LEVEL[mine]} == set()


def test_the_layers_name_every_part() -> None:
    """A new folder or module at the root has to take its place in the layers."""
    assert {part(path) for path in MODULES} == LEVEL.keys()


def test_contributing_shows_the_same_layers() -> None:
    """The one line of CONTRIBUTING is the rule that is held here."""
    text = (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = next(line.strip() for line in text.splitlines() if line.strip().startswith("errors <"))

    layers = [set(layer.strip().split(", ")) for layer in shown.split("<")]

    assert layers == [layer - {"__init__"} for layer in LAYERS]


def test_modules_within_a_part_form_no_circle() -> None:
    """Two modules never import each other at run time, not even by way of others."""
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}
    graph = {
        name: {other for other in names.values() if other != name and _is_used(other, path)}
        for path, name in names.items()
    }
    while free := {name for name, used in graph.items() if not used}:
        graph = {name: used - free for name, used in graph.items() if name not in free}

    assert graph == {}


def _is_used(name: str, path: Path) -> bool:
    return any(used == name or used.startswith(f"{name}.") for used in own_imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_foreign_libraries_have_one_home(path: Path) -> None:
    """Each SDK is imported by one part of the package."""
    tops = {name.partition(".")[0] for name in imports(path)}

    strangers = {name for name in tops & FOREIGN.keys() if part(path) not in FOREIGN[name]}

    assert strangers == set()


def test_only_the_deleting_tasks_reach_delete_table() -> None:
    """`aws.delete` alone calls DeleteTable, and one task module alone imports it.

    `testing` drops the tables of a test's own prefix, and no task imports that.
    """
    callers = {p for p in MODULES if ".delete_table(" in p.read_text(encoding="utf-8")}
    importers = {p for p in MODULES if any("aws.delete" in name for name in imports(p))}
    testers = {
        p
        for p in MODULES
        if part(p) != "testing" and any("osem_tasks.testing" in name for name in imports(p))
    }

    assert callers == {ROOT / "aws" / "delete.py", ROOT / "testing" / "databases.py"}
    assert importers == {ROOT / "tasks" / "delete.py"}
    assert {part(path) for path in testers} == {"pytest_plugin"}


def test_one_module_waits() -> None:
    """Nothing but `waiting` sleeps, or reads the clock that waiting goes by."""
    sleepers = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if {"time.sleep(", "time.monotonic("} & _calls_of(path)
    }

    assert sleepers == {"waiting/clock.py"}


def _calls_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {f"{ast.unparse(node.func)}(" for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_readable(path: Path) -> None:
    """No module is longer than 350 lines, and no loop variable hides its noun as `each`."""
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 350
    assert " each in " not in text


def test_emulators_are_known_in_one_module() -> None:
    """What tells an emulator from AWS, and what it does otherwise, stands in `emulators` only."""
    marks = (":ddblocal:", "Werkzeug", "UnknownOperation")
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if any(mark in path.read_text(encoding="utf-8") for mark in marks)
    }

    assert knowing == {"schema/emulators.py"}


@pytest.mark.process
def test_listing_tasks_loads_no_sdk() -> None:
    """`inv --list` and completion load neither an SDK nor halo, nor what reads declarations."""
    code = (
        "import sys, tasks; "
        "print(sorted({'boto3','botocore','docker','halo','moto','psutil','requests',"
        " 'osem_tasks.declarations.load','osem_tasks.declarations.export.terraform'}"
        " & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_only_the_console_prints() -> None:
    """No module uses `print`: the console writes to the standard streams."""
    printers = {
        part(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "print"
    }

    assert printers == set()
