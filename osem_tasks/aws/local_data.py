"""What botocore reads from its own files for a client of a local engine.

A client needs the model of its service. Botocore also looks through the folders of 400 services,
reads the endpoints of all of AWS, and a set of rules that chooses among them; together they take
longer than the model itself. A local engine is at the endpoint that the task names.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

# The services that the suite calls on a local engine.
SERVICES = ("dynamodb", "sts")
RULES = "endpoint-rule-set-1"
_ENDPOINTS = {
    "version": 3,
    "partitions": [
        {
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
            "regionRegex": ".*",
            "regions": {},
            "services": {},
            "defaults": {
                "hostname": "{service}.{region}.{dnsSuffix}",
                "protocols": ["http", "https"],
                "signatureVersions": ["v4"],
            },
        }
    ],
}


class LocalLoader(Loader):
    """A loader, registered with a session by its public ``register_component``."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  the name is the base class's
        """Return the services that a local engine has."""
        return list(SERVICES)

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return a file of a service; without rules botocore uses the endpoint that it is given."""
        if type_name == RULES:
            raise UnknownServiceError(
                service_name=service_name, known_service_names=", ".join(SERVICES)
            )
        return super().load_service_model(service_name, type_name, api_version)

    def load_data_with_path(self, name: str) -> Any:
        """Return a file and its path; the list of endpoints is one partition with any region."""
        if name == "endpoints":
            return _ENDPOINTS, self.BUILTIN_DATA_PATH
        return super().load_data_with_path(name)


@cache
def loader() -> LocalLoader:
    """Return the loader of this process: the sessions of later tasks find what was read."""
    return LocalLoader()
