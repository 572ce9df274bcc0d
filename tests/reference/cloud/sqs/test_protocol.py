"""The wire as an AWS SDK sees it: boto3 against a real server, and raw requests beside it."""

import hashlib
import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from reference.cloud.sqs.limits import REQUEST_BYTES_MAX


def failure(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["Error"].get("QueryErrorCode"),
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def raw(endpoint, body=b"{}", *, method="POST", path="/", **headers):
    """(status, headers, decoded JSON)"""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())
    finally:
        connection.close()


def target(action):
    return {
        "X_Amz_Target": f"AmazonSQS.{action}",
        "Content_Type": "application/x-amz-json-1.0",
    }


def test_a_fifo_round_trip_with_attributes_and_digests(sqs, fifo_url):
    attributes = {
        "kind": {"DataType": "String", "StringValue": "receipt"},
        "raw": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
    }
    sent = sqs.send_message(
        QueueUrl=fifo_url, MessageBody="hello", MessageGroupId="g", MessageAttributes=attributes
    )
    (message,) = sqs.receive_message(
        QueueUrl=fifo_url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"]
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfBody"] == hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["SequenceNumber"] == sent["SequenceNumber"]
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.delete_message(QueueUrl=fifo_url, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo_url)


def test_message_attributes_are_returned_by_name_or_prefix(sqs, fifo_url):
    attributes = {
        name: {"DataType": "String", "StringValue": "x"} for name in ("a.one", "a.two", "b")
    }
    sqs.send_message(
        QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g", MessageAttributes=attributes
    )
    for wanted, names in [(["a.*"], {"a.one", "a.two"}), (["b"], {"b"}), ([".*"], set(attributes))]:
        (message,) = sqs.receive_message(
            QueueUrl=fifo_url, MessageAttributeNames=wanted, VisibilityTimeout=0
        )["Messages"]
        assert set(message["MessageAttributes"]) == names


def test_a_batch_answers_for_each_entry(sqs, fifo_url):
    answer = sqs.send_message_batch(
        QueueUrl=fifo_url,
        Entries=[
            {"Id": "good", "MessageBody": "a", "MessageGroupId": "g"},
            {"Id": "bad-group", "MessageBody": "b", "MessageGroupId": "a b"},
            {"Id": "bad-character", "MessageBody": "\x0b", "MessageGroupId": "g"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad-group", "InvalidParameterValue", True),
        ("bad-character", "InvalidMessageContents", True),
    ]


def test_received_messages_are_released_and_deleted_in_batches(sqs, fifo_url):
    for body in "ab":
        sqs.send_message(QueueUrl=fifo_url, MessageBody=body, MessageGroupId=body)
    received = sqs.receive_message(QueueUrl=fifo_url, MaxNumberOfMessages=10)["Messages"]
    entries = [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in received]
    answer = sqs.change_message_visibility_batch(
        QueueUrl=fifo_url, Entries=[{**entry, "VisibilityTimeout": 60} for entry in entries]
    )
    assert len(answer["Successful"]) == 2
    forged = {"Id": "forged", "ReceiptHandle": "x"}
    answer = sqs.delete_message_batch(QueueUrl=fifo_url, Entries=[*entries, forged])
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "b"]
    assert answer["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        (range(11), "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
        (["x" * 81], "InvalidBatchEntryId"),
    ],
)
def test_batches_that_are_wrong_as_a_whole(sqs, fifo_url, entries, code):
    batch = [{"Id": str(n), "MessageBody": "m", "MessageGroupId": "g"} for n in entries]
    assert failure(sqs.send_message_batch, QueueUrl=fifo_url, Entries=batch) == (
        f"AWS.SimpleQueueService.{code}",
        code,
        400,
    )


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("MessageGroupId", "MessageGroupId"),
        ("MessageDeduplicationId", "ContentBasedDeduplication enabled or"),
    ],
)
def test_an_entry_without_its_ids_fails_a_fifo_batch_as_a_whole(sqs, missing, named):
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    whole = {"MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    half = {name: value for name, value in whole.items() if name != missing}
    with pytest.raises(ClientError, match=named) as caught:
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", **whole}, {"Id": "b", **half}])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_batch_over_1_mib_in_all_is_refused_and_nothing_is_stored(sqs, fifo_url):
    batch = [{"Id": str(n), "MessageBody": "x" * 600_000, "MessageGroupId": "g"} for n in range(2)]
    code, _, status = failure(sqs.send_message_batch, QueueUrl=fifo_url, Entries=batch)
    assert (code, status) == ("AWS.SimpleQueueService.BatchRequestTooLong", 400)
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo_url)


