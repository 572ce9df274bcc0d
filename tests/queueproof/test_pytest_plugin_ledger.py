"""The sender's history: what can be concluded from each kind of answer, and what is refused."""

import urllib.error
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpx
import pytest
import requests

from queueproof.pytest_plugin import Ledger


@pytest.fixture
def history():
    return Ledger()


def answer(status, body=None):
    return SimpleNamespace(status_code=status, json=lambda: body)


def kinds(history):
    return [row["kind"] for row in history.sender_rows]


def raising(error):
    def call():
        raise error

    return call


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((200, "ok"), (201, "ok"), (202, "ok"), (400, "fail"), (409, "fail"), (500, "info")),
        *((503, "info"), (302, "info")),
    ],
)
def test_an_answer_is_classified_by_its_status(history, status, kind):
    sent = history.send(lambda: answer(status), key="mail-1")
    assert (sent.kind, sent.status) == (kind, status)
    assert kinds(history) == ["invoke", kind]


def test_what_counts_as_accepted_can_be_told(history):
    assert history.send(lambda: answer(204), key="mail-1", accepted={204}).kind == "ok"
    assert history.send(lambda: answer(202), key="mail-2", accepted={204}).kind == "info"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(), "fail"),
        (urllib.error.URLError(ConnectionRefusedError()), "fail"),
        (requests.ConnectionError(ConnectionRefusedError()), "fail"),
        (ConnectionResetError(), "info"),
        (TimeoutError(), "info"),
        (requests.ReadTimeout(), "info"),
        (httpx.ReadTimeout("late"), "info"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_no_answer_is_unknown_unless_the_connection_was_refused(history, error, kind):
    sent = history.send(raising(error), key="mail-1")
    assert sent.kind == kind
    assert sent.status is None
    assert kinds(history) == ["invoke", kind]


def test_a_mistake_of_the_test_itself_is_raised_and_leaves_no_open_attempt(history):
    with pytest.raises(KeyError):
        history.send(raising(KeyError("typo")), key="mail-1")
    assert kinds(history) == ["invoke", "info"]


@pytest.mark.parametrize(
    "response",
    [
        SimpleNamespace(status_code=202, json=lambda: {"id": "em_1"}),
        SimpleNamespace(status_code=202, json={"id": "em_1"}),  # Flask's test client
        SimpleNamespace(status_code=202, json='{"id": "em_1"}'),
    ],
    ids=["method", "property", "text"],
)
def test_the_id_is_read_from_the_answers_json(history, response):
    assert history.send(lambda: response, key="mail-1").email_id == "em_1"


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}, "text"])
def test_an_answer_without_an_id_is_accepted_all_the_same(history, body):
    sent = history.send(lambda: answer(202, body), key="mail-1")
    assert (sent.kind, sent.email_id) == ("ok", None)


def test_the_id_can_be_read_in_your_own_way(history):
    history.send(lambda: answer(202), key="mail-1", id_of=lambda response: "<m-1@example.com>")
    assert history.sender_rows[-1]["email_id"] == "m-1"


def test_an_unknown_outcome_is_tried_again_with_the_same_key_until_it_is_known(history):
    answers = iter([answer(503), answer(503), answer(202, {"id": "em_1"}), answer(202)])
    sent = history.send(lambda: next(answers), key="mail-1", attempts_max=5, pause_s=0)
    assert (sent.kind, sent.attempts) == ("ok", 3)
    assert [row["attempt"] for row in history.sender_rows] == [1, 1, 2, 2, 3, 3]


def test_a_refusal_is_not_tried_again(history):
    assert history.send(lambda: answer(400), key="mail-1", attempts_max=5).attempts == 1


def test_attempts_are_bounded(history):
    sent = history.send(lambda: answer(503), key="mail-1", attempts_max=3, pause_s=0)
    assert (sent.kind, sent.attempts) == ("info", 3)


@pytest.mark.parametrize("key", ["ada@example.com", "Ada Lovelace", "", "x" * 129])
def test_a_key_that_could_be_somebody_is_refused_and_not_repeated(history, key):
    with pytest.raises(ValueError, match="must not be one") as caught:
        history.invoke(key)
    assert not key or key not in str(caught.value)


def test_an_end_without_a_beginning_is_refused(history):
    with pytest.raises(ValueError, match="call invoke first"):
        history.ok("mail-1")


def test_what_a_response_said_is_not_shown_with_the_answer(history):
    sent = history.send(lambda: answer(202, {"id": "em_1", "to": "Ada"}), key="mail-1")
    assert "Ada" not in repr(sent)


def test_new_keys_are_distinct_and_usable(history):
    keys = {history.new_key() for _ in range(100)}
    assert len(keys) == 100
    history.invoke(keys.pop())


def test_threads_may_send_at_once(history):
    with ThreadPoolExecutor(8) as pool:
        for n in range(200):
            pool.submit(history.send, lambda: answer(202), key=f"mail-{n % 10}")
    rows = history.sender_rows
    assert len(rows) == 400
    begun, ended = (
        {(row["key"], row["attempt"]) for row in rows if row["kind"] == kind}
        for kind in ("invoke", "ok")
    )
    assert len(begun) == 200
    assert begun == ended
