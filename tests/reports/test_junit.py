"""junit.xml as a CI server reads it."""

import xml.etree.ElementTree as ET

from reports import junit
from reports.view import build


def read(run, judgement):
    document = junit.render(build(run, judgement))
    return ET.fromstring(document.encode())  # noqa: S314 - we wrote it ourselves


def test_each_verdict_is_a_case_that_passes_fails_errs_or_is_skipped(baseline_run, judgement):
    suites = read(baseline_run, judgement)
    cases = {case.get("name"): [part.tag for part in case] for case in suites.iter("testcase")}
    assert cases == {
        "no-loss": ["failure"],
        "order": ["system-out"],
        "resend-safe": ["error"],
        "scale-out": ["skipped"],
    }
    counts = {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}


def test_a_failure_names_the_offence_and_how_to_try_again(baseline_run, judgement):
    failure = read(baseline_run, judgement).find(".//failure")
    assert failure.get("message") == "what decided no-loss"
    assert "k19 at 9.510 s: acknowledged, never delivered" in failure.text
    assert "try it again: queueproof run x" in failure.text
    assert "evidence: runs/20260102-verify" in failure.text


def test_an_error_says_why_it_cannot_tell(baseline_run, judgement):
    error = read(baseline_run, judgement).find(".//error")
    assert error.get("message") == "the sample is too small"


def test_hostile_text_leaves_the_document_well_formed(hostile_run):
    run, judgement = hostile_run
    suites = read(run, judgement)
    assert suites.get("tests") == "8"
    assert {part.tag for part in suites.iter()} <= {
        *("testsuites", "testsuite", "testcase", "properties", "property"),
        *("failure", "error", "skipped", "system-out"),
    }
