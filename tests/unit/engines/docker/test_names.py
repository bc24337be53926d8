"""Names of images: the registry, the short and the full form, and the mirror."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines.docker import names
from tests.support.examples import examples

HUB = "amazon/dynamodb-local:3.3.1"


@pytest.mark.parametrize(
    "image, registry, qualified",
    [
        (HUB, "docker.io", f"docker.io/{HUB}"),
        ("mine", "docker.io", "docker.io/library/mine"),
        ("mine:1", "docker.io", "docker.io/library/mine:1"),
        (f"docker.io/{HUB}", "docker.io", f"docker.io/{HUB}"),
        (f"index.docker.io/{HUB}", "docker.io", f"index.docker.io/{HUB}"),
        ("localhost/osem/x:1", "localhost", "localhost/osem/x:1"),
        ("localhost:5000/x:1", "localhost:5000", "localhost:5000/x:1"),
        ("public.ecr.aws/a/b:1", "public.ecr.aws", "public.ecr.aws/a/b:1"),
        ("a/b@sha256:00", "docker.io", "docker.io/a/b@sha256:00"),
        ("team.name/x", "team.name", "team.name/x"),
    ],
)
def test_registry_and_full_name(image: str, registry: str, qualified: str) -> None:
    """A first part with a dot, a port or the name localhost is a registry."""
    assert names.registry_of(image) == registry
    assert names.qualified(image) == qualified


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("osem/x:1", "localhost/osem/x:1", True),
        (HUB, f"docker.io/{HUB}", True),
        ("redis", "docker.io/library/redis:latest", True),
        ("redis:7", "library/redis:7", True),
        ("a/b@sha256:00", "docker.io/a/b@sha256:00", True),
        ("osem/x:1", "localhost/osem/x:2", False),
        ("osem/x", "osem/x:1", False),
        (HUB, f"public.ecr.aws/{HUB}", False),
        ("localhost:5000/x:1", "x:1", False),
    ],
)
def test_the_same_image(one: str, other: str, same: bool) -> None:
    """Podman adds a registry to a name; that makes no other image of it."""
    assert names.same(one, other) is same
    assert names.same(other, one) is same


@pytest.mark.parametrize(
    "image, mirror",
    [
        (HUB, "public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:3.3.1"),
        (f"docker.io/{HUB}", "public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:3.3.1"),
        (
            "amazon/dynamodb-local",
            "public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:latest",
        ),
        ("mine/dynamodb-local:1", ""),
        ("registry.corp/amazon/dynamodb-local:1", ""),
        ("public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local:3.3.1", ""),
    ],
)
def test_the_mirror(image: str, mirror: str) -> None:
    """Only what AWS publishes in both registries has a mirror, with the same tag."""
    assert names.mirror_of(image) == mirror


PART = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
TAG = st.one_of(st.just(""), PART.map(":{}".format), st.just("@sha256:00"))


@given(parts=st.lists(PART, min_size=1, max_size=3), tag=TAG)
@examples(100)
def test_a_full_name_means_the_same_image(parts: list[str], tag: str) -> None:
    """A name that is completed once more stays, and is the same image."""
    image = "/".join(parts) + tag
    full = names.qualified(image)

    assert names.same(image, full)
    assert names.qualified(full) == full
