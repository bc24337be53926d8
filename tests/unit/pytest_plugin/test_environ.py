"""What a shell holds for AWS does not lead clients away from a test's database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
import pytest

from osem_tasks.config.local_access import DISTURBING, undisturbed, variables
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from pathlib import Path

PROXY = "http://127.0.0.1:9"
BROKEN = "[default\nthis is no file of AWS"
IGNORING = "[default]\nignore_configured_endpoint_urls = true\nregion = eu-west-1\n"


@pytest.mark.parametrize(
    "disturbing",
    [
        {"AWS_PROFILE": "gone"},
        {"AWS_DEFAULT_PROFILE": "gone"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_SESSION_TOKEN": "of-another-account"},
        {"AWS_CA_BUNDLE": "/nowhere/bundle.pem"},
        {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY},
        {"http_proxy": PROXY, "no_proxy": "example.com"},
        {"CONFIG": BROKEN},
        {"CONFIG": IGNORING},
        {"CREDENTIALS": BROKEN},
    ],
    ids="-".join,
)
def test_an_application_s_client_reaches_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, disturbing: dict[str, str]
) -> None:
    """A client of boto3's own, made by the variables alone, in a shell that disturbs."""
    files = {"CONFIG": "AWS_CONFIG_FILE", "CREDENTIALS": "AWS_SHARED_CREDENTIALS_FILE"}
    for name, value in disturbing.items():
        if name in files:
            path = tmp_path / name
            path.write_text(value, encoding="utf-8")
            monkeypatch.setenv(files[name], str(path))
        else:
            monkeypatch.setenv(name, value)
    with fake_dynamodb(body='{"TableNames": ["Mine"]}') as endpoint:
        for name in DISTURBING:
            monkeypatch.delenv(name, raising=False)
        others = undisturbed(endpoint, os.environ)
        for name, value in {**others, **variables(endpoint)}.items():
            monkeypatch.setenv(name, value)
        client = boto3.Session().client("dynamodb")
        found = client.list_tables()["TableNames"]
        client.close()

    assert found == ["Mine"]
