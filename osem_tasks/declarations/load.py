"""Where the declared tables come from: a Python object, a file, or OSEM's own."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from osem_tasks.schema.model import TableSet

REMEDY = (
    "Set osem.tables to 'package.module:NAME', or to a .json, .yaml or .yml file of CreateTable "
    "requests or a CloudFormation template."
)


def load(source: str, root: Path) -> TableSet:
    """The tables that ``source`` names, files and modules sought from the project's ``root``.

    Raises ConfigurationError or ModelError.
    """
    if source.endswith((".json", ".yaml", ".yml", ".template")):
        return _from_file(root / source)
    module, colon, name = source.partition(":")
    if not colon:
        raise ConfigurationError(
            [f"osem.tables is {source!r}: neither a module's object nor a file"],
            remediation=REMEDY,
        )
    # `inv` has the project's directory on the path, an installed program has not.
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return _from_object(source, module, name)


def _from_object(source: str, module: str, name: str) -> TableSet:
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            [f"osem.tables is {source!r}: {error}"], remediation=REMEDY
        ) from error
    return _set(source, found)


def _from_file(path: Path) -> TableSet:
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except OSError as error:
        problem = f"osem.tables: {path} cannot be read: {error.strerror}"
        raise ConfigurationError([problem], remediation=REMEDY) from error
    except ValueError as error:
        problem = f"osem.tables: {path} cannot be parsed: {error}"
        raise ConfigurationError([problem], remediation=REMEDY) from error
    from osem_tasks.declarations import cloudformation
    from osem_tasks.declarations import documents as declaration

    try:
        if cloudformation.is_template(document):
            tables = cloudformation.read_template(document)
        else:
            tables = declaration.read_document(document)
    except ModelError as error:
        raise ModelError([f"{path}: {problem}" for problem in error.problems]) from error
    return _set(str(path), tables)


def _set(source: str, tables: Iterable[Any] | Any) -> TableSet:
    from osem_tasks.schema.model import Table, TableSet

    if isinstance(tables, TableSet):
        return tables
    found = tuple(tables) if hasattr(tables, "__iter__") else (tables,)
    strangers = [repr(stranger) for stranger in found if not isinstance(stranger, Table)]
    if strangers or not found:
        what = f"holds {', '.join(strangers)}" if strangers else "holds no table"
        raise ConfigurationError([f"osem.tables: {source} {what}"], remediation=REMEDY)
    return TableSet(found)


def _yaml(text: str) -> Any:
    """YAML, with CloudFormation's short forms. Raises ValueError in words."""
    import yaml

    class Loader(yaml.SafeLoader):
        """SafeLoader that knows ``!Ref`` and its like."""

    def short_form(loader: Any, suffix: str, node: Any) -> Any:
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {name: value}

    Loader.add_multi_constructor("!", short_form)
    try:
        return yaml.load(text, Loader)  # noqa: S506  a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error).replace("\n", " ")) from error
