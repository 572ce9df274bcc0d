"""Facts from running endpoints: moto, this repository's SQS, scripted answers, and none at all."""

import contextlib
import io
import json
import logging
import subprocess
import sys
import time

import boto3
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from compliance.queue_audit import live
from compliance.queue_audit.facts import Missing, QueueFacts, RedriveAllow, Unknown
from compliance.queue_audit.judging import audit
from compliance.queue_audit.live import ReadError, read_live

STARTED_WITHIN_S = 60
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def moto():
    """The URL of a moto server in a thread."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(port=0, verbose=False)
    with contextlib.redirect_stderr(io.StringIO()):
        server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}"  # noqa: S104 - moto's own words
    server.stop()


@pytest.fixture(scope="module")
def local_sqs(tmp_path_factory):
    """The URL of this repository's SQS, as a process."""
    folder = tmp_path_factory.mktemp("sqs")
    port_file = folder / "port"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "reference.cloud.sqs", "--port-file", str(port_file)],
            stdout=log,
            stderr=log,
        )
    deadline_s = time.monotonic() + STARTED_WITHIN_S
    while not port_file.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    yield f"http://127.0.0.1:{int(port_file.read_text())}"
    process.terminate()
    process.wait(30)


@pytest.fixture(params=["moto", "local_sqs"])
def endpoint(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def make_pair(make_policy):
    """Creates a queue and its dead-letter queue, clean but for the attributes given."""

    @contextlib.contextmanager
    def make(endpoint, name, **changes):
        sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=endpoint, **KEYS)
        with contextlib.closing(sqs):
            prefix = f"arn:aws:sqs:us-east-1:{account_of(sqs)}"
            arn, dead_arn = f"{prefix}:{name}.fifo", f"{prefix}:{name}-dead.fifo"
            allow = {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}
            redrive = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5}
            dead_url = create(
                sqs,
                dead_arn,
                Policy=json.dumps(make_policy(Resource=dead_arn)),
                MessageRetentionPeriod="1209600",
                RedriveAllowPolicy=json.dumps(allow),
            )
            wanted = {
                "Policy": json.dumps(make_policy(Resource=arn)),
                "RedrivePolicy": json.dumps(redrive),
            }
            url = create(sqs, arn, **{**wanted, **changes})
            yield url, dead_url
            for each in (url, dead_url):
                with contextlib.suppress(sqs.exceptions.QueueDoesNotExist):
                    sqs.delete_queue(QueueUrl=each)

    return make


def create(sqs, arn, **attributes):
    """The URL of a new FIFO queue; attributes that are None are left out."""
    texts = {"FifoQueue": "true", "SqsManagedSseEnabled": "true", **attributes}
    return sqs.create_queue(
        QueueName=arn.rpartition(":")[2],
        Attributes={name: text for name, text in texts.items() if text is not None},
    )["QueueUrl"]


def account_of(sqs):
    """The account that an endpoint keeps queues under."""
    url = sqs.create_queue(QueueName="account")["QueueUrl"]
    texts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return texts["QueueArn"].split(":")[4]


def told(facts, profile):
    """The rules broken and the questions open, but for what moto cannot do.

    moto 5 keeps no RedriveAllowPolicy, which means to AWS that every queue is allowed.
    """
    result = audit(facts, profile)
    found = {finding.rule.id for finding in result.findings}
    has_allow = all(queue.redrive_allow for queue in facts.queues if queue.is_dead_letter)
    return found if has_allow else found - {"sqs/redrive-allow"}, result.unanswered


def read(url, endpoint, *log_groups):
    return read_live(url, endpoint_url=endpoint, region=None, log_groups=log_groups)


def test_a_clean_pair_of_queues_is_clean(endpoint, make_pair, profile):
    with make_pair(endpoint, "clean") as (url, _):
        facts = read(url, endpoint)
    assert [queue.name for queue in facts.queues] == ["clean.fifo", "clean-dead.fifo"]
    assert told(facts, profile) == (set(), ())


