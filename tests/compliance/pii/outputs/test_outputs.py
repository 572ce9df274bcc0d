"""Every format holds every result, escapes what it must, and says what was not read."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.pii.outputs import (
    FORMATS,
    Related,
    Report,
    Result,
    Rule,
    Unread,
    fingerprint,
    render,
)

LEAK = Result(
    rule_id="canary/email",
    level="error",
    message="e-mail address j***@e*** in 12 lines",
    path="logs/api.log",
    line=7,
    column=3,
    fingerprint=fingerprint("canary/email", "sent to <email>"),
    end_line=7,
    end_column=20,
    related=(Related("app/send.py", 12, 5, "written here"),),
    details={"lines": 12, "json_path": "$.to"},
)
DOUBT = Result("ner/PERSON", "warning", "name J*** D***", "logs/api.log", 9, 0, fingerprint("b"))
HINT = Result("pattern/IP_ADDRESS", "note", "an address", "logs/api.log", 0, 0, fingerprint("c"))
RULES = (Rule("canary/email", "a known e-mail address"), Rule("ner/PERSON", "a name", "Mask it."))


def report(*results, unread=(), notes=()):
    return Report("queueproof scan", "0.1.0", RULES, results, "1 place", unread, notes)


FULL = report(
    HINT, DOUBT, LEAK, unread=(Unread("logs/old.gz", "expands too far"),), notes=("1 line cut",)
)


def parsed(junit):
    return ET.fromstring(junit)  # noqa: S314 - written a line before, by ourselves


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_every_result_and_what_was_not_read(name):
    text = render(name, FULL)
    assert text.endswith("\n")
    for told in (LEAK.rule_id, DOUBT.rule_id, HINT.rule_id, "expands too far"):
        assert told in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_say_that_nothing_was_found(name):
    assert render(name, report()).endswith("\n")


hostile = st.text(st.characters(), max_size=30)


@given(message=hostile, path=hostile, why=hostile)
def test_no_text_of_a_stranger_breaks_a_format(message, path, why):
    leak = Result("canary/email", "error", message, path, 1, 1, "f")
    hostile_report = report(leak, unread=(Unread(path, why),), notes=(why,))
    texts = {name: render(name, hostile_report) for name in FORMATS}
    for text in texts.values():
        assert all(char == "\n" or char.isprintable() for char in text)
    json.loads(texts["sarif"])
    assert len(json.loads(texts["gitlab"])) == 2
    assert len(texts["jsonl"].splitlines()) == 4
    [case, unread] = parsed(texts["junit"]).iter("testcase")
    assert case.find("failure").get("message") == leak.message.replace("\t", " ")
    assert unread.find("error") is not None
    assert len(texts["github"].splitlines()) == 3
    assert texts["markdown"].count("\n| error | ") == 1


def test_a_result_escapes_control_characters_on_its_own():
    leak = Result("r", "error", "a\x1b[2Jb\nc", "x\r.log", 1, 1, "f")
    assert (leak.message, leak.path) == ("a\\x1b[2Jb\\nc", "x\\r.log")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"level": "fatal"}, "wanted one of error, warning, note"), ({"line": -1}, "line -1")],
)
def test_a_result_out_of_range_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Result(
            **{
                "rule_id": "r",
                "level": "error",
                "message": "m",
                "path": "p",
                "line": 1,
                "column": 1,
                "fingerprint": "f",
                **wrong,
            }
        )


def test_fingerprints_depend_on_every_part_and_its_bounds():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("ab", "c") == fingerprint("ab", "c")
    assert re.fullmatch("[0-9a-f]{32}", fingerprint("x"))


def test_equal_fingerprints_are_told_apart_in_a_stable_way():
    first, second = report(LEAK, LEAK).results
    assert first.fingerprint == LEAK.fingerprint != second.fingerprint
    assert report(LEAK, LEAK).results[1].fingerprint == second.fingerprint


def test_text_lists_errors_first_with_a_place_that_editors_open():
    lines = render("text", FULL).splitlines()
    assert lines[0].startswith("logs/api.log:7:3: error: e-mail address")
    assert lines[1] == "    app/send.py:12: written here"
    assert lines[-1] == "1 place"


def test_github_commands_escape_data_and_properties():
    leak = Result("a:b,c", "warning", "100% of it", "logs/a,b:c%.log", 2, 0, "f")
    assert render("github", report(leak)).splitlines()[0] == (
        "::warning file=logs/a%2Cb%3Ac%25.log,line=2,title=a%3Ab%2Cc::100%25 of it"
    )
    assert "::notice file=logs/api.log,title=pattern/IP_ADDRESS::" in render("github", FULL)


def test_gitlab_entries_have_what_the_documentation_requires():
    rows = json.loads(render("gitlab", FULL))
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["lines"]["begin"] >= 1
    assert len({row["fingerprint"] for row in rows}) == len(rows)


def test_junit_counts_failures_and_errors_and_lets_notes_pass():
    suite = parsed(render("junit", FULL)).find("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "2",
        "errors": "1",
    }
    [case] = parsed(render("junit", report())).iter("testcase")
    assert len(case) == 0


def test_markdown_shows_markup_of_strangers_as_text_and_stays_short():
    leak = Result("r", "error", "| <img> @all [x](y)", "a`b|c.log", 1, 1, "f")
    row = next(line for line in render("markdown", report(leak)).splitlines() if "img" in line)
    assert r"\| \<img\> \@all \[x\]\(y\)" in row
    assert "`a'b¦c.log:1:1`" in row
    many = render("markdown", report(*[leak] * 60))
    assert "10 more are not shown" in many


def test_jsonl_types_tell_results_from_the_rest():
    rows = [json.loads(line) for line in render("jsonl", FULL).splitlines()]
    assert [row["type"] for row in rows] == ["result"] * 3 + ["unread", "note", "summary"]
    assert rows[2]["detail_json_path"] == "$.to"
    assert rows[2]["related"][0]["line"] == 12
