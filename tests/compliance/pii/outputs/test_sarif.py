"""SARIF against the schema that OASIS publishes with the standard."""

import pytest
from jsonschema import ValidationError

from compliance.pii.outputs import Related, Report, Result, Rule, Unread, render

RULES = (Rule("canary/email", "a known address", "Mask it."), Rule("ner/PERSON", "a name"))


@pytest.fixture
def sarif(valid_sarif):
    def run_of(*results, unread=(), notes=()):
        report = Report("queueproof scan", "0.1.0", RULES, results, "done", unread, notes)
        return valid_sarif(render("sarif", report))["runs"][0]

    return run_of


def a_result(path="logs/api.log", line=1, column=1, **more):
    return Result("ner/PERSON", "warning", "a name", path, line, column, "f" * 32, **more)


def test_a_full_report_is_valid_and_keeps_all_it_was_given(sarif):
    related = (Related("src/app.py", 3, 0, "from here"), Related("src/b.py", 4, 2, "to here"))
    run = sarif(
        a_result(end_line=2, end_column=5, related=related, details={"lines": 3}),
        unread=(Unread("logs/x y.gz", "bomb"),),
        notes=("one line was cut",),
    )
    [result] = run["results"]
    assert result["ruleIndex"] == 1
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1,
        "startColumn": 1,
        "endLine": 2,
        "endColumn": 5,
    }
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]
    assert result["partialFingerprints"] == {"queueproof/v1": "f" * 32}
    assert result["properties"] == {"lines": 3}
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [told["level"] for told in invocation["toolExecutionNotifications"]] == ["error", "note"]


def test_a_clean_report_is_valid_and_successful(sarif):
    run = sarif()
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./logs/api.log", "logs/api.log"),
        ("/var/log/my app.log", "file:///var/log/my%20app.log"),
        ("s3://bucket/a b.gz", "s3://bucket/a%20b.gz"),
        ("cloudwatch:/aws/lambda/x", "cloudwatch%3A/aws/lambda/x"),
        ("logs/é#?.log", "logs/%C3%A9%23%3F.log"),
    ],
)
def test_paths_become_uri_references(sarif, path, uri):
    [result] = sarif(a_result(path))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_result_about_a_whole_file_has_no_region(sarif):
    [result] = sarif(a_result(line=0, column=0))["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(
    "broken",
    [
        '{"version": "2.0.0", "runs": []}',
        '{"version": "2.1.0"}',
        '{"version": "2.1.0", "runs": [{"tool": {}}]}',
        '{"version": "2.1.0", "runs": [], "extra": 1}',
    ],
)
def test_the_schema_refuses_what_the_standard_refuses(valid_sarif, broken):
    with pytest.raises(ValidationError):
        valid_sarif(broken)
