"""What AWS refuses of an event source mapping, and what it advises."""

import pytest

from reference.cloud.lambda_trigger.mapping import Mapping, MappingError, Pollers


@pytest.mark.parametrize(
    "settings",
    [
        {"is_fifo": True, "batch_size": 10},
        {"is_fifo": False, "batch_size": 10},
        {"is_fifo": False, "batch_size": 10_000, "batch_window_s": 1},
        {"is_fifo": False, "batch_window_s": 300},
        {"is_fifo": True, "maximum_concurrency": 2},
        {"is_fifo": False, "maximum_concurrency": 1_000},
        {"is_fifo": False, "pollers": Pollers(2, 2)},
        {"is_fifo": False, "pollers": Pollers(200, 2_000)},
        {"is_fifo": False, "timeout_s": 900},
    ],
)
def test_what_aws_takes_is_taken(settings):
    Mapping(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"is_fifo": True, "batch_size": 11}, "--batch-size 11; wanted: 1 to 10 messages"),
        ({"is_fifo": False, "batch_size": 0}, "--batch-size 0; wanted: 1 to 10,000"),
        ({"is_fifo": False, "batch_size": 11}, "--batch-window-s of at least 1"),
        ({"is_fifo": False, "batch_size": 10_001, "batch_window_s": 1}, "--batch-size 10001"),
        ({"is_fifo": False, "batch_window_s": 301}, "--batch-window-s 301; wanted: 0 to 300"),
        ({"is_fifo": True, "batch_window_s": 1}, "a FIFO queue has no batching window"),
        ({"is_fifo": False, "maximum_concurrency": 1}, "wanted: 2 to 1,000"),
        ({"is_fifo": False, "maximum_concurrency": 1_001}, "wanted: 2 to 1,000"),
        ({"is_fifo": False, "pollers": Pollers(1, 5)}, "--provisioned MIN 1; wanted: 2 to 200"),
        ({"is_fifo": False, "pollers": Pollers(5, 4)}, "--provisioned MAX 4; wanted: 5 to 2,000"),
        (
            {"is_fifo": False, "pollers": Pollers(2, 4), "maximum_concurrency": 5},
            "exclude each other",
        ),
        ({"is_fifo": False, "timeout_s": 901}, "at most 900"),
        ({"is_fifo": False, "timeout_s": 0}, "more than 0"),
    ],
)
def test_what_aws_refuses_is_refused_with_option_value_and_wish(settings, said):
    with pytest.raises(MappingError) as refused:
        Mapping(**settings)
    assert said in str(refused.value)


def test_a_visibility_shorter_than_the_function_is_refused_and_a_short_one_advised_against():
    mapping = Mapping(is_fifo=False, timeout_s=6, batch_window_s=4)
    with pytest.raises(MappingError, match="of 5 s is shorter; wanted: a visibility time-out"):
        mapping.check_visibility(5)
    assert "advises at least 40 s" in mapping.check_visibility(39)
    assert mapping.check_visibility(40) == ""
