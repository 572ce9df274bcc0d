"""What a sender may conclude from an answer, and which targets it may load."""

import pytest

from loadtests.answers import call_result, email_id_of, outcome_of
from loadtests.options import TargetError, check_target


class Answer:
    """As Locust hands it over: `error` is there only when there was one."""

    def __init__(self, status, code="", error=None):
        self.status_code = status
        self.headers = {"x-amzn-query-error": f"{code};Sender"} if code else {}
        self.content = b""
        if error is not None:
            self.error = error


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (202, None, "ok"),
        (200, None, "ok"),  # as API Gateway says it
        (204, None, "info"),  # not an answer that acknowledges
        (400, None, "fail"),
        (429, None, "fail"),
        (500, None, "info"),
        (503, None, "info"),  # after the send began nobody can know
        (504, None, "info"),
        (0, ConnectionResetError(), "info"),
        (0, TimeoutError(), "info"),
        (0, OSError(), "info"),
        (0, ConnectionRefusedError(), "fail"),  # nothing was ever sent
    ],
)
def test_only_a_202_or_200_is_ok_and_only_a_certain_refusal_fails(status, error, kind):
    assert outcome_of(Answer(status, error=error))[0] == kind


@pytest.mark.parametrize(
    ("body", "email_id"),
    [
        ({"id": "em_1"}, "em_1"),
        ({"id": ""}, None),  # an answer that names no message
        ({}, None),
        ([], None),
        ("em_1", None),
    ],
)
def test_an_answer_without_an_id_names_no_email(body, email_id):
    answer = Answer(202)
    answer.json = lambda: body
    assert email_id_of(answer) == email_id


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200), "admitted"),
        (Answer(403, "RequestThrottled"), "throttled"),
        (Answer(400, "ThrottlingException"), "throttled"),
        (Answer(403, "AccessDenied"), "error"),
        (Answer(500), "error"),
        (Answer(0), "error"),
    ],
)
def test_a_throttle_is_told_from_an_error(answer, outcome):
    assert call_result(answer).outcome == outcome


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80", "https://127.9.9.9"]
)
def test_loopback_may_be_loaded(url):
    check_target(url, owned=False)


@pytest.mark.parametrize("url", ["http://192.0.2.1:8080", "http://198.51.100.7", "http://0.0.0.0"])
def test_any_other_target_needs_its_owner(url):
    with pytest.raises(TargetError, match="--i-own-this-target"):
        check_target(url, owned=False)
    check_target(url, owned=True)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_what_is_no_http_url_is_refused_even_for_owners(url):
    with pytest.raises(TargetError, match="want http"):
        check_target(url, owned=True)
