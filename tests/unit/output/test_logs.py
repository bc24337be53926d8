"""What libraries log: redacted, on one line; a project's own records stay as they are."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from osem_tasks.output import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "FAKESECRETtoken0123456789"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], logging.Logger]]:
    """Loggers by name that write into the test, with the guard in place."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    factory = logging.getLogRecordFactory()
    logs.guard()
    made: list[tuple[logging.Logger, logging.Handler]] = []

    def logger(name: str) -> logging.Logger:
        found, handler = logging.getLogger(name), logging.StreamHandler(io.StringIO())
        found.addHandler(handler)
        found.setLevel(logging.DEBUG)
        made.append((found, handler))
        return found

    yield logger
    logging.setLogRecordFactory(factory)
    for found, handler in made:
        found.removeHandler(handler)
        found.setLevel(logging.NOTSET)


def text_of(logger: logging.Logger) -> str:
    """What its handler wrote."""
    handler = logger.handlers[-1]
    assert isinstance(handler, logging.StreamHandler)
    return str(handler.stream.getvalue())


@pytest.mark.parametrize("name", ["botocore.auth", "urllib3.connectionpool", "invoke", "boto3"])
def test_a_library_s_record_is_one_line_without_secrets(
    logged: Callable[[str], logging.Logger], name: str
) -> None:
    """Canonical requests, headers and options hold tokens and passwords."""
    logger = logged(name)
    logger.debug("headers:\n%s\x1b[1m %s", {"x": TOKEN}, "http://u:pw@host")

    assert text_of(logger) == "headers:\\n{'x': '***'}\\u001b[1m http://***@host\n"


def test_a_library_s_traceback_is_redacted(logged: Callable[[str], logging.Logger]) -> None:
    """The text of an exception quotes what was sent."""
    logger = logged("botocore.endpoint")
    try:
        int(TOKEN)
    except ValueError:
        logger.debug("failed", exc_info=True)

    assert "invalid literal for int() with base 10: '***'" in text_of(logger)
    assert TOKEN not in text_of(logger)


def test_a_message_that_does_not_fit_its_arguments(
    logged: Callable[[str], logging.Logger],
) -> None:
    """A library's slip neither stops a task nor tells a secret."""
    logger = logged("docker.api")
    logger.debug("%s and %d", TOKEN, "no number")

    assert TOKEN not in text_of(logger)


def test_a_project_s_own_records_are_left_alone(
    logged: Callable[[str], logging.Logger],
) -> None:
    """They are none of ours, whatever they hold."""
    logger = logged("botocoreless.app")
    logger.debug("one\ntwo %s", "http://u:pw@host")

    assert text_of(logger) == "one\ntwo http://u:pw@host\n"


def test_to_guard_twice_is_to_guard_once() -> None:
    """Every task guards, and so does the namespace."""
    before = logging.getLogRecordFactory()
    try:
        logs.guard()
        factory = logging.getLogRecordFactory()
        logs.guard()
        assert logging.getLogRecordFactory() is factory
    finally:
        logging.setLogRecordFactory(before)
