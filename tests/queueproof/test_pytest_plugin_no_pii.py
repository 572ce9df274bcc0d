"""assert_no_pii: what it finds, what it shows of that, and when it cannot tell."""

import base64
import logging

import pytest

from queueproof.pytest_plugin import Canary

Failed = pytest.fail.Exception
ADA = [("person", "Ada Lovelace"), ("email", "ada.lovelace@example.com")]


@pytest.fixture
def log(tmp_path):
    """Writes a log and gives its path."""

    def write(text, name="api.log"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_clean_log_passes(assert_no_pii, log):
    path = log("INFO accepted em_17ab\nINFO sent em_17ab in 12 ms\n")
    assert_no_pii(path, path.read_text(), canaries=ADA, control="em_17ab")


@pytest.mark.parametrize(
    "line",
    [
        "INFO sent to ada.lovelace@example.com",
        'INFO {"to": "ada.lovelace\\u0040example.com"}',
        f"INFO payload {base64.b64encode(b'to: ada.lovelace@example.com, x').decode()}",
        "INFO hello Ada Lovelace",
    ],
    ids=["plain", "escaped", "base64", "name"],
)
def test_a_canary_is_found_in_any_form_and_never_shown(assert_no_pii, log, line):
    path = log(f"INFO started\n{line}\n")
    with pytest.raises(Failed, match="no-pii-logs refuted") as caught:
        assert_no_pii(path, canaries=[Canary(*each) for each in ADA], names=False)
    told = str(caught.value)
    assert "api.log:2" in told
    assert "ovelace" not in told
    assert base64.b64encode(b"ada.lovelace")[:10].decode() not in told


def test_strangers_are_found_too(assert_no_pii, log):
    with pytest.raises(Failed, match="2 places") as caught:
        assert_no_pii(log("INFO to grace@example.org\nINFO the guest Margaret Thornton called\n"))
    assert "grace" not in str(caught.value)
    assert "Thornton" not in str(caught.value)


def test_names_are_let_alone_on_request(assert_no_pii, log):
    assert_no_pii(log("INFO the guest Margaret Thornton called\n"), names=False)


def test_caplog_is_taken_as_it_is(assert_no_pii, caplog):
    logging.getLogger("shop").warning("sent to %s", "ada.lovelace@example.com")
    with pytest.raises(Failed, match=r"text-1\.log:1"):
        assert_no_pii(caplog, canaries=ADA, names=False)


def test_an_empty_log_proves_nothing(assert_no_pii, log, tmp_path):
    with pytest.raises(Failed, match=r"inconclusive[^$]*worker\.log: empty"):
        assert_no_pii(log("INFO x\n"), log("", "worker.log"), names=False)
    (tmp_path / "none").mkdir()
    with pytest.raises(Failed, match="none: empty"):
        assert_no_pii(tmp_path / "none", names=False)
    with pytest.raises(Failed, match=r"text-1\.log: empty"):
        assert_no_pii("", names=False)


def test_a_log_without_the_control_is_the_wrong_log(assert_no_pii, log):
    with pytest.raises(Failed, match="the control text stands in none of the logs"):
        assert_no_pii(log("INFO accepted em_99\n"), control="em_17ab", names=False)


def test_a_path_given_as_text_is_not_taken_for_a_clean_log(assert_no_pii, log):
    with pytest.raises(TypeError, match="give a Path"):
        assert_no_pii(str(log("INFO to ada.lovelace@example.com\n")))


def test_a_log_that_is_not_there_is_named(assert_no_pii, tmp_path):
    with pytest.raises(ValueError, match=r"gone\.log: no such file"):
        assert_no_pii(tmp_path / "gone.log")
    with pytest.raises(ValueError, match="give it logs"):
        assert_no_pii()


def test_a_policy_lets_pass_what_it_names(assert_no_pii, log, tmp_path):
    path = log("INFO help: support@example.org\n")
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[scan.allow]]\nrule = "pattern/EMAIL_ADDRESS"\nreason = "our own address"\n'
        "expires = 2999-01-01\n"
    )
    with pytest.raises(Failed, match="refuted"):
        assert_no_pii(path, names=False)
    assert_no_pii(path, policy=policy, names=False)
