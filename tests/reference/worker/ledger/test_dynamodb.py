"""What is DynamoDB's own: expiry that lags, rivals with clients of their own, errors by name."""

import pytest
from botocore import exceptions as boto

from reference.errors import LedgerError
from reference.worker.ledger.dynamodb import DynamoDbLedger
from reference.worker.ledger.port import Known, Outcome


@pytest.fixture
def make(table, clock):
    def make(name="deliveries"):
        return DynamoDbLedger(table, name, clock, retention_s=3600)

    return make


def test_of_two_workers_one_gets_the_email(make):
    known = [each.claim("em_1", provider="a", lease_s=9).known for each in (make(), make())]
    assert known == [Known.NEW, Known.BUSY]


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.UNKNOWN])
def test_an_item_that_expired_but_is_still_there_counts_for_nothing(make, clock, outcome):
    ledger = make()
    ledger.settle(ledger.claim("em_1", provider="a", lease_s=9), outcome)
    clock.advance(3601)
    again = ledger.claim("em_1", provider="b", lease_s=9)
    assert (again.known, again.provider, again.unknown) == (Known.NEW, "b", 0)


def test_items_have_a_time_to_live_in_whole_seconds(make, table, clock):
    ledger = make()
    ledger.settle(ledger.claim("em_1", provider="a", lease_s=9), Outcome.SENT)
    item = table.get_item(TableName="deliveries", Key={"email_id": {"S": "em_1"}})["Item"]
    assert item["expires_at"] == {"N": str(int(clock.wall_s() + 3600))}


def test_a_table_that_is_not_there_is_a_ledger_error_that_names_it(make):
    with pytest.raises(LedgerError, match="ResourceNotFoundException"):
        make("nowhere").claim("em_1", provider="a", lease_s=9)


def test_a_write_without_an_answer_is_a_ledger_error(make, table, monkeypatch):
    def lose(**_):
        raise boto.ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")

    ledger = make()
    claim = ledger.claim("em_1", provider="a", lease_s=9)
    monkeypatch.setattr(table, "update_item", lose)
    with pytest.raises(LedgerError, match="ReadTimeoutError"):
        ledger.settle(claim, Outcome.SENT)
