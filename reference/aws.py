"""boto3 clients with one attempt a call and explicit time-outs, and what their errors mean.

botocore's own retries are off, because after a retried call nobody can tell whether an earlier
attempt may have had its effect; callers retry and keep count of what is uncertain. One client
serves all threads of a process; making one costs some 100 ms.
"""

from typing import Any

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from reference.settings import SettingsError

ERRORS = (boto.ClientError, boto.BotoCoreError)
# Raised before a byte of the request was sent.
NOT_SENT = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
)
# The same, and it will be so again until somebody mends the configuration.
NEVER_SENT = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoRegionError,
    boto.ParamValidationError,
    boto.InvalidEndpointConfigurationError,
)
THROTTLES = frozenset(
    {
        "RequestThrottled",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "OverLimit",
        "KmsThrottled",
        "KMS.ThrottlingException",
        "RequestTimeout",
        "SlowDown",
    }
)


def make_client(
    service: str,
    *,
    region: str,
    endpoint_url: str | None,
    connect_timeout_s: float,
    read_timeout_s: float,
    connections_max: int,
) -> Any:
    """A client for all threads of this process.

    Raises SettingsError when region, endpoint or AWS profile cannot be used.
    """
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        max_pool_connections=connections_max,
        # Else botocore composes one from some thirty parts, twice a request.
        user_agent="email-pipeline",
    )
    try:
        return boto3.session.Session().client(  # type: ignore[call-overload]
            service, region_name=region, endpoint_url=endpoint_url, config=config
        )
    except (boto.BotoCoreError, ValueError) as error:
        raise SettingsError(
            f"no client for {service} can be made ({type(error).__name__}); wanted: "
            "a region, an endpoint URL and, if AWS_PROFILE is set, a profile that exist"
        ) from error


def code_and_status(error: boto.ClientError) -> tuple[str, int]:
    """The service's own name for the error, and the HTTP status."""
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    return code, int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
