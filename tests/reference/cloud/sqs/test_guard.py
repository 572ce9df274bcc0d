"""The last guard: a mistake of the server's own is answered in the caller's protocol."""

import logging
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from reference.cloud.sqs.service import LocalSqs


@pytest.fixture
def mistaken(monkeypatch):
    """Every call meets a mistake whose text quotes a message."""

    async def run(self, call, request):
        raise KeyError("private@example.com")

    monkeypatch.setattr(LocalSqs, "run", run)


def test_a_mistake_is_an_internal_failure_and_its_text_is_neither_told_nor_logged(
    mistaken, sqs, caplog
):
    with caplog.at_level(logging.ERROR), pytest.raises(ClientError) as caught:
        sqs.list_queues()
    answer = caught.value.response
    assert answer["Error"]["Code"] == "InternalFailure"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "private" not in answer["Error"]["Message"]
    (record,) = caplog.records
    assert record.getMessage().startswith("KeyError at ")
    assert "test_guard.py" in record.getMessage()
    assert "private" not in caplog.text


def test_a_mistake_is_xml_to_a_caller_of_the_query_protocol(mistaken, endpoint):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{endpoint}/?Action=ListQueues", timeout=10)  # noqa: S310
    with caught.value as answer:
        assert answer.code == 500
        assert b"<Type>Receiver</Type><Code>InternalFailure</Code>" in answer.read()
