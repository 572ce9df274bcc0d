"""What is started for each configuration: the same roles, played by other modules."""

import json

import pytest

from loadtests.parts import GATEWAY, LAMBDA, Place, consumer_part, intake_part, played_by
from loadtests.queues import queue_names
from scenarios.configuration import configuration_names, load_configuration, parse_configuration

URLS = [f"http://127.0.0.1:9324/000000000000/emails-{n}.fifo" for n in (1, 2)]


@pytest.fixture
def place(tmp_path):
    return Place("http://127.0.0.1:9324", URLS[:1], tmp_path)


def configured(name):
    return load_configuration(name)[0]


def after(option, arguments):
    return arguments[arguments.index(option) + 1]


def consumer(configuration, place):
    return consumer_part(
        configuration,
        place,
        visibility_timeout_s=30,
        providers={"EMAIL_WORKER_PROVIDERS": "smtp"},
        seed=7,
    )


def test_an_api_is_told_by_environment_and_batches_only_if_asked(place):
    plain = intake_part(configured("fifo").intake, place, host="127.0.0.1", port=0)
    assert plain.module == "reference.api"
    assert plain.env["EMAIL_API_QUEUE_URL"] == URLS[0]
    assert not [name for name in plain.env if "BATCH" in name]
    batched = intake_part(configured("fifo-batched").intake, place, host="127.0.0.1", port=0)
    assert batched.env["EMAIL_API_SEND_BATCH_MAX"] == "10"
    assert batched.env["EMAIL_API_SEND_LINGER_MS"] == "5"


def test_all_queues_of_a_pool_are_told_to_both(tmp_path):
    place = Place("http://127.0.0.1:9324", URLS, tmp_path)
    pool = configured("fifo-pool-2")
    told = ",".join(URLS)
    intake = intake_part(pool.intake, place, host="127.0.0.1", port=0)
    assert intake.env["EMAIL_API_QUEUE_URLS"] == told
    assert "EMAIL_API_QUEUE_URL" not in intake.env
    assert consumer(pool, place).env["EMAIL_WORKER_QUEUE_URLS"] == told


def test_a_gateway_is_told_its_mapping_and_its_key_stays_off_the_command_line(place):
    part = intake_part(configured("apigw-default-200").intake, place, host="127.0.0.1", port=0)
    assert part.module == "reference.cloud.api_gateway"
    assert after("--mapping", part.arguments) == "default-200"
    (key,) = json.loads(part.env["EMAIL_API_KEYS"]).values()
    assert key not in part.arguments


def test_lambda_is_told_what_its_event_source_mapping_says(place):
    part = consumer(configured("fifo-lambda"), place)
    assert part.module == "reference.cloud.lambda_trigger"
    for option, value in {
        "--queue-url": URLS[0],
        "--batch-size": "10",
        "--batch-window-s": "0",
        "--timeout-s": "5",
        "--memory-mb": "512",
        "--maximum-concurrency": "2",
        "--seed": "7",
    }.items():
        assert after(option, part.arguments) == value
    assert part.env["EMAIL_WORKER_PROVIDERS"] == "smtp"
    unbounded = parse_configuration(
        'name = "x"\nsummary = ""\n[queue]\ntype = "fifo"\n[consumer]\nkind = "lambda"\n', "x"
    )
    assert "--maximum-concurrency" not in consumer(unbounded, place).arguments


def test_measurements_call_what_aws_would_run_by_its_own_name():
    assert played_by(configured("fifo")) == {}
    assert played_by(configured("apigw-fifo-lambda")) == {"api": GATEWAY, "worker": LAMBDA}


def test_each_queue_has_a_dead_letter_queue_of_its_own():
    for name in configuration_names():
        queue = configured(name).queue
        pairs = queue_names(queue)
        assert len(pairs) == queue.count
        assert len({each for pair in pairs for each in pair}) == 2 * queue.count
        assert all(each.endswith(".fifo") == queue.is_fifo for pair in pairs for each in pair)