def test_a_dead_letter_queue_open_to_all_is_found(local_sqs, make_pair, profile):
    with make_pair(local_sqs, "open") as (url, dead_url):
        sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=local_sqs, **KEYS)
        with contextlib.closing(sqs):
            allow = json.dumps({"redrivePermission": "allowAll"})
            sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"RedriveAllowPolicy": allow})
        assert told(read(url, local_sqs), profile) == ({"sqs/redrive-allow"}, ())


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("sqs/encryption", {"SqsManagedSseEnabled": "false"}),
        ("sqs/tls-only", {"Policy": None}),
        ("sqs/retention", {"MessageRetentionPeriod": "60"}),
        ("sqs/visibility", {"VisibilityTimeout": "10"}),
    ],
)
def test_a_planted_fault_is_found(endpoint, make_pair, profile, rule, changes):
    with make_pair(endpoint, rule.replace("/", "-"), **changes) as (url, _):
        assert told(read(url, endpoint), profile) == ({rule}, ())


def test_a_queue_without_a_dead_letter_queue_is_found(endpoint, make_pair, profile):
    with make_pair(endpoint, "alone", RedrivePolicy=None) as (url, _):
        assert told(read(url, endpoint), profile) == ({"sqs/dead-letter"}, ())


def test_a_public_policy_is_found(endpoint, make_pair, make_policy, profile):
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps(make_policy(anybody, Resource="*"))
    with make_pair(endpoint, "public", Policy=policy) as (url, _):
        assert told(read(url, endpoint), profile) == ({"sqs/no-public-principal"}, ())


def test_a_dead_letter_queue_that_was_deleted_is_found(local_sqs, make_pair, profile):
    with make_pair(local_sqs, "gone") as (url, dead_url):
        sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=local_sqs, **KEYS)
        with contextlib.closing(sqs):
            sqs.delete_queue(QueueUrl=dead_url)
        assert told(read(url, local_sqs), profile) == ({"sqs/dead-letter-exists"}, ())


def test_a_dead_letter_queue_audited_by_itself_is_known_as_one(endpoint, make_pair, profile):
    with make_pair(endpoint, "itself") as (_, dead_url):
        assert told(read(dead_url, endpoint), profile) == (set(), ())


def test_the_endpoint_of_a_local_queue_url_is_the_urls_own(local_sqs, make_pair, monkeypatch):
    """Nothing else is configured: neither credentials nor region."""
    with make_pair(local_sqs, "bare") as (url, _):
        forget_credentials(monkeypatch)
        assert len(read(url, None).queues) == 2


def forget_credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_aws_without_credentials_is_told_before_anything_is_sent(monkeypatch):
    forget_credentials(monkeypatch)
    with pytest.raises(ReadError, match="no credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID"):
        read("https://sqs.eu-west-1.amazonaws.com/123456789012/q", None)


def test_log_groups_are_read_and_what_moto_cannot_tell_is_unknown(moto, make_pair, profile):
    logs = boto3.client("logs", region_name="us-east-1", endpoint_url=moto, **KEYS)
    with contextlib.closing(logs), make_pair(moto, "logs") as (url, _):
        logs.create_log_group(logGroupName="/aws/lambda/mailer")
        logs.create_log_group(logGroupName="/aws/lambda/mailer-2")
        logs.put_retention_policy(logGroupName="/aws/lambda/mailer", retentionInDays=400)
        facts = read(url, moto, "/aws/lambda/mailer", "/aws/lambda/mailer-2", "/aws/lambda/none")
    first, second = facts.log_groups
    assert (first.retention_days, second.retention_days) == (400, None)
    assert isinstance(first.masked, Unknown)
    [(place, why)] = facts.gaps
    assert place.path == "cloudwatch:/aws/lambda/none"
    assert "does not exist" in why
    assert told(facts, profile)[0] == {"logs/retention"}


@pytest.fixture
def stubbed_logs():
    """A CloudWatch Logs client whose answers are scripted, and checked against AWS's model."""
    client = boto3.client("logs", region_name="us-east-1", **KEYS)
    with contextlib.closing(client), Stubber(client) as stub:
        yield client, stub


