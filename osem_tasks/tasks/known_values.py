"""Collects the values that an option may have, for completion and for messages.

It loads no SDK, runs no code of the project and asks no server.
"""

from __future__ import annotations

import ast
import configparser
import functools
import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

import osem_tasks
from osem_tasks.config import file
from osem_tasks.engines import records, registry
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from osem_tasks.config.settings import Settings

# A larger file would take longer than a user waits for a completion.
MAX_BYTES = 300_000
MAX_FILES = 50
MAX_TABLES = 500


class KnownValues:
    """The values of options, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, option: str) -> Sequence[str]:
        """Return the known values of an option such as ``--env``; none if it cannot be told."""
        readers = {
            "--env": self._environments,
            "--with": self._environments,
            "--engine": registry.choices,
            "--name": _engines,
            "--profile": _profiles,
            "--table": self._tables,
        }
        try:
            return readers[option]() if option in readers else ()
        except OsemError:  # a task says what is wrong with a file
            return ()

    @functools.cached_property
    def _settings(self) -> Settings:
        return file.settings(self._folder, registry.choices())

    def _environments(self) -> Sequence[str]:
        return tuple(self._settings.environments)

    def _tables(self) -> Sequence[str]:
        sources, root = self._settings.declaration()
        names = [name for source in sources for name in self._names(source, root)]
        return tuple(dict.fromkeys(names))[:MAX_TABLES]

    def _names(self, source: str, root: Path) -> Iterator[str]:
        """Yield the tables of one source; one that cannot be read quickly has none."""
        module, colon, _ = source.partition(":")
        if colon and not (root / source).exists():
            yield from _names_in_module(module, root)
            return
        paths = sorted(glob.glob(source, root_dir=root, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
        for path in paths[:MAX_FILES]:
            yield from self._names_in_file(root / path)

    def _names_in_file(self, path: Path) -> Sequence[str]:
        from osem_tasks.declarations import files
        from osem_tasks.declarations.context import Context

        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ()
        environment = self._settings.environment(None, os.environ)
        context = Context(
            parameters=environment.parameters,
            region=environment.region or "us-east-1",
            account=environment.account or "000000000000",
        )
        try:
            return [table.name for table in files.read(path, context).tables]
        except OsemError:
            return ()


def _names_in_module(module: str, root: Path) -> Iterator[str]:
    """Yield the names that a module's source gives to tables; the module is not run."""
    for folder in (root, Path(osem_tasks.__file__).parents[1]):
        base = folder.joinpath(*module.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file() and path.stat().st_size <= MAX_BYTES:
                yield from _names_in_source(path.read_bytes())
                return


def _names_in_source(source: bytes) -> Iterator[str]:
    """Yield the first text of every call of ``table``, and the value of every TableName."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func).strip("_").casefold() == "table":
            names = [word.value for word in node.keywords if word.arg == "name"]
            yield from _texts([*names, *node.args[:1]])
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from _texts([v for k, v in pairs if list(_texts([k])) == ["TableName"]])
        elif isinstance(node, ast.Assign) and _called(node.targets[0]) == "table_name":
            yield from _texts([node.value])


def _called(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts(nodes: Sequence[ast.expr | None]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _engines() -> Sequence[str]:
    return [record.name for record in records.load_all()]


def _profiles() -> Sequence[str]:
    """Return the names of the profiles in the files of the AWS CLI."""
    found: list[str] = []
    for variable, usual in (
        ("AWS_CONFIG_FILE", "~/.aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(os.path.expanduser(os.environ.get(variable) or usual), encoding="utf-8")  # noqa: PTH111  Path raises where there is no home
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        sections = (name.removeprefix("profile ").strip() for name in parser.sections())
        found += [name for name in sections if " " not in name]
    return tuple(dict.fromkeys(found))
