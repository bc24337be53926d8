"""botocore's data, read once in a process: each session would parse the same files anew.

It is most of what a session and its first client cost, and no test is about it.
"""

from __future__ import annotations

import functools

import botocore.session
from botocore.loaders import create_loader


def read_once() -> None:
    """Have all later sessions of this process, and of its forks, share what they have read."""
    vars(botocore.session)["create_loader"] = functools.cache(create_loader)


def read_now() -> None:
    """Read what a client of each service that the tasks call needs."""
    session = botocore.session.Session()
    for service in ("dynamodb", "sts"):
        session.create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
