"""Fixtures for tests on real DynamoDB. Imports little, because every pytest run loads it.

    def test_orders(dynamodb_tables, dynamodb_client):
        dynamodb_client.put_item(TableName=dynamodb_tables["Orders"], Item=...)

Options and ini settings: ``--dynamodb-engine``, ``--dynamodb-endpoint``, ``--dynamodb-image``,
``--dynamodb-scope``, ``--dynamodb-isolation``, ``--dynamodb-keep``; ini ``dynamodb_engine`` and so
on, and ``dynamodb_tables``. Everything else comes from ``invoke.yaml``.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.pytest_plugin import facts, options, reports, stash
from osem_tasks.pytest_plugin.facts import Facts
from osem_tasks.pytest_plugin.fixtures import (
    DATABASE,
    ENVIRON,
    SERVER,
    dynamodb_client,
    dynamodb_database,
    dynamodb_endpoint,
    dynamodb_environ,
    dynamodb_resource,
    dynamodb_seeded,
    dynamodb_server,
    dynamodb_settings,
    dynamodb_tables,
)
from osem_tasks.pytest_plugin.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "OPTIONS",
    "dynamodb_client",
    "dynamodb_database",
    "dynamodb_endpoint",
    "dynamodb_environ",
    "dynamodb_resource",
    "dynamodb_seeded",
    "dynamodb_server",
    "dynamodb_settings",
    "dynamodb_tables",
]

# Keys of the values that the xdist controller sends to its workers and gets back.
RUN, OWNER, STARTED = "osem_tasks_run", "osem_tasks_owner", "osem_tasks_started"
FACTS = "osem_tasks_facts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini settings."""
    options.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Store the run and the process that owns its engine: under xdist, the controller."""
    received: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[stash.RUN] = received.get(RUN) or uuid.uuid4().hex[:12]
    config.stash[stash.OWNER] = received.get(OWNER) or os.getpid()
    config.stash[stash.STARTED] = False
    config.stash[stash.FACTS] = Facts()
    config.stash[stash.ENVIRONMENT] = options.Environment()
    options.check(config)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Show what is configured. Which engine answers is known when the first test uses it."""
    line = options.header(config)
    return line and f"{reports.PROGRAM}: {line}"


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """End with one usage error if no engine can be had."""
    try:
        result = yield
    except session.Failed:  # -x, or --maxfail
        _refuse(session.config)
        raise
    _refuse(session.config)
    return result


def _refuse(config: pytest.Config) -> None:
    failure = config.stash[stash.FACTS].failure
    if failure and not hasattr(config, "workerinput"):
        raise pytest.UsageError(failure)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the id of the run to each xdist worker."""
    node.config.stash[stash.NODES] = node.config.stash.get(stash.NODES, 0) + 1
    node.workerinput[RUN] = node.config.stash[stash.RUN]
    node.workerinput[OWNER] = node.config.stash[stash.OWNER]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Store whether a worker started an engine; a crashed one may have."""
    node.config.stash[stash.NODES] -= 1
    received = getattr(node, "workeroutput", {})
    if error or received.get(STARTED):
        node.config.stash[stash.STARTED] = True
    if FACTS in received:
        node.config.stash[stash.FACTS].receive(received[FACTS])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker, report to the controller whether an engine was started, and what is known."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[STARTED] = session.config.stash[stash.STARTED]
        session.config.workeroutput[FACTS] = session.config.stash[stash.FACTS].sent()


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller or the only process, remove the engine of this run, unless it is kept."""
    if watch := config.stash.get(stash.WATCH, None):
        watch.end()
    # An interrupted controller does not hear what its workers started.
    started = config.stash.get(stash.STARTED, False) or config.stash.get(stash.NODES, 0) > 0
    known = config.stash.get(stash.FACTS, Facts())
    if started and not known.own and not hasattr(config, "workerinput"):
        from osem_tasks import testing

        with config.stash[stash.ENVIRONMENT].restored():
            testing.remove_server(config.stash[stash.RUN])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Forget the calls and the keys of the test before."""
    if watch := item.config.stash.get(stash.WATCH, None):
        watch.strays.clear()
        if ENVIRON in getattr(item, "fixturenames", ()):
            watch.forget_other_keys()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add our failures, and the calls that missed the test's database, to the report."""
    report = yield
    reports.mark_failure(report, call)
    watch = item.config.stash.get(stash.WATCH, None)
    used = getattr(item, "fixturenames", ())
    if SERVER in used:
        _announce(item.config)
    if watch and DATABASE in used:
        item.config.stash[stash.FACTS].used(report.nodeid, failed=report.failed)
        if report.failed and ENVIRON in used:
            watch.check_variables(os.environ)
        reports.mark_strays(report, watch.strays)
        watch.strays.clear()
    return report


def _announce(config: pytest.Config) -> None:
    """Show the engine once, after the first test has been set up; a worker leaves it to the summary."""
    known = config.stash[stash.FACTS]
    if known.is_announced or not known.engine or hasattr(config, "workerinput"):
        return
    known.is_announced = True
    if config.get_verbosity() >= 0:
        reports.narrator(config)(known.line())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, object, object]:
    """Show each of our failures once, and how databases were isolated, unless by access key."""
    known = config.stash[stash.FACTS]
    with reports.shown_once(terminalreporter.stats, known.failure) as hidden:
        result = yield
    _summarize(terminalreporter, config, known)
    if hidden:
        terminalreporter.write_line(f"{reports.PROGRAM}: the same for {hidden} more tests")
    for line in reports.stray_lines(terminalreporter.stats):
        terminalreporter.write_line(line)
    server = config.stash.get(stash.SERVER, None)
    if server is not None and server.is_shared:
        terminalreporter.write_line(
            f"{reports.PROGRAM}: {server.endpoint} shares one database among all keys; "
            "tests were kept apart by table prefixes"
        )
    return result


def _summarize(terminalreporter: Any, config: pytest.Config, known: Facts) -> None:
    """Show the engine unless it was shown when a test used it, and what is kept."""
    if known.engine and not known.is_announced and config.get_verbosity() >= 0:
        terminalreporter.write_line(f"{reports.PROGRAM}: {known.line()}")
    if known.kept or known.own:
        from osem_tasks.config.commands import engine_command

        terminalreporter.write_sep("=", f"{reports.PROGRAM}: kept")
        for line in facts.kept_lines(known, engine_command("local.down", known.own)):
            terminalreporter.write_line(line)
