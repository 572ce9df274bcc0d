"""S3 prefixes and CloudWatch log groups, against moto."""

import gzip
import socket
import time

import boto3
import pytest
from moto import mock_aws
from moto.server import ThreadedMotoServer

from compliance.pii.cli import main
from compliance.pii.sources import Intake, Reading, aws, cloudwatch

NOW_MS = int(time.time() * 1000)
GROUP = "/aws/lambda/worker"


@pytest.fixture
def aws_account(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def bucket(aws_account):
    client = boto3.client("s3")
    client.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return client


@pytest.fixture
def log_group(aws_account):
    client = boto3.client("logs")
    client.create_log_group(logGroupName=GROUP)

    def put(stream, *messages, at_ms=NOW_MS - 1000):
        if not client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)[
            "logStreams"
        ]:
            client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        client.put_log_events(
            logGroupName=GROUP,
            logStreamName=stream,
            logEvents=[
                {"timestamp": at_ms + n, "message": message} for n, message in enumerate(messages)
            ],
        )

    return put


def read(target, **reading):
    intake = Intake(Reading(**reading))
    return intake.tally, [(line.source, line.number, line.data) for line in intake.lines([target])]


def whys(tally):
    return [note.what for note in tally.skipped]


def test_every_object_under_a_prefix_is_read_compressed_or_not(bucket):
    bucket.put_object(Bucket="archive", Key="app/api.log.1.gz", Body=gzip.compress(b"old\n"))
    bucket.put_object(Bucket="archive", Key="app/api.log", Body=b"one\ntwo\n")
    bucket.put_object(Bucket="archive", Key="app/folder/", Body=b"")
    bucket.put_object(Bucket="archive", Key="other/x.log", Body=b"no\n")
    tally, lines = read("s3://archive/app/")
    assert lines == [
        ("s3://archive/app/api.log.1.gz", 1, b"old"),
        ("s3://archive/app/api.log", 1, b"one"),
        ("s3://archive/app/api.log", 2, b"two"),
    ]
    assert tally.skipped == []


def test_listings_of_more_than_a_page_are_read_to_the_end(bucket, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for n in range(5):
        bucket.put_object(Bucket="archive", Key=f"many/{n:04}.log", Body=b"x\n")
    tally, lines = read("s3://archive/many/")
    assert (len(lines), tally.skipped) == (5, [])


def test_an_object_written_anew_since_the_listing_is_said(bucket):
    for key in ("a.log", "b.log"):
        bucket.put_object(Bucket="archive", Key=key, Body=b"one\n")
    intake = Intake(Reading())
    lines = intake.lines(["s3://archive/"])
    next(lines)
    bucket.put_object(Bucket="archive", Key="b.log", Body=b"two\n")
    assert list(lines) == []
    assert whys(intake.tally) == ["stopped reading: S3 said PreconditionFailed"]


def test_a_bucket_that_is_not_there_and_a_prefix_without_objects_are_said(bucket):
    assert whys(read("s3://none-such/x")[0]) == ["cannot be listed: NoSuchBucket"]
    assert whys(read("s3://archive/none")[0]) == ["no object has this prefix"]


def test_objects_older_than_since_are_left_out(bucket):
    bucket.put_object(Bucket="archive", Key="a.log", Body=b"one\n")
    tally, lines = read("s3://archive/", since_s=time.time() + 3600)
    assert lines == []
    assert [note.what for note in tally.notes] == ["not changed since --since; left out"]


def test_each_log_stream_is_a_source_with_its_own_numbers(log_group):
    log_group("2025/a", "one", "two\nthree")
    log_group("2025/b", "four")
    log_group("other/c", "no")
    tally, lines = read(f"cloudwatch:{GROUP}:2025/")
    assert sorted(lines) == [
        (f"cloudwatch:{GROUP}/2025/a", 1, b"one"),
        (f"cloudwatch:{GROUP}/2025/a", 2, b"two"),
        (f"cloudwatch:{GROUP}/2025/a", 3, b"three"),
        (f"cloudwatch:{GROUP}/2025/b", 1, b"four"),
    ]
    assert tally.lines_read == 4
    assert len(read(f"cloudwatch:{GROUP}")[1]) == 5


def test_events_of_many_pages_are_read(log_group, monkeypatch):
    for batch in range(12):
        log_group("s", *[f"{batch}-{n}" for n in range(1_000)], at_ms=NOW_MS - 60_000 + batch)
    tally, lines = read(f"cloudwatch:{GROUP}")
    assert (len(lines), tally.skipped) == (12_000, [])


def test_events_before_since_are_left_out(log_group):
    log_group("s", "old", at_ms=NOW_MS - 3_600_000)
    log_group("s", "new")
    assert [data for *_, data in read(f"cloudwatch:{GROUP}", since_s=NOW_MS / 1000 - 60)[1]] == [
        b"new"
    ]


def test_a_group_that_is_not_there_is_said(aws_account):
    assert whys(read("cloudwatch:none")[0]) == ["stopped reading: ResourceNotFoundException"]


def test_following_hands_out_late_events_once_and_says_when_it_is_idle(log_group, monkeypatch):
    log_group("s", "one")
    polls, idle = [], []

    def sleep(_):
        polls.append(1)
        if len(polls) == 1:
            log_group("s", "two")
        if len(polls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(cloudwatch.time, "sleep", sleep)
    intake = Intake(Reading(follow=True), on_idle=lambda: idle.append(1))
    lines = intake.lines([f"cloudwatch:{GROUP}"])
    assert [next(lines).data, next(lines).data] == [b"one", b"two"]
    with pytest.raises(KeyboardInterrupt):
        next(lines)
    assert idle


def test_an_endpoint_that_does_not_answer_and_one_that_is_no_url_are_said(monkeypatch):
    monkeypatch.setattr(aws, "CONNECT_TIMEOUT_S", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert whys(read("s3://archive/x", endpoint_url=url)[0]) == [
            "cannot be listed: EndpointConnectionError"
        ]
    [why] = whys(read("cloudwatch:x", endpoint_url="nowhere")[0])
    assert "--endpoint-url is no URL" in why


@pytest.fixture
def stand_in(monkeypatch):
    """The address of a stand-in of AWS on this machine, as --endpoint-url takes it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.xdist_group("live")
def test_the_command_line_scans_a_bucket_and_a_log_group_of_a_stand_in(stand_in, capsys):
    of_stand_in = {"endpoint_url": stand_in, "region_name": "us-east-1"}
    bucket, logs = (boto3.client(service, **of_stand_in) for service in ("s3", "logs"))
    bucket.create_bucket(Bucket="archive")
    bucket.put_object(Bucket="archive", Key="api.log.gz", Body=gzip.compress(b"to a@example.com\n"))
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    event = {"timestamp": NOW_MS, "message": '{"event":"paid","card":"4111111111111111"}'}
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[event])
    targets = ["s3://archive/", f"cloudwatch:{GROUP}"]
    assert main([*targets, "--endpoint-url", stand_in, "--no-ner"]) == 1
    out = capsys.readouterr().out
    assert "s3://archive/api.log.gz:1:" in out
    assert f"cloudwatch:{GROUP}/s:1:" in out
    assert "personal data in 2 places: 2 lines" in out


def test_without_a_region_it_is_said_what_to_set(monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert "set AWS_REGION" in whys(read("s3://archive/x")[0])[0]
