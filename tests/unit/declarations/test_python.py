"""A project's own module: what it prints, raises, or never ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import count
from typing import TYPE_CHECKING

import pytest

from osem_tasks.declarations import python
from osem_tasks.declarations.load import load
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from pathlib import Path

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

_NUMBERS = count()
GOOD = "TABLES = table('Orders', 'id S')\n"


def load_module(folder: Path, text: str) -> tuple[str, ...]:
    """The names of the tables of a module with this text, below an import of its own."""
    name = f"hostile_{next(_NUMBERS)}"
    head = "from osem_tasks.tables import *\n"
    (folder / f"{name}.py").write_text(head + text, encoding="utf-8")
    try:
        return load(f"{name}:TABLES", folder).names
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(name, None)


RAISES: dict[str, tuple[str, str]] = {
    "exception": ("raise ValueError('x')", "line 2: ValueError: x"),
    "exit": ("import sys\nsys.exit(3)", "line 3: SystemExit: 3"),
    "quit": ("raise SystemExit", "line 2: SystemExit"),
    "base": ("raise BaseException('x')", "line 2: BaseException: x"),
    "generator-exit": ("raise GeneratorExit", "line 2: GeneratorExit"),
    "stop-iteration": ("raise StopIteration", "line 2: StopIteration"),
    "recursion": ("def f():\n    f()\nf()", "line 3: RecursionError"),
    "memory": ("raise MemoryError", "line 2: MemoryError"),
    "syntax": ("def (:", "line 2: SyntaxError"),
    "import": ("import no_such_module_at_all", "line 2: ModuleNotFoundError"),
    "many-lines": ("raise ValueError('a\\nb')", "line 2: ValueError: a b"),
    "long": ("raise ValueError('x' * 10_000)", "line 2: ValueError: xxx"),
    "mute": (
        "class Mute(Exception):\n    def __str__(self): raise self\nraise Mute",
        "line 4: Mute",
    ),
    "iterator": ("def f():\n    yield 1 / 0\nTABLES = f()", "line 3: ZeroDivisionError"),
    "property": (
        "class T:\n    def __iter__(self): raise OSError('x')\nTABLES = T()",
        "line 3: OSError: x",
    ),
    "class": (
        "class T:\n    @property\n    def __class__(self): raise OSError('x')\nTABLES = T()",
        "line 4: OSError: x",
    ),
    "attribute": ("def __getattr__(name): raise OSError(name)", "line 2: OSError: TABLES"),
    "by-a-library": ("import json\njson.loads('{')", "line 3: JSONDecodeError"),
    "unknown-field": (
        "TABLES = Table(name='Orders', key=Key.parse('id S'), stram=Stream(None))",
        "line 2: Table has no 'stram'; did you mean 'stream'?",
    ),
    "unknown-fact": (
        "TABLES = table('Orders', 'id S', deletion_protecton=True)",
        "line 2: table 'Orders': deletion_protecton is not known; did you mean 'deletion_prot",
    ),
    "missing-field": ("TABLES = Table(name='Orders')", "line 2: Table needs 'key'"),
    "rule": ("TABLES = table('Orders', 'id X')", "line 2: table 'Orders': attribute 'id'"),
}


@pytest.mark.parametrize("text, words", RAISES.values(), ids=list(RAISES))
def test_what_a_module_raises_is_told(tmp_path: Path, text: str, words: str) -> None:
    """Module, line and exception, in one sentence: whatever it was."""
    with pytest.raises(OsemError) as caught:
        load_module(tmp_path, text)

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert f".py {words}" in caught.value.message
    assert len(caught.value.message) < 600


NOT_TABLES: dict[str, tuple[str, str]] = {
    "nothing": ("TABLES = None", "holds None"),
    "text": ("TABLES = 'Orders'", "holds 'Orders'"),
    "number": ("TABLES = [5]", "holds 5"),
    "empty": ("TABLES = ()", "holds no table"),
    "mapping": ("TABLES = {'Orders': 1}", "holds 1"),
    "mute": ("class T:\n    def __repr__(self): raise OSError\nTABLES = T()", "holds <T instance"),
    "list-by-name": ("class list: pass\nTABLES = list()", "holds <"),
    "many": ("TABLES = range(1_000_000)", "holds 0, 1, 2, 3, 4"),
    "endless": (
        "import itertools\nTABLES = itertools.repeat(table('Orders', 'id S'))",
        "holds more than 10,000 tables",
    ),
    "missing": ("", "has no attribute 'TABLES'"),
}


@pytest.mark.parametrize("text, words", NOT_TABLES.values(), ids=list(NOT_TABLES))
def test_what_is_not_tables_is_shown(tmp_path: Path, text: str, words: str) -> None:
    """An object of another kind is named, in a message of a readable length."""
    with pytest.raises(OsemError) as caught:
        load_module(tmp_path, text)

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert words in caught.value.message
    assert len(caught.value.message) < 600


WRONG: dict[str, tuple[str, str]] = {
    "name": ("table(5, 'id S')", "table 5: name must be a string, not 5"),
    "key": ("table('Orders', 5)", "a key must be a string like 'id S, at N', not 5"),
    "indexes": ("table('Orders', 'id S', ['a'])", "indexes must map names to keys, not ['a']"),
    "index-key": ("table('Orders', 'id S', {'by-a': 5})", "a key must be a string"),
    "index-name": ("table('Orders', 'id S', {5: 'a S'})", "global_indexes[0].name must be a"),
    "unknown": (
        "table('Orders', 'id S', tag=())",
        "table 'Orders': tag is not known; did you mean 'tags'",
    ),
    "tags": ("table('Orders', 'id S', tags={'a': 'b'})", "tags must be a tuple, not {'a': 'b'}"),
    "tag": ("table('Orders', 'id S', tags=(('a', 5),))", "tags[0][1] must be a string, not 5"),
    "tag-pair": ("table('Orders', 'id S', tags=('ab', 'c'))", "tags[0] must be a tuple"),
    "ttl": ("table('Orders', 'id S', ttl='at')", "ttl must be a TimeToLive, not 'at'"),
    "stream": ("table('Orders', 'id S', stream=Stream(5))", "stream.view must be a string"),
    "flag": ("table('Orders', 'id S', deletion_protection='no')", "must be True or False"),
    "units": ("table('Orders', 'id S', throughput=Throughput('1', True))", "throughput.read must"),
    "encryption": ("table('Orders', 'id S', encryption='KMS')", "must be an Encryption"),
    "class": ("table('Orders', 'id S', table_class=[])", "table_class must be a string"),
    "key-of-text": ("Table(name='Orders', key='id S')", "key must be a Key, not 'id S'"),
    "half": ("table('Orders', '\\ud800 S')", "holds half a character"),
    "set": ("TableSet(5)", "a TableSet must hold a tuple of tables, not 5"),
    "set-of-text": ("TableSet(('Orders',))", "a TableSet must hold a tuple of tables"),
}


@pytest.mark.parametrize("text, words", WRONG.values(), ids=list(WRONG))
def test_a_field_of_another_kind_is_named(tmp_path: Path, text: str, words: str) -> None:
    """A table that is declared in Python is as clear about its mistakes as a file."""
    with pytest.raises(OsemError) as caught:
        load_module(tmp_path, f"TABLES = {text}")

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert f"line 2: {words}" in caught.value.message or words in caught.value.message


@pytest.mark.parametrize("source", [":X", "a..b:X", ".a:X", "a b:X", "a:b.c", "a:", "ä/b:X"])
def test_what_is_no_name_of_an_object(tmp_path: Path, source: str) -> None:
    """A module and an attribute have names of Python."""
    with pytest.raises(OsemError, match="neither a module's object nor a file"):
        load(source, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "print('noise')",
        "import os\nos.system('echo noise')",
        "import sys\nsys.__stdout__.write('noise')",
        "import os\nos.write(1, b'noise')",
    ],
    ids=["print", "program", "original-stream", "descriptor"],
)
def test_what_a_module_prints_goes_to_stderr(tmp_path: Path, text: str) -> None:
    """stdout holds the task's own result: one JSON document."""
    (tmp_path / "noisy.py").write_text(f"from osem_tasks.tables import *\n{text}\n{GOOD}")
    (tmp_path / "invoke.yaml").write_text("osem: {tables: 'noisy:TABLES'}\n")

    done = subprocess.run(
        [sys.executable, "-m", "osem_tasks", "db.export", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout[:1], len(done.stdout.splitlines()), "noise" in done.stderr) == (
        "{",
        1,
        True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
        "class T:\n    def __iter__(self):\n        while True: pass\nTABLES = T()",
        "import threading\nthreading.Event().wait()",
    ],
    ids=["loop", "loop-that-catches", "iterator", "wait"],
)
def test_a_module_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A task must not hang because a declaration does."""
    monkeypatch.setattr(python, "LONGEST", 0.2)

    with pytest.raises(OsemError, match=r"line \d: it did not end within 0.2 s"):
        load_module(tmp_path, text)


def test_tables_are_loaded_in_a_thread_too(tmp_path: Path) -> None:
    """Only the main thread may set an alarm; others go without."""
    found: list[tuple[str, ...]] = []
    thread = threading.Thread(target=lambda: found.append(load_module(tmp_path, GOOD)))
    thread.start()
    thread.join()

    assert found == [("Orders",)]
