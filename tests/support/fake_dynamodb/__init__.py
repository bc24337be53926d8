"""A strict DynamoDB control plane in memory."""

from __future__ import annotations

from tests.support.fake_dynamodb.control_plane import TARGET, FakeDynamoDB, store
from tests.support.fake_dynamodb.shapes import Killed

__all__ = ["TARGET", "FakeDynamoDB", "Killed", "store"]