def masking(*identifiers, operation="Deidentify"):
    return {
        "Name": "p",
        "Version": "2021-06-01",
        "Statement": [
            {
                "DataIdentifier": [
                    f"arn:aws:dataprotection::aws:data-identifier/{each}" for each in identifiers
                ],
                "Operation": {operation: {"MaskConfig": {}}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("policy", "of_account", "masked"),
    [
        (masking("EmailAddress", "Name"), None, frozenset({"EmailAddress", "Name"})),
        (masking("EmailAddress", operation="Audit"), None, frozenset()),
        (None, None, None),
        (None, masking("Name"), frozenset({"Name"})),
        (masking("Address"), masking("Name"), frozenset({"Address", "Name"})),
    ],
)
def test_data_protection_policies_of_group_and_account_are_read(
    stubbed_logs, policy, of_account, masked
):
    client, stub = stubbed_logs
    stub.add_response("describe_log_groups", {"logGroups": [{"logGroupName": "/a"}]})
    answer = {} if policy is None else {"policyDocument": json.dumps(policy)}
    stub.add_response("get_data_protection_policy", answer)
    account = [] if of_account is None else [{"policyDocument": json.dumps(of_account)}]
    stub.add_response("describe_account_policies", {"accountPolicies": account})
    assert live._LogGroups(client).group("/a").masked == masked


@pytest.fixture
def stubbed_sqs():
    client = boto3.client("sqs", region_name="us-east-1", **KEYS)
    with contextlib.closing(client), Stubber(client) as stub:
        yield client, stub


def test_what_may_not_be_asked_is_unknown(stubbed_sqs):
    client, stub = stubbed_sqs
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:d", "maxReceiveCount": 3}
    attributes = {"QueueArn": "arn:aws:sqs:us-east-1:1:q", "RedrivePolicy": json.dumps(redrive)}
    stub.add_response("get_queue_attributes", {"Attributes": attributes})
    stub.add_client_error("list_dead_letter_source_queues", "AccessDenied")
    stub.add_client_error("get_queue_url", "AccessDenied")
    queue = live._Queues(client).queue("https://sqs.us-east-1.amazonaws.com/1/q")
    for fact in (queue.is_dead_letter, queue.dead_letter):
        assert isinstance(fact, Unknown)
        assert "AccessDenied" in fact.why
    for fact in (queue.sse_sqs, queue.retention_s, queue.visibility_s):
        assert isinstance(fact, Unknown)


def test_a_dead_letter_queue_that_aws_does_not_know_is_missing(stubbed_sqs):
    client, stub = stubbed_sqs
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:d", "maxReceiveCount": 3}
    attributes = {"QueueArn": "arn:aws:sqs:us-east-1:1:q", "RedrivePolicy": json.dumps(redrive)}
    stub.add_response("get_queue_attributes", {"Attributes": attributes})
    stub.add_response("list_dead_letter_source_queues", {"queueUrls": []})
    stub.add_client_error("get_queue_url", "AWS.SimpleQueueService.NonExistentQueue")
    queue = live._Queues(client).queue("https://sqs.us-east-1.amazonaws.com/1/q")
    assert queue.dead_letter == Missing("d")


def test_nobody_listening_is_told_in_a_line_and_in_time():
    began_s = time.monotonic()
    with pytest.raises(ReadError) as refused:
        read("http://127.0.0.1:9/1/q", None)
    assert "GetQueueAttributes: EndpointConnectionError" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert time.monotonic() - began_s < live.ATTEMPTS_MAX * live.CONNECT_TIMEOUT_S + 20


def test_a_queue_that_does_not_exist_is_told(endpoint):
    with pytest.raises(ReadError, match="NonExistentQueue"):
        read(f"{endpoint}/123456789012/nobody", None)


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", None, "eu-west-1"),
        ("https://eu-west-1.queue.amazonaws.com/1/q", None, "eu-west-1"),
        ("https://queue.amazonaws.com/1/q", None, None),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", None, "cn-north-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/1/q", None, "us-gov-west-1"),
        ("http://127.0.0.1:9324/1/q", "http://127.0.0.1:9324", None),
        ("https://amazonaws.com.example.com/1/q", "https://amazonaws.com.example.com", None),
    ],
)
def test_endpoint_and_region_of_a_queue_url(url, endpoint, region):
    assert (live._endpoint_of(url), live._region_of(url)) == (endpoint, region)


def test_only_this_machine_is_asked_with_made_up_keys():
    assert live._is_loopback("http://127.0.0.1:1")
    assert live._is_loopback("http://localhost:1")
    for other in (
        None,
        "http://127.0.0.1.example.com",
        "http://192.0.2.1",
        "http://127.0.0.1@x.example.com",
    ):
        assert not live._is_loopback(other)


def test_facts_of_the_dead_letter_queue_are_its_own(local_sqs, make_pair):
    with make_pair(local_sqs, "own") as (url, _):
        [queue, _] = read(url, local_sqs).queues
    assert isinstance(queue.dead_letter, QueueFacts)
    assert queue.dead_letter.redrive_allow == RedriveAllow("byQueue", (queue.arn,))
    assert queue.dead_letter.retention_s == 1_209_600
