"""The decision tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.domain import Email, QueuedEmail, email_id_for
from reference.errors import LedgerError, outcome_unknown, permanent_refusal, transient_refusal
from reference.worker.decide import (
    POSTPONE_MAX_S,
    RETRY_MAX_S,
    UNKNOWN_ATTEMPTS_MAX,
    UNPARKED_PAUSE_S,
    Abandon,
    Delete,
    LeaveForRedrive,
    Postpone,
    Release,
    Retry,
    Send,
    after_claim,
    after_send,
    before_send,
)
from reference.worker.ledger.port import Claim, Known

NOW = datetime(2030, 1, 31, 9, tzinfo=UTC)


def queued(due_in_s=None):
    return QueuedEmail(
        version=1,
        email_id=email_id_for("shop", "k"),
        send_after=None if due_in_s is None else NOW + timedelta(seconds=due_in_s),
        email=Email.model_validate(
            {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "", "text": "Hello"}
        ),
    )


def decision(email, **changes):
    facts = {
        "receive_count": 1,
        "visible_in_s": 30.0,
        "margin_s": 1.0,
        "wall_s": NOW.timestamp(),
    }
    return before_send(email, **{**facts, **changes})


@pytest.mark.parametrize(
    ("email", "changes", "expected"),
    [
        (queued(), {}, Send()),
        (queued(due_in_s=-1), {}, Send()),
        (queued(due_in_s=0), {}, Send()),
        (queued(due_in_s=0.5), {}, Postpone(1)),
        (queued(due_in_s=90), {}, Postpone(91)),
        (queued(due_in_s=43_200), {}, Postpone(POSTPONE_MAX_S)),
        (None, {}, LeaveForRedrive(0, "unreadable")),
        (None, {"receive_count": 11}, LeaveForRedrive(UNPARKED_PAUSE_S, "unreadable")),
        (queued(), {"is_stopping": True}, Release("stopping")),
        (None, {"is_stopping": True}, Release("stopping")),
        (queued(), {"visible_in_s": 1.0}, Abandon("visibility-lost")),
        (queued(), {"visible_in_s": -5.0}, Abandon("visibility-lost")),
        (queued(), {"visible_in_s": 1.1}, Send()),
    ],
)
def test_before_a_send(email, changes, expected):
    assert decision(email, **changes) == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (Claim("em", Known.NEW, "t", "smtp", unknown=0), Send()),
        (Claim("em", Known.NEW, "t", "smtp", unknown=UNKNOWN_ATTEMPTS_MAX - 1), Send()),
        (
            Claim("em", Known.NEW, "t", "smtp", unknown=UNKNOWN_ATTEMPTS_MAX),
            LeaveForRedrive(0, "unknown-too-often"),
        ),
        (Claim("em", Known.SENT), Delete("already-sent")),
        (Claim("em", Known.REFUSED), LeaveForRedrive(0, "already-refused")),
        (Claim("em", Known.BUSY), Retry(1, "in-other-hands")),
    ],
)
def test_after_a_claim(claim, expected):
    assert after_claim(claim, message_id="m", receive_count=1) == expected


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (None, Delete, ""),
        (transient_refusal("451"), Retry, "transient:451"),
        (outcome_unknown("TimeoutError"), Retry, "unknown:TimeoutError"),
        (permanent_refusal("550"), LeaveForRedrive, "permanent:550"),
        (LedgerError("SQLITE_FULL"), Retry, "ledger:SQLITE_FULL"),
    ],
)
def test_after_a_send(error, kind, reason):
    outcome = after_send(error, message_id="m", receive_count=1)
    assert isinstance(outcome, kind)
    assert outcome.reason == reason


@given(st.text(min_size=1, max_size=5), st.integers(1, 10**6))
def test_retries_slow_down_within_sqs_limits(message_id, receive_count):
    def pause_s(count):
        outcome = after_send(transient_refusal("451"), message_id=message_id, receive_count=count)
        return outcome.visibility_s

    assert 1 <= pause_s(receive_count) <= 1.25 * RETRY_MAX_S
    assert pause_s(receive_count) <= pause_s(receive_count + 1)


def test_groups_that_failed_together_come_back_apart():
    pauses = {
        after_send(transient_refusal("451"), message_id=f"m{n}", receive_count=7).visibility_s
        for n in range(50)
    }
    assert len(pauses) > 10