def test_a_message_of_1_mib_passes_and_one_more_byte_does_not(sqs, fifo_url):
    sqs.send_message(QueueUrl=fifo_url, MessageBody="x" * 1_048_576, MessageGroupId="g")
    assert failure(
        sqs.send_message, QueueUrl=fifo_url, MessageBody="x" * 1_048_577, MessageGroupId="g"
    ) == ("InvalidParameterValue", "InvalidParameterValueException", 400)


def test_errors_have_aws_codes_shapes_and_statuses(sqs, endpoint, fifo_url):
    missing = f"{endpoint}/000000000000/missing"
    assert failure(sqs.get_queue_url, QueueName="missing") == (
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        400,
    )
    assert failure(sqs.send_message, QueueUrl=missing, MessageBody="m")[0] == (
        "AWS.SimpleQueueService.NonExistentQueue"
    )
    assert failure(sqs.delete_message, QueueUrl=fifo_url, ReceiptHandle="forged") == (
        "ReceiptHandleIsInvalid",
        "ReceiptHandleIsInvalid",
        404,
    )
    assert failure(sqs.send_message, QueueUrl=fifo_url, MessageBody="m") == (
        "MissingParameter",
        "MissingRequiredParameterException",
        400,
    )
    sqs.purge_queue(QueueUrl=fifo_url)
    assert failure(sqs.purge_queue, QueueUrl=fifo_url) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "PurgeQueueInProgress",
        403,
    )
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="missing")


@pytest.mark.parametrize(
    "params",
    [
        {"MaxNumberOfMessages": 0},
        {"MaxNumberOfMessages": 11},
        {"WaitTimeSeconds": 21},
        {"VisibilityTimeout": -1},
        {"VisibilityTimeout": 43_201},
        {"ReceiveRequestAttemptId": "with space"},
        {"MessageSystemAttributeNames": ["Nonsense"]},
    ],
)
def test_receive_parameters_out_of_range_are_refused(sqs, fifo_url, params):
    code, _, status = failure(sqs.receive_message, QueueUrl=fifo_url, **params)
    assert (code, status) == ("InvalidParameterValue", 400)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", {"DataType": "Text", "StringValue": "x"}),
        ("a", {"DataType": "String", "StringValue": ""}),
        ("a", {"DataType": "Number", "StringValue": "many"}),
        ("a", {"DataType": "Number", "StringValue": " 1_000 "}),
        ("a", {"DataType": "Number", "StringValue": "nan"}),
        ("a", {"DataType": "String", "BinaryValue": b"x"}),
        ("AWS.a", {"DataType": "String", "StringValue": "x"}),
        ("a..b", {"DataType": "String", "StringValue": "x"}),
        ("a b", {"DataType": "String", "StringValue": "x"}),
        ("a" * 257, {"DataType": "String", "StringValue": "x"}),
    ],
)
def test_message_attributes_that_sqs_does_not_store_are_refused(sqs, fifo_url, name, value):
    assert failure(
        sqs.send_message,
        QueueUrl=fifo_url,
        MessageBody="m",
        MessageGroupId="g",
        MessageAttributes={name: value},
    )[0] == ("InvalidParameterValue")


@pytest.mark.parametrize("number", ["1", "-1.50", "+.5", "1e9", "2.E-3"])
def test_numbers_are_stored_as_they_are_written(sqs, fifo_url, number):
    attributes = {"a": {"DataType": "Number", "StringValue": number}}
    sqs.send_message(
        QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g", MessageAttributes=attributes
    )


def test_an_attribute_with_a_character_that_xml_does_not_allow_is_refused(sqs, fifo_url):
    attributes = {"a": {"DataType": "String", "StringValue": "x\x0b"}}
    assert failure(
        sqs.send_message,
        QueueUrl=fifo_url,
        MessageBody="m",
        MessageGroupId="g",
        MessageAttributes=attributes,
    ) == ("InvalidMessageContents", "InvalidMessageContents", 400)


