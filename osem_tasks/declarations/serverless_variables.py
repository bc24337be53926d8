"""Variables of the Serverless Framework: ``${self:custom.stage}``, ``${opt:stage, 'dev'}``.

What the file itself, ``osem.parameters`` and the target tell is resolved. Other sources
(``ssm``, ``cf``, scripts, ...) are known to the framework only: whether that matters depends
on the place of the variable, and is decided by who asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import parsing
from osem_tasks.declarations.limits import MAX_TEXT, MAX_VALUES
from osem_tasks.declarations.serverless_syntax import (
    PACKAGE,
    UnresolvedError,
    alternatives,
    parts_of,
)
from osem_tasks.declarations.values import Problem, RefusedError, Unknown
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.declarations.context import Context

_ADDRESS = re.compile(
    r"(?P<source>[a-z][A-Za-z0-9_-]*)(?:\((?P<given>[^)]*)\))?:?(?P<path>.*)", re.DOTALL
)
_QUOTED = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"")
_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?[0-9]{1,18}")
STAGE, DEFAULT_STAGE = "stage", "dev"
DEFAULT_REGION = "us-east-1"
_MAX_DEPTH = 30
_MISSING = object()
# Sources that osem.parameters can stand for by the name alone.
_BY_NAME = ("opt", "env", "param")
# Sources that have a value elsewhere: what a file gives as a default is not that value.
_ELSEWHERE = ("cf", "s3", "ssm")


class Variables:
    """Resolves the variables of one ``serverless.yml``."""

    def __init__(self, content: Mapping[str, Any], folder: Path, context: Context) -> None:
        self._content = content
        self._folder = folder
        self._context = context
        self._left = MAX_VALUES
        self._depth = 0
        # The names that osem.parameters may give a value.
        self.asked: set[str] = {STAGE}

    def resolved(self, value: Any) -> Any:
        """Return ``value`` without variables; what is not known here is Unknown.

        Raises RefusedError if it would be too large, ModelError for a file that cannot be read.
        """
        self._left -= 1
        if self._left < 0:
            raise _too_large(f"the file's variables make more than {MAX_VALUES:,} values")
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list):
            return [self.resolved(part) for part in value]
        if not isinstance(value, str):
            return value
        try:
            return self._text(value)
        except UnresolvedError as error:
            return error.value

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        found = {}
        for key, part in value.items():
            name = self.resolved(key)
            if isinstance(name, Unknown):
                return name
            found[name] = self.resolved(part)
        return found

    def _text(self, text: str) -> Any:
        """Return a text with its variables replaced; a variable alone may be any value."""
        parts = list(parts_of(text))
        if len(parts) == 1 and parts[0] != text:
            return self._variable(parts[0])
        result = ""
        for position, part in enumerate(parts):
            result += _as_text(self._variable(part), part) if position % 2 else part
            if len(result) > MAX_TEXT and len(result) > len(text):
                raise _too_large(f"{shown(text)} becomes longer than {MAX_TEXT:,} characters")
        return result

    def _variable(self, variable: str) -> Any:
        """Return the value of ``${variable}``: that of the first of its alternatives with one."""
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                words = f"${{{variable}}} refers to itself, or through too many others"
                raise UnresolvedError(words)
            inner = self._text(variable) if "${" in variable else variable
            if not isinstance(inner, str):
                return inner
            parameter = ""
            for alternative in alternatives(inner):
                found = self._alternative(alternative.strip())
                if found is not _MISSING and found is not None:
                    return found
                parameter = parameter or _parameter(alternative.strip())
        finally:
            self._depth -= 1
        raise UnresolvedError(f"the variable ${{{variable}}} has no value here", parameter)

    def _alternative(self, text: str) -> Any:
        if quoted := _QUOTED.fullmatch(text):
            return quoted["single"] if quoted["single"] is not None else quoted["double"]
        if text in _WORDS:
            return _WORDS[text]
        if _NUMBER.fullmatch(text):
            return int(text)
        address = _ADDRESS.fullmatch(text)
        if not address:
            raise UnresolvedError(f"${{{text}}} is not a variable as Serverless writes it")
        return self._address(address["source"], address["given"], address["path"].strip())

    def _address(self, source: str, given: str | None, path: str) -> Any:
        if source == "self":
            return self._own(path)
        if source == "file":
            return self._file(given or "", path.removeprefix(":"))
        if source == "sls" and path == STAGE:
            return self._stage()
        if source == "aws" and path == "region":
            return self._context.region or DEFAULT_REGION
        if source == "aws" and path == "accountId" and self._context.account:
            return self._context.account
        named = [f"{source}:{path}"] + [path] * (source in _BY_NAME)
        self.asked.update(named)
        values = (self._context.parameters.get(name) for name in named)
        found = next((value for value in values if value is not None), _MISSING)
        if found is _MISSING and source in _ELSEWHERE:
            raise UnresolvedError(f"the variable ${{{source}:{path}}} has no value here", named[0])
        return self._param(path) if found is _MISSING and source == "param" else found

    def _stage(self) -> Any:
        given = self._context.parameters.get(STAGE)
        return given or self._own("provider.stage") or DEFAULT_STAGE

    def _param(self, name: str) -> Any:
        """Return a parameter of the stage, or of every stage, or _MISSING."""
        own = self._stage()
        if isinstance(own, Unknown):
            return own
        for stage in (own, "default"):
            for place in (f"stages.{stage}.params.{name}", f"params.{stage}.{name}"):
                if (found := self._at(self._content, place)) is not _MISSING:
                    return found
        return _MISSING

    def _own(self, path: str) -> Any:
        defaults = {"provider.stage": self._context.parameters.get(STAGE) or DEFAULT_STAGE}
        defaults["provider.region"] = self._context.region or DEFAULT_REGION
        found = self._at(self._content, path)
        return defaults.get(path, _MISSING) if found is _MISSING else found

    def _at(self, content: Any, path: str) -> Any:
        """Return what is at a dotted path, resolved, or _MISSING."""
        for name in path.split(".") if path else ():
            content = self.resolved(content) if isinstance(content, str) else content
            if isinstance(content, Unknown):
                return content
            if isinstance(content, Mapping) and name in content:
                content = content[name]
            elif isinstance(content, list) and name.isdigit() and int(name) < len(content):
                content = content[int(name)]
            else:
                return _MISSING
        return self.resolved(content)

    def _file(self, name: str, path: str) -> Any:
        """Return the content of another file of the project, or a part of it."""
        target = self._folder / name.strip()
        if target.suffix.lower() not in (".yml", ".yaml", ".json"):
            raise UnresolvedError(f"${{file({name})}} is not a YAML or JSON file")
        if not os.path.exists(target):  # noqa: PTH110  Path raises for a name that is too long
            return _MISSING
        try:
            content = parsing.read_documents(target, short_forms=True)
        except ValueError as error:
            raise ModelError([f"{target}: {error}"]) from error
        return self._at(content[0], path) if content else _MISSING


def _too_large(words: str) -> RefusedError:
    return RefusedError([Problem(words, way=PACKAGE)])


def _parameter(alternative: str) -> str:
    """Return the name in ``osem.parameters`` that can stand for a variable, or ""."""
    source, _, path = alternative.partition(":")
    return path if source in _BY_NAME else ""


def _as_text(value: Any, variable: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, Unknown):
        raise UnresolvedError(value.reason, value.parameter)
    raise UnresolvedError(f"${{{variable}}} is {shown(value)}, which is no part of a text")
