"""What a client of a local engine reads of botocore's files, and that it is the same client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.loaders import create_loader

from osem_tasks.aws.local_data import SERVICES
from osem_tasks.aws.session import local_session

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

ENDPOINT = "http://127.0.0.1:8000"
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "nowhere-9", "local")


def client(session: Session, service: str, region: str) -> BaseClient:
    """A client with dummy keys at a local endpoint."""
    made: BaseClient = session.create_client(
        service,
        region_name=region,
        endpoint_url=ENDPOINT,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return made


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_that_of_botocore(service: str, region: str) -> None:
    """Endpoint, region, model and signature are those that all of botocore's files give."""
    short = client(local_session("us-east-1"), service, region)
    full = client(botocore.session.Session(), service, region)

    for found in (short, full):
        assert (found.meta.endpoint_url, found.meta.region_name) == (ENDPOINT, region)
    assert short.meta.service_model.operation_names == full.meta.service_model.operation_names
    assert _signature(short) == _signature(full)


def _signature(found: BaseClient) -> tuple[str, ...]:
    signer = found._request_signer  # type: ignore[attr-defined]  # botocore shows it nowhere else
    return signer.signature_version, signer.signing_name, signer.region_name


def test_waiters_and_pages_of_a_client_are_there() -> None:
    """Whoever gets such a client may use everything of it: only the search is shorter."""
    made = client(local_session("us-east-1"), "dynamodb", "us-east-1")

    assert made.waiter_names
    assert made.can_paginate("list_tables")


def test_the_services_are_known_to_botocore() -> None:
    """The short list names nothing that botocore has not."""
    assert set(SERVICES) <= set(create_loader().list_available_services("service-2"))


def test_a_process_reads_the_model_once() -> None:
    """The tasks of one command line have a session each, and share what was read."""
    loaders = {id(local_session(region).get_component("data_loader")) for region in REGIONS}

    assert len(loaders) == 1