def test_a_trace_header_is_digested_as_a_system_attribute(sqs, fifo_url):
    header = {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    send = {"QueueUrl": fifo_url, "MessageBody": "m", "MessageGroupId": "g"}
    sent = sqs.send_message(**send, MessageSystemAttributes={"AWSTraceHeader": header})
    digest = hashlib.md5(usedforsecurity=False)
    for part in (b"AWSTraceHeader", b"String"):
        digest.update(len(part).to_bytes(4, "big") + part)
    value = header["StringValue"].encode()
    digest.update(b"\x01" + len(value).to_bytes(4, "big") + value)
    assert sent["MD5OfMessageSystemAttributes"] == digest.hexdigest()
    assert "MD5OfMessageSystemAttributes" not in sqs.send_message(**send)


def test_attributes_of_a_queue_are_set_and_shown(sqs, fifo_url):
    sqs.set_queue_attributes(QueueUrl=fifo_url, Attributes={"VisibilityTimeout": "77"})
    shown = sqs.get_queue_attributes(QueueUrl=fifo_url, AttributeNames=["All"])["Attributes"]
    assert shown["VisibilityTimeout"] == "77"
    assert shown["MaximumMessageSize"] == "1048576"
    assert shown["QueueArn"] == "arn:aws:sqs:us-east-1:000000000000:mail.fifo"
    assert shown["FifoQueue"] == "true"
    assert shown["ApproximateNumberOfMessages"] == "0"
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=fifo_url)
    code, _, _ = failure(sqs.get_queue_attributes, QueueUrl=fifo_url, AttributeNames=["Nonsense"])
    assert code == "InvalidAttributeName"


def test_queues_are_listed_by_prefix_and_page_with_the_callers_host(sqs, endpoint):
    urls = [sqs.create_queue(QueueName=f"q{n}")["QueueUrl"] for n in range(5)]
    sqs.create_queue(QueueName="other")
    assert urls[0] == f"{endpoint}/000000000000/q0"
    assert sqs.list_queues(QueueNamePrefix="q")["QueueUrls"] == urls
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix="q", PaginationConfig={"PageSize": 2}
    )
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:4], urls[4:]]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="none")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "SerializationException"),
        (b"\xff\xfe", "SerializationException"),
        (b"[1]", "SerializationException"),
        (b'{"QueueName": 7}', "SerializationException"),
        (b'{"QueueName": "q", "Attributes": ["x"]}', "SerializationException"),
        (b'{"QueueName": "q", "Attributes": {"DelaySeconds": 1}}', "SerializationException"),
        (b'{"QueueName": "\\ud800"}', "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        (b"{}", "MissingRequiredParameterException"),
        (b'{"QueueName": null}', "MissingRequiredParameterException"),
        (b'{"QueueName": "%s"}' % (b"x" * 100_000), "InvalidParameterValueException"),
        (b"", "MissingRequiredParameterException"),
    ],
)
def test_garbage_gets_awss_error_and_the_server_goes_on(endpoint, sqs, body, kind):
    status, headers, answer = raw(endpoint, body, **target("CreateQueue"))
    assert status == 400
    assert answer["__type"].rpartition("#")[2] == kind
    assert headers["x-amzn-query-error"].endswith(";Sender")
    assert len(answer["message"]) < 500
    sqs.create_queue(QueueName="still-here")


@pytest.mark.parametrize("name", ["AmazonSQS.Nonsense", "DynamoDB.CreateTable", "", "\u00ff"])
def test_an_unknown_target_is_refused(endpoint, name):
    status, _, answer = raw(endpoint, X_Amz_Target=name)
    assert (status, answer["__type"]) == (
        400,
        "com.amazon.coral.service#UnknownOperationException",
    )


@pytest.mark.parametrize("url", ["", "nonsense", "http://127.0.0.1/"])
def test_a_queue_url_that_is_none_is_refused(endpoint, url):
    body = json.dumps({"QueueUrl": url}).encode()
    status, _, answer = raw(endpoint, body, **target("ReceiveMessage"))
    assert (status, answer["__type"]) == (404, "com.amazonaws.sqs#InvalidAddress")


def test_a_request_larger_than_any_valid_one_is_cut_off(endpoint, sqs):
    status, _, answer = raw(endpoint, b"x" * (REQUEST_BYTES_MAX + 1), **target("SendMessage"))
    assert (status, answer["__type"]) == (
        413,
        "com.amazon.coral.service#RequestEntityTooLargeException",
    )
    sqs.create_queue(QueueName="still-here")


def test_half_closed_and_silent_connections_disturb_nobody(endpoint, sqs, fifo_url):
    address = urlsplit(endpoint)
    sockets = [socket.create_connection((address.hostname, address.port)) for _ in range(50)]
    try:
        for each in sockets[:25]:
            each.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            each.shutdown(socket.SHUT_WR)
        sqs.send_message(QueueUrl=fifo_url, MessageBody="m", MessageGroupId="g")
    finally:
        for each in sockets:
            each.close()
