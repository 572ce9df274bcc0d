"""What each error of SES and of botocore says of the email."""

import pytest
from botocore import exceptions as boto

from reference.providers.ses import classify

URL = "https://email.us-east-1.amazonaws.com"


def answered(status, code):
    return boto.ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail"
    )


@pytest.mark.parametrize(
    ("error", "definite", "transient"),
    [
        (answered(429, "TooManyRequestsException"), True, True),
        (answered(400, "ThrottlingException"), True, True),
        (answered(400, "LimitExceededException"), True, True),
        (answered(400, "AccountSuspendedException"), True, True),
        (answered(400, "SendingPausedException"), True, True),
        (answered(400, "MailFromDomainNotVerifiedException"), True, True),
        (answered(404, "NotFoundException"), True, True),
        (answered(403, "UnrecognizedClientException"), True, True),
        (answered(503, "ServiceUnavailable"), True, True),
        (answered(400, "MessageRejected"), True, False),
        (answered(400, "BadRequestException"), True, False),
        (answered(500, "InternalFailure"), False, True),
        (answered(502, "502"), False, True),
        (boto.ParamValidationError(report="?"), True, False),
        (boto.NoCredentialsError(), True, True),
        (boto.EndpointConnectionError(endpoint_url=URL), True, True),
        (boto.ConnectTimeoutError(endpoint_url=URL), True, True),
        (boto.ReadTimeoutError(endpoint_url=URL), False, True),
        (boto.ConnectionClosedError(endpoint_url=URL), False, True),
        (boto.HTTPClientError(error="?"), False, True),
    ],
)
def test_each_error_says_what_is_known(error, definite, transient):
    known = classify(error)
    assert (known.is_definite, known.is_transient) == (definite, transient)
