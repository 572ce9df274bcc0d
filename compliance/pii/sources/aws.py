"""What the two AWS sources share: a client, and errors as one line."""

from typing import Any

from compliance.pii.sources.reading import Reading
from compliance.pii.third_party import quiet_import

# A local stand-in has no region of its own; signing needs one all the same.
_REGION_OF_STAND_INS = "us-east-1"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 60


class AwsError(Exception):
    """What AWS, or the way there, said no to; in one line, without what was sent."""


def client(service: str, reading: Reading) -> Any:
    """A boto3 client. Raises AwsError when there can be none."""
    try:
        boto3 = quiet_import("boto3")
        config = quiet_import("botocore.config")
    except ImportError:
        raise AwsError("boto3 is not installed: pip install boto3") from None
    session = boto3.session.Session()
    region = session.region_name or (_REGION_OF_STAND_INS if reading.endpoint_url else None)
    if region is None:
        raise AwsError("no AWS region: set AWS_REGION, or give --endpoint-url")
    try:
        return session.client(
            service,
            region_name=region,
            endpoint_url=reading.endpoint_url,
            config=config.Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"mode": "standard", "max_attempts": 4},
            ),
        )
    except ValueError:
        raise AwsError("--endpoint-url is no URL; wanted one like http://127.0.0.1:5000") from None


def errors() -> tuple[type[Exception], ...]:
    """What calls of a client raise."""
    exceptions = quiet_import("botocore.exceptions")
    return (exceptions.ClientError, exceptions.BotoCoreError)


def told(error: Exception) -> str:
    """The code of an AWS error, or the kind of a client's own."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", "unknown error"))
    return type(error).__name__
