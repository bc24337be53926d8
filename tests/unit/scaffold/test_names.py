"""The environment's part of live tables' names is found, or is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config.naming import Naming
from osem_tasks.scaffold.names import naming_of

WORDS = st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True)


@pytest.mark.parametrize(
    "names, environment, found",
    [
        (["shop-dev-Orders", "shop-dev-Carts"], "dev", {"prefix": "shop-{env}-"}),
        (["dev_Orders"], "dev", {"prefix": "{env}_"}),
        (["shop.prod.Orders"], "prod", {"prefix": "shop.{env}."}),
        (["Orders-dev", "Carts-dev"], "dev", {"table_name": "{table}-{env}"}),
        (["Orders-dev-eu", "Carts-dev-eu"], "dev", {"table_name": "{table}-{env}-eu"}),
        (["Orders"], "dev", {}),
        (["shop-dev-Orders", "Carts"], "dev", {}),
        (["Orders-dev", "Carts-prod"], "dev", {}),
        (["Devices"], "dev", {}),
        (["devices-x"], "dev", {}),
        (["dev"], "dev", {}),
        (["dev-"], "dev", {}),
    ],
)
def test_a_pattern_is_found(names: list[str], environment: str, found: dict[str, str]) -> None:
    """One setting gives all names, or none does."""
    assert naming_of(names, environment) == found


@given(tables=st.lists(WORDS, min_size=1, unique=True), first=WORDS, last=WORDS)
def test_the_pattern_gives_the_names_back(tables: list[str], first: str, last: str) -> None:
    """What is found names exactly the tables that were there."""
    for real in (
        [f"{first}-dev-{name}" for name in tables],
        [f"{name}-dev-{last}" for name in tables],
        [f"{name}_dev" for name in tables],
    ):
        found = naming_of(real, "dev")
        naming = (
            Naming.of_prefix(found["prefix"], "dev")
            if "prefix" in found
            else Naming.of_pattern(found.get("table_name", "{table}"), "dev")
        )
        assert [naming.real(str(naming.declared(name))) for name in real] == real
