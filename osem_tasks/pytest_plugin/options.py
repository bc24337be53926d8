"""The plugin's options and ini settings, checked at the start of the run."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCOPES = ("session", "package", "module", "class", "function")
KEYS, PREFIX = "keys", "prefix"
ENDPOINT = "--dynamodb-endpoint"
OPTIONS = {
    "engine": f"engine to start for the tests: {registry.choices_in_words()}",
    "endpoint": "DynamoDB endpoint to use instead of starting an engine",
    "image": "image of DynamoDB Local to start",
    "scope": f"how often a new database is created: {', '.join(SCOPES)} (default: session)",
    "isolation": (
        "what keeps databases apart: keys (default), or prefix, so that an application with fixed "
        "access keys sees the tables"
    ),
}
ISOLATIONS = (KEYS, PREFIX)
KEEP = "leave the engine and the tables at the end, and say how to look into them"


class Environment:
    """The environment variables at the start of the run; their values are never shown.

    A test may set or clear HOME, OSEM_STATE_DIR or DOCKER_HOST, but an engine must be
    started, recorded and removed with the same values.
    """

    __slots__ = ("_variables",)

    def __init__(self) -> None:
        self._variables = dict(os.environ)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Set exactly these variables while the body runs."""
        with pytest.MonkeyPatch.context() as patch:
            self._restore(patch)
            yield

    def _restore(self, patch: pytest.MonkeyPatch) -> None:
        for name in os.environ.keys() - self._variables.keys():
            patch.delenv(name)
        for name, value in self._variables.items():
            patch.setenv(name, value)


def declare(parser: pytest.Parser) -> None:
    """Declare options and ini settings."""
    group = parser.getgroup("dynamodb", "tests on DynamoDB")
    for name, text in OPTIONS.items():
        group.addoption(f"--dynamodb-{name}", default=None, metavar=name.upper(), help=text)
        parser.addini(f"dynamodb_{name}", text, default="")
    group.addoption("--dynamodb-keep", action="store_true", default=False, help=KEEP)
    parser.addini("dynamodb_keep", KEEP, type="bool", default=False)
    parser.addini(
        "dynamodb_tables", "the declared tables; as osem.tables in invoke.yaml", default=""
    )


def check(config: pytest.Config) -> None:
    """Raise UsageError for an option or ini setting that is empty, unknown or leads to AWS."""
    for name in OPTIONS:
        value = setting(config, name)
        if config.getoption(f"--dynamodb-{name}") == "":
            raise pytest.UsageError(f"--dynamodb-{name} is empty: give it a value, or leave it out")
        known = _choices(name) if value else ()
        if known and value not in known:
            raise pytest.UsageError(
                f"--dynamodb-{name} must be one of {', '.join(known)}, not {value}"
            )
    try:
        keeps(config)
    except (ValueError, pytest.UsageError):  # which one depends on pytest; neither names it
        raise pytest.UsageError("dynamodb_keep must be true or false") from None
    if endpoint := setting(config, "endpoint"):
        _check_endpoint(endpoint)


def _choices(name: str) -> Sequence[str]:
    """Return what an option may be; none if it may be anything."""
    if name == "engine":
        # Asked for here: a project's conftest may add a kind of engine.
        return registry.choices()
    return {"scope": SCOPES, "isolation": ISOLATIONS}.get(name, ())


def _check_endpoint(endpoint: str) -> None:
    from osem_tasks.config.endpoints import check_url, is_aws
    from osem_tasks.errors import ConfigurationError

    try:
        check_url(endpoint, ENDPOINT)
    except ConfigurationError as error:  # convert it here, before pytest shows a frame with values
        raise pytest.UsageError(f"{error.problems[0]}\n→ {error.remediation}") from None
    if is_aws(endpoint):
        raise pytest.UsageError(
            f"{ENDPOINT} leads to AWS: {endpoint}\n→ Name a local engine, or leave it out to have "
            "one started"
        )


def setting(config: pytest.Config, name: str) -> str:
    """Return an option, or else its ini setting; empty if neither is given."""
    return str(config.getoption(f"--dynamodb-{name}") or config.getini(f"dynamodb_{name}"))


def keeps(config: pytest.Config) -> bool:
    """Return whether the engine and the tables are left at the end."""
    return bool(config.getoption("--dynamodb-keep") or config.getini("dynamodb_keep"))


def header(config: pytest.Config) -> str | None:
    """Return the line of what is configured; None for a run that may not use the plugin."""
    given = [f"{name} {value}" for name in OPTIONS if (value := setting(config, name))]
    given += ["kept at the end"] if keeps(config) else []
    return ", ".join(given) or None


def endpoint(config: pytest.Config) -> tuple[str, str]:
    """Return ``chosen_endpoint`` of the run. Raises ConfigurationError."""
    return chosen_endpoint(setting(config, "endpoint"), setting(config, "engine"), os.environ)


def chosen_endpoint(named: str, engine: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the endpoint of an engine that somebody else runs, and what names it; or two "".

    ``named`` is the endpoint's setting. A variable counts unless the setting ``engine`` asks
    for an engine of the run's own; one that leads to AWS never counts. Raises
    ConfigurationError for a variable without a valid URL.
    """
    if named or engine:
        return named, ENDPOINT if named else ""
    from osem_tasks.config.endpoints import check_url, is_aws
    from osem_tasks.config.target import ENDPOINT_VARIABLES

    for name in ENDPOINT_VARIABLES:
        value = variables.get(name, "")
        if value and not is_aws(value):
            check_url(value, name)
            return value, name
    return "", ""
