"""The address, dummy keys and variables for access to a local engine."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"
DEFAULT_ENDPOINT = f"http://{LOOPBACK}:8000"
DEFAULT_REGION = "us-east-1"
# The account in the ARNs of local engines.
LOCAL_ACCOUNT = "000000000000"
# DynamoDB Local accepts only letters and digits in an access key; it ignores the secret.
ACCESS_KEY = "osemlocal"
SECRET_KEY = "osemlocal"  # noqa: S105  a fixed dummy, printed by local.env


def variables(
    endpoint: str,
    region: str = DEFAULT_REGION,
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
) -> dict[str, str]:
    """Return the variables with which any AWS client uses the engine at ``endpoint``."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
