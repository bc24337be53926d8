"""Create the tables of a JSON file one after another, with boto3's waiter. No checks, no output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

client = boto3.client(
    "dynamodb",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)
waiter = client.get_waiter("table_exists")
for request in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")):
    client.create_table(**request)
    waiter.wait(TableName=request["TableName"])
