"""Tags, permissions, sources of dead letters: the operations beside sending and receiving."""

import gzip
import json
from importlib.resources import files

import pytest
from botocore.exceptions import ClientError

from reference.cloud.sqs.operations import paginate
from reference.cloud.sqs.shapes import load_model


def error_code(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


def test_all_operations_of_the_service_model_answer(sqs, fifo_url):
    path = files("botocore") / "data/sqs/2012-11-05/service-2.json.gz"
    operations = json.loads(gzip.decompress(path.read_bytes()))["operations"]
    assert set(load_model().readers) == set(operations)
    arn = "arn:aws:sqs:us-east-1:000000000000:missing"
    codes = {}
    values = {
        "QueueUrl": fifo_url,
        "QueueName": "q",
        "Entries": [],
        "ReceiptHandle": "x",
        "VisibilityTimeout": 1,
        "MessageBody": "m",
        "Label": "label",
        "AWSAccountIds": ["123456789012"],
        "Actions": ["SendMessage"],
        "TaskHandle": "x",
        "SourceArn": arn,
        "TagKeys": ["a"],
        "Tags": {"a": "b"},
        "Attributes": {},
    }
    for name in sorted(operations, key=lambda name: name == "DeleteQueue"):
        required = load_model().inputs[name].required
        codes[name] = 200
        try:
            sqs._make_api_call(name, {member: values[member] for member in required})
        except ClientError as error:
            codes[name] = error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert len(codes) == 23
    assert {name: code for name, code in codes.items() if code not in {200, 400, 404}} == {}


def test_tags_are_set_replaced_and_taken_off(sqs, fifo_url):
    sqs.tag_queue(QueueUrl=fifo_url, Tags={"team": "mail", "stage": "qa"})
    sqs.tag_queue(QueueUrl=fifo_url, Tags={"stage": "prod"})
    sqs.untag_queue(QueueUrl=fifo_url, TagKeys=["team", "unknown"])
    assert sqs.list_queue_tags(QueueUrl=fifo_url)["Tags"] == {"stage": "prod"}


@pytest.mark.parametrize("tags", [{"aws:x": "y"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"": "v"}])
def test_tags_that_sqs_does_not_take_are_refused(sqs, fifo_url, tags):
    assert error_code(sqs.tag_queue, QueueUrl=fifo_url, Tags=tags) == "InvalidParameterValue"
    too_many = {str(n): "v" for n in range(51)}
    assert error_code(sqs.tag_queue, QueueUrl=fifo_url, Tags=too_many) == "InvalidParameterValue"


def test_permissions_become_statements_of_the_policy(sqs, fifo_url):
    def statements():
        shown = sqs.get_queue_attributes(QueueUrl=fifo_url, AttributeNames=["Policy"])
        return json.loads(shown["Attributes"]["Policy"])["Statement"]

    grant = {"QueueUrl": fifo_url, "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]}
    sqs.add_permission(**grant, Label="one")
    sqs.add_permission(**grant, Label="two")
    assert [each["Sid"] for each in statements()] == ["one", "two"]
    assert statements()[0]["Action"] == ["SQS:SendMessage"]
    policy = sqs.get_queue_attributes(QueueUrl=fifo_url, AttributeNames=["Policy"])
    assert json.loads(policy["Attributes"]["Policy"])["Version"] == "2008-10-17"
    assert error_code(sqs.add_permission, **grant, Label="two") == "InvalidParameterValue"
    sqs.remove_permission(QueueUrl=fifo_url, Label="one")
    assert [each["Sid"] for each in statements()] == ["two"]
    sqs.remove_permission(QueueUrl=fifo_url, Label="two")
    assert "Attributes" not in sqs.get_queue_attributes(
        QueueUrl=fifo_url, AttributeNames=["Policy"]
    )
    gone = error_code(sqs.remove_permission, QueueUrl=fifo_url, Label="two")
    assert gone == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Label": "a b"}, "InvalidParameterValue"),
        ({"AWSAccountIds": ["12"]}, "InvalidParameterValue"),
        ({"AWSAccountIds": []}, "InvalidParameterValue"),
        ({"Actions": []}, "InvalidParameterValue"),
        ({"Actions": ["send it"]}, "InvalidParameterValue"),
        ({"Actions": ["SendMessage"] * 8}, "OverLimit"),
    ],
)
def test_permissions_that_cannot_be_granted_are_refused(sqs, fifo_url, wrong, code):
    grant = {"Label": "a", "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"], **wrong}
    assert error_code(sqs.add_permission, QueueUrl=fifo_url, **grant) == code


def test_a_permission_is_not_added_to_a_policy_of_other_things_than_statements(sqs, fifo_url):
    sqs.set_queue_attributes(QueueUrl=fifo_url, Attributes={"Policy": '{"Statement": ["x"]}'})
    grant = {"Label": "a", "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]}
    assert error_code(sqs.add_permission, QueueUrl=fifo_url, **grant) == "InvalidParameterValue"
    assert (
        error_code(sqs.remove_permission, QueueUrl=fifo_url, Label="a") == "InvalidParameterValue"
    )


def test_the_sources_of_a_dead_letter_queue_are_listed(sqs):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps({"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 3})
    sources = [
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
        for name in ("a", "b", "c")
    ]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == sources
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    rest = sqs.list_dead_letter_source_queues(
        QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"]
    )
    assert first["queueUrls"] + rest["queueUrls"] == sources
    assert "NextToken" not in rest
    assert sqs.list_dead_letter_source_queues(QueueUrl=sources[0])["queueUrls"] == []


def test_without_max_results_a_list_is_one_page_of_a_thousand():
    page, token = paginate([f"{n:04}" for n in range(1500)], {})
    assert (len(page), token) == (1000, None)
