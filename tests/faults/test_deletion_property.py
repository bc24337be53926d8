"""Over random worlds `db.reset` and `db.delete` take only what is the environment's by every rule.

The rules are written down here once more, for the real tasks on a server that plays AWS, a
signing proxy, or a local engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.waiting.policy import using
from tests.faults.conftest import variables
from tests.support.examples import examples
from tests.support.inv import Inv
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.faults.conftest import Cloud

HERE, ELSEWHERE = "123456789012", "111111111111"
PLACES = ("AWS", "proxy", "engine")


@dataclass(frozen=True)
class World:
    """What is typed, what the shell and the configuration say, and one table that is there."""

    task: str
    env: str
    words: tuple[str, ...]
    prefix: str
    pinned: str
    sts: str
    place: str
    owner: str
    tags: Mapping[str, str]

    @property
    def table(self) -> str:
        """The table that is there."""
        return f"osem-{self.owner}-Users"

    @property
    def may_go(self) -> bool:
        """Whether every rule of docs/deletion.md allows to delete the table."""
        place = BUILT_IN[self.env]
        proven = self.place == "engine"
        expected = {"Environment": self.env, "Application": "osem-ladders"}
        return (
            self.owner == self.env
            and all(expected[key] == value for key, value in self.tags.items())
            and (proven or self.pinned in ("", HERE))
            and (proven or place.where == "aws")
            and (proven or not place.protected)
            and (proven or "--yes" in self.words)
            and "--dry-run" not in self.words
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Random environments, prefixes, accounts, tags, endpoints and options."""
    names = st.sampled_from(list(BUILT_IN))
    env = draw(names)
    # Half of the tables are the environment's own: otherwise hardly anything would go.
    owner = draw(st.one_of(st.just(env), names))
    tags = {
        "Environment": draw(st.sampled_from(["", env, "staging", "qa"])),
        "Application": draw(st.sampled_from(["", "osem-ladders", "billing"])),
    }
    pinned = draw(st.sampled_from(["", HERE, ELSEWHERE]))
    return World(
        task=draw(st.sampled_from(["db.reset", "db.delete"])),
        env=env,
        words=tuple(draw(st.sets(st.sampled_from(["--yes", "--force", "--dry-run", "--json"])))),
        prefix=draw(st.sampled_from(["", f"osem-{owner}-", "osem-staging-"])),
        pinned=pinned,
        # Who asks STS elsewhere is told the pinned account.
        sts=pinned or HERE,
        place=draw(st.sampled_from(PLACES)),
        owner=owner,
        tags={key: value for key, value in tags.items() if value},
    )


@settings(examples(60), suppress_health_check=list(HealthCheck))
@given(world=worlds())
def test_only_the_environments_own_tables_go(world: World, shared: tuple[Cloud, Inv]) -> None:
    """A table that is gone was the environment's by every rule; one that may go is gone."""
    cloud, inv = shared
    cloud.clear()
    cloud.add(world.table, world.tags)
    cloud.server.role = "DynamoDB Local" if world.place == "proxy" else "AWS"
    cloud.server.sts_account = world.sts
    endpoint = {"AWS": "", "proxy": cloud.server.url, "engine": cloud.engine}[world.place]
    words = [world.task, "--env", world.env, *world.words]
    words += ["--endpoint", endpoint] if endpoint else []
    account = {"account": world.pinned} if world.pinned else {}

    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(cloud.server.url).items():
            patch.setenv(name, value)
        patch.setenv("OSEM_DB_PREFIX", world.prefix)
        configured = replace(inv, configuration={"environments": {world.env: account}})
        run = configured(*words)

    gone = _is_gone(cloud, world.table)
    reached = world.prefix in ("", f"osem-{world.owner}-") or world.owner == "staging"
    assert gone <= world.may_go, run.err
    assert gone or not (world.may_go and reached), run.err
    assert "UNKNOWN_ERROR" not in run.out + run.err
    assert run.code in (0, 1, 2)


def _is_gone(cloud: Cloud, table: str) -> bool:
    """Whether the table with its item is gone; a reset makes an empty one of that name."""
    client = cloud.client()
    held = table in client.list_tables()["TableNames"]
    return not held or client.scan(TableName=table)["Count"] == 0


@pytest.fixture(name="shared")
def _shared(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Cloud, Inv]]:
    with using(SHORT):
        yield cloud, Inv(capsys, monkeypatch)
