"""Which messages are deleted, by what the function answered; the table is AWS's."""

import pytest

from reference.cloud.lambda_trigger.records import Record
from reference.cloud.lambda_trigger.settling import settle_answered, settle_failed

BATCH = [
    Record(message_id=name, receipt_handle="h", group=group, visible_at_s=0.0, json=b"")
    for name, group in (("a", "g"), ("b", "h"), ("c", "g"))
]


def item(**fields):
    return {"batchItemFailures": [fields]}


def names(records):
    return "".join(each.message_id for each in records)


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"ok": 1}]
)
def test_an_empty_or_null_answer_or_list_means_that_all_is_done(answer):
    settlement = settle_answered(BATCH, answer, reports_failures=True)
    assert (names(settlement.done), settlement.left, settlement.fault) == ("abc", [], "")


def test_what_is_listed_stays_and_the_rest_is_done():
    answer = {"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "c"}]}
    settlement = settle_answered(BATCH, answer, reports_failures=True)
    assert (names(settlement.done), names(settlement.left)) == ("ab", "c")
    assert settlement.broken_groups() == {"g"}
    assert not settlement.fault


@pytest.mark.parametrize(
    "answer",
    [
        item(itemIdentifier=""),
        item(itemIdentifier=None),
        item(itemIdentifier=3),
        item(messageId="a"),
        item(itemIdentifier="of-no-message"),
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": "a"},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {}]},
        "ok",
        [],
        False,
        7,
    ],
)
def test_an_invalid_answer_fails_the_whole_batch(answer):
    settlement = settle_answered(BATCH, answer, reports_failures=True)
    assert (settlement.done, names(settlement.left)) == ([], "abc")
    assert settlement.fault


@pytest.mark.parametrize("answer", [item(itemIdentifier="a"), item(nothing=""), "ok", None])
def test_without_batch_item_failures_any_answer_means_that_all_is_done(answer):
    settlement = settle_answered(BATCH, answer, reports_failures=False)
    assert (names(settlement.done), settlement.left) == ("abc", [])


def test_after_a_failed_invocation_all_of_it_stays():
    settlement = settle_failed(BATCH, "timeout")
    assert (settlement.done, names(settlement.left)) == ([], "abc")
    assert (settlement.broken_groups(), settlement.fault) == ({"g", "h"}, "timeout")
