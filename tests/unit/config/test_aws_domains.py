"""The domains of AWS: every one that botocore knows is told apart from a local engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.target import AWS_DOMAINS, TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator


def suffixes() -> set[str]:
    """Every DNS suffix of every partition, in both of botocore's files."""
    loader = botocore.session.Session().get_component("data_loader")
    found = {*_suffixes_of(loader.load_data("endpoints"))}
    return found | {*_suffixes_of(loader.load_data("partitions"))}


def _suffixes_of(data: Any) -> Iterator[str]:
    """The values of ``dnsSuffix`` and ``dualStackDnsSuffix``, variants included."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("dnsSuffix", "dualStackDnsSuffix"):
                yield value
            else:
                yield from _suffixes_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from _suffixes_of(value)


SUFFIXES = sorted(suffixes())


def test_botocore_still_names_its_suffixes() -> None:
    """The files have the shape that this test reads: the partitions of today are among them."""
    assert {"amazonaws.com", "amazonaws.com.cn", "c2s.ic.gov", "api.aws"} <= {*SUFFIXES}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_of_botocore_is_a_domain_of_aws(suffix: str) -> None:
    """A partition that botocore learns of is named here, before it passes for a local engine."""
    assert f".{suffix}" in AWS_DOMAINS


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_local_environment_reaches_no_partition(suffix: str) -> None:
    """An endpoint below any of the suffixes is refused for a local environment."""
    options = TargetOptions(endpoint=f"https://dynamodb.some-region-1.{suffix}")

    with pytest.raises(OsemError) as caught:
        resolve(BUILT_IN["local"], options, {})

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION


def test_every_domain_begins_with_a_dot() -> None:
    """A domain is compared from its dot on, so that another's domain with the same end is not AWS."""
    assert [domain for domain in AWS_DOMAINS if not domain.startswith(".")] == []
