"""Ten places in which a service lets personal data into its logs, each written by the library that
does it: all ten are found in a run's logs, and the run as it was is clean.
"""

import base64
import json
import logging
import shutil
import smtplib
import traceback

import prometheus_client
import pytest
from pydantic import BaseModel, EmailStr, ValidationError
from uvicorn.logging import AccessFormatter

pytestmark = pytest.mark.xdist_group("live")

AT = "2026-11-24T10:34:39.492Z"
REQUEST_ID = "8f1d2f6e-4a0b-4c9e-9a63-1f2f3a4b5c6d"


class SendRequest(BaseModel):
    to: EmailStr


def in_json(component, event, **fields):
    return json.dumps({"at": AT, "component": component, **fields, "event": event, "level": "info"})


def raised(error, **locals_):
    """The exception as if it had been raised where these locals stood."""
    try:
        exec("raise error", {"error": error}, locals_)  # noqa: S102 - frames with locals of ours
    except type(error) as caught:
        return caught


def api_validation_error(person):
    with pytest.raises(ValidationError) as refused:
        SendRequest(to=f"{person['email']} (work)")
    return "api.log", in_json("api", "request refused", error=str(refused.value))


def access_log(person):
    target = f"/v1/emails?to={person['email'].replace('@', '%40')}"
    arguments = ("127.0.0.1:51234", "GET", target, "1.1", 200)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None
    )
    return "api.log", AccessFormatter("%(levelprefix)s %(client_addr)s - %(request_line)s").format(
        record
    )


def worker_exception(person):
    error = smtplib.SMTPRecipientsRefused({person["email"]: (550, b"5.1.1 user unknown")})
    return "worker.log", "".join(traceback.format_exception(raised(error)))


def provider_debug(person):
    command = f"rcpt TO:<{person['email']}>\r\n"
    return "worker.log", f"send: {command!r}\nreply: b'250 2.1.5 Ok\\r\\n'"


def traceback_locals(person):
    error = raised(KeyError("provider"), recipient=person["phone"], attempt=2)
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "worker.log", "".join(told.format())


def retry_message(person):
    return "worker.log", f"{AT} WARNING retry 2 of 5 in 4.0 s: no answer for {person['person']}"


def dlq_log(person):
    body = json.dumps({"to": [person["email"]], "subject": "s", "text": person["body"]})
    return "dlq.log", in_json("worker", "message parked", receive_count=5, body=body)


def metric_label(person):
    registry = prometheus_client.CollectorRegistry()
    sent = prometheus_client.Counter("sent", "emails sent", ["recipient"], registry=registry)
    sent.labels(person["email"]).inc()
    return "metrics.log", prometheus_client.generate_latest(registry).decode()


def base64_receipt(person):
    receipt = base64.b64encode(json.dumps({"n": 7, "to": person["email"]}).encode()).decode()
    return "worker.log", in_json("worker", "message deleted", receipt=receipt)


def lambda_stream(person):
    return "2026-11-24-LATEST-8f1d2f6e4a0b4c9e.log", "\n".join(
        [
            f"START RequestId: {REQUEST_ID} Version: $LATEST",
            f"[ERROR]\t{AT}\t{REQUEST_ID}\tcannot deliver to {person['address']}",
            f"END RequestId: {REQUEST_ID}",
            f"REPORT RequestId: {REQUEST_ID}\tDuration: 12.3 ms\tBilled Duration: 13 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 90 MB",
        ]
    )


LEAKS = (
    api_validation_error,
    access_log,
    worker_exception,
    provider_debug,
    traceback_locals,
    retry_message,
    dlq_log,
    metric_label,
    base64_receipt,
    lambda_stream,
)


@pytest.fixture(scope="module")
def logged(finished_run):
    """The experiment whose logs are scanned."""
    return finished_run[1] / "small-failure"


@pytest.fixture(scope="module")
def leaky(logged, queueproof, tmp_path_factory):
    """(what was planted: file, first line, last line of each leak; the exit code; the output)"""
    run = shutil.copytree(logged, tmp_path_factory.mktemp("leaky") / "experiment")
    rows = [json.loads(row) for row in (run / "canaries.jsonl").read_text().splitlines()]
    kinds = len({row["kind"] for row in rows})
    people = [
        {row["kind"]: row["value"] for row in rows[at : at + kinds]}
        for at in range(0, kinds * len(LEAKS), kinds)
    ]
    planted = {}
    for leak, person in zip(LEAKS, people, strict=True):
        name, text = leak(person)
        log = run / "logs" / name
        before = log.read_text().count("\n") if log.exists() else 0
        with log.open("a") as file:
            file.write(text.rstrip("\n") + "\n")
        planted[leak.__name__] = (str(log), before + 1, log.read_text().count("\n"))
    done = queueproof("scan", run, "--format", "json", cwd=run)
    assert not any(value in done.stdout for person in people for value in person.values())
    return planted, done.returncode, done.stdout


def test_the_clean_run_is_clean(logged, queueproof):
    done = queueproof("scan", logged, cwd=logged)
    assert (done.returncode, done.stdout.count("no personal data found")) == (0, 1), done.stdout


@pytest.mark.parametrize("leak", [leak.__name__ for leak in LEAKS])
def test_each_leak_is_found_where_it_stands(leaky, leak):
    planted, code, output = leaky
    source, first, last = planted[leak]
    found = {
        finding["rule"]
        for place in json.loads(output)["places"]
        for finding in place["findings"]
        if finding["source"] == source and first <= finding["line"] <= last
    }
    assert code == 1
    assert any(rule.startswith("canary/") for rule in found), found


def test_nothing_is_found_beside_the_leaks(leaky):
    planted, _, output = leaky
    spots = set(planted.values())
    for place in json.loads(output)["places"]:
        for finding in place["findings"]:
            assert any(
                finding["source"] == source and first <= finding["line"] <= last
                for source, first, last in spots
            ), finding
