"""Configuration files: ours are whole; what does not fit together is refused by key and value."""

import pytest

from scenarios.configuration import (
    DEFAULT,
    configuration_names,
    load_configuration,
    parse_configuration,
)
from scenarios.model import ScenarioError

HEAD = 'name = "mine"\nsummary = "x"\n'


def parsed(queue='type = "fifo"', intake="", consumer=""):
    text = f"{HEAD}[queue]\n{queue}\n[intake]\n{intake}\n[consumer]\n{consumer}\n"
    return parse_configuration(text, "mine.toml")


def test_ours_are_readable_and_named_after_their_files():
    assert DEFAULT in configuration_names()
    for name in configuration_names():
        assert load_configuration(name)[0].name == name


def test_a_queue_is_all_that_a_file_has_to_name():
    configuration = parsed()
    assert (configuration.intake.kind, configuration.consumer.kind) == ("api", "worker")
    assert configuration.queue.count == configuration.intake.batch_max == 1


def test_an_unknown_name_is_refused_with_those_that_there_are():
    with pytest.raises(ScenarioError, match=r"unknown configuration 'fifi'; known: .*fifo"):
        load_configuration("fifi")


def test_a_file_of_ones_own_is_found_by_its_path(tmp_path):
    (tmp_path / "mine.toml").write_text(f'{HEAD}[queue]\ntype = "standard"\n')
    assert load_configuration(str(tmp_path / "mine.toml"))[0].queue.type == "standard"
    with pytest.raises(ScenarioError, match="no such file"):
        load_configuration(str(tmp_path / "other.toml"))


LAMBDA = 'kind = "lambda"\n'
GATEWAY = 'kind = "api-gateway"\nmapping = "careful"\n'


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"queue": 'type = "fifo"\ncount = 0'}, r"queue\.count: .*greater than or equal to 1 .*0"),
        ({"queue": 'type = "fifo"\ncount = 65'}, r"queue\.count: .*less than or equal to 64"),
        ({"queue": 'type = "kafka"'}, r"queue\.type: .*'fifo' or 'standard' \(got 'kafka'\)"),
        ({"queue": 'type = "standard"\ncount = 4'}, r"queue: .*count: 4 standard queues"),
        ({"queue": 'type = "standard"\nhigh_throughput = true'}, "high_throughput: true"),
        ({"queue": 'type = "fifo"\nduplicate_probability = 0.1'}, "duplicate_probability: 0.1"),
        ({"queue": 'type = "fifo"\nqueues = 4'}, r"queue\.queues: Extra inputs"),
        ({"intake": 'mapping = "careful"'}, r"intake: .*mapping: 'careful': only api-gateway"),
        ({"intake": 'kind = "api-gateway"'}, "mapping: not set"),
        ({"intake": f"{GATEWAY}batch_max = 10"}, "batch_max: 10: API Gateway writes each email"),
        ({"intake": "batch_max = 11"}, r"intake\.batch_max: .*less than or equal to 10"),
        ({"intake": "linger_ms = 5"}, "linger_ms: 5: with batch_max 1 nothing waits"),
        ({"consumer": "timeout_s = 6"}, r"consumer: .*timeout_s: 6: only lambda has it"),
        ({"consumer": "maximum_concurrency = 5"}, "maximum_concurrency: 5: only lambda"),
        ({"consumer": "batch_size = 11"}, "batch_size: 11: one receive call has at most 10"),
        (
            {"queue": 'type = "fifo"\ncount = 4', "intake": GATEWAY},
            r"queue\.count: 4: a mapping template names one queue",
        ),
        (
            {"queue": 'type = "fifo"\ncount = 4', "consumer": LAMBDA},
            r"queue\.count: 4: an event source mapping reads one queue",
        ),
        (
            {"consumer": f"{LAMBDA}batch_size = 100\nbatch_window_s = 1"},
            r"consumer\.batch_size: 100: of a FIFO queue at most 10",
        ),
        (
            {"consumer": f"{LAMBDA}batch_window_s = 1"},
            r"consumer\.batch_window_s: 1: a FIFO queue has no batch window",
        ),
        (
            {"queue": 'type = "standard"', "consumer": f"{LAMBDA}batch_size = 100"},
            "batch_size: 100: more than 10 want a batch_window_s of at least 1",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_with_file_key_and_value(parts, told):
    with pytest.raises(ScenarioError, match=told) as refused:
        parsed(**parts)
    assert str(refused.value).startswith("mine.toml: ")


def test_a_standard_queue_does_what_aws_says_it_may_as_often_as_its_file_says():
    assert parsed('type = "standard"').queue.nature == []
    queue = 'type = "standard"\nduplicate_probability = 0.01\nreorder_probability = 0.5'
    assert [(each.kind, each.probability) for each in parsed(queue).queue.nature] == [
        ("duplicate", 0.01),
        ("reorder", 0.5),
    ]


def test_lambda_may_take_large_batches_of_a_standard_queue():
    consumer = f"{LAMBDA}batch_size = 10000\nbatch_window_s = 5\nmaximum_concurrency = 2"
    assert parsed('type = "standard"', consumer=consumer).consumer.batch_size == 10_000
