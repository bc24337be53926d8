"""A case of a fault, ready to be brought about."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore.credentials
import botocore.tokens
import pytest

from osem_tasks.engines import records as state
from tests.faults.conftest import Cloud, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.cases.case import Case
    from tests.support.inv import Inv, Run


@dataclass(frozen=True)
class Bench:
    """One case, ready to be brought about."""

    case: Case
    cloud: Cloud
    inv: Inv
    home: Path
    words: dict[str, str]

    @contextlib.contextmanager
    def fault(self) -> Iterator[None]:
        """The fault holds inside; before it, the account holds what the case says."""
        case, server = self.case, self.cloud.server
        self.cloud.clear()
        self.cloud.hold(case.env, *case.existing)
        server.role = case.role
        if case.drifted:
            self.cloud.drift(case.env)
        for name, tags in case.foreign.items():
            self.cloud.add(name, tags)
        server.sts_account = case.sts_account
        server.arm(*case.faults, plane=case.plane)
        if case.marked:
            server.mark(tables_of(case.env).names[0], case.marked)
        with pytest.MonkeyPatch.context() as patch:
            self._prepare(patch)
            yield
        server.role, server.sts_account = "AWS", ""
        server.arm()
        if case.drifted:
            self.cloud.drift(case.env, back=True)

    def _prepare(self, patch: pytest.MonkeyPatch) -> None:
        case = self.case
        if case.env == "local":
            patch.delenv("AWS_ENDPOINT_URL")
        for name, text in case.files.items():
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)
        for variable, text in (
            ("AWS_CONFIG_FILE", case.config),
            ("AWS_SHARED_CREDENTIALS_FILE", case.credentials),
        ):
            path = self.home / variable.lower().removesuffix("_file").replace("_", "-")
            path.write_text(self.filled(text))
            patch.setenv(variable, str(path))
        # botocore reads HOME when it is imported.
        for provider in (botocore.tokens.SSOTokenProvider, botocore.credentials.SSOProvider):
            patch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(self.home / "sso"))
        if case.record:
            record = self.cloud.record
            state.save(replace(record, name="osem-record", endpoint=self.filled(case.record)))
        for name, value in case.variables.items():
            patch.setenv(name, self.filled(value)) if value else patch.delenv(name, raising=False)

    def filled(self, text: str) -> str:
        """``text`` with this run's places in it."""
        for word, value in self.words.items():
            text = text.replace(f"{{{word}}}", value)
        return text

    def run(self, *more: str) -> Run:
        """The case's command while the fault holds."""
        configured = replace(self.inv, configuration=self.case.configuration)
        with self.fault():
            return configured(*map(self.filled, self.case.argv), *more)

    def again(self) -> list[tuple[int, str | None]]:
        """Exit and error codes of a setup and a verification without the fault."""
        state.forget("osem-record")
        env = self.case.env
        if env == "local":
            state.save(self.cloud.record)
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("AWS_ENDPOINT_URL")
                runs = [self.inv("local.up", "--json"), *self._both()]
        else:
            runs = self._both("--env", env, "--force")
        return [(each.code, each.error) for each in runs]

    def _both(self, *words: str) -> list[Run]:
        return [self.inv(task, *words, "--json") for task in ("db.setup", "db.verify")]


def words_of(cloud: Cloud, home: Path, docker: str, closed: str) -> dict[str, str]:
    """What stands for the places of a run in the texts of a case."""
    return {
        "url": cloud.server.url,
        "port": str(urlsplit(cloud.server.url).port),
        "engine": cloud.engine,
        "closed": f"http://{closed}",
        "closed_host": closed,
        "docker": docker,
        "home": str(home),
    }
