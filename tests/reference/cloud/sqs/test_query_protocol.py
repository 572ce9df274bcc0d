"""The Query protocol with raw requests, as older SDKs and API Gateway send them."""

import json
import re
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest


def call(url, *, method="POST", **fields):
    """(status, XML text)"""
    form = urlencode({name.replace("__", "."): value for name, value in fields.items()})
    if method == "GET":
        request = urllib.request.Request(f"{url}?{form}")  # noqa: S310
    else:
        request = urllib.request.Request(url, data=form.encode())  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def elements(xml, name):
    return re.findall(f"<{name}>(.*?)</{name}>", xml, re.DOTALL)


@pytest.fixture
def queue_url(endpoint):
    status, xml = call(
        endpoint,
        Action="CreateQueue",
        QueueName="q.fifo",
        Attribute__1__Name="FifoQueue",
        Attribute__1__Value="true",
        Attribute__2__Name="ContentBasedDeduplication",
        Attribute__2__Value="true",
        Tag__1__Key="team",
        Tag__1__Value="mail",
    )
    assert status == 200
    return elements(xml, "QueueUrl")[0]


def test_a_round_trip_with_attributes_over_the_queues_own_path(queue_url):
    body = 'a <b> & "c" \r\n\t\u20ac'
    status, sent = call(
        queue_url,
        Action="SendMessage",
        MessageBody=body,
        MessageGroupId="g",
        MessageAttribute__1__Name="kind",
        MessageAttribute__1__Value__DataType="String",
        MessageAttribute__1__Value__StringValue="receipt",
    )
    assert status == 200
    assert "<SendMessageResponse xmlns=" in sent
    status, received = call(
        queue_url,
        Action="ReceiveMessage",
        MaxNumberOfMessages="10",
        AttributeName__1="All",
        MessageAttributeName__1="All",
    )
    assert elements(received, "MessageId") == elements(sent, "MessageId")
    assert elements(received, "Body") == ['a &lt;b&gt; &amp; "c" &#xD;\n\t\u20ac']
    assert elements(received, "MD5OfMessageAttributes") == elements(sent, "MD5OfMessageAttributes")
    assert "<Name>kind</Name><Value><StringValue>receipt</StringValue>" in received
    assert "<Attribute><Name>MessageGroupId</Name><Value>g</Value></Attribute>" in received
    (handle,) = elements(received, "ReceiptHandle")
    assert call(queue_url, Action="DeleteMessage", ReceiptHandle=handle)[0] == 200


def test_a_batch_answers_for_each_entry(queue_url):
    status, xml = call(
        queue_url,
        Action="SendMessageBatch",
        SendMessageBatchRequestEntry__1__Id="a",
        SendMessageBatchRequestEntry__1__MessageBody="m",
        SendMessageBatchRequestEntry__1__MessageGroupId="g",
        SendMessageBatchRequestEntry__2__Id="b",
        SendMessageBatchRequestEntry__2__MessageBody="m",
        SendMessageBatchRequestEntry__2__MessageGroupId="a b",
    )
    assert status == 200
    assert elements(xml, "SendMessageBatchResultEntry")[0].startswith("<Id>a</Id>")
    assert elements(xml, "BatchResultErrorEntry")[0].startswith(
        "<Id>b</Id><SenderFault>true</SenderFault><Code>InvalidParameterValue</Code>"
    )


def test_attributes_tags_and_lists_are_shown(endpoint, queue_url):
    _, xml = call(queue_url, Action="GetQueueAttributes", AttributeName__1="QueueArn")
    assert elements(xml, "Value") == ["arn:aws:sqs:us-east-1:000000000000:q.fifo"]
    _, xml = call(queue_url, Action="ListQueueTags")
    assert "<Tag><Key>team</Key><Value>mail</Value></Tag>" in xml
    _, xml = call(endpoint, Action="ListQueues", method="GET")
    assert elements(xml, "QueueUrl") == [queue_url]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"Action": "Nonsense"}, 400, "InvalidAction"),
        ({}, 400, "InvalidAction"),
        ({"Action": "GetQueueUrl"}, 400, "MissingParameter"),
        (
            {"Action": "GetQueueUrl", "QueueName": "missing\x00"},
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ({"Action": "ListQueues", "MaxResults": "many"}, 400, "SerializationException"),
        (
            {"Action": "CreateQueue", "QueueName": "q", "Attribute": "x"},
            400,
            "SerializationException",
        ),
        (
            {
                "Action": "CreateQueue",
                "QueueName": "q",
                "Attribute.1": "x",
                "Attribute.1.Name": "y",
            },
            400,
            "SerializationException",
        ),
        ({"Action": "TagQueue", "QueueUrl": "http://x/1/q.fifo"}, 400, "MissingParameter"),
        # An index that is a digit to Python alone; one longer than Python turns into a number.
        *[
            (
                {"Action": "CreateQueue", "QueueName": "q", f"Attribute.{index}.Name": "x"},
                400,
                "SerializationException",
            )
            for index in ("\u00b2", "9" * 5_000)
        ],
        *[
            (
                {"Action": "CreateQueue", "QueueName": "q", name + ".a" * 20_000: "1"},
                400,
                "SerializationException",
            )
            for name in ("DelaySeconds", "Attribute.1.Name", "QueueName")
        ],
        (
            {"Action": "CreateQueue", "QueueName": "q", "Attribute.1.Value": "1"},
            400,
            "SerializationException",
        ),
    ],
)
def test_errors_are_xml_with_awss_code(endpoint, fields, status, code):
    got, xml = call(endpoint, **fields)
    assert (got, elements(xml, "Code")) == (status, [code])
    assert elements(xml, "Type") == ["Sender"]


def test_a_missing_queue_is_told_in_the_words_of_this_protocol(endpoint):
    _, xml = call(endpoint, Action="GetQueueUrl", QueueName="missing")
    assert elements(xml, "Message") == ["The specified queue does not exist for this wsdl version."]


def test_a_form_that_is_no_utf8_is_refused(endpoint):
    request = urllib.request.Request(endpoint, data=b"Action=\xff")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310
    with caught.value as error:
        assert error.code == 400
        assert elements(error.read().decode(), "Code") == ["SerializationException"]


def test_who_accepts_json_is_answered_in_it_as_api_gateway_is(queue_url):
    def call_for_json(**fields):
        request = urllib.request.Request(  # noqa: S310
            queue_url, data=urlencode(fields).encode(), headers={"Accept": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    status, sent = call_for_json(Action="SendMessage", MessageBody="b", MessageGroupId="g")
    assert status == 200
    assert sent["SendMessageResponse"]["SendMessageResult"]["MessageId"]
    assert sent["SendMessageResponse"]["ResponseMetadata"]["RequestId"]
    status, refused = call_for_json(Action="SendMessage", MessageBody="b")
    assert status == 400
    assert refused["Error"]["Code"] == "MissingParameter"
    assert refused["Error"]["Type"] == "Sender"
